package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/api"
	"github.com/bravorevos/workers/sandbox/receiver"
	fakeresend "github.com/bravorevos/workers/sandbox/resend"
	fakeunipile "github.com/bravorevos/workers/sandbox/unipile"
	"github.com/bravorevos/workers/store/storetest"
)

// routes of the specification, with what each counts.
var routes = map[string][]string{
	"/api/cron/dm-scraper":        {"jobs_processed", "total_jobs"},
	"/api/cron/webhook-retry":     {"retried", "sent", "failed"},
	"/api/cron/pod-notifications": {"sent", "failed"},
}

// Ensure only who knows the secret starts a sweep, by GET or POST.
func TestCronAccess(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.New(t), nil)
	const refused = `{"error":"Unauthorized"}`
	for name, test := range map[string]struct {
		method, authorization string
		status                int
		body                  string // empty: any
	}{
		"GET":                 {http.MethodGet, "Bearer " + cronSecret, 200, ""},
		"POST":                {http.MethodPost, "Bearer " + cronSecret, 200, ""},
		"no secret":           {http.MethodGet, "", 401, refused},
		"wrong secret":        {http.MethodPost, "Bearer wrong", 401, refused},
		"beginning of it":     {http.MethodPost, "Bearer " + cronSecret[:10], 401, refused},
		"more than it":        {http.MethodPost, "Bearer " + cronSecret + "x", 401, refused},
		"without the scheme":  {http.MethodPost, cronSecret, 401, refused},
		"another scheme":      {http.MethodPost, "Basic " + cronSecret, 401, refused},
		"scheme alone":        {http.MethodPost, "Bearer ", 401, refused},
		"PUT":                 {http.MethodPut, "Bearer " + cronSecret, 405, ""},
		"DELETE":              {http.MethodDelete, "Bearer " + cronSecret, 405, ""},
		"PATCH":               {http.MethodPatch, "Bearer " + cronSecret, 405, ""},
		"OPTIONS, no secret":  {http.MethodOptions, "", 405, ""},
		"no secret, POST too": {http.MethodPost, "", 401, refused},
	} {
		for route := range routes {
			t.Run(name+" "+route, func(t *testing.T) {
				t.Parallel()
				got := b.call(t, test.method, route, test.authorization)
				if got.status != test.status {
					t.Errorf("status %d, want %d", got.status, test.status)
				}
				if body := strings.TrimSpace(string(got.body)); test.body != "" && body != test.body {
					t.Errorf("the answer is %s, want %s", body, test.body)
				}
				if kind := got.header.Get("Content-Type"); test.status != http.StatusMethodNotAllowed && kind != "application/json; charset=utf-8" {
					t.Errorf("the answer is of type %q", kind)
				}
			})
		}
	}
}

// Ensure nobody gets in where no secret is set, not even with an empty one.
func TestCronWithoutSecret(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.New(t), func(cfg *api.Config) { cfg.CronSecret = "" })
	for route := range routes {
		for _, authorization := range []string{"", "Bearer ", "Bearer " + cronSecret} {
			got := b.call(t, http.MethodPost, route, authorization)
			body := strings.TrimSpace(string(got.body))
			if got.status != http.StatusInternalServerError || body != `{"error":"Cron secret not configured"}` {
				t.Errorf("%s with %q answers %d %s", route, authorization, got.status, body)
			}
		}
	}
}

// Ensure the answer has its shape, with an empty list, when nothing was due.
func TestCronNothingDue(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.New(t), nil)
	for route, counts := range routes {
		before := time.Now()
		got := b.call(t, http.MethodGet, route, "Bearer "+cronSecret)
		if got.status != http.StatusOK {
			t.Fatalf("%s answers %d %s", route, got.status, got.body)
		}
		want := map[string]any{"success": true, "results": []any{}}
		for _, count := range counts {
			want[count] = 0.0
		}
		if diff := cmp.Diff(want, strip(t, got.decode(t), before)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", route, diff)
		}
	}
}

// strip checks the times and the job ids of an answer and takes them out.
func strip(t *testing.T, answer map[string]any, before time.Time) map[string]any {
	t.Helper()
	if took, ok := answer["duration"].(float64); !ok || took < 0 || took > float64(time.Since(before).Milliseconds()) || took != float64(int64(took)) {
		t.Errorf("duration is %v, want whole milliseconds since %s", answer["duration"], before)
	}
	stamp, _ := answer["timestamp"].(string)
	at, err := time.Parse(time.RFC3339Nano, stamp)
	if err != nil || at.Before(before.Truncate(time.Microsecond)) || at.After(time.Now()) || !strings.HasSuffix(stamp, "Z") {
		t.Errorf("timestamp is %q (%v), want a time after %s in UTC", stamp, err, before)
	}
	delete(answer, "duration")
	delete(answer, "timestamp")
	results, _ := answer["results"].([]any)
	for _, r := range results {
		item := r.(map[string]any)
		if id, ok := item["job_id"].(float64); !ok || id < 1 {
			t.Errorf("%v has no job", item)
		}
		delete(item, "job_id")
	}
	return answer
}

