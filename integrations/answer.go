package integrations

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// MaxRetryAfter is the longest wait that is believed.
const MaxRetryAfter = 24 * time.Hour

// RetryAfter reads a Retry-After header, in seconds or as a date, bounded to
// [0, MaxRetryAfter]. It is 0 when the header is missing or makes no sense.
func RetryAfter(header http.Header, now time.Time) time.Duration {
	value := strings.TrimSpace(header.Get("Retry-After"))
	if seconds, err := strconv.ParseFloat(value, 64); err == nil {
		// Compared before the multiplication, which would overflow. NaN is neither.
		if seconds >= MaxRetryAfter.Seconds() {
			return MaxRetryAfter
		}
		if seconds > 0 {
			return time.Duration(seconds * float64(time.Second))
		}
		return 0
	}
	if at, err := http.ParseTime(value); err == nil {
		// By the clock of who wrote it, where the answer tells: the two stand side by side.
		if date, err := http.ParseTime(header.Get("Date")); err == nil {
			now = date
		}
		return min(max(at.Sub(now), 0), MaxRetryAfter)
	}
	return 0
}

// Printable makes text of others fit to store and to show: valid UTF-8, at most
// limit characters, white space as blanks, no other control characters. (Postgres
// refuses NUL, and terminals obey escapes.)
func Printable(text string, limit int) string {
	// A character has at most 4 bytes; cutting first keeps the work bounded.
	if len(text) > 8*limit {
		text = text[:8*limit]
	}
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(text, "") {
		if unicode.IsSpace(r) {
			r = ' '
		} else if unicode.IsControl(r) {
			continue
		}
		if limit--; limit < 0 {
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}

// detailLimit is how many characters of a vendor's explanation are kept.
const detailLimit = 200

// addressLike is wider than any email address: better to hide too much.
var addressLike = regexp.MustCompile(`[^\s<>()"'\x60,;:]+@[^\s<>()"'\x60,;]+`)

// Explanation makes a vendor's words fit for [Error.Detail]: short, printable,
// without email addresses and without the secrets of the request.
func Explanation(text string, secrets ...string) string {
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "[redacted]")
		}
	}
	return Printable(addressLike.ReplaceAllString(text, "[address]"), detailLimit)
}
