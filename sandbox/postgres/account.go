package postgres

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// account is whom the server runs as when root starts it. Nil means the
// caller's own account.
type account struct {
	name     string
	uid, gid uint32
}

// unprivilegedAccount chooses an account for root, because PostgreSQL refuses
// to run as root.
func unprivilegedAccount() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("read account %s: %w", name, err)
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("read account %s: %w", name, err)
		}
		return &account{name, uint32(uid), uint32(gid)}, nil
	}
	return nil, errors.New("postgres refuses to run as root, and neither account postgres nor nobody exists")
}

// attributes puts the child into its own process group, so that Ctrl-C in a
// terminal reaches this program alone and the database outlives its shutdown.
func (a *account) attributes() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if a != nil {
		attr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
	endWithParent(attr)
	return attr
}

func (a *account) own(path string) error {
	if a == nil {
		return nil
	}
	return os.Chown(path, int(a.uid), int(a.gid))
}

// isShutOut reports whether the account cannot pass through a directory.
// Membership in further groups is not looked at.
func (a *account) isShutOut(dir os.FileInfo) bool {
	stat, ok := dir.Sys().(*syscall.Stat_t)
	if a == nil || !ok {
		return false
	}
	switch {
	case stat.Uid == a.uid:
		return dir.Mode()&0o100 == 0
	case stat.Gid == a.gid:
		return dir.Mode()&0o010 == 0
	default:
		return dir.Mode()&0o001 == 0
	}
}