func item(id, status string) map[string]any { return map[string]any{"id": id, "status": status} }

const (
	client   = "c0000000-0000-4000-8000-000000000001"
	campaign = "ca000000-0000-4000-8000-000000000001"
	row1     = "00000000-0000-4000-8000-000000000001"
	row2     = "00000000-0000-4000-8000-000000000002"
	row3     = "00000000-0000-4000-8000-000000000003"
	row4     = "00000000-0000-4000-8000-000000000004"
)

// seed writes what every row belongs to.
func (b *bench) seed(t *testing.T) {
	t.Helper()
	b.exec(t, "INSERT INTO clients (id, name) VALUES ('"+client+"', 'Kelp')")
	b.exec(t, "INSERT INTO campaigns (id, client_id, name, trigger_word, status) VALUES ('"+campaign+"', '"+client+"', 'Guide', 'guide', 'active')")
}

// webhookRow writes a row that is due; order says in which place.
func (b *bench) webhookRow(t *testing.T, id, path string, order int) {
	t.Helper()
	b.exec(t, `INSERT INTO webhook_logs (id, campaign_id, webhook_url, payload, created_at)
		VALUES ($1, $2, $3, $4, now() + $5::int * interval '1 ms')`,
		id, campaign, b.hookURL+path, `{"email": "ana@example.com", "name": "Ana", "source": "linkedin_dm", "campaign_id": "`+
			campaign+`", "timestamp": "2026-11-23T10:00:00Z"}`, order)
}

// Ensure each route does its work at once and tells what became of every row, on a
// direct connection and behind a pooler.
func TestCronWork(t *testing.T) {
	t.Parallel()
	for name, pool := range map[string]func(testing.TB) *pgxpool.Pool{
		"direct": storetest.New,
		"pooled": pooled,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newWorkingBench(t, pool(t), nil)
			b.seed(t)
			for _, test := range []struct {
				route string
				seed  func()
				want  map[string]any
			}{
				{
					"/api/cron/dm-scraper",
					func() {
						b.unipile.AddAccount(fakeunipile.Account{ID: "account", Name: "Mara", ProviderID: "ACoAAmara", Slug: "mara"})
						b.unipile.AddPost(fakeunipile.Post{ID: "7398114413090816000", AuthorID: "ACoAAmara", Text: "Comment GUIDE"})
						b.exec(t, "INSERT INTO posts (id, campaign_id, content) VALUES ('"+row1+"', '"+campaign+"', 'Comment GUIDE')")
						b.exec(t, `INSERT INTO scrape_jobs (id, campaign_id, post_id, unipile_post_id, unipile_account_id, trigger_word, created_at)
							VALUES ('`+row1+`', '`+campaign+`', '`+row1+`', '7398114413090816000', 'account', 'guide', now() - interval '2 s'),
							       ('`+row2+`', '`+campaign+`', '`+row1+`', '7398114413090816000', 'nobody', 'guide', now())`)
					},
					map[string]any{
						"jobs_processed": 1.0, "total_jobs": 2.0,
						"results": []any{item(row1, "completed"), item(row2, "failed")},
					},
				},
				{
					"/api/cron/webhook-retry",
					func() {
						b.receiver.Behave("/busy", receiver.Behaviour{Status: 503})
						b.receiver.Behave("/gone", receiver.Behaviour{Status: 410})
						b.webhookRow(t, row1, "/busy", 1)
						b.webhookRow(t, row2, "/leads", 2)
						b.webhookRow(t, row3, "/gone", 3)
					},
					map[string]any{
						"retried": 3.0, "sent": 1.0, "failed": 2.0,
						"results": []any{item(row1, "failed"), item(row2, "sent"), item(row3, "failed")},
					},
				},
				{
					"/api/cron/pod-notifications",
					func() {
						b.exec(t, `INSERT INTO users (id, client_id, email) VALUES
							('`+row1+`', '`+client+`', 'ana@example.com'), ('`+row2+`', '`+client+`', NULL)`)
						b.exec(t, `INSERT INTO notifications (id, type, user_id, linkedin_url, created_at)
							SELECT u.id, 'pod_repost', u.id, 'https://www.linkedin.com/posts/x', now() FROM users u`)
					},
					map[string]any{
						"sent": 1.0, "failed": 1.0,
						"results": []any{item(row1, "sent"), item(row2, "failed")},
					},
				},
			} {
				test.seed()
				test.want["success"] = true
				before := time.Now()
				got := b.call(t, http.MethodPost, test.route, "Bearer "+cronSecret)
				if got.status != http.StatusOK {
					t.Errorf("%s answers %d", test.route, got.status)
				}
				if diff := cmp.Diff(test.want, strip(t, got.decode(t), before)); diff != "" {
					t.Errorf("%s (-want +got):\n%s\n%s", test.route, diff, b.logs)
				}
				// What was done, and what failed and has a time of its own, is not due again.
				got = b.call(t, http.MethodPost, test.route, "Bearer "+cronSecret)
				if !strings.Contains(string(got.body), `"results":[]`) {
					t.Errorf("%s at once again answers %s", test.route, got.body)
				}
			}
			if n := len(b.resend.Emails()); n != 1 || b.receiver.Accepted() != 1 {
				t.Errorf("%d emails and %d webhooks arrived, want one each", n, b.receiver.Accepted())
			}
		})
	}
}

