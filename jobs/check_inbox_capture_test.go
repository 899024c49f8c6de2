package jobs_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/jobs/webhooks"
	fakeunipile "github.com/bravorevos/workers/sandbox/unipile"
)

// Ensure that an address brings the webhook row, its delivery job and the backup
// link with it.
func TestCaptureQueuesWebhookAndBackupLink(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.ask(1, row{"webhook_url": b.hookURL, "lead_magnet_url": "https://kelp.example/guide.pdf", "send_backup_link": true})
	b.exec("UPDATE leads SET company = 'Kelp', linkedin_profile_url = 'https://www.linkedin.com/in/person-1'")
	b.answer(1, "ana@example.com")
	b.checkInbox()

	id := scalar[uuid.UUID](b, "SELECT id FROM webhook_logs")
	b.want("webhook_logs", id, row{
		"lead_id": a.lead, "campaign_id": a.campaign, "webhook_url": b.hookURL, "status": "pending", "retry_count": 0,
	})
	payload, _ := b.read("webhook_logs", id)["payload"].(map[string]any)
	if _, err := time.Parse(time.RFC3339, fmt.Sprint(payload["timestamp"])); err != nil {
		t.Errorf("timestamp of the payload: %v", err)
	}
	delete(payload, "timestamp")
	if diff := cmp.Diff(asJSON(b, row{
		"type": "lead.captured", "event_id": id,
		"email": "ana@example.com", "name": "Ana Petrova", "source": "linkedin_dm", "campaign_id": a.campaign, "lead_id": a.lead,
		"first_name": "Ana", "last_name": "Petrova", "company": "Kelp", "linkedin_url": "https://www.linkedin.com/in/person-1",
	}), payload); diff != "" {
		t.Errorf("payload (-want +got):\n%s", diff)
	}
	if args := scalar[json.RawMessage](b, "SELECT args FROM workers.river_job WHERE kind = 'deliver_webhook' AND state = 'available'"); !strings.Contains(string(args), id.String()) {
		t.Errorf("delivery job has arguments %s, want row %s", args, id)
	}

	link := scalar[int64](b, "SELECT id FROM workers.messages WHERE purpose = 'backup_link'")
	b.want("workers.messages", link, row{
		"state": "queued", "lead_id": a.lead, "recipient_id": member(1), "chat_id": b.linkedin.Sent()[0].ChatID,
		"body": "Thanks Ana! In case the email gets lost, here is your link as well: https://kelp.example/guide.pdf",
	})
	b.wantEvent(b.send(link), river.EventKindJobCompleted)
	b.wantEvent(work(b, webhooks.DeliverWebhookArgs{WebhookLogID: id}), river.EventKindJobCompleted)
	b.want("leads", a.lead, row{"status": "webhook_sent"})
	if b.customer.Accepted() != 1 {
		t.Errorf("the customer accepted %d deliveries, want 1: %+v", b.customer.Accepted(), b.customer.Deliveries())
	}
}

// Ensure which webhook address is used: the row's, else the campaign's, else that of
// its active configuration; and that without one there is no row.
func TestCaptureFindsTheWebhook(t *testing.T) {
	t.Parallel()
	b := setup(t)
	config := func(active any) uuid.UUID {
		return insert[uuid.UUID](b, "webhook_configs", row{"url": "https://config.example", "active": active}, nil)
	}
	tests := []struct {
		name          string
		job, campaign row
		want          []string
	}{
		{"of the row", row{"webhook_url": "https://row.example"}, row{"webhook_url": "https://campaign.example"}, []string{"https://row.example"}},
		{"of the campaign", row{"webhook_url": " "}, row{"webhook_url": "https://campaign.example", "webhook_config_id": config(true)}, []string{"https://campaign.example"}},
		{"of the configuration", nil, row{"webhook_config_id": config(nil)}, []string{"https://config.example"}},
		{"of none that is active", nil, row{"webhook_config_id": config(false)}, nil},
		{"of none", nil, nil, nil},
	}
	for n, tc := range tests {
		columns := row{"campaign_id": b.campaign(tc.campaign)}
		maps.Copy(columns, tc.job)
		campaign := columns["campaign_id"].(uuid.UUID)
		lead := b.askIn(n, campaign, b.scrapeJob(columns))
		b.answer(n, "ana@example.com")
		b.checkInbox()
		b.want("leads", lead, row{"status": "email_captured"})
		got := scalar[[]string](b, "SELECT array_agg(webhook_url) FROM webhook_logs WHERE campaign_id = $1", campaign)
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("address %s (-want +got):\n%s", tc.name, diff)
		}
	}
}

// Ensure that all of it happens or nothing: a webhook row that cannot be written
// leaves the lead as it was, for the next look.
func TestCaptureIsOneTransaction(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.ask(1, row{"webhook_url": b.hookURL, "lead_magnet_url": "https://kelp.example/guide.pdf", "send_backup_link": true})
	b.exec("ALTER TABLE webhook_logs ADD CONSTRAINT broken CHECK (webhook_url = '')")
	b.answer(1, "ana@example.com")
	b.wantEvent(b.tryInbox(), river.EventKindJobFailed)
	b.want("leads", a.lead, row{"status": "dm_sent", "email": nil})
	b.want("scrape_jobs", a.scrapeJob, row{"emails_captured": 0})

	b.exec("ALTER TABLE webhook_logs DROP CONSTRAINT broken")
	b.checkInbox()
	b.want("leads", a.lead, row{"status": "email_captured"})
	got := []int{
		scalar[int](b, "SELECT count(*) FROM webhook_logs"), b.activeJobs("deliver_webhook"),
		scalar[int](b, "SELECT count(*) FROM workers.messages WHERE purpose = 'backup_link'"),
	}
	if diff := cmp.Diff([]int{1, 1, 1}, got); diff != "" {
		t.Errorf("webhook rows, delivery jobs and backup links (-want +got):\n%s", diff)
	}
}

