package jobs_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
)

// sweepAndSend plans once and works what is due now, as a worker would until the
// next sweep.
func (b *bench) sweepAndSend() {
	b.Helper()
	for _, id := range b.run(b.sweeps.Messages) {
		n, err := strconv.ParseInt(id, 10, 64)
		b.must(err)
		b.send(n)
	}
	b.exec("DELETE FROM workers.river_job")
}

func oneAMinute(o *options) {
	o.settings.Limits.GapMin, o.settings.Limits.GapMax = time.Minute, time.Minute
}

// Ensure each reason why a message must not go out any more is seen by the sweep and
// by the claim alike, and that neither sends it.
func TestUnwanted(t *testing.T) {
	t.Parallel()
	type seeded struct {
		*bench
		campaign, lead uuid.UUID
		person         string
	}
	for reason, tc := range map[string]struct {
		purpose, status string
		change          func(s seeded)
	}{
		"lead_deleted": {"first_dm", "comment_detected", func(s seeded) { s.exec("DELETE FROM leads") }},
		"campaign_deleted": {"first_dm", "comment_detected", func(s seeded) {
			s.exec("UPDATE leads SET campaign_id = NULL")
			s.exec("DELETE FROM campaigns")
		}},
		"opted_out": {"backup_link", "opted_out", nil},
		"opted_out, elsewhere": {"first_dm", "comment_detected", func(s seeded) {
			client := scalar[uuid.UUID](s.bench, "SELECT client_id FROM campaigns")
			s.bench.lead(row{"campaign_id": s.bench.campaign(row{"client_id": client}), "linkedin_id": s.person, "status": "opted_out"})
		}},
		"already_contacted": {"first_dm", "dm_sent", nil},
		"no_email":          {"backup_link", "dm_sent", nil},
		"reached_otherwise": {"invitation", "dm_sent", nil},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			for name, act := range map[string]func(b *bench, id int64){
				"sweep": func(b *bench, _ int64) { b.run(b.sweeps.Messages) },
				"claim": func(b *bench, id int64) { b.send(id) },
			} {
				b := setup(t)
				campaign := b.campaign(nil)
				lead := b.lead(row{"campaign_id": campaign, "linkedin_id": b.person(1), "status": tc.status})
				id, _ := b.message(1, row{"campaign_id": campaign, "lead_id": lead, "purpose": tc.purpose})
				if tc.change != nil {
					tc.change(seeded{b, campaign, lead, member(1)})
				}
				act(b, id)
				want := reason[:min(len(reason), len("opted_out"))]
				if want != "opted_out" {
					want = reason
				}
				got := b.read("workers.messages", id)
				if got["state"] != "skipped" || got["error_type"] != want {
					t.Errorf("%s: the message is %v because of %v", name, got["state"], got["error_type"])
				}
				if n := b.calls(""); n != 0 {
					t.Errorf("%s: %d calls", name, n)
				}
			}
		})
	}
}

// Ensure messages that nobody wants any more take no turn from those that wait.
func TestUnwantedTakeNoTurns(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]string{
		"campaign deleted":           "DELETE FROM campaigns WHERE id = $1",
		"campaign deleted, not lead": "WITH l AS (UPDATE leads SET campaign_id = NULL WHERE campaign_id = $1) DELETE FROM campaigns WHERE id = $1",
		"written to by others":       "UPDATE leads SET status = 'dm_sent' WHERE campaign_id = $1",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, oneAMinute)
			gone, live := b.campaign(nil), b.campaign(nil)
			b.crowd(b.scrapeJob(row{"campaign_id": gone}), 40)
			good, _ := b.message(90, row{"campaign_id": live, "scrape_job_id": b.scrapeJob(row{"campaign_id": live})})
			b.exec(spoil, gone)
			b.sweepAndSend()
			b.want("workers.messages", good, row{"state": "sent"})
			if n := scalar[int](b, "SELECT count(*) FROM workers.messages WHERE state = 'skipped'"); n != 40 {
				t.Errorf("%d messages are skipped, want 40", n)
			}
		})
	}
}
