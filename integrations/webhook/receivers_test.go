package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/bravorevos/workers/integrations/webhook"
)

//nolint:gochecknoglobals // flags must be there before the tests begin
var languages = flag.String("receivers", "go", "languages of docs/webhooks.md whose programs run: go,ts,python")

// program is a receiver of docs/webhooks.md.
type program struct{ heading, language, source string }

// programs reads the blocks of code of the page, in its order.
func programs(t *testing.T) (list []program) {
	t.Helper()
	page, err := os.ReadFile("../../docs/webhooks.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range strings.Split(string(page), "\n### ")[1:] {
		for _, block := range regexp.MustCompile("(?s)\n```([a-z]+)\n(.*?)\n```\n").FindAllStringSubmatch(part, -1) {
			heading, _, _ := strings.Cut(part, "\n")
			list = append(list, program{heading, block[1], block[2]})
		}
	}
	return list
}

// Ensure the receivers that the documentation shows take what is really sent, also while
// a secret is rotated, and refuse everything else. `make receivers` runs those in
// TypeScript and Python too, which this machine may not be able to.
func TestReceiversOfTheDocumentation(t *testing.T) {
	t.Parallel()
	ran := 0
	for _, p := range programs(t) {
		if !slices.Contains(strings.Split(*languages, ","), p.language) {
			continue
		}
		ran++
		t.Run(p.heading, func(t *testing.T) {
			t.Parallel()
			secret := webhook.NewSecret()
			url := p.start(t, secret)
			for name, c := range receiverCases(secret) {
				if got := c.send(t, url); got != c.want {
					t.Errorf("%s: answered %d, want %d", name, got, c.want)
				}
			}
		})
	}
	if want := 2 * len(strings.Split(*languages, ",")); ran != want {
		t.Errorf("%d programs ran, want %d", ran, want)
	}
}

// receiverCase is a request as it is sent, changed on its way.
type receiverCase struct {
	secrets []string
	age     time.Duration
	change  func(h http.Header, body []byte) []byte
	want    int
}

func receiverCases(secret string) map[string]receiverCase {
	same := func(_ http.Header, body []byte) []byte { return body }
	drop := func(name string) func(http.Header, []byte) []byte {
		return func(h http.Header, body []byte) []byte { h.Del(name); return body }
	}
	own, other := []string{secret}, []string{webhook.NewSecret()}
	return map[string]receiverCase{
		"as it is":            {own, 0, same, 204},
		"rotated, the new":    {append(slices.Clone(own), other...), 0, same, 204},
		"rotated, the old":    {append(slices.Clone(other), own...), 0, same, 204},
		"another secret":      {other, 0, same, 401},
		"the global one":      {nil, 0, same, 401},
		"ten minutes old":     {own, 10 * time.Minute, same, 401},
		"of the future":       {own, -10 * time.Minute, same, 401},
		"without a signature": {own, 0, drop("Webhook-Signature"), 401},
		"without a time":      {own, 0, drop("Webhook-Timestamp"), 401},
		"without an id":       {own, 0, drop("Webhook-Id"), 401},
		"another body":        {own, 0, func(_ http.Header, body []byte) []byte { return bytes.Replace(body, []byte("ana"), []byte("eve"), 1) }, 401},
		"another version": {own, 0, func(h http.Header, body []byte) []byte {
			h.Set("Webhook-Signature", "v2"+h.Get("Webhook-Signature")[2:])
			return body
		}, 401},
		"another id": {own, 0, func(h http.Header, body []byte) []byte { h.Set("Webhook-Id", "other"); return body }, 401},
		"a later time": {own, time.Minute, func(h http.Header, body []byte) []byte {
			h.Set("Webhook-Timestamp", fmt.Sprint(time.Now().Unix()))
			return body
		}, 401},
		"nonsense": {own, 0, func(h http.Header, _ []byte) []byte { h.Set("Webhook-Signature", "v1,=, v1 ,x"); return []byte("{") }, 401},
	}
}

func (c receiverCase) send(t *testing.T, url string) int {
	t.Helper()
	d := webhook.Delivery{
		ID: uuid.NewString(), URL: url, Secret: "the-global-one", Secrets: c.secrets, Now: time.Now().Add(-c.age),
		Body: []byte(`{"type": "lead.captured", "email": "ana@example.com", "name": "Ana é 🚀"}`),
	}
	sender := webhook.New(patient())
	headers, err := sender.Headers(d)
	if err != nil {
		t.Fatal(err)
	}
	body := c.change(headers, d.Body)
	if c.want == http.StatusNoContent {
		result, err := sender.Deliver(t.Context(), d)
		if err != nil {
			t.Error(err)
		}
		return result.Status
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = headers
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// start builds the program, runs it with the secret, and returns its URL.
func (p program) start(t *testing.T, secret string) string {
	t.Helper()
	dir := t.TempDir()
	command := p.build(t, dir)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	_ = listener.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "WEBHOOK_SECRET="+secret, "PORT="+port)
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() { cancel(); <-ended })
	for tick := time.NewTicker(20 * time.Millisecond); ; {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", "127.0.0.1:"+port)
		if err == nil {
			_ = conn.Close()
			tick.Stop()
			return "http://127.0.0.1:" + port + "/leads"
		}
		select {
		case <-ended:
			t.Fatalf("the program ended: %v", cmd.ProcessState)
		case <-tick.C:
		}
	}
}

// build returns the command that runs the program. TypeScript and Python take their
// libraries from where RECEIVER_LIBRARIES points: see `make receivers`.
func (p program) build(t *testing.T, dir string) []string {
	t.Helper()
	libraries := os.Getenv("RECEIVER_LIBRARIES")
	name := filepath.Join(dir, "receiver.go")
	if p.language == "ts" {
		dir = filepath.Join(libraries, filepath.Base(filepath.Dir(dir)))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		name = filepath.Join(dir, "receiver.mts")
	}
	if err := os.WriteFile(name, []byte(p.source), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(command ...string) {
		t.Helper()
		if out, err := exec.CommandContext(t.Context(), command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", command, err, out)
		}
	}
	switch p.language {
	case "go":
		run("go", "build", "-o", filepath.Join(dir, "receiver"), name)
		return []string{filepath.Join(dir, "receiver")}
	case "ts":
		run(filepath.Join(libraries, "node_modules/.bin/tsc"), "--strict", "--target", "es2022", "--module", "nodenext",
			"--types", "node", "--typeRoots", filepath.Join(libraries, "node_modules/@types"), name)
		return []string{"node", filepath.Join(dir, "receiver.mjs")}
	default:
		return []string{filepath.Join(libraries, "venv/bin/python"), name}
	}
}

// Ensure the examples of bodies are what they say: JSON with a type, both ids, and
// nothing empty but the name.
func TestBodiesOfTheDocumentation(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/webhooks.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)\n```json\n(.*?)\n```\n").FindAllSubmatch(page, -1)
	if len(blocks) != 2 {
		t.Fatalf("%d bodies, want 2", len(blocks))
	}
	for _, block := range blocks {
		var fields map[string]string
		if err := json.Unmarshal(block[1], &fields); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"type", "event_id", "email", "name", "source", "campaign_id", "timestamp", "lead_id"} {
			if _, ok := fields[name]; !ok {
				t.Errorf("%s is missing in %s", name, block[1])
			}
		}
		for name, value := range fields {
			if value == "" && name != "name" || !strings.Contains(string(page), "`"+name+"`") {
				t.Errorf("%s is empty or not explained", name)
			}
		}
	}
}
