package unipile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/integrations/unipile"
)

func golden(t *testing.T, name string) *unipile.Client {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return newClient(t, answer(200, string(b)))
}

func check(t *testing.T, got, want any, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPost(t *testing.T) {
	t.Parallel()
	got, err := golden(t, "post.json").Post(t.Context(), account, "7398114413090816000")
	check(t, got, unipile.Post{
		SocialID:    "urn:li:ugcPost:7398114411123456789",
		AuthorID:    "ACoAABq7xW0BnT5kYd2Rz8uEoLhVfCsMp3iGtQk",
		PublishedAt: time.Date(2026, 11, 23, 8, 12, 41, 311_000_000, time.UTC),
		ShareURL:    "https://www.linkedin.com/posts/mara-lindqvist_pricing-activity-7398114413090816000-Qx3f",
	}, err)
}

// Ensure that one odd comment does not hide the others.
func TestComments(t *testing.T) {
	t.Parallel()
	got, err := golden(t, "comments.json").Comments(t.Context(), account, social, "")
	check(t, got, unipile.CommentPage{
		Comments: []unipile.Comment{
			{
				ID:         "7398120045512634368",
				AuthorID:   person,
				AuthorName: "Tomás Arrieta",
				AuthorURL:  "https://www.linkedin.com/in/tomas-arrieta-91b",
				Headline:   "Head of RevOps at Kelp",
				Distance:   unipile.Second,
				Text:       "PRICING please!",
				At:         time.Date(2026, 11, 23, 9, 1, 12, 450_000_000, time.UTC),
				Replies:    2,
			},
			{ID: "7398120045512634369", AuthorID: "1441", AuthorIsCompany: true},
			{ID: "7398120045512634370", Text: "42"},
			{ID: "7398120045512634371"},
		},
		Next:      "eyJzdGFydCI6MX0=",
		Total:     17,
		Malformed: 4,
	}, err)
}

func TestMessages(t *testing.T) {
	t.Parallel()
	want := unipile.MessagePage{
		Messages: []unipile.Message{
			{
				ID: "pL8tZc1VQ9S0mXo5rAe3Hw", ChatID: chat, SenderID: person, Type: "MESSAGE",
				Text: "Great, send it to tomas@kelp.example", Quoted: "Where may I send it?",
				At: time.Date(2026, 11, 23, 9, 14, 3, 0, time.UTC),
			},
			{ID: "a", FromAccount: true, Quoted: "the one before"},
			{ID: "b", FromAccount: true, IsEvent: true, Deleted: true, Hidden: true},
			{ID: "c"},
		},
		Next:      "next",
		Malformed: 1,
	}
	client := golden(t, "messages.json")
	got, err := client.Messages(t.Context(), account, time.Time{}, "")
	check(t, got, want, err)
	got, err = client.ChatMessages(t.Context(), account, chat, time.Time{}, "")
	check(t, got, want, err)
}

func TestChatsWith(t *testing.T) {
	t.Parallel()
	got, err := golden(t, "chats.json").ChatsWith(t.Context(), account, person, "")
	check(t, got, unipile.ChatPage{Chats: []unipile.Chat{
		{ID: chat, AttendeeID: person, At: time.Date(2026, 11, 23, 9, 14, 3, 0, time.UTC)},
		{ID: "group", Group: true},
	}}, err)
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	got, err := golden(t, "accounts.json").Accounts(t.Context(), "")
	check(t, got, unipile.AccountPage{Accounts: []unipile.Account{
		{ID: account, Name: "Mara Lindqvist", Type: "LINKEDIN", OwnID: "ACoAABq7xW0BnT5kYd2Rz8uEoLhVfCsMp3iGtQk", OwnSlug: "mara-lindqvist", Healthy: true},
		{ID: "two", Type: "LINKEDIN", Problem: "CREDENTIALS"},
		{ID: "three", Type: "MAIL", Problem: "UNKNOWN"},
		{ID: "four", Problem: "UNKNOWN"},
	}}, err)
}

func TestProfile(t *testing.T) {
	t.Parallel()
	client := newClient(t, answer(200, `{"provider_id":"`+person+`","public_identifier":"tomas-arrieta-91b","first_name":"Tomás",
		"last_name":null,"headline":"Head of RevOps at Kelp","is_relationship":true,"network_distance":"DISTANCE_1","websites":[]}`))
	got, err := client.Profile(t.Context(), account, "tomas-arrieta-91b")
	check(t, got, unipile.Profile{
		ProviderID: person, Slug: "tomas-arrieta-91b", FirstName: "Tomás", Headline: "Head of RevOps at Kelp",
		Distance: unipile.First, IsRelationship: true,
	}, err)
}

// Ensure that both words for each degree mean the same, and new ones mean unknown.
func TestDistance(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]unipile.Distance{
		`"FIRST_DEGREE"`: unipile.First, `"DISTANCE_1"`: unipile.First,
		`"SECOND_DEGREE"`: unipile.Second, `"DISTANCE_2"`: unipile.Second,
		`"THIRD_DEGREE"`: unipile.Third, `"DISTANCE_3"`: unipile.Third,
		`"OUT_OF_NETWORK"`: unipile.OutOfNetwork, `"SELF"`: unipile.Self,
		`null`: unipile.DistanceUnknown, `"FOURTH"`: unipile.DistanceUnknown, `1`: unipile.DistanceUnknown,
	} {
		got, err := newClient(t, answer(200, `{"network_distance":`+word+`}`)).Profile(t.Context(), account, person)
		if err != nil || got.Distance != want {
			t.Errorf("distance %s = %q, %v; want %q", word, got.Distance, err, want)
		}
	}
}

