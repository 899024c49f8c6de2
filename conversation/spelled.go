package conversation

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// pieceKind is what a piece of a written-out address stands for.
type pieceKind int

const (
	pieceWord     pieceKind = iota
	pieceAt                 // "[at]", "arobase", a lone "@": means nothing else
	pieceWeakAt             // "at": an everyday word
	pieceJoin               // "dot", "underscore", a lone ".": joins its neighbours
	pieceFullStop           // a "." at a word's end: a dot, or the end of a sentence
	pieceBreak              // nothing reaches across
)

type piece struct {
	kind pieceKind
	text string
}

// spokenWords are the words for the signs of an address.
var spokenWords = map[string]piece{
	"at": {pieceWeakAt, "@"}, "@": {pieceAt, "@"}, "arobase": {pieceAt, "@"}, "arobas": {pieceAt, "@"},
	"arroba": {pieceAt, "@"}, "ät": {pieceAt, "@"}, "klammeraffe": {pieceAt, "@"},
	"chiocciola": {pieceAt, "@"}, "apenstaartje": {pieceAt, "@"}, "snabel-a": {pieceAt, "@"},

	".": {pieceJoin, "."}, "dot": {pieceJoin, "."}, "point": {pieceJoin, "."}, "punto": {pieceJoin, "."},
	"punkt": {pieceJoin, "."}, "ponto": {pieceJoin, "."}, "punt": {pieceJoin, "."},
	"underscore": {pieceJoin, "_"}, "dash": {pieceJoin, "-"}, "hyphen": {pieceJoin, "-"}, "plus": {pieceJoin, "+"},
}

var (
	bracketedAt  = regexp.MustCompile(`(?i)[\[({<] ?(?:@|at|arobase|arroba|ät|chiocciola|apenstaartje) ?[\])}>]`)
	bracketedDot = regexp.MustCompile(`(?i)[\[({<] ?(?:\.|dot|point|punto|punkt|ponto|punt) ?[\])}>]`)
)

// spelledOut returns the address that somebody spelled with words, brackets or
// spaces, against machines that read addresses. It is a guess, to be confirmed.
func spelledOut(text string) (address string, ok bool) {
	text = bracketedAt.ReplaceAllString(text, " @ ")
	text = bracketedDot.ReplaceAllString(text, " . ")
	pieces := cutPieces(text)
	tried := 0
	for i, p := range pieces {
		if p.kind != pieceAt && p.kind != pieceWeakAt {
			continue
		}
		if address, ok := joinAround(pieces, i); ok {
			return address, true
		}
		if tried++; tried > maxCandidates {
			break
		}
	}
	return "", false
}

// cutPieces cuts text into words and what joins or parts them.
func cutPieces(text string) []piece {
	var pieces []piece
	last := 0
	for start, end := range tokens(text) {
		gap := text[last:start]
		last = end
		if strings.TrimSpace(gap) != "" {
			// "ann@gmail,com" has a comma for the dot.
			if n := len(pieces); gap == "," && n > 1 && pieces[n-2].kind == pieceAt {
				pieces = append(pieces, piece{pieceJoin, "."})
			} else {
				pieces = append(pieces, piece{kind: pieceBreak})
			}
		}
		pieces = appendPieces(pieces, text[start:end])
	}
	return pieces
}

// appendPieces appends the pieces of one token. A token that was judged as an
// address already is not taken apart.
func appendPieces(pieces []piece, token string) []piece {
	if p, ok := spokenWords[strings.ToLower(token)]; ok {
		return append(pieces, p)
	}
	if local, domain, found := strings.Cut(token, "@"); found {
		judged := local != "" && strings.Contains(strings.Trim(domain, "."), ".")
		if judged || strings.Contains(domain, "@") || strings.HasSuffix(local, "/") {
			return append(pieces, piece{kind: pieceBreak})
		}
		at := piece{pieceWeakAt, "@"} // "thanks @tomas" more often than "ann @example.com"
		if local != "" || domain == "" {
			at.kind = pieceAt
			pieces = append(pieces, piece{pieceWord, unwrapLeft(local)})
		}
		pieces = append(pieces, at)
		if domain == "" {
			return pieces
		}
		token = domain
	}
	if rest, found := strings.CutPrefix(token, "."); found {
		pieces = append(pieces, piece{pieceJoin, "."})
		token = rest
	}
	word := unwrap(token)
	if word == "" {
		return append(pieces, piece{kind: pieceBreak})
	}
	pieces = append(pieces, piece{pieceWord, word})
	switch {
	case strings.HasSuffix(token, word+"."):
		pieces = append(pieces, piece{pieceFullStop, "."})
	case !strings.HasSuffix(token, word):
		pieces = append(pieces, piece{kind: pieceBreak})
	}
	return pieces
}

// commonBefore are the words that stand before "at" in ordinary sentences.
var commonBefore = []string{"am", "are", "find", "i", "is", "it", "look", "me", "us", "we", "work", "working", "you"}

// joinAround builds the address around the "at" at pieces[i].
func joinAround(pieces []piece, i int) (address string, ok bool) {
	first, local := i, ""
	for first > 0 && pieces[first-1].kind == pieceWord && utf8.RuneCountInString(local) <= maxLocalBytes {
		first--
		local = pieces[first].text + local
		if first == 0 || pieces[first-1].kind != pieceJoin {
			break
		}
		first--
		local = pieces[first].text + local
	}

	// The longest domain that is one. A full stop ends it, unless it has no
	// suffix yet.
	var domain, longest string
	spoken := false
	end := i + 1
	for next := i + 1; next < len(pieces) && pieces[next].kind == pieceWord && len(domain) <= maxAddressBytes; next += 2 {
		domain += pieces[next].text
		if c := checkAddress(local, domain); c.address != "" {
			longest, end = c.address, next+1
		}
		if next+1 == len(pieces) || !slices.Contains([]pieceKind{pieceJoin, pieceFullStop}, pieces[next+1].kind) ||
			pieces[next+1].kind == pieceFullStop && longest != "" {
			break
		}
		spoken = spoken || pieces[next+1].kind == pieceJoin
		domain += pieces[next+1].text
	}

	if longest == "" {
		return "", false
	}
	if pieces[i].kind == pieceWeakAt {
		whole := first == 0 && !slices.ContainsFunc(pieces[end:], func(p piece) bool { return p.kind == pieceWord })
		provider := slices.Contains(mailProviders, strings.ToLower(longest[strings.LastIndexByte(longest, '@')+1:]))
		if slices.Contains(commonBefore, strings.ToLower(local)) || !whole && !spoken && !provider {
			return "", false
		}
	}
	return longest, true
}
