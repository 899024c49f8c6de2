package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/bravorevos/workers/cmd/internal/config"
)

// healthTimeout is below the one that the image gives its health check.
const healthTimeout = 4 * time.Second

// health asks the worker of this environment whether it serves. It is the health
// check of the image, which holds no shell and no curl.
func health(ctx context.Context, environ []string, out io.Writer) error {
	cfg, err := config.Load(environ)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	url := "http://" + reachable(cfg.ListenAddr) + "/healthz"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("LISTEN_ADDR: %w", err)
	}
	// The worker is on this machine: a proxy of the environment is not for it.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("ask the worker: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 4<<10))
	if err != nil {
		return fmt.Errorf("ask the worker: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the worker at %s answers %s: %s", url, res.Status, bytes.TrimSpace(answer))
	}
	_, err = out.Write(answer)
	return err
}

// reachable is where a worker that listens on addr is reached from its own
// machine: one that listens everywhere, on loopback.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
