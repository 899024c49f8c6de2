package jobs_test

import (
	"testing"

	"github.com/bravorevos/workers/jobs/polls"
)

// Ensure an account goes on listening after the last scrape job that names it is deleted,
// by itself or with its post: whoever it wrote to may say stop, or give their address.
func TestInboxOutlivesItsScrapeJobs(t *testing.T) {
	t.Parallel()
	for name, remove := range map[string]string{
		"scrape job": "DELETE FROM scrape_jobs",
		"post":       "DELETE FROM posts",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			client := b.seedClient()
			campaign := b.campaign(row{"client_id": client, "webhook_url": b.hookURL})
			post := insert[any](b, "posts", row{"campaign_id": campaign, "unipile_post_id": postID}, nil)
			id := b.scrapeJob(row{"campaign_id": campaign, "post_id": post, "webhook_url": b.hookURL})
			stops, gives := b.askIn(1, campaign, id), b.askIn(2, campaign, id)
			b.exec(remove)
			// As long ago as campaigns may wait for an answer.
			b.exec("UPDATE workers.messages SET claimed_at = now() - interval '40 days', sent_at = now() - interval '40 days'")

			if got := b.run(b.sweeps.Inboxes); len(got) != 1 {
				t.Fatalf("inboxes to read: %v, want the account's", got)
			}
			b.answer(1, "please stop writing to me, unsubscribe")
			b.must(b.inbound.Take(t.Context(), messageFrom(b, 2, "ana@example.com")))
			b.checkInbox()
			b.want("leads", stops, row{"status": "opted_out"})
			b.want("leads", gives, row{"status": "email_captured", "email": "ana@example.com"})
			if n := scalar[int](b, "SELECT count(*) FROM workers.opt_outs WHERE scope = $1 AND person_id = $2", client, member(1)); n != 1 {
				t.Error("the opt-out is not recorded for the client")
			}
			// The campaign still says where its leads go.
			if n := scalar[int](b, "SELECT count(*) FROM webhook_logs WHERE lead_id = $1 AND webhook_url = $2", gives, b.hookURL); n != 1 {
				t.Errorf("%d webhooks for the address, want 1", n)
			}
		})
	}
}

// Ensure a person is known by what was written to them when their leads are deleted: their
// stop holds for the client.
func TestInboxHearsAStopOfADeletedLead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	client := b.seedClient()
	campaign := b.campaign(row{"client_id": client})
	id := b.scrapeJob(row{"campaign_id": campaign})
	b.askIn(1, campaign, id)
	b.exec("DELETE FROM leads")
	b.exec("DELETE FROM scrape_jobs")
	b.answer(1, "please stop writing to me, unsubscribe")
	b.checkInbox()
	if n := scalar[int](b, "SELECT count(*) FROM workers.opt_outs WHERE scope = $1 AND person_id = $2", client, member(1)); n != 1 {
		t.Error("the opt-out is not recorded for the client")
	}
}

// Ensure an address that stands in a comment is never stored without what follows from
// it, when the scrape job that found it is deleted at that moment.
func TestCommentIsNotCapturedWithoutItsWebhook(t *testing.T) {
	t.Parallel()
	b := setup(t)
	campaign := b.campaign(row{"webhook_url": b.hookURL})
	id := b.scrapeJob(row{"campaign_id": campaign})
	b.comment(1, "guide please, ana@example.com")
	// The lead is made, and then its producer deletes the scrape job.
	b.exec(`CREATE FUNCTION pg_temp_delete() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN DELETE FROM scrape_jobs; RETURN NULL; END $$`)
	b.exec("CREATE TRIGGER delete_job AFTER INSERT ON leads FOR EACH ROW EXECUTE FUNCTION pg_temp_delete()")

	work(b, polls.PollCommentsArgs{ScrapeJobID: id})
	captured := scalar[int](b, "SELECT count(*) FROM leads WHERE status = 'email_captured'")
	webhooks := scalar[int](b, "SELECT count(*) FROM webhook_logs")
	if captured != webhooks {
		t.Errorf("%d addresses were captured and %d webhooks made of them", captured, webhooks)
	}
	if captured != 1 {
		t.Errorf("%d addresses were captured, want 1", captured)
	}
}

// Ensure a stop holds that comes before the first message of a campaign whose scrape job is
// deleted: nothing says any more that the account writes for it, except what waits.
func TestStopBeforeTheFirstMessageOfAnOrphan(t *testing.T) {
	t.Parallel()
	b := setup(t)
	client := b.seedClient()
	campaign := b.campaign(row{"client_id": client})
	id := b.scrapeJob(row{"campaign_id": campaign})
	b.person(1)
	waiting, _ := b.message(1, row{"campaign_id": campaign, "scrape_job_id": id})
	b.exec("DELETE FROM scrape_jobs")
	b.answer(1, "please stop writing to me, unsubscribe")
	b.checkInbox()
	b.send(waiting)
	b.wantSent()
	if n := scalar[int](b, "SELECT count(*) FROM workers.opt_outs WHERE scope = $1 AND person_id = $2", client, member(1)); n != 1 {
		t.Error("the opt-out is not recorded for the client")
	}
}
