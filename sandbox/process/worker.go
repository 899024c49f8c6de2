package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// WorkerPackage is the program that the sandbox is there for: it is run as it would be
// in production.
const WorkerPackage = "github.com/bravorevos/workers/cmd/worker"

// BuildWorker compiles the real worker into a directory and returns the binary's path.
func BuildWorker(ctx context.Context, dir string) (string, error) {
	path := filepath.Join(dir, "worker")
	// The version stamp needs git, which a container may lack or distrust.
	out, err := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", path, WorkerPackage).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build worker: %w\n%s", err, out)
	}
	return path, nil
}

// Worker is one running worker binary.
type Worker struct {
	*Process

	Name string
	URL  string // of its HTTP server
	Log  string // the path of its log; empty when that goes to the terminal
}

// WorkerOptions say how a worker is run.
type WorkerOptions struct {
	Name   string
	Binary string
	// Environment configures it; LISTEN_ADDR is set to a free port.
	Environment map[string]string
	// Log is the file that its log is appended to. Empty: the terminal.
	Log string
}

// StartWorker runs the binary in its own process group, so that Ctrl-C in a
// terminal reaches this program alone, which then stops it in order.
func StartWorker(ctx context.Context, o WorkerOptions) (*Worker, error) {
	addr, err := freeAddr(ctx)
	if err != nil {
		return nil, err
	}
	w := &Worker{Name: o.Name, URL: "http://" + addr, Log: o.Log}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), o.Binary) // ends with Stop or Kill
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Env = append(Environ(o.Environment), "LISTEN_ADDR="+addr)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if o.Log != "" {
		log, err := os.OpenFile(o.Log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			return nil, fmt.Errorf("open log of %s: %w", o.Name, err)
		}
		defer func() { _ = log.Close() }() // the child has its own copy
		cmd.Stdout, cmd.Stderr = log, log
	}
	if w.Process, err = Spawn(cmd); err != nil {
		return nil, fmt.Errorf("start %s: %w", o.Name, err)
	}
	return w, nil
}

// Environ is the environment of a worker process, with nothing of this one's that
// could configure it.
func Environ(settings map[string]string) []string {
	environ := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TMPDIR=" + os.Getenv("TMPDIR")}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		environ = append(environ, name+"="+settings[name])
	}
	return environ
}

// Ready waits until the worker serves and has its database.
func (w *Worker) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for !Answers(ctx, w.URL+"/readyz", "", "") {
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", w.Name, ctx.Err())
		case <-w.exited:
			return fmt.Errorf("%s ended with exit code %d", w.Name, w.ExitCode())
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

// stopPatience is longer than the demo and the bench let jobs finish.
const stopPatience = 40 * time.Second

// Stop ends the worker as a platform would: SIGTERM, and SIGKILL for one that
// does not listen.
func (w *Worker) Stop() error {
	select {
	case <-w.exited: // by itself, which was reported then
		return nil
	default:
	}
	w.Signal(syscall.SIGTERM)
	select {
	case <-w.exited:
	case <-time.After(stopPatience):
		w.Signal(syscall.SIGKILL)
		<-w.exited
		return fmt.Errorf("%s did not stop within %s of SIGTERM", w.Name, stopPatience)
	}
	if code := w.ExitCode(); code != 0 {
		return fmt.Errorf("%s stopped with exit code %d", w.Name, code)
	}
	return nil
}

// Kill ends the worker as a crash would.
func (w *Worker) Kill() {
	w.Signal(syscall.SIGKILL)
	<-w.exited
}

// Telling are the last lines of a log, warnings and errors only where there are any.
func Telling(path string, n int) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimSpace(string(text)), "\n")
	lines := slices.DeleteFunc(slices.Clone(all), func(l string) bool { return strings.Contains(l, `"level":"INFO"`) })
	if len(lines) == 0 {
		lines = all
	}
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// Answers reports whether a page is there.
func Answers(ctx context.Context, url, user, password string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	if user != "" {
		request.SetBasicAuth(user, password)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, response.Body)
	err = errors.Join(err, response.Body.Close())
	return err == nil && response.StatusCode == http.StatusOK
}

// freeAddr asks the system for an address that nobody listens on.
func freeAddr(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String(), nil
}
