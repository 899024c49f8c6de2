package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
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

// workerPackage is what the demo proves: it is run as it would be in production.
const workerPackage = "github.com/bravorevos/workers/cmd/worker"

// buildWorker compiles the real worker and returns the binary's path.
func buildWorker(ctx context.Context, dir string) (string, error) {
	path := filepath.Join(dir, "worker")
	// The version stamp needs git, which a container may lack or distrust.
	out, err := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", path, workerPackage).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build worker: %w\n%s", err, out)
	}
	return path, nil
}

// environment is what the worker is configured with. Time is compressed here and
// nowhere else.
func (s *stage) environment() map[string]string {
	return map[string]string{
		"DATABASE_URL":      s.databaseURL,
		"UNIPILE_API_KEY":   unipileKey,
		"UNIPILE_DSN":       s.outside.unipileURL,
		"RESEND_API_KEY":    resendKey,
		"RESEND_BASE_URL":   s.outside.resendURL + "/",
		"WEBHOOK_SECRET":    s.webhookSecret,
		"CRON_SECRET":       s.cronSecret,
		"OPERATOR_USER":     operator,
		"OPERATOR_PASSWORD": s.password,

		"WEBHOOK_ENCRYPTION_KEY":      s.webhookKey,
		"WEBHOOK_ALLOW_CIDRS":         "127.0.0.0/8",
		"SCRAPE_SWEEP_INTERVAL":       "1s",
		"MESSAGE_SWEEP_INTERVAL":      "1s",
		"INBOX_INTERVAL":              "500ms",
		"WEBHOOK_SWEEP_INTERVAL":      "2s",
		"NOTIFICATION_SWEEP_INTERVAL": "2s",
		"POLL_INTERVAL_UNIT":          "1s",
		"FAILED_POLL_WAIT":            "1s",
		"WRITE_GAP_MIN":               "50ms",
		"WRITE_GAP_MAX":               "150ms",
		"RELATIONS_INTERVAL":          "1s",
		"COMMENT_READS_PER_DAY":       "100000",
		"INVITATIONS_PER_HOUR":        "1000",
		"INVITATIONS_PER_DAY":         "1000",
		"FIRST_DMS_PER_HOUR":          "1000",
		"FIRST_DMS_PER_DAY":           "1000",
		"ANSWERS_PER_HOUR":            "1000",
		"ANSWERS_PER_DAY":             "1000",
		"UNIPILE_READ_LAG":            (readLag + time.Second).String(),
		"WEBHOOK_SCHEDULE":            "1s,2s,3s,5s,5s",
		"SOFT_STOP_TIMEOUT":           "5s",
	}
}

// worker is one running worker binary.
type worker struct {
	*process

	name string
	url  string   // of its HTTP server
	log  *os.File // nil when it goes to the terminal
}

// startWorker runs the binary in its own process group, so that Ctrl-C in a
// terminal reaches this program alone, which then stops it in order.
func (s *stage) startWorker(ctx context.Context, name string) (*worker, error) {
	addr, err := freeAddr(ctx)
	if err != nil {
		return nil, err
	}
	w := &worker{name: name, url: "http://" + addr}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), s.binary) // ends with stop or kill
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Env = append(s.environ(), "LISTEN_ADDR="+addr)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if !s.verbose {
		w.log, err = os.OpenFile(filepath.Join(s.dir, name+".log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			return nil, fmt.Errorf("open log of %s: %w", name, err)
		}
		defer func() { _ = w.log.Close() }() // the child has its own copy
		cmd.Stdout, cmd.Stderr = w.log, w.log
	}
	if w.process, err = spawn(cmd); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return w, nil
}

// environ is the environment of a worker process, with nothing of this one's that
// could configure it.
func (s *stage) environ() []string {
	environ := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TMPDIR=" + os.Getenv("TMPDIR")}
	settings := s.environment()
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		environ = append(environ, name+"="+settings[name])
	}
	return environ
}

// ready waits until the worker serves and has its database.
func (w *worker) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for !answers(ctx, w.url+"/readyz", "", "") {
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", w.name, ctx.Err())
		case <-w.exited:
			return fmt.Errorf("%s ended with exit code %d", w.name, w.exitCode())
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

// stop ends the worker as a platform would: SIGTERM, and SIGKILL for one that
// does not listen.
func (w *worker) stop() error {
	select {
	case <-w.exited: // by itself, which was reported then
		return nil
	default:
	}
	w.signal(syscall.SIGTERM)
	select {
	case <-w.exited:
	case <-time.After(20 * time.Second):
		w.signal(syscall.SIGKILL)
		<-w.exited
		return fmt.Errorf("%s did not stop within 20s of SIGTERM", w.name)
	}
	if code := w.exitCode(); code != 0 {
		return fmt.Errorf("%s stopped with exit code %d", w.name, code)
	}
	return nil
}

// kill ends the worker as a crash would.
func (w *worker) kill() {
	w.signal(syscall.SIGKILL)
	<-w.exited
}

// telling are the last lines of a log, warnings and errors only where there are any.
func telling(path string, n int) string {
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

// answers reports whether a page is there.
func answers(ctx context.Context, url, user, password string) bool {
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

// newKey is what the secrets of campaigns are encrypted with.
func newKey() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // it never fails
	return base64.StdEncoding.EncodeToString(key)
}
