package conversation

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/runes"
	"golang.org/x/text/unicode/norm"
)

// clean brings text into one spelling without changing what a reader sees: the
// bold and full-width letters that people paste into LinkedIn become plain ones
// (NFKC), and characters without a shape of their own, which hide inside copied
// words, are dropped before they can keep an accent from its letter.
func clean(text string) string {
	text = strings.ToValidUTF8(text, string(unicode.ReplacementChar))
	return norm.NFKC.String(runes.Remove(runes.Predicate(isInvisible)).String(text))
}

func isInvisible(r rune) bool {
	return unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r)
}

// fold is [clean] without the difference between upper and lower case. Folding
// can pull an accent off its letter, hence the second normalisation.
func fold(text string) string {
	return norm.NFKC.String(cases.Fold().String(clean(text)))
}

// withoutAccents removes accents from folded text: those of Latin, Greek and Cyrillic,
// and the marks that Arabic and Hebrew are written with or without. In other scripts the
// same sort of mark is a vowel or tells "ガ" from "カ".
func withoutAccents(folded string) string {
	plain := strings.Map(func(r rune) rune {
		if r >= 0x0300 && r <= 0x036F || r >= 0x064B && r <= 0x0655 || r >= 0x0591 && r <= 0x05C7 {
			return -1
		}
		switch r { // Letters that Unicode does not take apart.
		case 'ı':
			return 'i'
		case 'ł':
			return 'l'
		case 'ø':
			return 'o'
		case 'đ':
			return 'd'
		}
		return r
	}, norm.NFD.String(folded))
	return norm.NFC.String(plain)
}

// words splits folded text on everything that is not a letter, mark or number.
func words(folded string) []string {
	return strings.FieldsFunc(folded, func(r rune) bool { return !isWordRune(r) })
}

func isWordRune(r rune) bool {
	return unicode.In(r, unicode.L, unicode.M, unicode.N)
}

// rawTokens splits folded text on white space and commas and trims what people
// put around a word. It keeps the symbols that make "c++" and "c#" more than "c".
func rawTokens(folded string) []string {
	tokens := strings.FieldsFunc(folded, func(r rune) bool { return unicode.IsSpace(r) || r == ',' })
	kept := tokens[:0]
	for _, token := range tokens {
		token = strings.TrimLeftFunc(token, isDecoration)
		token = strings.TrimRightFunc(token, func(r rune) bool { return r != '#' && isDecoration(r) })
		if token != "" {
			kept = append(kept, token)
		}
	}
	return kept
}

// isDecoration reports punctuation and emoji.
func isDecoration(r rune) bool {
	return unicode.In(r, unicode.P, unicode.So, unicode.Sk)
}

// hasUnspacedScript reports letters of a script that puts no spaces between words.
func hasUnspacedScript(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana,
			unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
	})
}
