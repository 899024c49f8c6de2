package conversation

import (
	"testing"

	"pgregory.net/rapid"
)

// distance is [within] without its short cuts, as the textbooks have it.
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

// Ensure the short cuts of the comparison of words change nothing of what it says.
func TestWithin(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SliceOfN(rapid.SampledFrom([]rune("abcä")), 0, 12)
		a, most := word.Draw(t, "a"), rapid.IntRange(0, 3).Draw(t, "most")
		b := word.Draw(t, "b")
		if rapid.Bool().Draw(t, "near") { // most pairs of words are far apart
			b = append([]rune{}, a...)
			for range rapid.IntRange(0, 3).Draw(t, "slips") {
				at := rapid.IntRange(0, len(b)).Draw(t, "at")
				switch rapid.IntRange(0, 2).Draw(t, "slip") {
				case 0:
					b = append(b[:at:at], append([]rune{'x'}, b[at:]...)...)
				case 1:
					b = append(b[:at:at], b[min(at+1, len(b)):]...)
				default:
					if at+1 < len(b) {
						b[at], b[at+1] = b[at+1], b[at]
					}
				}
			}
		}
		if got, d := within(a, b, most), distance(a, b); got != (d <= most) {
			t.Errorf("%q and %q are within %d: %t, their distance is %d", string(a), string(b), most, got, d)
		}
	})
}
