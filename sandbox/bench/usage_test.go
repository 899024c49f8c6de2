package bench

import (
	"os"
	"runtime"
	"testing"
	"time"
)

// Ensure CPU is read although a process may be called anything.
func TestParseStat(t *testing.T) {
	t.Parallel()
	got, err := parseStat([]byte("4711 (a) b (c) S 42 4711 4711 0 -1 4194560 1 2 3 4 150 50 7 3 20 0 12 0 99 1 2\n"))
	want := processStat{name: "a) b (c", parent: 42, own: 2 * time.Second, waited: 100 * time.Millisecond}
	if err != nil || got != want {
		t.Errorf("stat is %+v, %v; want %+v", got, err, want)
	}
	for _, text := range []string{"", "1 no name", "1 (short) S 1 2", "1 (x) S y 1 1 0 -1 1 1 1 1 1 1 1 1 1 1"} {
		if _, err := parseStat([]byte(text)); err == nil {
			t.Errorf("%q is read as %+v", text, got)
		}
	}
}

// Ensure this process can be measured where there is /proc.
func TestUsageOfThisProcess(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("there is no /proc")
	}
	if cpu, err := treeCPU(os.Getpid()); err != nil || cpu < 0 {
		t.Errorf("CPU is %s, %v", cpu, err)
	}
	if bytes, err := peakMemory(os.Getpid()); err != nil || bytes < 1<<20 {
		t.Errorf("memory is %d, %v", bytes, err)
	}
}
