package unipile

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Ensure that a persona starts with the first message only, and sends each answer in
// its time, one after the other.
func TestPersonaAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Options{}) // time.Now is the bubble's
		defer s.Close()
		s.SetPersona(tomasID, Persona{Replies: []Answer{
			{After: 2 * time.Minute, Text: "which one?"},
			{After: 3 * time.Minute, Text: "tomas@kelp.example"},
		}})
		texts := func() []string {
			s.mu.Lock()
			defer s.mu.Unlock()
			var texts []string
			for _, m := range s.world.messagesIn(func(*chat) bool { return true }) {
				texts = append(texts, m.at.Sub(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).String()+" "+m.text)
			}
			return texts
		}
		dm := func() {
			payload := `{"account_id":"` + accountID + `","attendees_ids":["` + tomasID + `"],"text":"hello"}`
			r := httptest.NewRequest(http.MethodPost, "/api/v1/chats", strings.NewReader(payload))
			r.Header.Set("X-API-KEY", testKey)
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			s.Handler().ServeHTTP(w, r)
			if w.Code != 201 {
				t.Fatalf("POST /chats = %d %s", w.Code, w.Body)
			}
		}
		want := []string{"0s hello"}
		check := func() {
			t.Helper()
			synctest.Wait()
			if diff := cmp.Diff(want, texts()); diff != "" {
				t.Fatalf("(-want +got):\n%s", diff)
			}
		}

		dm()
		time.Sleep(2*time.Minute - time.Nanosecond)
		check()
		time.Sleep(time.Nanosecond)
		want = append(want, "2m0s which one?")
		check()
		dm() // starts nothing anew
		want = append(want, "2m0s hello")
		time.Sleep(3 * time.Minute)
		want = append(want, "5m0s tomas@kelp.example")
		check()
		time.Sleep(time.Hour)
		check()
	})
}
