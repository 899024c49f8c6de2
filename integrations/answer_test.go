package integrations_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/bravorevos/workers/integrations"
)

// Ensure that a wait is believed in both forms and never beyond a day.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	tests := map[string]time.Duration{
		"":                              0,
		"120":                           2 * time.Minute,
		" 1.5 ":                         1500 * time.Millisecond,
		"0":                             0,
		"-5":                            0,
		"NaN":                           0,
		"86401":                         24 * time.Hour,
		"1e300":                         24 * time.Hour,
		"99999999999999999999":          24 * time.Hour,
		"soon":                          0,
		"Mon, 23 Nov 2026 12:10:00 GMT": 10 * time.Minute,
		"Mon, 23 Nov 2026 11:00:00 GMT": 0,
		"Sat, 23 Nov 2126 12:00:00 GMT": 24 * time.Hour,
	}
	for value, want := range tests {
		if got := integrations.RetryAfter(http.Header{"Retry-After": {value}}, now); got != want {
			t.Errorf("RetryAfter(%q) = %v, want %v", value, got, want)
		}
	}
}

// Ensure that text of others can be stored in Postgres and shown on a terminal.
func TestPrintable(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text  string
		limit int
		want  string
	}{
		{"ok", 10, "ok"},
		{"a\x00b\x1b[31mc", 10, "ab[31mc"},
		{"two\r\nlines", 10, "two  lines"},
		{"\xff\xfebroken", 10, "broken"},
		{"éèêëē", 3, "éèê"},
		{"cut off", 0, ""},
	}
	for _, tt := range tests {
		if got := integrations.Printable(tt.text, tt.limit); got != tt.want {
			t.Errorf("Printable(%q, %d) = %q, want %q", tt.text, tt.limit, got, tt.want)
		}
	}
}

func FuzzPrintable(f *testing.F) {
	f.Add("plain", 3)
	f.Add("\xf0\x9f\x9a", 1)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit = min(max(limit, 0), 1000)
		got := integrations.Printable(text, limit)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > limit || strings.ContainsAny(got, "\x00\x1b\n") {
			t.Errorf("Printable(%q, %d) = %q", text, limit, got)
		}
	})
}

// Ensure that a vendor's words lose addresses and secrets before they are kept.
func TestExplanation(t *testing.T) {
	t.Parallel()
	got := integrations.Explanation("Key re_123 may not write to <ana@kelp.example>, see mailto:bo@kelp.example.", "re_123", "")
	want := "Key [redacted] may not write to <[address]>, see mailto:[address]"
	if got != want {
		t.Errorf("Explanation = %q, want %q", got, want)
	}
	if got := integrations.Explanation(strings.Repeat("é", 1000)); utf8.RuneCountInString(got) != 200 {
		t.Errorf("a long explanation keeps %d characters, want 200", utf8.RuneCountInString(got))
	}
}
