package conversation

import (
	"strings"
	"unicode/utf8"
)

// Vetoed returns the exclude word that kept a comment from triggering.
func (t *Trigger) Vetoed(text string) (exclude string, ok bool) {
	c := t.read(text)
	for _, p := range t.exclude {
		if c.matches(p, TriggerWord, false) {
			// Only now the keywords: to compare them costs more, and few comments are vetoed.
			without := &Trigger{keywords: t.keywords, mode: t.mode, typos: t.typos, accents: t.accents}
			if _, ok := without.Match(text); !ok {
				return "", false
			}
			return p.configured, true
		}
	}
	return "", false
}

// NearMiss returns what a comment that does not trigger says in place of a keyword: an
// inflection of it, a slip, another accent, or the keyword inside a longer word. Of
// several, the first. Its owner may want it for a keyword, too.
func (t *Trigger) NearMiss(text string) (word string, ok bool) {
	if _, vetoed := t.Vetoed(text); vetoed {
		return "", false
	}
	have := words(withoutAccents(fold(upTo(text, maxComment))))
	for _, p := range t.keywords {
		if p.raw || p.unspaced {
			continue
		}
		want := words(withoutAccents(strings.Join(p.words, " ")))
		for start := range have {
			// As many words as the keyword has, or one where they are written together.
			for _, n := range []int{len(want), 1} {
				if start+n > len(have) {
					continue
				}
				if said := have[start : start+n]; isNear(strings.Join(want, ""), strings.Join(said, "")) {
					return strings.Join(said, " "), true
				}
			}
		}
	}
	return "", false
}

// isNear reports whether people may mean one word with the other.
func isNear(want, said string) bool {
	const inflection, shortest = 3, 4
	if want == said {
		return true // but for accents and spaces
	}
	letters := utf8.RuneCountInString(want)
	if letters < shortest || utf8.RuneCountInString(said) < shortest {
		return false
	}
	longer, shorter := said, want
	if len(longer) < len(shorter) {
		longer, shorter = shorter, longer
	}
	if strings.HasPrefix(longer, shorter) && utf8.RuneCountInString(longer)-utf8.RuneCountInString(shorter) <= inflection {
		return true
	}
	return isTypo(want, said) || strings.Contains(said, want)
}

// Clash returns a keyword of each trigger that one comment can hold for both.
func (t *Trigger) Clash(other *Trigger) (ours, theirs string, ok bool) {
	for _, p := range t.keywords {
		if keyword, found := other.Match(p.configured); found {
			return p.configured, keyword, true
		}
	}
	for _, p := range other.keywords {
		if keyword, found := t.Match(p.configured); found {
			return keyword, p.configured, true
		}
	}
	return "", "", false
}
