package unipile

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Ensure that a slug is found in every form in which rows name a person.
func TestSlug(t *testing.T) {
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
		if got := Slug(tc.values...); got != tc.want {
			t.Errorf("Slug(%q) = %q, want %q", tc.values, got, tc.want)
		}
	}
}

// Ensure that a person is known by id and slug, however the case and escapes.
func TestNames(t *testing.T) {
	t.Parallel()
	got := Names("ACoAAB1", "https://www.linkedin.com/in/J%C3%B6rg-W")
	if diff := cmp.Diff([]string{"acoaab1", "jörg-w", "j%c3%b6rg-w"}, got); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"acoaab1"}, Names("ACoAAB1", "")); diff != "" {
		t.Errorf("names without a profile URL (-want +got):\n%s", diff)
	}
}

// Ensure which ids direct messages can be sent to.
func TestIsMember(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]bool{
		"ACoAABq7xW0BnT5kYd2Rz8uEoLhVfCsMp3iGtQk": true, "ADoAAB_-xW0Bn": true, "ACwAABq7xW0": true, "AEMAABq7xW0": true,
		"1441": false, "urn:li:company:1441": false, "jonas-weber": false, "": false, "ACo": false, "ACoAA Bq7xW0": false,
	} {
		if IsMember(id) != want {
			t.Errorf("%q is a member id: %t, want %t", id, !want, want)
		}
	}
}
