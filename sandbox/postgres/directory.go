package postgres

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const temporaryPrefix = "bravo-postgres-"

// makeTemporary makes a directory that other accounts can pass through.
func makeTemporary() (string, *os.File, error) {
	dir, err := os.MkdirTemp("", temporaryPrefix)
	if err != nil {
		return "", nil, fmt.Errorf("make directory: %w", err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return dir, nil, fmt.Errorf("make directory: %w", err)
	}
	lock, err := lockDirectory(dir)
	return dir, lock, err
}

// claim makes the caller's directory if need be and locks it.
func claim(dir string, a *account) (string, *os.File, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", nil, fmt.Errorf("find directory: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", nil, fmt.Errorf("make directory: %w", err)
	}
	for at := dir; at != filepath.Dir(at); at = filepath.Dir(at) {
		info, err := os.Stat(at)
		if err != nil {
			return "", nil, fmt.Errorf("read directory: %w", err)
		}
		if a.isShutOut(info) {
			return "", nil, fmt.Errorf("directory %s is closed to the account %q that runs the server: choose another", at, a.name)
		}
	}
	lock, err := lockDirectory(dir)
	return dir, lock, err
}

// removeAbandoned removes the temporary clusters of programs that were killed.
// Their locks went with them. A directory too young may not be locked yet.
func removeAbandoned() {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), temporaryPrefix+"*"))
	for _, dir := range dirs {
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() || time.Since(info.ModTime()) < time.Minute {
			continue
		}
		lock, err := lockDirectory(dir)
		if err != nil {
			continue
		}
		_ = os.RemoveAll(dir)
		_ = lock.Close()
	}
}

// lockDirectory locks a directory until the file is closed or the program
// ends in whatever way.
func lockDirectory(dir string) (*os.File, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("lock directory: %w", err)
	}
	if err := tryLock(f); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("directory %s is in use by another program: %w", dir, err)
	}
	return f, nil
}

func tryLock(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}
