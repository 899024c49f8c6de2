package bench

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
)

// Machine is what it ran on.
type Machine struct {
	CPU         string `json:"cpu"`
	Cores       int    `json:"cores"`
	MemoryBytes int64  `json:"memory_bytes"`
	OS          string `json:"os"`
}

// Versions are what ran.
type Versions struct {
	Commit   string `json:"commit"` // with a mark where files differ from it
	Go       string `json:"go"`
	River    string `json:"river"`
	Postgres string `json:"postgres"`
}

func readMachine() Machine {
	m := Machine{CPU: runtime.GOARCH, Cores: runtime.NumCPU(), OS: runtime.GOOS}
	if file, err := os.Open("/proc/cpuinfo"); err == nil {
		defer func() { _ = file.Close() }()
		for lines := bufio.NewScanner(file); lines.Scan(); {
			if name, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
				m.CPU = strings.TrimSpace(value)
				break
			}
		}
	}
	if release, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.OS += " " + strings.TrimSpace(string(release))
	}
	m.MemoryBytes, _ = readKilobytes("/proc/meminfo", "MemTotal:")
	return m
}

// readVersions leaves that of Postgres to who can ask it.
func readVersions(ctx context.Context) Versions {
	v := Versions{Commit: "unknown", Go: runtime.Version(), River: "unknown"}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == "github.com/riverqueue/river" {
				v.River = module.Version
			}
		}
	}
	// An image has no repository.
	if out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty", "--exclude=*").Output(); err == nil {
		v.Commit = strings.TrimSpace(string(out))
	}
	return v
}
