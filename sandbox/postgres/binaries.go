package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// oldest is the lowest major version that the migrations support.
const oldest = 14

// way is one place to take the binaries from.
type way struct {
	name string

	// find returns the directory that holds initdb and postgres.
	find func(ctx context.Context, log io.Writer) (string, error)
}

// machineWays are tried in this order: what is there already before what
// changes the machine, the distribution's package before a stranger's build.
func machineWays() []way {
	return []way{
		{"PATH", findOnPath},
		{"package directories", findInPackageDirectories},
		{"apt-get", installWithApt},
		{"download", download},
	}
}

// packageDirectories are patterns of the places where packages put the server
// binaries, which most distributions keep off the PATH.
func packageDirectories() []string {
	return []string{
		"/usr/lib/postgresql/*/bin",                          // Debian, Ubuntu
		"/usr/pgsql-*/bin",                                   // postgresql.org for Red Hat
		"/usr/lib/postgresql*/bin",                           // openSUSE
		"/usr/libexec/postgresql*",                           // Alpine
		"/opt/homebrew/opt/postgresql*/bin",                  // Homebrew on Apple silicon
		"/usr/local/opt/postgresql*/bin",                     // Homebrew on Intel
		"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",     // Homebrew on Linux
		"/Applications/Postgres.app/Contents/Versions/*/bin", // Postgres.app
		"/opt/local/lib/postgresql*/bin",                     // MacPorts
		"/usr/local/pgsql/bin",                               // built from source
	}
}

// findBinaries returns the binaries' directory and the name of the way that
// led there.
func findBinaries(ctx context.Context, ways []way, log io.Writer) (bin, origin string, err error) {
	var tried []error
	for _, w := range ways {
		bin, err := w.find(ctx, log)
		if err == nil {
			_, err = majorVersion(ctx, bin)
		}
		if err == nil {
			return bin, w.name, nil
		}
		tried = append(tried, fmt.Errorf("%s: %w", w.name, err))
	}
	return "", "", fmt.Errorf("find postgres: install PostgreSQL %d or newer, or set DATABASE_URL; tried:\n%w",
		oldest, errors.Join(tried...))
}

// findOnPath follows symbolic links, because initdb wants the rest of its
// installation beside it.
func findOnPath(context.Context, io.Writer) (string, error) {
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", err
	}
	path, err = filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	return filepath.Dir(path), nil
}

// findInPackageDirectories returns the newest usable installation.
func findInPackageDirectories(ctx context.Context, _ io.Writer) (string, error) {
	type installation struct {
		bin   string
		major int
	}
	var found []installation
	var unusable []error
	for _, pattern := range packageDirectories() {
		bins, err := filepath.Glob(pattern)
		if err != nil {
			return "", fmt.Errorf("look in %s: %w", pattern, err)
		}
		for _, bin := range bins {
			major, err := majorVersion(ctx, bin)
			if err != nil {
				unusable = append(unusable, err)
				continue
			}
			found = append(found, installation{bin, major})
		}
	}
	if len(found) == 0 {
		return "", errors.Join(append(unusable, errors.New("no installation found"))...)
	}
	newest := slices.MaxFunc(found, func(a, b installation) int { return cmp.Compare(a.major, b.major) })
	return newest.bin, nil
}

var versionPattern = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// majorVersion asks the binaries for their version. It returns an error when
// one is missing, does not run, or is too old.
func majorVersion(ctx context.Context, bin string) (int, error) {
	if _, err := exec.LookPath(filepath.Join(bin, "initdb")); err != nil {
		return 0, err
	}
	out, err := exec.CommandContext(ctx, filepath.Join(bin, "postgres"), "--version").Output()
	if err != nil {
		return 0, fmt.Errorf("run %s/postgres: %w", bin, err)
	}
	match := versionPattern.FindSubmatch(out)
	if match == nil {
		return 0, fmt.Errorf("run %s/postgres: unknown version %q", bin, out)
	}
	major, err := strconv.Atoi(string(match[1]))
	if err != nil {
		return 0, fmt.Errorf("read version of %s/postgres: %w", bin, err)
	}
	if major < oldest {
		return 0, fmt.Errorf("%s holds PostgreSQL %d, older than %d", bin, major, oldest)
	}
	return major, nil
}