// Ensure the answer comes when the wait is over, and tells what is still under way.
func TestCronQueued(t *testing.T) {
	t.Parallel()
	b := newWorkingBench(t, storetest.New(t), func(cfg *api.Config) { cfg.CronWait = time.Millisecond })
	b.seed(t)
	b.receiver.Behave("/leads", receiver.Behaviour{Hang: true})
	b.webhookRow(t, row1, "/leads", 1)
	before := time.Now()
	got := b.call(t, http.MethodGet, "/api/cron/webhook-retry", "Bearer "+cronSecret)
	want := map[string]any{
		"success": true, "retried": 1.0, "sent": 0.0, "failed": 0.0, "results": []any{item(row1, "queued")},
	}
	if diff := cmp.Diff(want, strip(t, got.decode(t), before)); diff != "" || got.status != http.StatusOK {
		t.Errorf("status %d (-want +got):\n%s", got.status, diff)
	}
}

// Ensure nobody waits for what has been put off: it is queued.
func TestCronPutOff(t *testing.T) {
	t.Parallel()
	b := newWorkingBench(t, storetest.New(t), func(cfg *api.Config) { cfg.CronWait = time.Hour })
	b.seed(t)
	b.resend.AddFault(fakeresend.Fault{Status: 429, Name: "daily_quota_exceeded"})
	b.exec(t, "INSERT INTO users (id, client_id, email) VALUES ('"+row4+"', '"+client+"', 'ana@example.com')")
	b.exec(t, `INSERT INTO notifications (id, user_id, type, linkedin_url)
		VALUES ('`+row1+`', '`+row4+`', 'pod_repost', 'https://www.linkedin.com/posts/x')`)
	before := time.Now()
	got := b.call(t, http.MethodGet, "/api/cron/pod-notifications", "Bearer "+cronSecret)
	want := map[string]any{"success": true, "sent": 0.0, "failed": 0.0, "results": []any{item(row1, "queued")}}
	if diff := cmp.Diff(want, strip(t, got.decode(t), before)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Ensure a sweep that fails is an error of the route, told in full in the log alone.
func TestCronFailure(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.Empty(t), nil)
	for route, counts := range routes {
		before := time.Now()
		got := b.call(t, http.MethodPost, route, "Bearer "+cronSecret)
		want := map[string]any{"success": false, "error": "the sweep failed; see the log", "results": []any{}}
		for _, count := range counts {
			want[count] = 0.0
		}
		if diff := cmp.Diff(want, strip(t, got.decode(t), before)); diff != "" || got.status != http.StatusInternalServerError {
			t.Errorf("%s: status %d (-want +got):\n%s", route, got.status, diff)
		}
	}
	if got := strings.Count(b.logs.String(), "does not exist"); got != len(routes) {
		t.Errorf("the log tells the cause %d times, want %d:\n%s", got, len(routes), b.logs)
	}
	if strings.Contains(b.logs.String(), cronSecret) {
		t.Error("the log holds the secret")
	}
}

// Ensure a caller who goes away is no failure: the work goes on without one.
func TestCronCallerGoesAway(t *testing.T) {
	t.Parallel()
	b := newWorkingBench(t, storetest.New(t), nil)
	b.seed(t)
	b.receiver.Behave("/leads", receiver.Behaviour{Hang: true})
	b.webhookRow(t, row1, "/leads", 1)
	ctx, leave := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.url+"/api/cron/webhook-retry", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+cronSecret)
	left := make(chan error)
	go func() {
		res, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = res.Body.Close()
		}
		left <- err
	}()
	for start := time.Now(); len(b.receiver.Deliveries()) == 0; {
		if time.Since(start) > deadline {
			t.Fatal("the route does not deliver")
		}
		<-time.After(time.Millisecond)
	}
	leave()
	if err := <-left; err == nil {
		t.Error("the route answered before its work was done")
	}
	b.server.Close() // waits for the route
	if strings.Contains(b.logs.String(), "cron route failed") {
		t.Errorf("the log tells of a failure:\n%s", b.logs)
	}
}
