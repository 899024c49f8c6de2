package conversation

import (
	"html"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// normalise prepares an answer for the search for addresses: characters in one
// spelling, and without what only looks like the person's own address.
func normalise(text string) string {
	text = decodeEntities(text)
	// An ellipsis separates; as the three dots that NFKC makes of it, it would
	// join the words around it.
	text = clean(strings.ReplaceAll(text, "…", " "))
	text = strings.ReplaceAll(text, "｡", "。")
	text = dotFullStops(text)
	return dropURLs(dropQuoted(text))
}

// decodeEntities decodes HTML entities such as "&#64;". Only those with their
// semicolon: "ann&copy@example.com" is what it says.
func decodeEntities(text string) string {
	const longest = len("&CounterClockwiseContourIntegral;")
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "&")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		end := strings.IndexByte(rest[:min(len(rest), longest)], ';')
		name := rest[:max(end, 0)]
		if end <= 0 || strings.ContainsFunc(name, func(r rune) bool { return r != '#' && !isASCIIAlphanumeric(r) }) {
			out.WriteByte('&')
			text = rest
			continue
		}
		out.WriteString(html.UnescapeString("&" + name + ";"))
		text = rest[end+1:]
	}
}

// dotFullStops turns the ideographic full stop into a dot where a domain goes
// on behind it. Elsewhere it ends a sentence.
func dotFullStops(text string) string {
	parts := strings.Split(text, "。")
	var out strings.Builder
	for i, part := range parts {
		if i > 0 {
			next, _ := utf8.DecodeRuneInString(part)
			if isASCIIAlphanumeric(next) {
				out.WriteByte('.')
			} else {
				out.WriteString("。")
			}
		}
		out.WriteString(part)
	}
	return out.String()
}

// dropQuoted drops the lines that quote an earlier message in the manner of
// email, and the line above that says whose it is ("On Monday, Ann <ann@example.com>
// wrote:"): the addresses in them are not the answer.
func dropQuoted(text string) string {
	if !strings.Contains(text, ">") {
		return text
	}
	isQuote := func(line string) bool { return strings.HasPrefix(strings.TrimSpace(line), ">") }
	lines := slices.Collect(strings.Lines(text))
	var out strings.Builder
	quoteFollows := false // behind this line, but for empty ones
	for i, line := range slices.Backward(lines) {
		switch trimmed := strings.TrimSpace(line); {
		case isQuote(line):
			lines[i], quoteFollows = "", true
		case trimmed == "":
		default:
			if quoteFollows && strings.HasSuffix(trimmed, ":") && strings.Contains(trimmed, "@") {
				lines[i] = ""
			}
			quoteFollows = false
		}
	}
	for _, line := range lines {
		out.WriteString(line)
	}
	return out.String()
}

// dropURLs replaces links by a space. What follows an "@" in them is a host, a
// handle or somebody's parameter.
func dropURLs(text string) string {
	var out strings.Builder
	for text != "" {
		chunk := text
		if end := strings.IndexFunc(text, endsURL); end >= 0 {
			_, size := utf8.DecodeRuneInString(text[end:])
			chunk = text[:end+size]
		}
		text = text[len(chunk):]

		start := urlStart(chunk)
		if start < 0 {
			out.WriteString(chunk)
			continue
		}
		out.WriteString(chunk[:start])
		out.WriteByte(' ')
		if text != "" {
			last, _ := utf8.DecodeLastRuneInString(chunk)
			out.WriteRune(last)
		}
	}
	return out.String()
}

// endsURL reports what cannot be part of a link. Round brackets can.
func endsURL(r rune) bool {
	return unicode.IsSpace(r) || strings.ContainsRune(`<>"[]{}`, r)
}

// urlStart returns where a link begins in a chunk without white space, or -1.
func urlStart(chunk string) int {
	before, _, found := strings.Cut(chunk, "://")
	if !found {
		return -1
	}
	scheme := strings.TrimRightFunc(before, func(r rune) bool {
		return isASCIIAlphanumeric(r) || strings.ContainsRune("+-.", r)
	})
	return len(scheme)
}

func isASCIIAlphanumeric(r rune) bool {
	return r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r))
}