// Ensure that a send is done whether or not the vendor tells its ids.
func TestSent(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]unipile.Sent{
		`{"object":"ChatStarted","chat_id":"c","message_id":"m"}`: {ChatID: "c", MessageID: "m"},
		`{"object":"ChatStarted","chat_id":null}`:                 {},
		`{"chat_id":7,"message_id":{}}`:                           {ChatID: "7"},
		``:                                                        {},
	} {
		client := newClient(t, answer(201, body))
		got, err := client.StartChat(t.Context(), account, person, message)
		check(t, got, want, err)
		got, err = client.SendMessage(t.Context(), account, chat, message)
		check(t, got, unipile.Sent{ChatID: chat, MessageID: want.MessageID}, err)
	}
}

// Ensure that nulls in every place, and lists without items, are empty and no error.
func TestEmptyAnswers(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`null`, `{}`, `{"items":null,"cursor":null,"total_items":null}`, `{"items":{},"cursor":[]}`} {
		client := newClient(t, answer(200, body))
		comments, err := client.Comments(t.Context(), account, social, "")
		check(t, comments, unipile.CommentPage{Total: -1}, err)
		messages, err := client.Messages(t.Context(), account, time.Time{}, "")
		check(t, messages, unipile.MessagePage{}, err)
		found, err := client.Account(t.Context(), account)
		check(t, found, unipile.Account{ID: account, Problem: "UNKNOWN"}, err)
		// Comments can only be listed by social_id, so that a post needs one.
		if _, err := client.Post(t.Context(), account, social); integrations.As(err) == nil || integrations.As(err).Type != string(integrations.CauseBadAnswer) {
			t.Errorf("Post of %s: error = %v, want bad_answer", body, err)
		}
	}
}

func TestPostID(t *testing.T) {
	t.Parallel()
	const share, ugc = "urn:li:share:7398114410987654321", "urn:li:ugcPost:7398114411123456789"
	tests := map[string]string{
		"7398114413090816000":                     "7398114413090816000",
		" 7398114413090816000\n":                  "7398114413090816000",
		"urn:li:activity:7398114413090816000":     "7398114413090816000",
		"URN:LI:ugcpost:7398114411123456789":      ugc,
		share:                                     share,
		"linkedin.com/feed/update/" + share + "/": share,
		"https://www.linkedin.com/feed/update/urn:li:activity:7398114413090816000?utm_source=x":                                               "7398114413090816000",
		"https://www.linkedin.com/feed/update/urn%3Ali%3Aactivity%3A7398114413090816000/":                                                     "7398114413090816000",
		"https://de.linkedin.com/posts/mara_pricing-activity-7398114413090816000-AbCd":                                                        "7398114413090816000",
		"https://www.linkedin.com/posts/mara_pricing-ugcPost-7398114411123456789-AbCd":                                                        ugc,
		"https://www.linkedin.com/posts/mara_my-share-1234567890-of-activity-share-7398114410987654321-AbCd":                                  share,
		"https://www.linkedin.com/embed/feed/update/" + ugc:                                                                                   ugc,
		"https://www.linkedin.com/feed/update/urn:li:activity:7398114413090816000?commentUrn=urn:li:comment:(activity:1234567890123,4567890)": "7398114413090816000",
	}
	for raw, want := range tests {
		if got, err := unipile.PostID(raw); got != want || err != nil {
			t.Errorf("PostID(%q) = %q, %v; want %q", raw, got, err, want)
		}
	}
	for _, raw := range []string{
		"", "12345", "hello", "https://www.linkedin.com/in/mara", "https://www.linkedin.com/pulse/my-article-mara",
		"https://linkedin.com.evil.example/feed/update/urn:li:activity:7398114413090816000",
		"https://evil.example/activity-7398114413090816000", "https://lnkd.in/abc", "urn:li:member:7398114413090816000",
		"https://www.linkedin.com/feed/?activity:7398114413090816000", "://", "https://[::1",
		"urn:li:activity:" + strings.Repeat("1", 40),
	} {
		if got, err := unipile.PostID(raw); err == nil {
			t.Errorf("PostID(%q) = %q, want an error", raw, got)
		}
	}
}

func FuzzPostID(f *testing.F) {
	f.Add("https://www.linkedin.com/posts/mara_pricing-activity-7398114413090816000-AbCd")
	f.Fuzz(func(t *testing.T, raw string) {
		id, err := unipile.PostID(raw)
		if err != nil {
			return
		}
		// What was found is found again, so that a stored id may be given too.
		if again, err := unipile.PostID(id); again != id || err != nil {
			t.Errorf("PostID(%q) = %q, and of that %q, %v", raw, id, again, err)
		}
	})
}
