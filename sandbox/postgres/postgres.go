// Package postgres finds or gets a PostgreSQL server for the tests and the
// demo, and runs a private cluster that ends with the program.
//
// It must not touch a server that it did not start: a server named by
// Options.URL is used and nothing else, and no existing cluster of the machine
// is started, stopped or reconfigured. A private cluster trusts every local
// connection and does not wait for the disk, so it must not hold anything worth
// keeping: a commit survives a crash of the server, not one of the machine.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
)

// errNotOwned is what Restart and Kill answer for a server named by Options.URL.
var errNotOwned = errors.New("the server was not started here")

// Options says which server to use. The zero value runs a private cluster in a
// fresh temporary directory.
type Options struct {
	// URL names a server to use instead of a private cluster, as a postgres://
	// URL or a keyword string. It is never started, stopped or restarted.
	URL string

	// Dir is where the private cluster lives and stays. It is made when missing,
	// and a cluster already in it is used again. Empty means a fresh temporary
	// directory, removed by Stop. Started by root, every parent of Dir must let
	// other accounts through, because PostgreSQL refuses to run as root.
	Dir string

	// Log receives plain lines about slow steps, such as an installation.
	// Nil discards them.
	Log io.Writer

	// Settings are server settings that win over this package's own, such as
	// {"log_statement": "all"}.
	Settings map[string]string

	// ways are the places to take binaries from, in order. Nil means those of
	// this machine.
	ways []way
}

// Server is a running PostgreSQL. Its methods may be used concurrently.
type Server struct {
	url      string
	binaries string
	cluster  *cluster // nil for a server named by Options.URL
}

// Start returns a server that answers queries. ctx bounds the start, not the
// life of the server. Where no PostgreSQL 14 or newer is installed, one is
// installed with apt-get or downloaded; when that fails too, the error lists
// every way tried and what to do.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.URL != "" {
		if err := ping(ctx, o.URL); err != nil {
			return nil, fmt.Errorf("use given postgres: %w", err)
		}
		return &Server{url: o.URL, binaries: "none: a running server was given"}, nil
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	if o.ways == nil {
		o.ways = machineWays()
	}
	bin, origin, err := findBinaries(ctx, o.ways, o.Log)
	if err != nil {
		return nil, err
	}
	c, err := openCluster(ctx, bin, o)
	if err != nil {
		return nil, fmt.Errorf("start postgres from %s: %w", bin, err)
	}
	return &Server{url: c.url(), binaries: fmt.Sprintf("%s (%s)", bin, origin), cluster: c}, nil
}

// URL is the address of the server's database "postgres", or Options.URL as it
// was given. It stays the same across Restart.
func (s *Server) URL() string { return s.url }

// Owned reports whether the server was started here and ends with Stop.
func (s *Server) Owned() bool { return s.cluster != nil }

// Binaries says, for a log line, where the server's binaries came from.
func (s *Server) Binaries() string { return s.binaries }

// Stop shuts a private cluster down, cutting its connections, and removes its
// temporary directory. It may be called again, and does nothing to a server
// named by Options.URL.
func (s *Server) Stop() error {
	if s.cluster == nil {
		return nil
	}
	return s.cluster.close()
}

// Kill ends the server as a crash would: no checkpoint, connections cut. It
// returns when the server is gone; Restart brings it back through recovery.
func (s *Server) Kill() error {
	if s.cluster == nil {
		return fmt.Errorf("kill postgres: %w", errNotOwned)
	}
	return s.cluster.kill()
}

// Restart stops the server if it runs, cutting its connections, and starts it
// on the same port with the same data.
func (s *Server) Restart(ctx context.Context) error {
	if s.cluster == nil {
		return fmt.Errorf("restart postgres: %w", errNotOwned)
	}
	return s.cluster.restart(ctx)
}

// CreateDatabase makes an empty database and returns its URL.
func (s *Server) CreateDatabase(ctx context.Context, name string) (string, error) {
	if err := s.exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()); err != nil {
		return "", fmt.Errorf("create database %s: %w", name, err)
	}
	return withDatabase(s.url, name), nil
}

// CopyDatabase makes a database like another, to which nobody may be connected, and
// returns its URL.
func (s *Server) CopyDatabase(ctx context.Context, name, like string) (string, error) {
	sql := "CREATE DATABASE " + pgx.Identifier{name}.Sanitize() + " TEMPLATE " + pgx.Identifier{like}.Sanitize()
	if err := s.exec(ctx, sql); err != nil {
		return "", fmt.Errorf("copy database %s to %s: %w", like, name, err)
	}
	return withDatabase(s.url, name), nil
}

// DropDatabase removes a database, cutting its connections. A database that
// does not exist is no error.
func (s *Server) DropDatabase(ctx context.Context, name string) error {
	err := s.exec(ctx, "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)")
	if err != nil {
		return fmt.Errorf("drop database %s: %w", name, err)
	}
	return nil
}

func (s *Server) exec(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, s.url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, sql)
	return err
}

func ping(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	return conn.Ping(ctx)
}

// withDatabase names another database of the same server. In a keyword string
// the last dbname counts.
func withDatabase(server, name string) string {
	u, err := url.Parse(server)
	if err != nil || u.Scheme == "" {
		quoted := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(name)
		return server + " dbname='" + quoted + "'"
	}
	u.Path = "/" + name
	return u.String()
}
