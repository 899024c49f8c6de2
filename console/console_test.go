package console_test

import (
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/console"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store/storetest"
)

// TestMain also ensures that the pages' background work ends with its context.
func TestMain(m *testing.M) { storetest.Main(m) }

const password = "operator-password"

// serve installs the pages on a real database.
func serve(t *testing.T, pool *pgxpool.Pool, password string) string {
	t.Helper()
	logger := slog.New(slog.NewTextHandler(t.Output(), nil))
	client, err := queue.NewInserter(pool, logger)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	err = console.Install(t.Context(), mux, console.Config{Client: client, User: "operator", Password: password, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

type answer struct {
	status int
	header http.Header
	body   string
}

// call makes a request, logged in, with changes.
func call(t *testing.T, method, url, body string, change func(*http.Request)) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("operator", password)
	if change != nil {
		change(req)
	}
	// A redirect is an answer here.
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(text)}
}

// Ensure that without a password there are no pages, and a sentence says why.
func TestOffWithoutPassword(t *testing.T) {
	t.Parallel()
	url := serve(t, storetest.New(t), "")
	for _, path := range []string{"/riverui/", "/riverui/jobs", "/riverui/api/states"} {
		for name, change := range map[string]func(*http.Request){
			"no login":       func(r *http.Request) { r.Header.Del("Authorization") },
			"empty password": func(r *http.Request) { r.SetBasicAuth("operator", "") },
		} {
			got := call(t, http.MethodGet, url+path, "", change)
			if got.status != http.StatusNotFound || !strings.Contains(got.body, "set OPERATOR_PASSWORD") {
				t.Errorf("%s with %s answers %d %s", path, name, got.status, got.body)
			}
		}
	}
}

// Ensure nothing is shown or changed without the operator's login.
func TestLogin(t *testing.T) {
	t.Parallel()
	url := serve(t, storetest.New(t), password)
	for name, test := range map[string]struct {
		change func(*http.Request)
		status int
	}{
		"right":              {nil, 200},
		"none":               {func(r *http.Request) { r.Header.Del("Authorization") }, 401},
		"wrong password":     {func(r *http.Request) { r.SetBasicAuth("operator", "wrong") }, 401},
		"wrong user":         {func(r *http.Request) { r.SetBasicAuth("admin", password) }, 401},
		"empty":              {func(r *http.Request) { r.SetBasicAuth("", "") }, 401},
		"both in the user":   {func(r *http.Request) { r.SetBasicAuth("operator"+password, "") }, 401},
		"bearer":             {func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+password) }, 401},
		"not an encoded one": {func(r *http.Request) { r.Header.Set("Authorization", "Basic operator:"+password) }, 401},
	} {
		for _, path := range []string{"/riverui/", "/riverui/jobs", "/riverui/api/queues"} {
			t.Run(name+" "+path, func(t *testing.T) {
				t.Parallel()
				got := call(t, http.MethodGet, url+path, "", test.change)
				if got.status != test.status {
					t.Errorf("status %d, want %d", got.status, test.status)
				}
				asks := got.header.Get("WWW-Authenticate") != ""
				if asks != (test.status == http.StatusUnauthorized) || asks != (got.body == "Login needed.\n") {
					t.Errorf("it asks for a login: %t, and shows %s", asks, got.body)
				}
				if policy := got.header.Get("Content-Security-Policy"); policy != "frame-ancestors 'none'" {
					t.Errorf("other sites may frame it: %q", policy)
				}
			})
		}
	}
}

// Ensure the pages come with all that they load, from under their own path.
func TestPagesAndAssets(t *testing.T) {
	t.Parallel()
	url := serve(t, storetest.New(t), password)
	page := call(t, http.MethodGet, url+"/riverui/", "", nil)
	if page.status != http.StatusOK || !strings.HasPrefix(page.header.Get("Content-Type"), "text/html") {
		t.Fatalf("status %d of type %s", page.status, page.header.Get("Content-Type"))
	}
	seen := map[string]bool{}
	for _, asset := range regexp.MustCompile(`(?:src|href)="(/[^"]+\.(js|css))"`).FindAllStringSubmatch(page.body, -1) {
		if !strings.HasPrefix(asset[1], "/riverui/") {
			t.Errorf("%s is not under the path of the pages", asset[1])
		}
		got := call(t, http.MethodGet, url+asset[1], "", nil)
		kind, _, _ := mime.ParseMediaType(got.header.Get("Content-Type"))
		want := map[string]string{"js": "text/javascript", "css": "text/css"}[asset[2]]
		if got.status != http.StatusOK || kind != want || len(got.body) < 100 {
			t.Errorf("%s: status %d, %d bytes of type %s", asset[1], got.status, len(got.body), kind)
		}
		got = call(t, http.MethodGet, url+asset[1], "", func(r *http.Request) { r.Header.Del("Authorization") })
		if got.status != http.StatusUnauthorized {
			t.Errorf("%s without login answers %d", asset[1], got.status)
		}
		seen[asset[2]] = true
	}
	if !seen["js"] || !seen["css"] {
		t.Errorf("the page loads %v, want a script and a style sheet:\n%s", seen, page.body)
	}
}

func TestRedirectToSlash(t *testing.T) {
	t.Parallel()
	for name, password := range map[string]string{"on": password, "off": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := serve(t, storetest.New(t), password)
			got := call(t, http.MethodGet, url+"/riverui", "", nil)
			if got.status/100 != 3 || got.header.Get("Location") != "/riverui/" {
				t.Errorf("status %d to %q", got.status, got.header.Get("Location"))
			}
		})
	}
}

// Ensure the operator can act on jobs, and that no other site can do it with the
// operator's login.
func TestCrossOriginRequests(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	url := serve(t, pool, password)
	for name, test := range map[string]struct {
		change func(*http.Request)
		status int
		state  string // of the job afterwards
	}{
		"another site": {func(r *http.Request) {
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			r.Header.Set("Origin", "https://evil.example")
		}, 403, "discarded"},
		"another site, old browser": {func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }, 403, "discarded"},
		"another port":              {func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") }, 403, "discarded"},
		"own page": {func(r *http.Request) {
			r.Header.Set("Sec-Fetch-Site", "same-origin")
			r.Header.Set("Origin", url)
		}, 200, "available"},
		"no browser": {nil, 200, "available"},
		"own page, no login": {func(r *http.Request) {
			r.Header.Set("Sec-Fetch-Site", "same-origin")
			r.Header.Del("Authorization")
		}, 401, "discarded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var id int64
			err := pool.QueryRow(t.Context(), `INSERT INTO workers.river_job (args, kind, state, finalized_at, max_attempts, attempt)
				VALUES ('{}', 'send_dm', 'discarded', now(), 3, 3) RETURNING id`).Scan(&id)
			if err != nil {
				t.Fatal(err)
			}
			// River UI sends its ids as strings.
			got := call(t, http.MethodPost, url+"/riverui/api/jobs/retry", fmt.Sprintf(`{"ids": ["%d"]}`, id), test.change)
			if got.status != test.status {
				t.Errorf("status %d, want %d: %s", got.status, test.status, got.body)
			}
			var state string
			if err := pool.QueryRow(t.Context(), "SELECT state::text FROM workers.river_job WHERE id = $1", id).Scan(&state); err != nil {
				t.Fatal(err)
			}
			if state != test.state {
				t.Errorf("the job is %s, want %s", state, test.state)
			}
		})
	}
}
