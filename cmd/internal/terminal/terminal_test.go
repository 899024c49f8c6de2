package terminal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/lmittmann/tint"

	"github.com/bravorevos/workers/cmd/internal/terminal"
)

// hostile holds one of each sort that is not to reach a terminal.
const hostile = "a\x1b]0;owned\x07\u009b31m\u202egnp\u2066\u2028\u2029\x7f\r\n\tb\xff"

// Ensure what a terminal obeys is shown, what it does not is left alone, and a text in a
// line neither ends the line nor its cell.
func TestEscape(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		hostile:                   `a\u001b]0;owned\u0007\u009b31m\u202egnp\u2066\u2028\u2029\u007f\r\n\tb\xff`,
		"Zoë 🚀 李 \u200d\u200f ok": "Zoë 🚀 李 \u200d\u200f ok",
		`a\u001b`:                 `a\u001b`,
		"\ufffd":                  "\ufffd",
		"":                        "",
	} {
		if got := terminal.Escape(text, ""); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	if got := terminal.Escape("a\nb\tc\x1b", "\n"); got != "a\nb\\tc\\u001b" {
		t.Errorf("%q: the line break alone was to be kept", got)
	}
}

// Ensure a program's own lines and columns pass a [terminal.Writer], and nothing else; and
// that JSON through it is JSON of the same meaning.
func TestWriter(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := terminal.NewWriter(&out)
	if n, err := fmt.Fprint(w, "one\ttwo\n\x1bthree"); err != nil || n != 14 || out.String() != "one\ttwo\n\\u001bthree" {
		t.Errorf("%d bytes, %v: %q", n, err, out.String())
	}
	out.Reset()
	want := map[string]string{"name": strings.ToValidUTF8(hostile, "?")}
	if err := json.NewEncoder(w).Encode(want); err != nil {
		t.Fatal(err)
	}
	var got map[string]string
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || got["name"] != want["name"] {
		t.Errorf("%v: %q became %q", err, want["name"], got["name"])
	}
	assertSafe(t, out.String())
	if terminal.File(w) != nil || terminal.File(terminal.NewWriter(os.Stderr)) != os.Stderr || terminal.File(os.Stdout) != os.Stdout {
		t.Error("the file behind a writer is not found")
	}
}

type name string

// Ensure no argument breaks a line, of whatever type, and that verbs and widths hold.
func TestFprintf(t *testing.T) {
	t.Parallel()
	bad, _, _ := strings.Cut(hostile, "\u009b") // what fits below
	for _, tc := range []struct {
		format string
		arg    any
		want   string
	}{
		{"%s|", bad, `a\u001b]0;owned\u0007|`},
		{"%q|", bad, `"a\x1b]0;owned\a"|`},
		{"%v|", errors.New(bad), `a\u001b]0;owned\u0007|`},
		{"%s|", name(bad), `a\u001b]0;owned\u0007|`},
		{"%s|", []byte(bad), `a\u001b]0;owned\u0007|`},
		{"%-4s|", "ab", "ab  |"},
		{"%4d|", 7, "   7|"},
		{"%s|", terminal.Block("a\n  b\tc"), "a\n  b\\tc|"},
		{"%v|", []string{"a", "b"}, "[a b]|"},
	} {
		var out bytes.Buffer
		terminal.Fprintf(&out, tc.format, tc.arg)
		if out.String() != tc.want {
			t.Errorf("%s of %q gives %q, want %q", tc.format, tc.arg, out.String(), tc.want)
		}
	}
}

// Ensure log lines in colour hold the colours of the handler and no others.
func TestLogValue(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := slog.New(tint.NewTextHandler(&out, &tint.Options{ReplaceAttr: terminal.LogValue}))
	log.Error(hostile, "text", hostile, "error", fmt.Errorf("read: %w", errors.New(hostile)), hostile, 1, //nolint:sloglint // a key that a stranger chose
		slog.Group("group", "list", []string{hostile}), "bytes", []byte(hostile), "level", slog.LevelInfo)
	line := out.String()
	if !strings.Contains(line, "ERR") || !strings.HasSuffix(line, "\n") || strings.Count(line, "\n") != 1 {
		t.Errorf("%q is no line of the handler", line)
	}
	for strings.Contains(line, "\x1b[") { // of the handler: only a number and an m follow
		before, after, _ := strings.Cut(line, "\x1b[")
		_, after, ok := strings.Cut(after, "m")
		if !ok {
			break
		}
		line = before + after
	}
	assertSafe(t, line)
}

func assertSafe(t *testing.T, text string) {
	t.Helper()
	if !utf8.ValidString(text) || strings.ContainsAny(strings.TrimSuffix(text, "\n"), "\x1b\x07\u009b\u202e\u2066\u2028\u2029\x7f\r\n\t") {
		t.Errorf("%q holds what a terminal obeys", text)
	}
}
