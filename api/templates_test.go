package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/bravorevos/workers/store/storetest"
)

// Ensure a web app is told what is wrong with a campaign before it saves it.
func TestCheckTemplates(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.New(t), nil)
	post := func(secret, body string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url+"/api/templates/check", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+secret)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var answer json.RawMessage
		err = json.NewDecoder(resp.Body).Decode(&answer)
		_ = resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(answer)
	}
	for _, tc := range []struct {
		secret, body string
		status       int
		want         string
	}{
		{cronSecret, `{"trigger_word": "guide"}`, 200, `{"ok":true,"preview":[{"path":"dm_template_step1","name":"Ana Petrova","text":"Hi Ana,`},
		{cronSecret, `{"trigger_word": "guide", "dm_template_step1": "Hi {{nobody}}"}`, 200, `"problems":[{"path":"dm_template_step1","message":"message template has the unknown variable {{nobody}}`},
		{cronSecret, `{"settings": {"workers": {"typo": 1}}}`, 200, `"path":"settings","message":"settings.workers: unknown key`},
		{cronSecret, `{}`, 200, `"path":"trigger_word","message":"is empty`},
		{cronSecret, `{"settings": null, "trigger_word": "!!!"}`, 200, `"path":"trigger_word"`},
		{cronSecret, `{"trigger_word": "` + strings.Repeat("guide,", 100_000) + `"}`, 200, `"path":"trigger_word","message":"holds 600000 bytes: 16384 is the most`},
		{cronSecret, `nonsense`, 400, "must be a JSON object"},
		{cronSecret, `{"trigger_word": 3}`, 400, "must be a JSON object"},
		{cronSecret, `{"dm_template_step1": "` + strings.Repeat("x", 2<<20) + `"}`, 400, "1 MB at most"},
		{"wrong", `{"trigger_word": "guide"}`, 401, "Unauthorized"},
	} {
		if status, got := post(tc.secret, tc.body); status != tc.status || !strings.Contains(got, tc.want) {
			t.Errorf("%.80s: %d %s\nwant %d %s", tc.body, status, got, tc.status, tc.want)
		}
	}
}
