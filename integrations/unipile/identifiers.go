package unipile

import (
	"net/url"
	"regexp"
	"strings"
)

// IsMember reports whether an id has the shape of a member's.
func IsMember(providerID string) bool { return memberID.MatchString(providerID) }

// memberID is the shape of a LinkedIn member's provider id: ACoAA… or ADo… for
// classic LinkedIn, ACw… and AE… for its other products. Company pages have digits.
var memberID = regexp.MustCompile(`^A[A-Za-z][A-Za-z0-9_-]{6,100}$`)

// Names are what rows from before the workers may call a person, in lower case:
// provider id and slug, which may stand alone or in a profile URL.
func Names(providerID, profileURL string) []string {
	list := []string{strings.ToLower(providerID)}
	if slug := Slug("", profileURL); slug != "" {
		list = append(list, strings.ToLower(slug), strings.ToLower(url.PathEscape(slug)))
	}
	return list
}

// Slug takes the public name out of the first value that is a profile URL or a
// bare slug.
func Slug(values ...string) string {
	for _, value := range values {
		_, rest, isURL := strings.Cut(value, "/in/")
		if !isURL {
			if value != "" && !strings.ContainsAny(value, "/: ") {
				return value
			}
			continue
		}
		slug, _, _ := strings.Cut(rest, "/")
		slug, _, _ = strings.Cut(slug, "?")
		if unescaped, err := url.PathUnescape(slug); err == nil {
			slug = unescaped
		}
		if slug != "" {
			return slug
		}
	}
	return ""
}

// memberIDInURL tells the provider ids that stand in profile URLs from public names. Those
// may begin with a capital, too, but not with two.
var memberIDInURL = regexp.MustCompile(`^A[A-Z][A-Za-z0-9_-]{10,}$`)

// PublicName is the public name in a profile URL; empty where that has the provider id.
func PublicName(profileURL string) string {
	slug := Slug("", profileURL)
	if memberIDInURL.MatchString(slug) {
		return ""
	}
	return slug
}

// MissesBelieved is how often in a row a post must not be found before it is believed to be
// gone: the provider says so of posts that exist, now and then.
const MissesBelieved = 3
