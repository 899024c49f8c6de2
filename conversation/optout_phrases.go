package conversation

import (
	"slices"
	"strings"
)

// phraseIndex finds phrases by their first word, in the order of the lists they come from.
type phraseIndex map[string][][]string

var (
	saysAlways  = indexPhrases(optOutAlways)
	saysDemand  = indexPhrases(optOutAlways, optOutDemands)
	saysRefusal = indexPhrases(optOutRefusals)

	// unspacedPhrases are single words of scripts without spaces, and unspacedCourtesies
	// what may be written around them without a gap.
	unspacedPhrases    = unspacedOf(optOutAlways, optOutDemands, optOutRefusals)
	unspacedCourtesies = unspacedOf(courtesies)
)

func indexPhrases(lists ...[]string) phraseIndex {
	index := phraseIndex{}
	for _, p := range slices.Concat(lists...) {
		phrase := strings.Fields(p)
		index[phrase[0]] = append(index[phrase[0]], phrase)
	}
	return index
}

func unspacedOf(lists ...[]string) []string {
	return slices.DeleteFunc(slices.Concat(lists...), func(p string) bool { return !hasUnspacedScript(p) })
}

// opening returns the phrase that a message opens with, behind courtesies. A single
// word, and a phrase that begins other sentences too, must be all but courtesies.
func (index phraseIndex) opening(said []string) string {
	for ; len(said) > 0; said = said[1:] {
		for _, phrase := range index[said[0]] {
			if len(said) < len(phrase) || !slices.Equal(said[:len(phrase)], phrase) {
				continue
			}
			p := strings.Join(phrase, " ")
			alone := len(phrase) == 1 || slices.Contains(optOutAlone, p)
			if !alone || len(withoutCourtesies(said[len(phrase):])) == 0 {
				return p
			}
		}
		if !slices.Contains(courtesies, said[0]) {
			return ""
		}
	}
	return ""
}

// optOutWords are plain words, in which the courtesies of scripts without spaces stand
// apart, "请退订", and what is said over and over is said once: "stop stop stop".
func optOutWords(text string) []string {
	var apart []string
	for _, word := range plainWords(text) {
		if hasUnspacedScript(word) {
			apart = append(apart, withCourtesiesApart(word)...)
		} else {
			apart = append(apart, word)
		}
	}
	return slices.Compact(apart)
}

// withCourtesiesApart takes courtesies off both ends of a word until it is a phrase or
// nothing but one of them.
func withCourtesiesApart(word string) []string {
	var before, behind []string
	for !slices.Contains(unspacedPhrases, word) && !slices.Contains(unspacedCourtesies, word) {
		if c := affix(word, strings.HasPrefix); c != "" {
			before, word = append(before, c), word[len(c):]
		} else if c := affix(word, strings.HasSuffix); c != "" {
			behind, word = append(behind, c), word[:len(word)-len(c)]
		} else {
			break
		}
	}
	slices.Reverse(behind)
	return append(append(before, word), behind...)
}

// affix is the courtesy that a word begins or ends with, or "".
func affix(word string, has func(word, courtesy string) bool) string {
	at := slices.IndexFunc(unspacedCourtesies, func(c string) bool { return has(word, c) })
	if at < 0 {
		return ""
	}
	return unspacedCourtesies[at]
}
