package conversation

import (
	"slices"
	"strings"
)

// The words by which people confirm or deny, in the form of [plainWords]: en, fr, es,
// pt, it, de, nl, sv, da, pl, ru, uk, tr, ja, zh, ko.
var (
	yeses = []string{
		"yes", "yeah", "yep", "yup", "yess", "ya", "aye", "y", "correct", "right", "exactly", "indeed", "absolutely", "sure", "of course", "perfect",
		"thats it", "thats right", "thats the one", "thats correct", "that is right", "that is correct", "that one", "this one", "it is", "you got it", "confirmed",
		"oui", "ouais", "exact", "exactement", "cest ca", "cest bien ca", "cest correct", "tout a fait", "bien sur",
		"si", "correcto", "exacto", "eso es", "asi es", "claro", "ese es", "efectivamente",
		"sim", "isso", "isso mesmo", "correto", "certo", "exato",
		"esatto", "corretto", "giusto", "certo", "e corretto",
		"ja", "jawohl", "genau", "stimmt", "richtig", "korrekt", "klar", "passt", "das stimmt", "das ist richtig", "jo", "jep",
		"jazeker", "klopt", "dat klopt", "juist", "inderdaad",
		"japp", "precis", "stammer", "det stammer", "rigtigt",
		"tak", "zgadza sie", "dokladnie", "да", "верно", "правильно", "именно", "так", "evet", "dogru", "aynen",
		"はい", "そうです", "合っています", "是", "是的", "对", "對", "没错", "네", "맞아요", "맞습니다",
	}
	noes = []string{
		"no", "nope", "nah", "wrong", "incorrect", "not quite", "not that one", "thats wrong", "thats not it", "that is wrong", "not correct", "not right",
		"non", "pas du tout", "cest faux", "incorrecto", "no es", "nao", "errado", "sbagliato", "nein", "falsch", "stimmt nicht", "das stimmt nicht",
		"nee", "klopt niet", "nej", "fel", "forkert", "nie", "нет", "неверно", "ні", "hayir", "yanlis", "いいえ", "違います", "不", "不是", "不对", "不對", "아니요", "아니오",
	}
	// yesSigns say yes alone, or behind words that do.
	yesSigns = []string{"👍", "👌", "✅", "✔", "☑", "💯", "🙌", "👏"}
)

// longestYes is how many words a yes may have: more is a message of its own.
const longestYes = 12

// IsYes reports whether a message confirms what was asked, and says nothing else.
func IsYes(text string) bool {
	if !saysOnly(text, yeses) {
		return false
	}
	return len(plainWords(text)) > 0 || slices.ContainsFunc(yesSigns, func(sign string) bool { return strings.Contains(text, sign) })
}

// IsNo reports whether a message denies what was asked, and says nothing else.
func IsNo(text string) bool { return len(plainWords(text)) > 0 && saysOnly(text, noes) }

// saysOnly reports whether a message consists of phrases of a list, at least one where
// it has words at all, and of courtesies.
func saysOnly(text string, phrases []string) bool {
	if len(text) > 200 || strings.ContainsAny(text, "@?") {
		return false
	}
	said := plainWords(text)
	if len(said) > longestYes {
		return false
	}
	found := len(said) == 0
	for len(said) > 0 {
		longest := 0
		for _, p := range phrases {
			phrase := strings.Fields(p)
			if len(phrase) > longest && len(said) >= len(phrase) && slices.Equal(said[:len(phrase)], phrase) {
				longest = len(phrase)
			}
		}
		switch {
		case longest > 0:
			found = true
			said = said[longest:]
		case found && slices.Contains(courtesies, said[0]) && said[0] != "no", said[0] == "oh", said[0] == "ah", said[0] == "ok", said[0] == "sorry":
			said = said[1:]
		default:
			return false
		}
	}
	return found
}
