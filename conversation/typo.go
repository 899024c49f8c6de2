package conversation

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// isTypo reports whether written is the word want with no more slips than its
// length allows: below four letters one slip makes another word ("tip", "top").
func isTypo(want, written string) bool {
	allowed := 0
	switch letters := utf8.RuneCountInString(want); {
	case hasDigit(want):
		return false // "2025" is no slip for "2026".
	case letters >= 8:
		allowed = 2
	case letters >= 4:
		allowed = 1
	}
	// The lengths alone refuse most words, and bound the work for the others.
	if d := utf8.RuneCountInString(want) - utf8.RuneCountInString(written); d > allowed || -d > allowed {
		return false
	}
	return allowed > 0 && within([]rune(want), []rune(written), allowed)
}

func hasDigit(word string) bool {
	return strings.ContainsFunc(word, unicode.IsNumber)
}

// within reports whether the Damerau-Levenshtein distance (optimal string alignment: the
// number of runes to insert, delete, replace or swap with their neighbour) is no more
// than most. It looks at the cells that so few slips can reach, and ends where none is
// left: two long words cost their length, not its square.
func within(a, b []rune, most int) bool {
	if d := len(a) - len(b); d > most || -d > most {
		return false
	}
	tooMany := most + 1
	const usual = 24 // letters: longer words are rare, and cost an allocation
	var space [3 * (usual + 2)]int
	cells, width := space[:], len(b)+2
	if len(b) > usual {
		cells = make([]int, 3*width)
	}
	before, above, row := cells[:width], cells[width:2*width], cells[2*width:3*width]
	for j := range above {
		above[j] = min(j, tooMany)
	}
	bestAbove := 0
	for i := 1; i <= len(a); i++ {
		first, last := max(1, i-most), min(len(b), i+most)
		row[first-1] = tooMany
		if first == 1 {
			row[0] = min(i, tooMany)
		}
		best := row[first-1]
		for j := first; j <= last; j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost, tooMany)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			best = min(best, row[j])
		}
		row[last+1] = tooMany
		if best > most && bestAbove >= most { // a swap reaches over one row
			return false
		}
		before, above, row, bestAbove = above, row, before, best
	}
	return above[len(b)] <= most
}
