package jobs_test

import (
	"context"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/jobs/polls"
	fakeunipile "github.com/bravorevos/workers/sandbox/unipile"
)

// failPoll runs one poll that must fail and write that down.
func (b *bench) failPoll(id uuid.UUID) (lastError string) {
	b.Helper()
	b.wantEvent(work(b, polls.PollCommentsArgs{ScrapeJobID: id}), river.EventKindJobCancelled)
	b.wantNear(scalar[time.Time](b, "SELECT last_error_at FROM scrape_jobs WHERE id = $1", id), 0)
	return scalar[string](b, "SELECT last_error FROM scrape_jobs WHERE id = $1", id)
}

func (b *bench) nextCheck(id uuid.UUID) time.Time {
	b.Helper()
	return scalar[time.Time](b, "SELECT next_check FROM scrape_jobs WHERE id = $1", id)
}

// pauses maps what the account may not do to the time until it may; zero for
// until a human lifts it.
func (b *bench) pauses() map[string]time.Time {
	b.Helper()
	rows, err := b.pool.Query(b.Context(), "SELECT action, until FROM workers.pauses WHERE account_id = $1", accountID)
	b.must(err)
	defer rows.Close()
	found := map[string]time.Time{}
	for rows.Next() {
		var action string
		var until *time.Time
		b.must(rows.Scan(&action, &until))
		found[action] = time.Time{}
		if until != nil {
			found[action] = *until
		}
	}
	b.must(rows.Err())
	return found
}

// Ensure that what only the row's owner can put right is said clearly, costs no
// call, is tried again, and that everything is found once it is put right.
func TestPollNamesWhatTheOwnerMustChange(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name          string
		job, campaign row
		says          string
	}{
		{"no trigger word anywhere", row{"trigger_word": ""}, row{"trigger_word": " "}, "trigger_word is empty"},
		{"a trigger word that nothing can match", row{"trigger_word": "!!!"}, nil, "trigger_word"},
		{"an unknown variable in the template", nil, row{"dm_template_step1": "Hi {{firstname}}"}, "dm_template_step1: message template has the unknown variable {{firstname}}"},
		{"a template that is too long", nil, row{"dm_template_step1": strings.Repeat("guide ", 2000)}, "8000"},
		{"a template too long with one of the words", row{"trigger_word": "guide, " + strings.Repeat("x", 90)},
			row{"dm_template_step1": strings.Repeat("y", 7950) + "{{trigger_word}}"}, "8000"},
		{"more keywords than can be compared", row{"trigger_word": manyWords(2500)}, nil, "trigger_word: holds 2500 words: 200 is the most"},
		{"keywords of a megabyte", row{"trigger_word": strings.Repeat("guide,", 200_000)}, nil, "trigger_word: holds 1200000 bytes: 16384 is the most"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.comment(1, "guide "+strings.Repeat("x", 90))
			job := row{"campaign_id": b.campaign(tc.campaign)}
			maps.Copy(job, tc.job)
			id := b.scrapeJob(job)

			if said := b.failPoll(id); !strings.Contains(said, tc.says) {
				t.Errorf("last_error is %q, want it to hold %q", said, tc.says)
			}
			if n := b.calls(""); n != 0 {
				t.Errorf("%d calls were made, want none", n)
			}
			b.want("scrape_jobs", id, row{"status": "running", "error_count": 1, "comments_scanned": 0})
			b.wantNear(b.nextCheck(id), 10*time.Minute)

			b.exec("UPDATE scrape_jobs SET trigger_word = 'guide'")
			b.exec("UPDATE campaigns SET dm_template_step1 = NULL")
			b.poll(id)
			b.want("scrape_jobs", id, row{"error_count": 0, "comments_scanned": 1, "trigger_words_found": 1})
		})
	}
}

// manyWords is a list of so many different keywords.
func manyWords(n int) string {
	words := make([]string, n)
	for i := range words {
		words[i] = "w" + strconv.Itoa(i)
	}
	return strings.Join(words, ",")
}

// Ensure that a failing post is tried again in ten minutes, its errors are counted,
// and a success ends the count.
func TestPollCountsErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		damage func(*bench, row)
		says   string
	}{
		{"the post is gone", func(_ *bench, job row) { job["unipile_post_id"] = "7398114413090810001" }, "404"},
		{"the post id is none", func(_ *bench, job row) { job["unipile_post_id"] = "https://example.com/post" }, "not a LinkedIn post"},
		{"Unipile fails", func(b *bench, _ row) {
			b.linkedin.AddFault(fakeunipile.Fault{Operation: "list_comments", Status: 500})
		}, "500"},
		{"comments are refused", func(b *bench, _ row) {
			b.linkedin.AddFault(fakeunipile.Fault{Operation: "list_comments", Type: "invalid_post"})
		}, "invalid_post"},
		{"the connection is cut", func(b *bench, _ row) {
			b.linkedin.AddFault(fakeunipile.Fault{Operation: "list_comments", Reset: true})
		}, "connection_reset"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.comment(1, "guide")
			job := row{"error_count": nil}
			tc.damage(b, job)
			id := b.scrapeJob(job)

			for failures := 1; failures <= 2; failures++ {
				if said := b.failPoll(id); !strings.Contains(said, tc.says) {
					t.Errorf("last_error is %q, want it to hold %q", said, tc.says)
				}
				b.want("scrape_jobs", id, row{"status": "running", "error_count": failures})
				b.wantNear(b.nextCheck(id), 10*time.Minute)
			}
			if len(b.pauses()) != 0 {
				t.Errorf("the account is paused: %v", b.pauses())
			}
			b.linkedin.ClearFaults()
			b.exec("UPDATE scrape_jobs SET unipile_post_id = $1", postID)
			b.poll(id)
			b.want("scrape_jobs", id, row{"error_count": 0, "comments_scanned": 1})
		})
	}
}

