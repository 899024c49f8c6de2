package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/bravorevos/workers/sandbox/receiver"
	"github.com/bravorevos/workers/sandbox/resend"
	"github.com/bravorevos/workers/sandbox/unipile"
)

const (
	unipileKey = "sandbox-unipile-key"
	resendKey  = "re_sandbox"
	leadsPath  = "/leads" // where the receiver takes leads
	// readLag is how long the pretend Unipile hides what is new, as the real one does.
	readLag = 300 * time.Millisecond
)

// outside is everything that the worker takes for the world: three services, each
// with its management side at an address of its own.
type outside struct {
	unipile  *unipile.Server
	resend   *resend.Server
	receiver *receiver.Server

	unipileURL, resendURL, receiverURL string
	controlURL                         string // of all three, under /unipile/, /resend/ and /receiver/

	servers []*http.Server
	serving sync.WaitGroup
}

// newOutside starts the fakes on free ports of the loopback interface.
func newOutside(ctx context.Context, secret string) (_ *outside, err error) {
	o := &outside{
		unipile: unipile.New(unipile.Options{
			APIKey: unipileKey, ReadLag: readLag, ExtraFields: true, MaxTraffic: 50_000,
		}),
		resend:   resend.New(resend.Options{APIKey: resendKey, RatePerSecond: 5}),
		receiver: receiver.New(receiver.Options{Secret: secret}),
	}
	defer func() {
		if err != nil {
			o.close()
		}
	}()
	control := http.NewServeMux()
	for path, handler := range map[string]http.Handler{
		"/unipile": o.unipile.Control(), "/resend": o.resend.Control(), "/receiver": o.receiver.Control(),
	} {
		control.Handle(path+"/", http.StripPrefix(path, handler))
	}
	for _, s := range []struct {
		url     *string
		handler http.Handler
	}{
		{&o.unipileURL, o.unipile.Handler()},
		{&o.resendURL, o.resend.Handler()},
		{&o.receiverURL, o.receiver.Handler()},
		{&o.controlURL, control},
	} {
		if *s.url, err = o.serve(ctx, s.handler); err != nil {
			return nil, err
		}
	}
	return o, nil
}

func (o *outside) serve(ctx context.Context, handler http.Handler) (url string, err error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listen for a fake: %w", err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	o.servers = append(o.servers, server)
	o.serving.Go(func() { _ = server.Serve(listener) })
	return "http://" + listener.Addr().String(), nil
}

func (o *outside) close() {
	o.unipile.Close()
	for _, s := range o.servers {
		_ = s.Close()
	}
	o.serving.Wait()
}

// misbehave arms what goes wrong in every demo: the receiver is down for two
// deliveries, and one message goes out although Unipile says that it timed out.
func (o *outside) misbehave() {
	o.receiver.FailFirst(leadsPath, receiverFailures, http.StatusServiceUnavailable)
	o.unipile.AddFault(unipile.Fault{
		Operation: "start_chat", Status: http.StatusGatewayTimeout, AfterStore: true, Times: 1,
	})
}

// receiverFailures is how often the receiver fails before it recovers.
const receiverFailures = 2

// figures are what arrived at the fakes.
func (o *outside) figures(ctx context.Context) (figures, error) {
	state := map[string]int{}
	if err := getJSON(ctx, o.controlURL+"/unipile/state", &state); err != nil {
		return figures{}, fmt.Errorf("read state of the pretend unipile: %w", err)
	}
	sent := o.unipile.Sent()
	f := figures{
		Comments: state["comments"], Answers: state["messages"] - len(sent),
		Asks: unknown, Leads: unknown, OptedOut: unknown, EmailsFailed: unknown, Open: unknown,
		Webhooks: o.receiver.Accepted(), EmailsSent: len(o.resend.Emails()),
	}
	for _, m := range sent {
		switch {
		case isBackupLink(m):
			f.BackupLinks++
		case isQuestion(m):
			f.Questions++
		default:
			f.FirstDMs++
		}
	}
	f.PublicReplies = len(o.unipile.PublicReplies(accountID))
	f.Comments -= f.PublicReplies // those are the account's own
	for _, sent := range o.unipile.Invitations() {
		f.Invitations++
		if sent.State == "accepted" {
			f.Answers-- // its note became a message of the chat
		} else {
			f.NotConnected++
		}
	}
	for _, d := range o.receiver.Deliveries() {
		if d.Status == http.StatusServiceUnavailable {
			f.Failures++
		}
	}
	addresses := map[string]bool{}
	for _, d := range o.deliveries() {
		addresses[d.Email] = true
	}
	f.Addresses = len(addresses)
	for _, e := range o.resend.Emails() {
		if strings.Contains(e.HTML, foreignEscaped) && !strings.Contains(e.HTML, foreignHTML) {
			f.Escaped++
		}
	}
	return f, nil
}

// isBackupLink tells the second message of a person from the first.
func isBackupLink(m unipile.SentMessage) bool { return strings.Contains(m.Text, magnetURL) }

// isQuestion tells a second question from the first.
func isQuestion(m unipile.SentMessage) bool { return strings.HasPrefix(m.Text, "Thanks! ") }

// accepted is a lead as the receiver took it.
type accepted struct{ WebhookID, Email string }

// deliveries are those that were valid and answered with success, repeats included.
func (o *outside) deliveries() []accepted {
	var list []accepted
	for _, d := range o.receiver.Deliveries() {
		var lead struct {
			Email string `json:"email"`
		}
		if d.Valid && d.Status >= 200 && d.Status <= 299 && json.Unmarshal([]byte(d.Body), &lead) == nil {
			list = append(list, accepted{d.ID, lead.Email})
		}
	}
	return list
}

func getJSON(ctx context.Context, url string, v any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	return json.NewDecoder(response.Body).Decode(v)
}
