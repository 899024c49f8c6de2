package integrations

import (
	"context"
	"io"
	"net/http"
)

type gateKey struct{}

// WithGate gives the exchanges of ctx a last question before they cannot be taken
// back: check is called when a connection is there and the body is about to be
// written to it. Its error keeps the request from being sent. When the gate shuts after
// the first part, the server may have all of it: that leaves the outcome unknown.
func WithGate(ctx context.Context, check func() error) context.Context {
	return context.WithValue(ctx, gateKey{}, check)
}

// gated puts the gate of ctx, where there is one, before the body of the request.
func gated(ctx context.Context, req *http.Request) *http.Request {
	check, ok := ctx.Value(gateKey{}).(func() error)
	if !ok || req.Body == nil || req.Body == http.NoBody {
		return req
	}
	req.Body = &gate{ReadCloser: req.Body, check: check}
	if open := req.GetBody; open != nil { // for the transport's own second try
		req.GetBody = func() (io.ReadCloser, error) {
			body, err := open()
			return &gate{ReadCloser: body, check: check}, err
		}
	}
	return req
}

type gate struct {
	io.ReadCloser

	check func() error
	begun bool // something was let through
}

// Read asks before each part of the body.
func (g *gate) Read(p []byte) (int, error) {
	if err := g.check(); err != nil {
		return 0, &withheldError{error: err, begun: g.begun}
	}
	n, err := g.ReadCloser.Read(p)
	g.begun = g.begun || n > 0
	return n, err
}

// withheldError is the answer of a gate that was shut.
type withheldError struct {
	error

	begun bool
}

// Unwrap gives the reason.
func (e *withheldError) Unwrap() error { return e.error }
