package jobs

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Ensure that a slug is found in every form in which rows name a person.
func TestSlugOf(t *testing.T) {
	t.Parallel()
	tests := []struct {
		values []string
		want   string
	}{
		{[]string{"jonas-weber"}, "jonas-weber"},
		{[]string{"https://www.linkedin.com/in/jonas-weber/"}, "jonas-weber"},
		{[]string{"http://de.linkedin.com/in/jonas-weber?trk=feed#top"}, "jonas-weber"},
		{[]string{"linkedin.com/in/j%C3%B6rg-weber/details/"}, "jörg-weber"},
		{[]string{"https://www.linkedin.com/in/", "jonas-weber"}, "jonas-weber"},
		{[]string{"urn:li:person:abc", "https://www.linkedin.com/in/jonas-weber"}, "jonas-weber"},
		{[]string{"https://www.linkedin.com/company/1441"}, ""},
		{[]string{"Jonas Weber", ""}, ""},
		{nil, ""},
	}
	for _, tc := range tests {
		if got := slugOf(tc.values...); got != tc.want {
			t.Errorf("slugOf(%q) = %q, want %q", tc.values, got, tc.want)
		}
	}
}

// Ensure that a person is known by id and slug, however the case and escapes.
func TestNames(t *testing.T) {
	t.Parallel()
	got := names("ACoAAB1", "https://www.linkedin.com/in/J%C3%B6rg-W")
	if diff := cmp.Diff([]string{"acoaab1", "jörg-w", "j%c3%b6rg-w"}, got); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"acoaab1"}, names("ACoAAB1", "")); diff != "" {
		t.Errorf("names without a profile URL (-want +got):\n%s", diff)
	}
}

// Ensure which ids direct messages can be sent to.
func TestMemberID(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]bool{
		"ACoAABq7xW0BnT5kYd2Rz8uEoLhVfCsMp3iGtQk": true, "ADoAAB_-xW0Bn": true, "ACwAABq7xW0": true, "AEMAABq7xW0": true,
		"1441": false, "urn:li:company:1441": false, "jonas-weber": false, "": false, "ACo": false, "ACoAA Bq7xW0": false,
	} {
		if memberID.MatchString(id) != want {
			t.Errorf("%q is a member id: %t, want %t", id, !want, want)
		}
	}
}

// Ensure that names are taken apart without losing any part.
func TestSplitName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][2]string{
		"Ana Petrova":         {"Ana", "Petrova"},
		" Ana  de la  Cruz ":  {"Ana", "de la  Cruz"},
		"Ana":                 {"Ana", ""},
		"":                    {"", ""},
		"阿部 花子":               {"阿部", "花子"},
		"Ana\u00a0Petrova":    {"Ana", "Petrova"},
		"Dr. Ana Petrova, MD": {"Dr.", "Ana Petrova, MD"},
	} {
		first, last := splitName(name)
		if diff := cmp.Diff(want, [2]string{first, last}); diff != "" {
			t.Errorf("splitName(%q) (-want +got):\n%s", name, diff)
		}
	}
}

// Ensure that Postgres takes whatever came, and that what it takes is not changed.
func TestStorable(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a\x00b": "ab", "a\xffb": "a\ufffdb", "\xed\xa0\x80": "\ufffd", "é🚀\u202e\n": "é🚀\u202e\n", "": "",
	} {
		if got := storable(text); got != want {
			t.Errorf("storable(%q) = %q, want %q", text, got, want)
		}
	}
}
