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
	return allowed > 0 && distance([]rune(want), []rune(written)) <= allowed
}

func hasDigit(word string) bool {
	return strings.ContainsFunc(word, unicode.IsNumber)
}

// distance is the Damerau-Levenshtein distance (optimal string alignment): the
// number of runes to insert, delete, replace or swap with their neighbour.
func distance(a, b []rune) int {
	before, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, above, row = above, row, before
	}
	return above[len(b)]
}
