package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// pollInterval is how often a starting server is asked whether it answers.
const pollInterval = 10 * time.Millisecond

// errInTheWay marks a start that another server prevented and that is worth
// another try.
var errInTheWay = errors.New("another server is in the way")

// launch runs the server once and waits until it answers or ends.
func (c *cluster) launch(ctx context.Context) (*process, error) {
	log, err := os.OpenFile(filepath.Join(c.dir, "server.log"), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open server log: %w", err)
	}
	defer func() { _ = log.Close() }()
	before, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, fmt.Errorf("open server log: %w", err)
	}
	args := []string{"-D", c.data(), "-p", strconv.Itoa(c.port)}
	for name, value := range c.settings {
		args = append(args, "-c", name+"="+value)
	}
	cmd := c.command("postgres", args...)
	cmd.Stdout, cmd.Stderr = log, log
	server, err := spawn(cmd)
	if err != nil {
		return nil, fmt.Errorf("run postgres: %w", err)
	}

	poll := time.NewTicker(pollInterval)
	defer poll.Stop()
	for !c.answers(ctx) {
		select {
		case <-poll.C:
		case <-ctx.Done():
			server.signal(syscall.SIGQUIT)
			<-server.exited
			return nil, fmt.Errorf("wait for postgres: %w", ctx.Err())
		case <-server.exited:
			said, _ := io.ReadAll(io.NewSectionReader(log, before, 1<<20))
			err := fmt.Errorf("run postgres: %w\n%s", server.err, lastLines(said))
			if strings.Contains(string(said), "could not bind") || strings.Contains(string(said), "postmaster.pid") {
				return nil, fmt.Errorf("%w: %w", errInTheWay, err)
			}
			return nil, err
		}
	}
	return server, nil
}

// answers reports whether this cluster serves on the port. Another program's
// server may have taken the port, so the answer is asked for its directory.
func (c *cluster) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.url())
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close(ctx) }()
	var dir string
	err = conn.QueryRow(ctx, "SHOW data_directory").Scan(&dir)
	return err == nil && dir == c.data()
}

// command runs a PostgreSQL program as the unprivileged account, with none of
// the caller's PG variables.
func (c *cluster) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(c.bin, name), args...) //nolint:noctx // the server outlives the call that starts it
	cmd.Dir = c.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.dir, "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = c.account.attributes()
	return cmd
}

// freePort asks the system for a port that nobody listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it does not wait for anything
	if err != nil {
		return 0, fmt.Errorf("find free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}
