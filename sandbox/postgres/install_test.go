package postgres

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// repository serves one build under every path, with its checksum beside it.
// The build is three shell scripts, of which postgres reports version 17.5 and
// the others fail, as they do for root.
func repository(t *testing.T, checksum func(build []byte) string) *httptest.Server {
	t.Helper()
	binaries, err := os.ReadFile("testdata/binaries.txz")
	if err != nil {
		t.Fatalf("read build: %v", err)
	}
	var build bytes.Buffer
	archive := zip.NewWriter(&build)
	w, err := archive.Create("postgres.txz")
	if err != nil {
		t.Fatalf("make build: %v", err)
	}
	_, err = w.Write(binaries)
	if err := errors.Join(err, archive.Close()); err != nil {
		t.Fatalf("make build: %v", err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := build.Bytes()
		if strings.HasSuffix(r.URL.Path, ".sha256") {
			answer = []byte(checksum(answer))
		}
		_, _ = w.Write(answer)
	}))
	t.Cleanup(server.Close)
	return server
}

func sha256Hex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Ensure a download yields usable binaries, and only once.
func TestFetch(t *testing.T) {
	t.Parallel()
	server := repository(t, sha256Hex)
	home := filepath.Join(t.TempDir(), "home")
	if err := fetch(t.Context(), server.URL, home, io.Discard); err != nil {
		t.Fatalf("fetch: %v", err)
	}
	if major, err := majorVersion(t.Context(), filepath.Join(home, "bin")); major != 17 || err != nil {
		t.Errorf("version %d, error %v; want 17", major, err)
	}
	server.Close()
	if err := fetch(t.Context(), server.URL, home, io.Discard); err != nil {
		t.Errorf("fetch again without the repository: %v", err)
	}
}

// Ensure a build that was altered on the way is refused with the reason.
func TestFetchAlteredBuild(t *testing.T) {
	t.Parallel()
	server := repository(t, func([]byte) string { return sha256Hex(nil) })
	err := fetch(t.Context(), server.URL, filepath.Join(t.TempDir(), "home"), io.Discard)
	if err == nil || !strings.Contains(err.Error(), "checksums do not match") {
		t.Errorf("fetch: %v, want a checksum error", err)
	}
}

// Ensure one installation runs at a time, and that waiting can be given up.
func TestLockInstallation(t *testing.T) {
	t.Parallel()
	unlock, err := lockInstallation(t.Context())
	if err != nil {
		t.Fatalf("lock: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := lockInstallation(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("lock while locked: %v, want %v", err, context.Canceled)
	}
	unlock()
	again, err := lockInstallation(t.Context())
	if err != nil {
		t.Fatalf("lock after unlock: %v", err)
	}
	again()
}
