package main

import (
	"context"
	"fmt"
	"hash/fnv"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/conversation"
	fake "github.com/bravorevos/workers/sandbox/unipile"
)

// mockKey is the API key of the pretend Unipile. It opens nothing else.
const mockKey = "mock-key"

// mockWorld is a pretend LinkedIn inside the worker. Whatever account and
// post the scrape jobs name exists there, and a few people comment and answer.
type mockWorld struct {
	url    string
	pool   *pgxpool.Pool
	logger *slog.Logger
	fake   *fake.Server
	server *http.Server
	done   sync.WaitGroup

	mu   sync.Mutex
	seen map[string]bool // account and post of scrape jobs that were populated
}

func startMockWorld(ctx context.Context, pool *pgxpool.Pool, logger *slog.Logger) (*mockWorld, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the mock Unipile: %w", err)
	}
	w := &mockWorld{
		url: "http://" + listener.Addr().String(), pool: pool, logger: logger,
		fake: fake.New(fake.Options{APIKey: mockKey}), seen: map[string]bool{},
	}
	w.server = &http.Server{Handler: w, ReadHeaderTimeout: 10 * time.Second}
	w.done.Go(func() { _ = w.server.Serve(listener) })
	return w, nil
}

// ServeHTTP answers like Unipile. A scrape job may be as new as the request that
// asks for its post, so the world is brought up to date first.
func (w *mockWorld) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if err := w.populate(r.Context()); err != nil {
		w.logger.WarnContext(r.Context(), "mock world could not be populated", "error", err)
	}
	w.fake.Handler().ServeHTTP(rw, r)
}

// populate gives each scrape job that is new an account, a post and commenters.
func (w *mockWorld) populate(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	rows, err := w.pool.Query(ctx, `
SELECT DISTINCT s.unipile_account_id, s.unipile_post_id, coalesce(nullif(btrim(s.trigger_word), ''), c.trigger_word, '')
FROM public.scrape_jobs s
JOIN public.campaigns c ON c.id = s.campaign_id
LIMIT 10000`)
	if err != nil {
		return fmt.Errorf("list scrape jobs: %w", err)
	}
	var account, post, triggers string
	_, err = pgx.ForEachRow(rows, []any{&account, &post, &triggers}, func() error {
		if key := account + " " + post; !w.seen[key] {
			w.seen[key] = true
			w.addPost(account, post, triggers)
		}
		return nil
	})
	return err
}

func (w *mockWorld) addPost(account, post, triggers string) {
	owner := mockMember(account)
	digits := post[strings.LastIndexAny(post, ":-")+1:]
	w.fake.AddAccount(fake.Account{ID: account, Name: "Mock Author", ProviderID: owner, Slug: "mock-author"})
	w.fake.AddPost(fake.Post{ID: digits, AuthorID: owner, Text: "A pretended post."})
	word := "hello"
	if words := conversation.SplitKeywords(triggers); len(words) > 0 {
		word = words[0]
	}
	for i, p := range []struct{ name, comment, answer string }{
		{"Ada Mock", word + " please!", "Sure: ada.mock@example.com"},
		{"Ben Mock", "I would love the " + word, "ben@example.org"},
		{"Cleo Mock", "Great post", ""},
		{"Dan Mock", word, "stop"},
	} {
		id := mockMember(fmt.Sprint(post, i))
		w.fake.AddPerson(fake.Person{ProviderID: id, Name: p.name, Slug: strings.ToLower(strings.ReplaceAll(p.name, " ", "-"))})
		if p.answer != "" {
			w.fake.SetPersona(id, fake.Persona{Replies: []fake.Answer{{After: 2 * time.Second, Text: p.answer}}})
		}
		w.fake.AddComment(fake.Comment{PostID: digits, AuthorID: id, Text: p.comment})
	}
}

// mockMember makes a LinkedIn member id that is the same in every run.
func mockMember(seed string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(seed))
	return fmt.Sprintf("ACoAAMock%030x", h.Sum64())
}

func (w *mockWorld) close() {
	w.fake.Close()
	_ = w.server.Close()
	w.done.Wait()
}
