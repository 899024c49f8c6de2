package jobs_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/bravorevos/workers/jobs/messages"
	fakeunipile "github.com/bravorevos/workers/sandbox/unipile"
)

// row holds columns of a seeded or expected row. Of a seeded one, what is missing
// gets the factory's value.
type row map[string]any

// exec changes the database in a way that no job does.
func (b *bench) exec(sql string, args ...any) {
	b.Helper()
	if _, err := b.pool.Exec(b.Context(), sql, args...); err != nil {
		b.Fatalf("%s: %v", sql, err)
	}
}

func insert[ID any](b *bench, table string, defaults, given row) ID {
	b.Helper()
	columns := maps.Clone(defaults)
	maps.Copy(columns, given)
	names := slices.Sorted(maps.Keys(columns))
	places, values := make([]string, len(names)), make([]any, len(names))
	for i, name := range names {
		places[i], values[i] = fmt.Sprintf("$%d", i+1), columns[name]
	}
	return scalar[ID](b, fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s) RETURNING id",
		table, strings.Join(names, ", "), strings.Join(places, ", ")), values...)
}

func (b *bench) seedClient() uuid.UUID {
	b.Helper()
	return insert[uuid.UUID](b, "clients", row{"name": "Kelp Analytics"}, nil)
}

// campaign seeds an active one, of a client of its own.
func (b *bench) campaign(given row) uuid.UUID {
	b.Helper()
	defaults := row{"name": "Pricing guide", "trigger_word": "guide", "status": "active"}
	if given["client_id"] == nil {
		defaults["client_id"] = b.seedClient()
	}
	return insert[uuid.UUID](b, "campaigns", defaults, given)
}

// scrapeJob seeds one that watches the bench's post, of a campaign of its own.
func (b *bench) scrapeJob(given row) uuid.UUID {
	b.Helper()
	defaults := row{"unipile_post_id": postID, "unipile_account_id": accountID, "trigger_word": "guide"}
	if given["campaign_id"] == nil {
		defaults["campaign_id"] = b.campaign(nil)
	}
	return insert[uuid.UUID](b, "scrape_jobs", defaults, given)
}

// lead seeds one in a campaign of its own.
func (b *bench) lead(given row) uuid.UUID {
	b.Helper()
	defaults := row{"linkedin_id": member(1), "status": "comment_detected"}
	if given["campaign_id"] == nil {
		defaults["campaign_id"] = b.campaign(nil)
	}
	return insert[uuid.UUID](b, "leads", defaults, given)
}

// webhookLog seeds a row as a producer writes it.
func (b *bench) webhookLog(given row) uuid.UUID {
	b.Helper()
	return insert[uuid.UUID](b, "webhook_logs", row{"webhook_url": b.hookURL, "payload": json.RawMessage(
		`{"email": "ana@example.com", "name": "Ana", "source": "linkedin_dm", "campaign_id": "c1", "timestamp": "2026-11-23T10:00:00Z"}`)}, given)
}

func (b *bench) user(given row) uuid.UUID {
	b.Helper()
	return insert[uuid.UUID](b, "users", row{"email": "jo@tarn.example"}, given)
}

// notification seeds a pending request for a pod email, to a user of its own.
func (b *bench) notification(given row) uuid.UUID {
	b.Helper()
	defaults := row{
		"type": "pod_repost", "linkedin_url": "https://www.linkedin.com/feed/update/urn:li:activity:" + postID + "/",
		"metadata": json.RawMessage(`{"poster_name": "Mara Lindqvist", "post_preview": "Comment GUIDE"}`),
	}
	if given["user_id"] == nil {
		defaults["user_id"] = b.user(nil)
	}
	return insert[uuid.UUID](b, "notifications", defaults, given)
}

// message seeds a queued first message to the lead of person n.
func (b *bench) message(n int, given row) (messageID int64, leadID uuid.UUID) {
	b.Helper()
	person := b.person(n)
	campaignID, ok := given["campaign_id"].(uuid.UUID)
	if !ok {
		campaignID = b.campaign(nil)
	}
	leadID, ok = given["lead_id"].(uuid.UUID)
	if !ok {
		leadID = b.lead(row{"campaign_id": campaignID, "linkedin_id": person, "provider_id": person})
	}
	return insert[int64](b, "workers.messages", row{
		"account_id": accountID, "campaign_id": campaignID, "lead_id": leadID, "purpose": "first_dm",
		"recipient_id": person, "body": fmt.Sprintf("Where shall I send it, No%d?", n),
	}, given), leadID
}

// crowd seeds a queued first message to each of n people of a post.
func (b *bench) crowd(scrapeJob uuid.UUID, n int) {
	b.Helper()
	b.exec(`
WITH lead AS (
    INSERT INTO leads (campaign_id, linkedin_id, provider_id)
    SELECT campaign_id, 'person ' || n, 'person ' || n FROM scrape_jobs, generate_series(1, $2) n WHERE id = $1
    RETURNING id, campaign_id, linkedin_id)
INSERT INTO workers.messages (account_id, campaign_id, scrape_job_id, lead_id, purpose, recipient_id, body)
SELECT $3, campaign_id, $1, id, 'first_dm', linkedin_id, 'hello' FROM lead`, scrapeJob, n, accountID)
}

// forecast is when a message of the bench's account will be sent.
func (b *bench) forecast(id int64) messages.Forecast {
	b.Helper()
	all, err := messages.NewPlanner(b.pool, b.deps.Settings.Messages()).Forecast(b.Context(), accountID)
	b.must(err)
	for _, f := range all {
		if f.MessageID == id {
			return f
		}
	}
	b.Fatalf("message %d has no forecast", id)
	return messages.Forecast{}
}

// want makes sure that a row has these values, in any of the tables.
func (b *bench) want(table string, id any, want row) {
	b.Helper()
	got := b.read(table, id)
	maps.DeleteFunc(got, func(name string, _ any) bool { _, ok := want[name]; return !ok })
	if diff := cmp.Diff(asJSON(b, want), got); diff != "" {
		b.Errorf("row %v of %s (-want +got):\n%s", id, table, diff)
	}
}

// read gives a row as JSON values; nil when there is none.
func (b *bench) read(table string, id any) map[string]any {
	b.Helper()
	rows, err := b.pool.Query(b.Context(), "SELECT to_jsonb(t) FROM "+table+" t WHERE id = $1", id)
	b.must(err)
	found, err := pgx.CollectRows(rows, pgx.RowTo[map[string]any])
	b.must(err)
	if len(found) == 0 {
		return nil
	}
	return found[0]
}

func asJSON(b *bench, v row) (normal map[string]any) {
	encoded, err := json.Marshal(v)
	b.must(err)
	b.must(json.Unmarshal(encoded, &normal))
	return normal
}

// member is the provider id of person n.
func member(n int) string { return fmt.Sprintf("ACoAAPerson%028d", n) }

// person makes sure that person n is on LinkedIn, and returns their provider id.
func (b *bench) person(n int) string {
	b.linkedin.AddPerson(fakeunipile.Person{
		ProviderID: member(n), Slug: fmt.Sprintf("person-%d", n), Name: "Ana Petrova", Headline: "Engineer",
	})
	return member(n)
}

// comment lets person n comment on the post and returns the comment's id.
func (b *bench) comment(n int, text string) string {
	return b.linkedin.AddComment(fakeunipile.Comment{PostID: postID, AuthorID: b.person(n), Text: text})
}
