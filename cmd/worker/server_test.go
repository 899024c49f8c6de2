package main

import (
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Ensure nobody holds a connection of the worker's for long without being let in: not
// with the body of a request that was refused, nor by asking once and then nothing.
func TestConnectionsOfStrangersEnd(t *testing.T) {
	t.Parallel()
	const bodyWithoutEnd = "POST /webhooks/unipile HTTP/1.1\r\nHost: worker\r\nContent-Length: 200000\r\n\r\n"
	for name, tt := range map[string]struct {
		request string
		drips   bool
		deaf    bool // reads nothing of the answer
	}{
		"drips its body":    {bodyWithoutEnd, true, false},
		"sends no body":     {bodyWithoutEnd, false, false},
		"drips its headers": {"GET / HTTP/1.1\r\nHost: worker\r\nX-More: ", true, false},
		"asks for no more":  {"GET / HTTP/1.1\r\nHost: worker\r\n\r\n", false, false},
		"never asks":        {"", false, false},
		"reads no answer":   {"GET / HTTP/1.1\r\nHost: worker\r\n\r\n", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				started := time.Now() // of the bubble: nobody waits for it
				server := newServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.WriteHeader(http.StatusUnauthorized)
					_, _ = w.Write(make([]byte, 1<<20))
				}))
				connections := make(pipes, 1)
				var running sync.WaitGroup
				running.Go(func() { _ = server.Serve(connections) })
				stranger, conn := net.Pipe()
				_ = stranger.SetDeadline(started.Add(time.Hour))
				connections <- conn
				running.Go(func() {
					_, err := io.WriteString(stranger, tt.request)
					for err == nil && tt.drips {
						<-time.After(time.Second)
						_, err = io.WriteString(stranger, "x")
					}
				})
				if tt.deaf {
					<-time.After(4 * time.Minute)
				}
				n, _ := io.Copy(io.Discard, stranger) // until the worker hangs up
				if tt.deaf && n > 0 {
					t.Errorf("%d bytes of the answer were kept for four minutes", n)
				}
				if took := time.Since(started); took > 5*time.Minute {
					t.Errorf("the connection was held for %s", took)
				}
				_ = stranger.Close()
				_ = server.Close()
				running.Wait()
			})
		})
	}
}

// pipes is a listener for connections in memory.
type pipes chan net.Conn

// Accept gives the next connection, and ends with the server.
func (p pipes) Accept() (net.Conn, error) {
	conn, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return conn, nil
}

// Close ends Accept.
func (p pipes) Close() error { close(p); return nil }

// Addr says that there is none.
func (p pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }
