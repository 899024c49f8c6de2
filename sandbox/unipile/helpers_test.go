package unipile

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

const (
	testKey   = "test-key"
	accountID = "Jq3vT0m2QpyXh7KcWz9LrA"
	ownerID   = "ACoAABq7xW0BnT5kYd2Rz8uEoLhVfCsMp3iGtQk"
	tomasID   = "ACoAADf2kQkBz1uWm9YtRr0aXeVb5CcPnLh7oJs"
	linaID    = "ACoAAEx9mPpBw4sVn2QtLk6dYcZa8HhRjGf1uIo"
	companyID = "1441"
	postID    = "7398114413090816000"
	socialID  = "urn:li:ugcPost:7398114411123456789" // another type and number than the activity
)

// clock is a settable Options.Now.
type clock struct{ at time.Time }

func newClock() *clock                   { return &clock{time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)} }
func (c *clock) now() time.Time          { return c.at }
func (c *clock) advance(d time.Duration) { c.at = c.at.Add(d) }

// newServer is a world with one account, three people and one post.
func newServer(t *testing.T, opts Options) *Server {
	t.Helper()
	opts.APIKey = testKey
	if opts.Seed == 0 {
		opts.Seed = 7
	}
	s := New(opts)
	t.Cleanup(s.Close)
	s.AddAccount(Account{ID: accountID, Name: "Mara Lindqvist", ProviderID: ownerID, Slug: "mara-lindqvist"})
	s.AddPerson(Person{ProviderID: tomasID, Slug: "tomas-arrieta-91b", Name: "Tomás Arrieta", Headline: "Head of RevOps"})
	s.AddPerson(Person{ProviderID: linaID, Name: "Lina Okafor"})
	s.AddPerson(Person{ProviderID: companyID, Name: "Kelp", Company: true})
	s.AddPost(Post{ID: postID, SocialID: socialID, AuthorID: ownerID, Text: "Comment PRICING"})
	return s
}

// body is a decoded answer.
type body = map[string]any

// api speaks raw HTTP to a server over a real connection.
type api struct {
	t   *testing.T
	url string
	key string
}

func newAPI(t *testing.T, s *Server) api {
	t.Helper()
	srv := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		s.Close() // lets go of held requests, which srv.Close would wait for
		srv.Close()
	})
	return api{t, srv.URL + "/api/v1", testKey}
}

// try sends a request and gives status and body, or the transport's error.
func (a api) try(method, path, contentType string, payload io.Reader) (int, body, error) {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), method, a.url+path, payload)
	if err != nil {
		a.t.Fatal(err)
	}
	if a.key != "" {
		req.Header.Set("X-API-KEY", a.key)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	var answer body
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		a.t.Fatalf("%s %s: answer is not JSON: %v", method, path, err)
	}
	return resp.StatusCode, answer, nil
}

// send is try for requests that must be answered, with the given status.
func (a api) send(want int, method, path, contentType, payload string) body {
	a.t.Helper()
	status, answer, err := a.try(method, path, contentType, strings.NewReader(payload))
	if err != nil {
		a.t.Fatalf("%s %s: %v", method, path, err)
	}
	if status != want {
		a.t.Fatalf("%s %s = %d %v, want %d", method, path, status, answer, want)
	}
	return answer
}

func (a api) get(want int, path string) body { a.t.Helper(); return a.send(want, "GET", path, "", "") }

func (a api) post(want int, path string, payload any) body {
	a.t.Helper()
	return a.send(want, "POST", path, "application/json", toJSON(a.t, payload))
}

// multipart posts fields as name, value pairs.
func (a api) multipart(want int, path string, fields ...string) body {
	a.t.Helper()
	var buf bytes.Buffer
	w := multipart.NewWriter(&buf)
	for i := 0; i < len(fields); i += 2 {
		if err := w.WriteField(fields[i], fields[i+1]); err != nil {
			a.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		a.t.Fatal(err)
	}
	return a.send(want, "POST", path, w.FormDataContentType(), buf.String())
}

// dm starts a chat with a person, as the vendor documents it.
func (a api) dm(want int, personID, text string) body {
	a.t.Helper()
	return a.multipart(want, "/chats", "account_id", accountID, "attendees_ids", personID, "text", text)
}

func toJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// column lists one field of all items of an answer.
func column(answer body, field string) []string {
	values := []string{}
	for _, item := range answer["items"].([]any) {
		text, _ := item.(body)[field].(string)
		values = append(values, text)
	}
	return values
}

// nextPage is the query parameter for the page after an answer.
func nextPage(t *testing.T, answer body) string {
	t.Helper()
	cursor, ok := answer["cursor"].(string)
	if !ok {
		t.Fatalf("no further page: %v", answer)
	}
	return "&cursor=" + url.QueryEscape(cursor)
}

// wait receives one value, or fails the test rather than hang it.
func wait[T any](t *testing.T, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(20 * time.Second):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

// eventually polls a condition until it holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		<-time.After(time.Millisecond)
	}
}
