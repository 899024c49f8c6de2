package conversation

import (
	"iter"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/publicsuffix"
)

// candidate is a token of an answer that tries to be an email address.
type candidate struct {
	// address is the whole address, or what the person may have meant by it, or
	// empty where the token names none.
	address string
	// reason says why the address is doubtful. Empty means that it is certain.
	reason string
	// cue is above zero where the words before it say to use it, below where
	// they say not to.
	cue int
}

// findCandidates reads the tokens of normalised text, each once. It stops when
// there are more candidates than anybody chooses from.
func findCandidates(text string) []candidate {
	var found []candidate
	cue, clauseStart := 0, 0
	for start, end := range tokens(text) {
		read := readToken(text, start, end)
		if len(read) == 0 {
			continue
		}
		cue = cueBetween(text[clauseStart:start], cue)
		clauseStart = end
		for _, c := range read {
			c.cue = cue
			found = append(found, c)
		}
		if len(found) > maxCandidates {
			break
		}
	}
	return found
}

// tokens yields the bounds of the longest stretches without a separator.
func tokens(text string) iter.Seq2[int, int] {
	return func(yield func(start, end int) bool) {
		start := 0
		for i, r := range text {
			if !isSeparator(r) {
				continue
			}
			if i > start && !yield(start, i) {
				return
			}
			start = i + utf8.RuneLen(r)
		}
		if start < len(text) {
			yield(start, len(text))
		}
	}
}

// isSeparator reports the characters that can touch an address without being
// part of it: white space, brackets, double quotes, arrows, emoji. All others,
// above all letters and look-alikes of "-" and "'" that the grammar of addresses
// refuses, hold a token together: "jean–luc@…" must not shrink to "luc@…".
func isSeparator(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return r <= ' ' || r == 0x7F || strings.ContainsRune(`()<>[]:;,"\`, r)
	case strings.ContainsRune("’‘‛\uFFFD", r):
		return false
	case r >= 0x2190 && r <= 0x21FF || r >= 0x1F3FB && r <= 0x1F3FF: // arrows, skin tones
		return true
	}
	return unicode.IsSpace(r) || strings.ContainsRune("、。", r) ||
		unicode.In(r, unicode.Cc, unicode.Ps, unicode.Pe, unicode.Pi, unicode.Pf, unicode.So)
}

// labelled matches "email=" and the like in front of an address.
var labelled = regexp.MustCompile(`^(?i:e-?mail|mail|courriel|correo)=`)

// readToken returns the addresses that the token text[start:end] tries to give:
// none for words and handles, several for "a@example.com/b@example.com".
func readToken(text string, start, end int) []candidate {
	token, before, after := text[start:end], text[:start], text[end:]
	if mailto := "mailto:"; len(before) >= len(mailto) && strings.EqualFold(before[len(before)-len(mailto):], mailto) {
		token, _, _ = strings.Cut(token, "?")
		token = percentDecoded(token)
	} else if strings.Contains(token, "%40") && !strings.Contains(token, "@") {
		token = percentDecoded(token)
	}
	if !strings.Contains(token, "@") {
		return nil
	}
	token = unwrap(labelled.ReplaceAllString(token, ""))
	if strings.Count(token, "@") > 1 {
		return readList(token)
	}

	local, domain, _ := strings.Cut(token, "@")
	switch {
	case local == "":
		return readHandle(domain, before)
	case strings.HasSuffix(local, "/"), isFileOrVersion(domain):
		return nil // A profile link, a file, a package.
	case continuesPath(after) || strings.Contains(domain, "/"):
		if local == "git" {
			return nil
		}
		return []candidate{{reason: ReasonMalformed}} // "user@host:path" is no address.
	case domain == "" && strings.HasPrefix(after, "["):
		return []candidate{{reason: ReasonIPLiteral}}
	}
	if isPlaceholder(local, domain) {
		return []candidate{{reason: ReasonIncomplete}}
	}
	c := checkAddress(local, domain)
	if whole, ok := goesOnBehind(domain, after); ok && c.reason == "" {
		return []candidate{{address: local + "@" + whole, reason: ReasonObfuscated}}
	}
	if c.reason == "" && isGlued(before) {
		c.reason = ReasonUnusualLocal
	}
	return []candidate{c}
}

var (
	// anywhere belongs to no person, whatever the domain.
	anywhere = []string{"yourname", "your.name", "youremail", "your.email", "your_email", "firstname.lastname", "vorname.nachname", "prenom.nom", "nombre.apellido", "nome.cognome"}
	// whoever is an example at the domains of examples.
	whoever        = []string{"you", "name", "firstname", "first.last", "email", "user", "username", "someone", "somebody"}
	exampleDomains = []string{"company.com", "domain.com", "yourcompany.com", "yourdomain.com", "email.com", "example.com", "example.org", "example.net"}
)

// isPlaceholder reports an address that stands for one, in our question or theirs:
// "like name@company.com?".
func isPlaceholder(local, domain string) bool {
	local, domain = strings.ToLower(local), strings.ToLower(domain)
	return slices.Contains(anywhere, local) || slices.Contains(whoever, local) && slices.Contains(exampleDomains, domain)
}

// behindDomain matches the rest of a domain that is cut off: "kelp.co .uk", "kelp.co,uk".
var behindDomain = regexp.MustCompile(`^(?:\s+\.|,)([a-z]{2,6})(?:[\s.,;:!?)]|$)`)

// goesOnBehind returns a domain together with the label that stands behind it. A comma is
// a slip for the dot only where the two make one suffix, such as "co.uk".
func goesOnBehind(domain, after string) (whole string, ok bool) {
	rest := behindDomain.FindStringSubmatch(after)
	if rest == nil {
		return "", false
	}
	whole = strings.ToLower(domain) + "." + rest[1]
	suffix, icann := publicsuffix.PublicSuffix(whole)
	return whole, icann && domainDoubt(whole) == "" && (after[0] != ',' || strings.Contains(suffix, "."))
}

// isGlued reports a word right before a comma, semicolon or backslash that touches the
// address, which may be its beginning: "john,doe@example.com". Words that people write
// for themselves are none.
func isGlued(before string) bool {
	if before == "" || !strings.ContainsRune(",;\\", rune(before[len(before)-1])) {
		return false
	}
	before = before[:len(before)-1]
	word := before[strings.LastIndexFunc(before, unicode.IsSpace)+1:]
	return word != "" && !strings.Contains(word, "@") && !isCommonWord(word) && strings.TrimFunc(word, isWordRune) == ""
}

// readList reads a token with several "@". A slash or bar can stand between two
// addresses; otherwise it is a handle ("@ann@mastodon.example") or a mistake.
func readList(token string) []candidate {
	if strings.HasPrefix(token, "@") {
		return nil
	}
	malformed := []candidate{{reason: ReasonMalformed}}
	var list []candidate
	for part := range strings.FieldsFuncSeq(token, func(r rune) bool { return r == '/' || r == '|' }) {
		local, domain, found := strings.Cut(part, "@")
		if !found || strings.Contains(domain, "@") {
			return malformed
		}
		c := checkAddress(local, domain)
		if c.address == "" {
			return malformed
		}
		list = append(list, c)
	}
	return list
}

// readHandle reads "@domain". It is a handle, unless what stands before the "@"
// got lost: in front of a mail provider, or behind a quote or comment, which the
// grammar of addresses allows and nobody uses.
func readHandle(domain, before string) []candidate {
	provider := slices.Contains(mailProviders, strings.ToLower(domain))
	quoted := before != "" && strings.ContainsRune(`")]}\`, rune(before[len(before)-1])) && domainDoubt(domain) == ""
	if provider || quoted {
		return []candidate{{reason: ReasonIncomplete}}
	}
	return nil
}

