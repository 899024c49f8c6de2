package unipile_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/integrations/unipile"
)

// Ensure replies and invitations are the documented JSON, and their answers are read
// with and without ids.
func TestRepliesAndInvitations(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"object":"CommentSent","comment_id":"7398121999034515456","invitation_id":"7398130011223344556","usage":75,"more":{}}`: "7398121999034515456 7398130011223344556 75",
		`{"object":"CommentSent"}`:                                "  0",
		`{"comment_id":null,"invitation_id":null,"usage":"many"}`: "  0",
		``: "  0",
	} {
		var got []string
		client := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			sent, _ := io.ReadAll(r.Body)
			var fields map[string]string
			if err := json.Unmarshal(sent, &fields); err != nil || r.Header.Get("Content-Type") != "application/json" {
				t.Errorf("%s was sent as %s: %v", sent, r.Header.Get("Content-Type"), err)
			}
			line, _ := json.Marshal(fields)
			got = append(got, r.Method+" "+r.URL.Path+" "+string(line))
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, body)
		}))
		reply, err := client.ReplyToComment(t.Context(), account, social, comment, "Hello, Tomás")
		if err != nil {
			t.Fatal(err)
		}
		invited, err := client.Invite(t.Context(), account, person, "")
		if err != nil {
			t.Fatal(err)
		}
		wanted := []string{
			`POST /api/v1/posts/` + social + `/comments {"account_id":"` + account + `","comment_id":"` + comment + `","text":"Hello, Tomás"}`,
			`POST /api/v1/users/invite {"account_id":"` + account + `","provider_id":"` + person + `"}`,
		}
		if diff := cmp.Diff(wanted, got); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
		usage, _ := json.Marshal(invited.Usage)
		if answer := strings.Join([]string{reply.CommentID, invited.InvitationID, string(usage)}, " "); answer != want {
			t.Errorf("%s is read as %q, want %q", body, answer, want)
		}
	}
}

// Ensure what LinkedIn would refuse, or take for something else, is not sent.
func TestRepliesThatAreNotSent(t *testing.T) {
	t.Parallel()
	client := newClient(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request was made") }))
	for name, call := range map[string]func() error{
		"no comment": func() error { _, err := client.ReplyToComment(t.Context(), account, social, "", "x"); return err },
		"empty":      func() error { _, err := client.ReplyToComment(t.Context(), account, social, comment, ""); return err },
		"too long": func() error {
			_, err := client.ReplyToComment(t.Context(), account, social, comment, strings.Repeat("é", 1251))
			return err
		},
		"nobody": func() error { _, err := client.Invite(t.Context(), account, "", "x"); return err },
	} {
		if e := integrations.As(call()); e == nil || e.Kind != integrations.Rejected || e.OutcomeUnknown {
			t.Errorf("%s: %v, want a refusal of our own", name, e)
		}
	}
}

// Ensure connections are read with their odd times, and a broken one hides no other.
func TestRelations(t *testing.T) {
	t.Parallel()
	client := newClient(t, answer(200, `{"object":"UserRelationsList","cursor":"abc","items":[
		{"member_id":"ACoAAOne","created_at":1763886000000,"first_name":"Tomás"}, {"member_id":"ACoAATwo","created_at":"1763886000000"},
		{"member_id":"ACoAAThree","created_at":null}, {"member_id":null}, 3, {"member_id":"ACoAAFour","created_at":"yesterday"}]}`))
	got, err := client.Relations(t.Context(), account, "")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2025, 11, 23, 8, 20, 0, 0, time.UTC)
	want := unipile.RelationPage{Next: "abc", Relations: []unipile.Relation{
		{PersonID: "ACoAAOne", At: at}, {PersonID: "ACoAATwo", At: at}, {PersonID: "ACoAAThree"}, {PersonID: "ACoAAFour"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("relations (-want +got):\n%s", diff)
	}
}
