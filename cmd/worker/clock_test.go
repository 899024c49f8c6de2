package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/bravorevos/workers/store/storetest"
)

// wrongClock builds the real worker with a wall clock that CLOCK_AHEAD_SECONDS sets
// ahead or back; the monotonic clock is right, as it is on a machine whose clock is
// wrong. Nothing outside can do that to a Go program, which asks the kernel itself.
//
//nolint:gochecknoglobals // built once a test run
var wrongClock = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "bravorevos-clock-")
	if err != nil {
		return "", err
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", err
	}
	original := filepath.Join(strings.TrimSpace(string(root)), "src", "time", "time.go")
	source, err := os.ReadFile(original)
	if err != nil {
		return "", err
	}
	const reading = "func Now() Time {\n\tsec, nsec, mono := runtimeNow()\n"
	if !strings.Contains(string(source), reading) {
		return "", fmt.Errorf("%s reads the clock in another way than this test knows", original)
	}
	shifted := strings.Replace(string(source), reading, reading+"\tsec += aheadSeconds\n", 1)
	shifted = strings.Replace(shifted, "import (\n", "import (\n\t\"syscall\"\n", 1) + `
var aheadSeconds = func() (n int64) {
	text, _ := syscall.Getenv("CLOCK_AHEAD_SECONDS")
	for _, c := range []byte(text) {
		if c != '-' {
			n = 10*n + int64(c-'0')
		}
	}
	if text != "" && text[0] == '-' {
		return -n
	}
	return n
}()
`
	patched, overlay := filepath.Join(dir, "time.go"), filepath.Join(dir, "overlay.json")
	path := filepath.Join(dir, "worker")
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {original: patched}})
	if err != nil {
		return "", err
	}
	for name, content := range map[string][]byte{patched: []byte(shifted), overlay: replace} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			return "", err
		}
	}
	out, err := exec.Command("go", "build", "-overlay", overlay, "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", &buildError{out: string(out), err: err}
	}
	return path, nil
})

// ahead sets the clock of a worker of that build.
func ahead(seconds int) func(*process) {
	return func(p *process) { p.cmd.Env = append(p.cmd.Env, fmt.Sprintf("CLOCK_AHEAD_SECONDS=%d", seconds)) }
}

// Ensure workers whose clocks are ten minutes ahead or behind do the work as others do,
// neither late nor twice, hold up none beside them, and say what is wrong with them. The
// first to start leads, and plans for all. The receiver refuses what is signed more than
// five minutes off.
func TestChaosWorkersClock(t *testing.T) {
	t.Parallel()
	people := sized(20, 40)
	for name, clocks := range map[string][]int{
		"ahead":  {600, 0},
		"behind": {-600, 0},
		"both":   {600, -600},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			takePlace(t)
			pool := storetest.New(t)
			o := newOutside(t, pool, 0)
			// With none, all that waits is tried at once and again, which says nothing of clocks.
			o.environ["WRITE_GAP_MIN"], o.environ["WRITE_GAP_MAX"] = "20ms", "50ms"
			o.populate(people)
			first := o.spawnOf(t, wrongClock, ahead(clocks[0]))
			until(t, pool, "a leader", "SELECT EXISTS (SELECT FROM workers.river_leader)")
			o.spawnOf(t, wrongClock, ahead(clocks[1]))
			until(t, pool, "the second worker", "SELECT count(*) = 2 FROM workers.instances")
			o.seed(t, pool)
			o.untilDelivered(t, pool, people)
			o.assertExactlyOnce(t, people)
			if got := o.receiver.Duplicates(); got != 0 {
				t.Errorf("receiver got %d duplicates", got)
			}
			if got := strings.Count(first.log.String(), "the clock of this machine is wrong"); got != 1 {
				t.Errorf("the worker says %d times that its clock is wrong, want once", got)
			}
			workers := queryString(t, pool, "SELECT count(DISTINCT claimed_by)::text FROM workers.messages")
			if workers != "2" {
				t.Errorf("%s workers sent messages, want both", workers)
			}
		})
	}
}