// Ensure that a limit rests all polls of the account for as long as the vendor says,
// an hour where he says nothing, and is no fault of the row.
func TestPollRestsOnALimit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.comment(1, "guide")
	id, other := b.scrapeJob(nil), b.scrapeJob(nil)
	elsewhere := b.scrapeJob(row{"unipile_account_id": "another account"})
	b.linkedin.AddFault(fakeunipile.Fault{Operation: "list_comments", Status: 429, Times: 1})

	b.failPoll(id)
	b.want("scrape_jobs", id, row{"error_count": 0, "comments_scanned": 0})
	b.wantNear(b.nextCheck(id), time.Hour)
	pauses := b.pauses()
	b.wantNear(pauses["polls"], time.Hour)
	if len(pauses) != 1 {
		t.Errorf("paused: %v, want polls alone: messages have limits of their own", pauses)
	}
	if diff := cmp.Diff(sorted(elsewhere), b.run(b.sweeps.ScrapeJobs)); diff != "" {
		t.Errorf("rows that got a job meanwhile (-want +got):\n%s", diff)
	}

	// A poll that was enqueued before the limit must not ask either.
	before := b.calls("")
	b.poll(other)
	if n := b.calls("") - before; n != 0 {
		t.Errorf("%d calls were made in spite of the limit, want none", n)
	}

	b.exec("UPDATE workers.pauses SET until = now()")
	b.exec("UPDATE scrape_jobs SET next_check = now() WHERE id = $1", id)
	if diff := cmp.Diff(sorted(id, other), b.run(b.sweeps.ScrapeJobs)); diff != "" {
		t.Errorf("rows that got a job after the pause (-want +got):\n%s", diff)
	}
	b.poll(id)
	b.wantCounts(id, 1, 1)
}

// Ensure that trouble with credentials stops what it concerns, marks nothing as
// failed, and says what is wrong without repeating a credential.
func TestPollWithoutAccess(t *testing.T) {
	t.Parallel()
	forever := map[string]time.Time{"everything": {}}
	tests := []struct {
		name   string
		change func(*options)
		then   func(*bench)
		says   string
		paused map[string]time.Time
	}{
		{"wrong API key", func(o *options) { o.apiKey = "wrong-key-of-ours" }, nil, "401: errors/missing_credentials", map[string]time.Time{}},
		{"account signed out", nil, func(b *bench) { b.linkedin.SetAccountStatus(accountID, "CREDENTIALS") }, "401: errors/disconnected_account", forever},
		{"account restricted", nil, func(b *bench) {
			b.linkedin.AddFault(fakeunipile.Fault{Type: "account_restricted"})
		}, "403: errors/account_restricted", forever},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			change := func(*options) {}
			if tc.change != nil {
				change = tc.change
			}
			b := setup(t, change)
			if tc.then != nil {
				tc.then(b)
			}
			id := b.scrapeJob(nil)
			said := b.failPoll(id)
			if !strings.Contains(said, tc.says) || strings.Contains(said, "wrong-key-of-ours") {
				t.Errorf("last_error is %q, want it to hold %q and no key", said, tc.says)
			}
			b.want("scrape_jobs", id, row{"status": "running", "comments_scanned": 0})
			if diff := cmp.Diff(tc.paused, b.pauses()); diff != "" {
				t.Errorf("pauses of the account (-want +got):\n%s", diff)
			}
		})
	}
}

// Ensure that an account which Unipile does not know rests for a while and is then
// asked for again, because it may be linked by then.
func TestPollOfAnUnknownAccount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.scrapeJob(row{"unipile_account_id": "not-linked-yet"})
	if said := b.failPoll(id); !regexp.MustCompile("404.*resource_not_found").MatchString(said) {
		t.Errorf("last_error is %q, want it to say 404", said)
	}
	b.want("scrape_jobs", id, row{"status": "running", "error_count": 1})
	b.wantNear(scalar[time.Time](b, "SELECT until FROM workers.pauses WHERE account_id = 'not-linked-yet' AND action = 'everything'"), 10*time.Minute)
}

// Ensure that a fault of our own database is tried again and not put on the row,
// whose owner could not mend it.
func TestPollWhileTheDatabaseFails(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.comment(1, "guide")
	id := b.scrapeJob(nil)
	b.exec("ALTER TABLE workers.comments ADD CONSTRAINT broken CHECK (body = '')")
	b.wantEvent(work(b, polls.PollCommentsArgs{ScrapeJobID: id}), river.EventKindJobFailed)
	b.want("scrape_jobs", id, row{"error_count": 0, "last_error": nil, "next_check": nil, "comments_scanned": 0})
	b.exec("ALTER TABLE workers.comments DROP CONSTRAINT broken")
	b.poll(id)
	b.wantCounts(id, 1, 1)
}

// Ensure that a worker which stops in the middle of a poll leaves no mark on the row.
func TestPollThatIsStopped(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	b := setup(t, func(o *options) {
		o.between = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/comments") {
					stop()
					<-r.Context().Done()
					return
				}
				next.ServeHTTP(w, r)
			})
		}
	})
	b.comment(1, "guide")
	id := b.scrapeJob(nil)
	workWithin(ctx, b, polls.PollCommentsArgs{ScrapeJobID: id})
	b.want("scrape_jobs", id, row{"error_count": 0, "last_error": nil, "next_check": nil})
}
