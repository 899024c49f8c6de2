package store

import (
	"slices"
	"strings"
	"time"
)

// Storable removes what Postgres refuses in text: NUL and broken UTF-8.
func Storable(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD")
}

// IsStorable reports whether Postgres takes texts as they are.
func IsStorable(texts ...string) bool {
	return !slices.ContainsFunc(texts, func(s string) bool { return Storable(s) != s })
}

// Null is NULL for "".
func Null(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Value is the zero value for NULL.
func Value[T any](v *T) T {
	if v == nil {
		var zero T
		return zero
	}
	return *v
}

// NullTime is NULL for the zero time.
func NullTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// ValueOr is the fallback for NULL.
func ValueOr(v *int32, fallback int) int {
	if v == nil {
		return fallback
	}
	return int(*v)
}
