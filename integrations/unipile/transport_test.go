package unipile_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/integrations/unipile"
)

// Ensure nothing of a send that was given up arrives later: the other side stops reading
// until then, as a network that swallows everything would, and finds the connection cut
// instead of the message that the kernel still held.
func TestNothingArrivesLate(t *testing.T) {
	t.Parallel()
	// So small that most of the request stays with the sender.
	config := net.ListenConfig{Control: smallBuffer}
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	client, err := unipile.New(unipile.Config{DSN: "http://" + listener.Addr().String(), APIKey: apiKey, Timeout: 500 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	accepted := make(chan net.Conn, 1)
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			accepted <- conn
		}
	}()
	_, err = client.StartChat(t.Context(), account, person, strings.Repeat("a message that is long enough ", 2000))
	if e := integrations.As(err); e == nil || !e.OutcomeUnknown {
		t.Fatalf("a send that nobody read ended with %v, want an unknown outcome", err)
	}
	conn := <-accepted
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetReadDeadline(time.Now().Add(30 * time.Second))
	request, err := http.ReadRequest(bufio.NewReader(conn))
	if err == nil {
		_, err = io.Copy(io.Discard, request.Body)
	}
	if err == nil {
		t.Error("the whole message arrived after its send was given up")
	}
}

// Ensure the kernel gives up what nobody acknowledges, when the process cannot, and that
// sends do not share connections.
func TestConnectionsAreLimited(t *testing.T) {
	t.Parallel()
	protocol := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protocol <- r.Proto
		answer(http.StatusCreated, `{"object":"ChatStarted","chat_id":"c","message_id":"m"}`)(w, r)
	}))
	t.Cleanup(server.Close)
	client, err := unipile.New(unipile.Config{DSN: server.URL, APIKey: apiKey, Timeout: 7 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	var limit int
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		limit = userTimeout(t, info.Conn)
	}})
	if _, err := client.StartChat(ctx, account, person, "hello"); err != nil {
		t.Fatal(err)
	}
	if limit != hasUserTimeout*3500 {
		t.Errorf("the kernel goes on for %d ms, want 3500", limit)
	}
	if got := <-protocol; got != "HTTP/1.1" {
		t.Errorf("messages go over %s, want HTTP/1.1", got)
	}
}

// Ensure the vendor's clock is known from its first answer on, refusals too, whatever
// ours says.
func TestNow(t *testing.T) {
	t.Parallel()
	ahead := time.Now().Add(10 * time.Minute)
	client := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", ahead.UTC().Format(http.TimeFormat))
		answer(http.StatusServiceUnavailable, `{}`)(w, r)
	}))
	if got := client.Now(); !got.IsZero() {
		t.Errorf("the clock says %s before there was an answer", got)
	}
	_, _ = client.Post(context.Background(), account, social)
	if off := client.Now().Sub(ahead); off < -time.Second || off > time.Minute {
		t.Errorf("the clock is %s off the vendor's", off)
	}
}
