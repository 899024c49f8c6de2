package conversation

import (
	"slices"
	"strings"
)

// buts turn a refusal into the start of a conversation.
var buts = []string{"but", "mais", "pero", "ma", "aber", "maar", "men"}

// isOptOut reports whether a message asks for silence: apart from courtesies it
// consists of, or begins with, one of the phrases above. Everywhere else the
// words are part of a sentence: "I can't stop reading your posts".
func isOptOut(text string, withAddress bool) bool {
	const longest = 40 // words; who asks for silence is brief
	fields := strings.Fields(text)
	if len(fields) > longest {
		return false
	}
	fields = slices.DeleteFunc(fields, func(f string) bool { return strings.Contains(f, "@") })
	said := plainWords(strings.Join(fields, " "))
	talking := strings.Contains(text, "?") || slices.ContainsFunc(buts, func(but string) bool { return slices.Contains(said, but) })

	for ; len(said) > 0; said = said[1:] {
		switch {
		case opensWith(said, optOutAlways),
			!withAddress && opensWith(said, optOutDemands),
			!withAddress && !talking && opensWith(said, optOutRefusals):
			return true
		case !slices.Contains(courtesies, said[0]):
			return false
		}
	}
	return false
}

// opensWith reports whether a message opens with a phrase, or is a single word
// and courtesies.
func opensWith(said, phrases []string) bool {
	return slices.ContainsFunc(phrases, func(p string) bool {
		phrase := strings.Fields(p)
		if len(said) < len(phrase) || !slices.Equal(said[:len(phrase)], phrase) {
			return false
		}
		rest := said[len(phrase):]
		return len(phrase) > 1 || !slices.ContainsFunc(rest, func(word string) bool { return !slices.Contains(courtesies, word) })
	})
}
