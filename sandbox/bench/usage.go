package bench

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit in which Linux tells CPU times to programs, on every architecture.
// https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
const tick = 10 * time.Millisecond

// processStat is what /proc tells about a process.
type processStat struct {
	name   string
	parent int
	own    time.Duration // CPU
	waited time.Duration // CPU of its children that have ended
}

func readStat(pid int) (processStat, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return processStat{}, fmt.Errorf("read stat of process %d: %w", pid, err)
	}
	return parseStat(text)
}

// parseStat reads a line of /proc/PID/stat. The name may hold blanks and parentheses, so
// the fields are counted from the last one.
func parseStat(text []byte) (processStat, error) {
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return processStat{}, fmt.Errorf("read stat: no name in %q", text)
	}
	fields := strings.Fields(string(text[end+1:]))
	if len(fields) < 15 {
		return processStat{}, fmt.Errorf("read stat: %d fields after the name", len(fields))
	}
	var numbers [5]int64 // ppid, utime, stime, cutime, cstime
	for i, field := range []int{1, 11, 12, 13, 14} {
		n, err := strconv.ParseInt(fields[field], 10, 64)
		if err != nil {
			return processStat{}, fmt.Errorf("read stat: %w", err)
		}
		numbers[i] = n
	}
	return processStat{
		name:   string(text[open+1 : end]),
		parent: int(numbers[0]),
		own:    time.Duration(numbers[1]+numbers[2]) * tick,
		waited: time.Duration(numbers[3]+numbers[4]) * tick,
	}, nil
}

// treeCPU is what a process, its children that live and those that ended have used.
func treeCPU(pid int) (time.Duration, error) {
	root, err := readStat(pid)
	if err != nil {
		return 0, err
	}
	total := root.own + root.waited
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, fmt.Errorf("list processes: %w", err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it ended meanwhile
		}
		if s, err := parseStat(text); err == nil && s.parent == pid {
			total += s.own + s.waited
		}
	}
	return total, nil
}

// peakMemory is the most memory that a process had resident, in bytes.
func peakMemory(pid int) (int64, error) {
	return readKilobytes(fmt.Sprintf("/proc/%d/status", pid), "VmHWM:")
}

// readKilobytes finds a line such as "VmHWM:  123 kB" and returns bytes.
func readKilobytes(path, name string) (int64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("read memory: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name); ok {
			n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return n << 10, err
		}
	}
	return 0, fmt.Errorf("read memory: no %s in %s", name, path)
}
