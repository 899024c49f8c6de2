package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/bravorevos/workers/store/storetest"
)

// Ensure nothing of a lead reaches the log of a real process where its receiver sends it
// back beyond the answer, which the standard library logs by itself.
func TestEchoOfALeadIsNotLogged(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	o := newOutside(t, pool, 0)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go echo(conn)
		}
	}()
	p := o.spawn(t)
	execSQL(t, pool, `INSERT INTO webhook_logs (webhook_url, payload) VALUES ($1, '{"email": "ana@kelp.example", "name": "\"Ana\""}')`,
		"http://"+listener.Addr().String()+"/leads?token=s3cret")
	wait(t, "the echo to be noticed", func() bool { return strings.Contains(p.log.String(), "Unsolicited response") })
	for _, hidden := range []string{"ana@", "Ana", "s3cret"} {
		if strings.Contains(p.log.String(), hidden) {
			t.Errorf("%s stands in the log", hidden)
		}
	}
	until(t, pool, "the delivery to be recorded", "SELECT status = 'sent' FROM webhook_logs")
}

// echo takes a webhook, and sends all of it back behind an answer without a body.
func echo(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	request, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return
	}
	body, _ := io.ReadAll(request.Body)
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"+request.URL.String()+string(body))
	_, _ = io.Copy(io.Discard, conn)
}
