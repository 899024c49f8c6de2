package postgres

import (
	"os"
	"strings"
	"testing"
	"time"
)

// Ensure a temporary directory that a killed program left is removed by the
// next start, and that those in use or just made are not.
func TestRemoveAbandoned(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		age    time.Duration
		locked bool
		kept   bool
	}{
		{"in use", time.Hour, true, true},
		{"just made", 0, false, true},
		{"abandoned", time.Hour, false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir, lock, err := makeTemporary()
			if err != nil {
				t.Fatalf("make directory: %v", err)
			}
			defer func() { _ = os.RemoveAll(dir); _ = lock.Close() }()
			if !tc.locked {
				_ = lock.Close()
			}
			made := time.Now().Add(-tc.age)
			if err := os.Chtimes(dir, made, made); err != nil {
				t.Fatalf("age directory: %v", err)
			}
			removeAbandoned()
			if _, err := os.Stat(dir); (err == nil) != tc.kept {
				t.Errorf("stat: %v, want kept %v", err, tc.kept)
			}
		})
	}
}

// Ensure a directory that the server's account cannot reach is refused with
// its name, before initdb fails obscurely.
func TestClaimClosedDirectory(t *testing.T) {
	t.Parallel()
	closed := t.TempDir()
	if err := os.Chmod(closed, 0o700); err != nil {
		t.Fatalf("close directory: %v", err)
	}
	stranger := &account{name: "stranger", uid: 12345, gid: 12345}
	_, _, err := claim(closed+"/cluster", stranger)
	if err == nil || !strings.Contains(err.Error(), closed+" is closed to the account") {
		t.Errorf("claim: %v, want the closed parent named", err)
	}
	_, lock, err := claim(closed+"/cluster", nil)
	if err != nil {
		t.Fatalf("claim for the own account: %v", err)
	}
	_ = lock.Close()
}
