package postgres

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	embedded "github.com/fergusstrange/embedded-postgres"
)

// Debian's package makes and starts a cluster of its own unless a file in
// createcluster.d forbids it. See pg_createcluster(8).
const (
	createClusterDir  = "/etc/postgresql-common/createcluster.d"
	createClusterFile = createClusterDir + "/zz-no-main-cluster.conf"
	noMainCluster     = "create_main_cluster = false\n"
)

// installWithApt installs the distribution's package on Debian and Ubuntu, for
// root only, without letting the package start a server.
func installWithApt(ctx context.Context, log io.Writer) (string, error) {
	apt, err := exec.LookPath("apt-get")
	if err != nil {
		return "", err
	}
	if os.Geteuid() != 0 {
		return "", errors.New("needs root; run: sudo apt-get install postgresql")
	}
	unlock, err := lockInstallation(ctx)
	if err != nil {
		return "", err
	}
	defer unlock()
	// Another program may have installed it while this one waited.
	if bin, err := findInPackageDirectories(ctx, log); err == nil {
		return bin, nil
	}
	// Clusters whose package was removed would be started by the new package.
	if left, _ := filepath.Glob("/etc/postgresql/*/*/postgresql.conf"); len(left) > 0 {
		return "", fmt.Errorf("an installation would start the cluster of %s", left[0])
	}

	if err := os.MkdirAll(createClusterDir, 0o755); err != nil {
		return "", fmt.Errorf("forbid main cluster: %w", err)
	}
	if err := os.WriteFile(createClusterFile, []byte(noMainCluster), 0o644); err != nil {
		return "", fmt.Errorf("forbid main cluster: %w", err)
	}
	defer func() { _ = os.Remove(createClusterFile) }()

	for _, args := range [][]string{
		{"update", "-q"},
		{"install", "-q", "-y", "--no-install-recommends", "postgresql"},
	} {
		_, _ = fmt.Fprintln(log, "installing postgresql with apt-get", args[0])
		cmd := exec.CommandContext(ctx, apt, args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("run apt-get %s: %w\n%s", args[0], err, lastLines(out))
		}
	}
	return findInPackageDirectories(ctx, log)
}

// mavenCentral is where the embedded-postgres project publishes its builds.
const mavenCentral = "https://repo1.maven.org/maven2"

// download fetches a build for this system, once for each user of the machine.
func download(ctx context.Context, log io.Writer) (string, error) {
	cache, err := cacheDir()
	if err != nil {
		return "", fmt.Errorf("choose download directory: %w", err)
	}
	unlock, err := lockInstallation(ctx)
	if err != nil {
		return "", err
	}
	home := filepath.Join(cache, "bravo-workers", "postgres-"+string(embedded.V17))
	fetched := make(chan error, 1)
	go func() {
		defer unlock()
		fetched <- fetch(ctx, mavenCentral, home, log)
	}()
	// The library cannot be interrupted, so an interrupted program leaves it behind.
	select {
	case err = <-fetched:
	case <-ctx.Done():
		err = ctx.Err()
	}
	return filepath.Join(home, "bin"), err
}

// fetch puts a build of a Maven repository into the directory home, unless one
// is there.
func fetch(ctx context.Context, repository, home string, log io.Writer) error {
	bin := filepath.Join(home, "bin")
	if _, err := majorVersion(ctx, bin); err == nil {
		return nil
	}
	scratch, err := os.MkdirTemp("", "bravo-download-")
	if err != nil {
		return fmt.Errorf("make download directory: %w", err)
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	port, err := freePort()
	if err != nil {
		return err
	}
	// The library cannot download alone: it also makes and starts a cluster of
	// its own, which fails for root. So only the binaries count, and its error is
	// told when they are not there.
	_, _ = fmt.Fprintln(log, "downloading PostgreSQL", embedded.V17, "to", home)
	trial := embedded.NewDatabase(embedded.DefaultConfig().
		BinaryRepositoryURL(repository).
		Version(embedded.V17).
		Port(uint32(port)).
		CachePath(scratch).
		BinariesPath(home).
		RuntimePath(filepath.Join(scratch, "runtime")).
		Logger(io.Discard))
	started := trial.Start()
	if started == nil {
		if err := trial.Stop(); err != nil {
			return fmt.Errorf("stop trial server: %w", err)
		}
	}
	if _, err := majorVersion(ctx, bin); err != nil {
		return cmp.Or(started, err)
	}
	return nil
}

// cacheDir is a directory that outlives the program. Root's own is closed to
// the account that the server runs as.
func cacheDir() (string, error) {
	if os.Geteuid() == 0 {
		return "/var/cache", nil
	}
	return os.UserCacheDir()
}

// lockInstallation keeps test binaries that start together from installing
// twice.
func lockInstallation(ctx context.Context) (unlock func(), err error) {
	path := filepath.Join(os.TempDir(), fmt.Sprintf("bravo-postgres-install-%d.lock", os.Geteuid()))
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock installation: %w", err)
	}
	for tryLock(f) != nil {
		select {
		case <-ctx.Done():
			_ = f.Close()
			return nil, fmt.Errorf("wait for another installation: %w", ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
	return func() { _ = f.Close() }, nil
}

// lastLines cuts the output of a program to the part that names the failure.
func lastLines(out []byte) []byte {
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	return bytes.Join(lines[max(0, len(lines)-10):], []byte("\n"))
}
