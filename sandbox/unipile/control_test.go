package unipile

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// control calls the management side and gives status and body.
func control(t *testing.T, s *Server, method, path, accept, payload string) (int, string) {
	t.Helper()
	srv := httptest.NewServer(s.Control())
	defer srv.Close()
	req, err := http.NewRequestWithContext(t.Context(), method, srv.URL+path, strings.NewReader(payload))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", accept)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(data)
}

// Ensure that faults can be armed and cleared at run time, and that misspelt ones are
// refused.
func TestControlFaults(t *testing.T) {
	t.Parallel()
	s := newServer(t, Options{})
	a := newAPI(t, s)
	status, id := control(t, s, "POST", "/faults", "", `{"operation":"list_accounts","status":429,"times":5,"delay":"1ms"}`)
	if status != 201 || id != `{"id":"fault-1"}` {
		t.Errorf("armed: %d %s", status, id)
	}
	a.get(429, "/accounts")
	if status, _ := control(t, s, "DELETE", "/faults", "", ""); status != 204 {
		t.Errorf("cleared: %d", status)
	}
	a.get(200, "/accounts")
	for _, payload := range []string{"{", `{"operation":"nothing"}`, `{"opperation":"comment"}`, `{"delay":"soon"}`} {
		if status, _ := control(t, s, "POST", "/faults", "", payload); status != 400 {
			t.Errorf("%s: %d", payload, status)
		}
	}
}

// Ensure that state and traffic tell what happened, as JSON and as a page, without
// what people wrote.
func TestControlTrafficAndState(t *testing.T) {
	t.Parallel()
	s := newServer(t, Options{})
	a := newAPI(t, s)
	a.dm(201, tomasID, "a secret text")
	_, state := control(t, s, "GET", "/state", "", "")
	for _, want := range []string{`"accounts":1`, `"people":4`, `"posts":1`, `"chats":1`, `"messages":1`, `"sent":1`, `"requests":1`} {
		if !strings.Contains(state, want) {
			t.Errorf("state %s lacks %s", state, want)
		}
	}
	_, traffic := control(t, s, "GET", "/traffic", "application/json", "")
	_, page := control(t, s, "GET", "/traffic", "text/html,*/*", "")
	for _, text := range []string{traffic, page} {
		if !strings.Contains(text, "start_chat") || !strings.Contains(text, "/api/v1/chats") || strings.Contains(text, "secret") {
			t.Errorf("traffic:\n%s", text)
		}
	}
	if !strings.HasPrefix(traffic, "{") || !strings.HasPrefix(page, "<!doctype html>") {
		t.Errorf("traffic comes as %.20s, the page as %.20s", traffic, page)
	}
}
