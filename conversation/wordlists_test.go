package conversation

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// Ensure that every word we compare with is in the form that a person's words
// are brought into: an entry with an accent or apostrophe would never match.
func TestWordListsAreFolded(t *testing.T) {
	t.Parallel()
	for _, entry := range slices.Concat(optOutAlways, optOutDemands, optOutRefusals, optOutAlone, leadToAddress, courtesies, slices.Collect(maps.Keys(buts)), refusedVerbs, negators,
		slices.Collect(maps.Keys(cueWords)), slices.Collect(maps.Keys(conjunctions))) {
		if folded := strings.Join(plainWords(entry), " "); folded != entry {
			t.Errorf("%q would be compared with %q", entry, folded)
		}
	}
}

// Ensure that the suggestions for mistyped domains are real ones, and that no
// real mail domain is taken for a slip.
func TestDomainSlips(t *testing.T) {
	t.Parallel()
	for slip, name := range providerSlips {
		if fixed, ok := correctDomain(slip + ".com"); !ok || fixed != name+".com" || !slices.Contains(mailProviders, fixed) {
			t.Errorf("correctDomain(%s.com) = %q, %v", slip, fixed, ok)
		}
	}
	for _, slip := range comSlips {
		if doubt := domainDoubt("example." + slip); doubt != ReasonUnknownSuffix {
			t.Errorf(".%s is a real suffix (doubt %q), not a slip", slip, doubt)
		}
	}
	for _, domain := range mailProviders {
		if fixed, ok := correctDomain(domain); ok || domainDoubt(domain) != "" {
			t.Errorf("%s is taken for a slip of %q", domain, fixed)
		}
	}
}

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"guide", "guide", 0},
		{"guide", "giude", 1}, // swapped
		{"guide", "gude", 1},  // missing
		{"guide", "guidee", 1},
		{"guide", "glide", 1},
		{"été", "ete", 2},
		{"ab", "", 2},
		{"ca", "abc", 3},
	} {
		for _, pair := range [][2]string{{tc.a, tc.b}, {tc.b, tc.a}} {
			if got := distance([]rune(pair[0]), []rune(pair[1])); got != tc.want {
				t.Errorf("distance(%q, %q) = %d, want %d", pair[0], pair[1], got, tc.want)
			}
		}
	}
}
