package postgres

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// fakeBinaries makes a directory whose postgres reports a version.
func fakeBinaries(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	// A fork in another test would hold a script open for writing, and a file
	// open for writing cannot be run.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	for name, script := range map[string]string{
		"initdb":   "#!/bin/sh\nexit 1\n",
		"postgres": "#!/bin/sh\necho '" + version + "'\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatalf("write %s: %v", name, err)
		}
	}
	return dir
}

func found(bin string) func(context.Context, io.Writer) (string, error) {
	return func(context.Context, io.Writer) (string, error) { return bin, nil }
}

func TestMajorVersion(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		reported string
		want     int // 0 for an error
	}{
		{"postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", 15},
		{"postgres (PostgreSQL) 14.0", 14},
		{"postgres (PostgreSQL) 19beta2", 19},
		{"postgres (PostgreSQL) 13.21", 0},
		{"postgres (PostgreSQL) 9.6.24", 0},
		{"something else", 0},
	} {
		t.Run(tc.reported, func(t *testing.T) {
			t.Parallel()
			got, err := majorVersion(t.Context(), fakeBinaries(t, tc.reported))
			if got != tc.want || (err != nil) != (tc.want == 0) {
				t.Errorf("version %d, error %v; want %d", got, err, tc.want)
			}
		})
	}
}

// Ensure ways are tried in order, and that one that leads to binaries too old
// or missing gives way to the next.
func TestFindBinaries(t *testing.T) {
	t.Parallel()
	good := fakeBinaries(t, "postgres (PostgreSQL) 16.1")
	ways := []way{
		{"old", found(fakeBinaries(t, "postgres (PostgreSQL) 12.1"))},
		{"empty", found(t.TempDir())},
		{"good", found(good)},
		{"later", found(fakeBinaries(t, "postgres (PostgreSQL) 18.1"))},
	}
	bin, origin, err := findBinaries(t.Context(), ways, io.Discard)
	if bin != good || origin != "good" || err != nil {
		t.Errorf("found %q by %q, error %v; want %q by good", bin, origin, err, good)
	}
}

// Ensure a machine with nothing gets an error that names each way tried and
// what to do.
func TestStartWithoutBinaries(t *testing.T) {
	t.Parallel()
	broken := errors.New("no network")
	_, err := Start(t.Context(), Options{ways: []way{
		{"old package", found(fakeBinaries(t, "postgres (PostgreSQL) 12.1"))},
		{"download", func(context.Context, io.Writer) (string, error) { return "", broken }},
	}})
	if !errors.Is(err, broken) {
		t.Fatalf("error %v, want it to wrap %v", err, broken)
	}
	for _, want := range []string{
		"install PostgreSQL 14 or newer, or set DATABASE_URL",
		"old package: ", "PostgreSQL 12, older than 14", "download: no network",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q:\n%v", want, err)
		}
	}
}
