// Package terminal writes to terminals what others wrote: names, comments, answers of
// vendors. A terminal obeys control characters, and a table believes line breaks; both
// are shown instead of sent. Nothing else in the commands decides what is safe to print.
package terminal

import (
	"fmt"
	"io"
	"os"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

// isUnsafe reports what a terminal would obey or a reader would be misled by: the control
// characters of ASCII and of Latin-1, the separators of lines and paragraphs, and the
// characters that turn the direction of writing around.
func isUnsafe(r rune) bool {
	switch {
	case r < ' ', r >= 0x7f && r < 0xa0:
		return true
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x2028, r == 0x2029:
		return true
	}
	return false
}

// Escape shows every unsafe character of a text in the notation of JSON, as in \u001b,
// but for those in keep. Bytes that are no UTF-8 are shown as in \x9b.
func Escape(text, keep string) string {
	if isSafe(text, keep) {
		return text
	}
	var b strings.Builder
	for i, r := range text {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(text[i:]); size == 1 {
				fmt.Fprintf(&b, `\x%02x`, text[i])
				continue
			}
		}
		if isUnsafe(r) && !strings.ContainsRune(keep, r) {
			b.WriteString(notation(r))
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func isSafe(text, keep string) bool {
	return utf8.ValidString(text) &&
		!strings.ContainsFunc(text, func(r rune) bool { return isUnsafe(r) && !strings.ContainsRune(keep, r) })
}

func notation(r rune) string {
	switch r {
	case '\n':
		return `\n`
	case '\t':
		return `\t`
	case '\r':
		return `\r`
	}
	return fmt.Sprintf(`\u%04x`, r)
}

// Writer passes on what a program prints, without what a terminal would obey: everything
// unsafe but line breaks and tabs. JSON stays the same JSON, since encoders write none of
// it but inside of texts.
type Writer struct{ out io.Writer }

// NewWriter returns a writer to out.
func NewWriter(out io.Writer) *Writer { return &Writer{out: out} }

// Write implements [io.Writer].
func (w *Writer) Write(p []byte) (int, error) {
	if _, err := io.WriteString(w.out, Escape(string(p), "\n\t")); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Unwrap is where it writes to, for those who escape what they write by themselves.
func (w *Writer) Unwrap() io.Writer { return w.out }

// File is the file that a writer leads to, or nil.
func File(w io.Writer) *os.File {
	if safe, ok := w.(*Writer); ok {
		w = safe.out
	}
	file, _ := w.(*os.File)
	return file
}

// Block is a text of several lines, of which each was given its place by the caller.
type Block string

// Fprintf is [fmt.Fprintf] for a line or the row of a table: no text among the arguments
// can break it, or begin another one. A [Block] keeps its line breaks.
func Fprintf(w io.Writer, format string, args ...any) {
	safe := make([]any, len(args))
	for i, arg := range args {
		switch v := arg.(type) {
		case Block:
			safe[i] = Escape(string(v), "\n")
		case error:
			safe[i] = text(v.Error())
		case fmt.Stringer:
			safe[i] = text(v.String())
		case []byte:
			safe[i] = text(v)
		default:
			safe[i] = arg
			if r := reflect.ValueOf(arg); r.Kind() == reflect.String {
				safe[i] = text(r.String())
			}
		}
	}
	fmt.Fprintf(w, format, safe...)
}

// text is an argument that must stay in its line.
type text string

// Format implements [fmt.Formatter]: quoting has an escape for all that is unsafe.
func (t text) Format(f fmt.State, verb rune) {
	if verb == 'q' {
		_, _ = io.WriteString(f, strconv.Quote(string(t)))
		return
	}
	fmt.Fprintf(f, fmt.FormatString(f, verb), Escape(string(t), ""))
}