// unwrap strips quotes, marks of emphasis and bullets from the left and
// punctuation from the right. A "_" can begin an address, so it goes only where
// one stands at the end too.
func unwrap(token string) string {
	trimmed := strings.TrimRightFunc(token, func(r rune) bool { return r != '@' && !isWordRune(r) })
	if strings.HasSuffix(token, "_") {
		trimmed = strings.TrimLeft(trimmed, "_")
	}
	return unwrapLeft(trimmed)
}

func unwrapLeft(token string) string {
	return strings.TrimLeftFunc(token, func(r rune) bool {
		return strings.ContainsRune("'’‘‛`{*~", r) || r >= utf8.RuneSelf && unicode.In(r, unicode.Po, unicode.Pd)
	})
}

// percentDecoded decodes "%40" and the like; what cannot be decoded stays.
func percentDecoded(token string) string {
	decoded, err := url.PathUnescape(token)
	if err != nil {
		return token
	}
	return clean(decoded)
}

// continuesPath reports a colon with more directly behind it, as in "git@host:path".
// A smiley is no path.
func continuesPath(after string) bool {
	rest, found := strings.CutPrefix(after, ":")
	next, _ := utf8.DecodeRuneInString(rest)
	return found && (unicode.IsLetter(next) || unicode.IsDigit(next) || next == '/' || next == '~')
}

// fileOrVersion matches what stands behind the "@" in "logo@2x.png" and "react@18.2".
var fileOrVersion = regexp.MustCompile(`^(?i:.*\.(?:png|jpe?g|gif|webp|svg|heic|pdf|docx?|xlsx?|pptx?)|v?\d+(?:\.\d+){0,2})$`)

func isFileOrVersion(domain string) bool {
	return fileOrVersion.MatchString(domain)
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
