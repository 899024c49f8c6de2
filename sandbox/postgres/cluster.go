package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// startAttempts is how often a start is tried when the port was taken in
	// between, or when the server of a killed program has not quite ended.
	startAttempts = 20

	retryPause   = 100 * time.Millisecond
	stopPatience = 10 * time.Second // before a shutdown becomes more forceful
)

// cluster is a private server and its directory, which holds data/ and
// server.log.
type cluster struct {
	bin       string
	dir       string
	temporary bool
	lock      *os.File // held as long as the directory is in use
	account   *account
	settings  map[string]string
	port      int

	mu     sync.Mutex // guards what follows
	server *process   // nil when not running
	closed bool
}

// openCluster makes the cluster if need be and starts it.
func openCluster(ctx context.Context, bin string, o Options) (_ *cluster, err error) {
	c := &cluster{
		bin:       bin,
		dir:       o.Dir,
		temporary: o.Dir == "",
		settings: map[string]string{
			"listen_addresses": "127.0.0.1",
			// A socket's path may not exceed about 100 bytes, a directory's may.
			"unix_socket_directories": "",
			"max_connections":         "600",
			// Nothing here need survive the machine. A commit must survive Kill,
			// so synchronous_commit stays on: without fsync it costs little.
			"fsync":            "off",
			"full_page_writes": "off",
		},
	}
	maps.Copy(c.settings, o.Settings)
	defer func() {
		if err != nil {
			err = errors.Join(err, c.close())
		}
	}()
	if c.account, err = unprivilegedAccount(); err != nil {
		return nil, err
	}
	if c.temporary {
		removeAbandoned()
		c.dir, c.lock, err = makeTemporary()
	} else {
		c.dir, c.lock, err = claim(c.dir, c.account)
	}
	if err != nil {
		return nil, err
	}
	if err := c.initialize(ctx); err != nil {
		return nil, err
	}
	return c, c.start(ctx)
}

func (c *cluster) url() string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", c.port)
}

func (c *cluster) data() string { return filepath.Join(c.dir, "data") }

// initialize runs initdb unless the directory holds a cluster. The name data
// appears only when it is complete.
func (c *cluster) initialize(ctx context.Context) error {
	if _, err := os.Stat(c.data()); err == nil {
		return nil
	}
	fresh := c.data() + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("remove unfinished cluster: %w", err)
	}
	if err := os.Mkdir(fresh, 0o700); err != nil {
		return fmt.Errorf("make cluster: %w", err)
	}
	if err := c.account.own(fresh); err != nil {
		return fmt.Errorf("make cluster: %w", err)
	}
	locale := "C"
	if runtime.GOOS == "linux" {
		locale = "C.UTF-8" // knows upper and lower case beyond ASCII
	}
	var out strings.Builder
	cmd := c.command("initdb", "-D", fresh, "-U", "postgres", "-A", "trust",
		"--no-sync", "--encoding=UTF8", "--locale="+locale)
	cmd.Stdout, cmd.Stderr = &out, &out
	initdb, err := spawn(cmd)
	if err != nil {
		return fmt.Errorf("run initdb: %w", err)
	}
	select {
	case <-initdb.exited:
	case <-ctx.Done():
		initdb.signal(syscall.SIGKILL)
		<-initdb.exited
		return fmt.Errorf("run initdb: %w", ctx.Err())
	}
	if initdb.err != nil {
		return fmt.Errorf("run initdb: %w\n%s", initdb.err, lastLines([]byte(out.String())))
	}
	if err := os.Rename(fresh, c.data()); err != nil {
		return fmt.Errorf("make cluster: %w", err)
	}
	return nil
}

// start runs the server and returns when it answers. The first start picks a
// port, later ones keep it.
func (c *cluster) start(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return errors.New("the cluster is stopped for good")
	}
	if c.server != nil {
		return nil
	}
	fixed := c.port
	var err error
	for range startAttempts {
		if c.port = fixed; fixed == 0 {
			if c.port, err = freePort(); err != nil {
				return err
			}
		}
		if c.server, err = c.launch(ctx); !errors.Is(err, errInTheWay) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(retryPause):
		}
	}
	return err
}

// kill cuts the server off without a checkpoint.
func (c *cluster) kill() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.end(syscall.SIGQUIT)
}

func (c *cluster) restart(ctx context.Context) error {
	c.mu.Lock()
	err := c.end(syscall.SIGINT)
	c.mu.Unlock()
	if err != nil {
		return err
	}
	return c.start(ctx)
}

// close stops the server for good and gives the directory back.
func (c *cluster) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	err := c.end(syscall.SIGINT)
	if c.temporary && c.dir != "" {
		err = errors.Join(err, os.RemoveAll(c.dir))
	}
	if c.lock != nil {
		_ = c.lock.Close()
	}
	return err
}

// end stops the server, more forcefully when it does not listen. SIGINT is
// PostgreSQL's fast shutdown, SIGQUIT its immediate one.
// https://www.postgresql.org/docs/current/server-shutdown.html
func (c *cluster) end(first syscall.Signal) error {
	if c.server == nil {
		return nil
	}
	for _, s := range []syscall.Signal{first, syscall.SIGQUIT, syscall.SIGKILL} {
		c.server.signal(s)
		select {
		case <-c.server.exited:
			c.server = nil
			return nil
		case <-time.After(stopPatience):
		}
	}
	return fmt.Errorf("stop postgres: process %d does not end", c.server.pid)
}
