package jobs_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
)

// wantClosed makes sure that a notification ended without an email, and says that it expired.
func (b *bench) wantClosed(id uuid.UUID) {
	b.Helper()
	b.wantEvent(b.email(id), river.EventKindJobCompleted)
	b.want("notifications", id, row{"status": "failed", "sent_at": nil})
	if message, _ := b.read("notifications", id)["error_message"].(string); !strings.HasPrefix(message, "Expired: ") {
		b.Errorf("error_message is %q, want it to say that it expired", message)
	}
	if n := len(b.mail.Requests()); n != 0 {
		b.Errorf("Resend was called %d times, want none", n)
	}
}

// Ensure a request for an email, or its post, that is older than a day is closed.
func TestEmailThatIsTooOld(t *testing.T) {
	t.Parallel()
	t.Run("the request", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.wantClosed(b.notification(row{"created_at": time.Now().Add(-25 * time.Hour)}))
	})
	t.Run("almost", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		id := b.notification(row{"created_at": time.Now().Add(-23 * time.Hour)})
		b.wantEvent(b.email(id), river.EventKindJobCompleted)
		b.wantOneEmail(id)
	})
	t.Run("the post by its row", func(t *testing.T) {
		t.Parallel()
		b := setup(t, onProducersDatabase)
		b.exec(`UPDATE posts SET published_at = now() - interval '25 hours'`)
		b.wantClosed(b.notification(row{"post_id": legacyPost}))
	})
	t.Run("the post by its link", func(t *testing.T) {
		t.Parallel()
		b := setup(t, onProducersDatabase)
		b.exec(`UPDATE posts SET published_at = now() - interval '25 hours'`)
		b.wantClosed(b.notification(nil))
	})
	t.Run("the post as LinkedIn tells it", func(t *testing.T) {
		t.Parallel()
		b := setup(t, onProducersDatabase)
		b.exec(`INSERT INTO workers.watched_posts (scrape_job_id, asked_for, social_id, published_at)
			SELECT id, unipile_post_id, $1, now() - interval '25 hours' FROM scrape_jobs WHERE post_id = $2`, socialID, legacyPost)
		b.wantClosed(b.notification(row{"post_id": legacyPost}))
	})
	t.Run("a post that waited as a draft", func(t *testing.T) {
		t.Parallel()
		b := setup(t, onProducersDatabase)
		b.exec(`UPDATE posts SET created_at = now() - interval '9 days', published_at = now() - interval '1 hour'`)
		id := b.notification(row{"post_id": legacyPost})
		b.wantEvent(b.email(id), river.EventKindJobCompleted)
		b.wantOneEmail(id)
	})
}

// Of the producers' fixture.
var (
	legacyPost   = uuid.MustParse("b0000000-0000-4000-8000-000000000001")
	legacyAuthor = uuid.MustParse("a0000000-0000-4000-8000-000000000001")
	legacyMember = uuid.MustParse("a0000000-0000-4000-8000-000000000002")
)

// Ensure nobody is asked to engage with a post of their own, however it is known that it
// is theirs, and that others are.
func TestEmailToTheAuthor(t *testing.T) {
	t.Parallel()
	account := `(SELECT id FROM linkedin_accounts WHERE unipile_account_id = '` + accountID + `')`
	for name, known := range map[string]struct {
		by           string // what is done in the database
		notification row
	}{
		"by the post's account":  {"UPDATE posts SET linkedin_account_id = " + account, row{"post_id": legacyPost}},
		"by the account, linked": {"UPDATE posts SET linkedin_account_id = " + account, nil},
		"by the producer":        {"", row{"metadata": json.RawMessage(`{"poster_id": "` + legacyAuthor.String() + `"}`)}},
		"by the LinkedIn identity": {
			`WITH post AS (INSERT INTO workers.watched_posts (scrape_job_id, asked_for, social_id, author_id)
				SELECT id, unipile_post_id, '` + socialID + `', '` + ownerID + `' FROM scrape_jobs WHERE post_id = '` + legacyPost.String() + `')
			INSERT INTO workers.accounts (id, provider_id) VALUES ('` + accountID + `', '` + ownerID + `')`,
			row{"post_id": legacyPost},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, onProducersDatabase)
			if known.by != "" {
				b.exec(known.by)
			}
			columns := row{"user_id": legacyAuthor}
			maps.Copy(columns, known.notification)
			b.wantClosed(b.notification(columns))

			columns["user_id"] = legacyMember
			id := b.notification(columns)
			b.wantEvent(b.email(id), river.EventKindJobCompleted)
			b.wantOneEmail(id)
		})
	}
}

// Ensure an email is sent where it is not known whose post it is.
func TestEmailWhoseAuthorIsNotKnown(t *testing.T) {
	t.Parallel()
	b := setup(t, onProducersDatabase)
	id := b.notification(row{"user_id": legacyAuthor, "post_id": legacyPost})
	b.wantEvent(b.email(id), river.EventKindJobCompleted)
	b.wantOneEmail(id)
}