// Ensure that a link that cannot be sent does not cost the lead its address, and
// that the owner is told.
func TestCaptureWithABadLink(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.ask(1, row{"webhook_url": b.hookURL, "lead_magnet_url": "kelp.example/guide.pdf", "send_backup_link": true})
	b.answer(1, "ana@example.com")
	b.checkInbox()
	b.want("leads", a.lead, row{"status": "email_captured"})
	b.want("scrape_jobs", a.scrapeJob, row{
		"emails_captured": 1, "error_count": 0,
		"last_error": "lead_magnet_url: material link must be a complete https:// address",
	})
	if n := scalar[int](b, "SELECT count(*) FROM workers.messages WHERE purpose = 'backup_link'"); n != 0 {
		t.Errorf("%d links queued, want none", n)
	}
}

// Ensure that the lead which was asked last hears the answer of a person who is in
// two campaigns, and the next answer serves the other one.
func TestCaptureOfAPersonInTwoCampaigns(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, second := b.ask(1, nil), b.ask(1, nil)
	b.answer(1, "ana@example.com")
	b.checkInbox()
	b.want("leads", first.lead, row{"status": "dm_sent"})
	b.want("leads", second.lead, row{"status": "email_captured"})
	b.answer(1, "again ana@example.com")
	b.checkInbox()
	b.want("leads", first.lead, row{"status": "email_captured"})
}

// Ensure that leads from before the workers, known by a slug or a URL, are heard as
// far back as a first look goes, however many there are.
func TestInboxHearsLeadsFromBefore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	campaign := b.campaign(nil)
	b.scrapeJob(row{"campaign_id": campaign})
	forms := []string{"person-%d", "https://www.linkedin.com/in/person-%d/", "https://de.linkedin.com/in/person-%d?trk=feed"}
	const people = 25
	for n := range people {
		b.person(n)
		b.lead(row{
			"campaign_id": campaign, "linkedin_id": fmt.Sprintf(forms[n%len(forms)], n), "status": "dm_sent",
			"source": nil, "metadata": nil, "created_at": nil,
		})
		b.linkedin.ReceiveMessage(fakeunipile.Inbound{
			AccountID: accountID, PersonID: member(n), Text: fmt.Sprintf("person%d@example.com", n), At: time.Now().Add(-3 * 24 * time.Hour),
		})
	}
	// What was written since must not hide what was written before.
	b.linkedin.Type(accountID, b.person(people), "hello")
	nobody := b.lead(row{"campaign_id": campaign, "linkedin_id": "left-linkedin", "status": "dm_sent"})

	b.checkInbox()
	if n := b.calls("get_profile"); n != 10 {
		t.Errorf("%d profiles were read at once, want 10: LinkedIn allows about 100 a day", n)
	}
	b.checkInbox()
	b.checkInbox()
	if n := scalar[int](b, "SELECT count(*) FROM leads WHERE status = 'email_captured'"); n != people {
		t.Errorf("%d of %d leads were heard", n, people)
	}
	b.checkInbox()
	b.checkInbox()
	if n := b.calls("get_profile"); n != people+1 {
		t.Errorf("%d profiles were read, want %d: who cannot be found is asked for again after a day", n, people+1)
	}
	b.want("leads", nobody, row{"status": "dm_sent", "provider_id": nil})
}

// Ensure that trouble with reading profiles neither hides the other leads nor stops
// the inbox from being read again soon.
func TestInboxIsHeardWhileSlugsCannotBeResolved(t *testing.T) {
	t.Parallel()
	for _, status := range []int{500, 429} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			a := b.ask(1, nil)
			broken := b.person(2)
			b.lead(row{"campaign_id": a.campaign, "linkedin_id": "person-2", "status": "dm_sent", "created_at": time.Now().AddDate(0, 0, -2)})
			b.person(3)
			other := b.lead(row{"campaign_id": a.campaign, "linkedin_id": "person-3", "status": "dm_sent", "created_at": time.Now().AddDate(0, 0, -1)})
			b.linkedin.AddFault(fakeunipile.Fault{Operation: "get_profile", Status: status, PersonID: broken})
			b.answer(1, "ana@example.com")

			result := b.tryInbox()
			b.want("leads", a.lead, row{"status": "email_captured"})
			if wait := time.Until(result.Job.ScheduledAt); wait > 5*time.Minute {
				t.Errorf("the inbox is read again in %s", wait)
			}
			b.tryInbox()
			if status == 500 {
				b.want("leads", other, row{"provider_id": member(3)})
			}
			if status == 429 && b.calls("get_profile") > 2 {
				t.Errorf("%d profiles were asked for in spite of the limit", b.calls("get_profile"))
			}
		})
	}
}

// Ensure that on the database as producers left it an answer is heard.
func TestInboxOnAProducersDatabase(t *testing.T) {
	t.Parallel()
	b := setup(t, onProducersDatabase)
	const tomas = "ACoAADf2kQkBz1uWm9YtRr0aXeVb5CcPnLh7oJs"
	b.linkedin.AddPerson(fakeunipile.Person{ProviderID: tomas, Name: "Tomás Arrieta"})
	b.linkedin.Receive(accountID, tomas, "tomas@example.com")
	b.exec("UPDATE leads SET created_at = now() - interval '1 day'")
	b.checkInbox()
	b.want("leads", "1e000000-0000-4000-8000-000000000001", row{"status": "email_captured", "email": "tomas@example.com"})
	if url := scalar[string](b, "SELECT webhook_url FROM webhook_logs"); url != "https://hooks.kelp.example/leads" {
		t.Errorf("webhook goes to %s", url)
	}
}
