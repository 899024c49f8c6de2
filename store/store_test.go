package store_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/bravorevos/workers/store"
	"github.com/bravorevos/workers/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// Ensure a database that cannot be opened is named, and its password is not.
func TestOpenTellsNoSecret(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"postgres://u:pass-of-test@127.0.0.1:1/x",
		"postgres://u:pass-of-test@127.0.0.1:port/x",
		"postgres://u:pass-of-test@no-such-host.invalid/x",
	} {
		_, err := store.Open(t.Context(), store.Options{URL: url, MaxConnections: 1})
		if err == nil {
			t.Errorf("%s was opened", url)
			continue
		}
		if strings.Contains(err.Error(), "pass-of-test") || !strings.Contains(err.Error(), "DATABASE_URL") {
			t.Errorf("the error is %q", err)
		}
	}
}

// Ensure every purpose counts against the pot that lists it, or a limit would
// count nothing.
func TestPurposesAndPots(t *testing.T) {
	t.Parallel()
	for _, purpose := range []string{store.PurposeFirstDM, store.PurposeBackupLink, store.PurposePublicReply, store.PurposeInvitation} {
		if pot := store.Pot(purpose); !slices.Contains(store.Purposes(pot), purpose) {
			t.Errorf("%s counts against %s, which lists %v", purpose, pot, store.Purposes(pot))
		}
	}
}
