package store_test

import (
	"testing"

	"github.com/bravorevos/workers/store"
)

// Ensure that Postgres takes whatever came, and that what it takes is not changed.
func TestStorable(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a\x00b": "ab", "a\xffb": "a\ufffdb", "\xed\xa0\x80": "\ufffd", "é🚀\u202e\n": "é🚀\u202e\n", "": "",
	} {
		if got := store.Storable(text); got != want {
			t.Errorf("Storable(%q) = %q, want %q", text, got, want)
		}
	}
}
