package conversation

import (
	"slices"
	"strings"
)

// cueWords say to use the address behind them (+1), not to (-1), or undo the
// word before them (0).
var cueWords = map[string]int{
	"use": 1, "using": 1, "instead": 1, "better": 1, "new": 1, "but": 1, "rather": 1,
	"prefer": 1, "actually": 1, "correct": 1, "sorry": 1,
	"not": -1, "dont": -1, "never": -1, "old": -1, "wrong": -1, "longer": -1, "former": -1, "previous": -1,
	"hesitate": 0,

	"sondern": 1, "besser": 1, "neue": 1, "neuen": 1, "nicht": -1, "alte": -1, "alten": -1,
	"plutot": 1, "mieux": 1, "nouvelle": 1, "ancienne": -1, "ancien": -1,
	"mejor": 1, "nuevo": 1, "nueva": 1, "viejo": -1, "antiguo": -1,
	"melhor": 1, "novo": 1, "nova": 1, "antigo": -1, "meglio": 1, "nuovo": 1, "nuova": 1, "vecchio": -1, "vecchia": -1,
}

// conjunctions join an address to the one before, whose cue it shares.
var conjunctions = map[string]bool{
	"and": true, "or": true, "und": true, "oder": true, "et": true, "ou": true, "y": true, "o": true, "e": true,
}

// refusedVerbs are what "do not", "dont" and "never" forbid to do with an address, however
// far behind them it stands.
var refusedVerbs = []string{"use", "send", "write", "email", "mail", "message", "contact", "share", "forward"}

// negators say not to use the address directly behind them; farther from it they belong
// to something else ("pas de souci : …").
var negators = []string{"pas", "nie", "не", "kein", "keine", "niet", "inte", "ikke", "nao", "except", "excepto", "sauf", "ausser"}

// cueBetween reads the words between two addresses, or before the first, for
// what they say about the second. The cue of the first goes on where nothing but
// a comma or an "or" stands between: "use a@example.com or b@example.com" prefers
// neither.
func cueBetween(between string, previous int) int {
	clause := between[strings.LastIndexAny(between, ".,;!?()\n")+1:]
	said := plainWords(clause)
	if len(said) == 0 && strings.Trim(between, " ,;/|\n\r\t") == "" || len(said) == 1 && conjunctions[said[0]] {
		return previous
	}

	const near = 3 // Farther back, a "not" belongs to something else.
	cue := 0
	for i, word := range said {
		forbids := word == "dont" || word == "never" || word == "not" && i > 0 && said[i-1] == "do"
		if forbids && i+1 < len(said) && slices.Contains(refusedVerbs, said[i+1]) {
			cue = -1
		}
	}
	if len(said) > 0 && slices.Contains(negators, said[len(said)-1]) {
		return -1
	}
	for i := max(0, len(said)-near); i < len(said); i++ {
		value, known := cueWords[said[i]]
		switch {
		case !known:
			continue
		case said[i] == "instead" && i+1 < len(said) && said[i+1] == "of":
			value = -1
		case said[i] == "use" && i > 0 && cueWords[said[i-1]] < 0:
			value = -1
		}
		cue = value // The last word wins: "not the old one but …".
	}
	return cue
}

// plainWords are the words of a text without case, accents and apostrophes, the
// form in which this package's word lists are written.
func plainWords(text string) []string {
	folded := withoutAccents(fold(text))
	return words(strings.NewReplacer("'", "", "’", "").Replace(folded))
}
