package conversation

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// RFC 5321, section 4.5.3.1 (https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1)
// and its erratum 1690: the longest local part and the longest address, in bytes;
// RFC 1035, section 2.3.4 (https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4):
// the longest label of a domain.
const (
	maxLocalBytes   = 64
	maxAddressBytes = 254
	maxLabelBytes   = 63
)

// checkAddress judges a whole token, cut at its only "@".
func checkAddress(local, domain string) candidate {
	switch {
	case local == "" || domain == "":
		return candidate{reason: ReasonIncomplete}
	case len(local) > maxLocalBytes || len(local)+1+len(domain) > maxAddressBytes,
		strings.HasPrefix(local, "."), strings.HasSuffix(local, "."), strings.Contains(local, ".."):
		return candidate{reason: ReasonMalformed}
	}

	local, localDoubt := checkLocal(local)
	if localDoubt != "" && local == "" {
		return candidate{reason: localDoubt}
	}
	if fixed, ok := correctDomain(domain); ok {
		reason := ReasonDomainTypo
		if !strings.Contains(domain, ".") {
			reason = ReasonIncomplete
		}
		return candidate{address: local + "@" + fixed, reason: reason}
	}
	if doubt := domainDoubt(domain); doubt != "" {
		return candidate{reason: doubt}
	}
	return candidate{address: local + "@" + domain, reason: localDoubt}
}

// checkLocal returns the local part with the doubt about it, or nothing but the
// doubt where there is nothing to suggest.
func checkLocal(local string) (suggested, doubt string) {
	// Telephones put typographic marks in the place of "'" and "-".
	ascii := strings.Map(func(r rune) rune {
		switch r {
		case '’', '‘', '‛':
			return '\''
		case '‐', '‑', '‒', '–', '−':
			return '-'
		}
		return r
	}, local)
	if ascii != local {
		doubt = ReasonNonASCIILocal
	}

	var plain, latin, other bool
	for i, r := range ascii {
		switch {
		case isASCIIAlphanumeric(r), r == '_':
			plain = true
		case r < utf8.RuneSelf && (i == 0 || !strings.ContainsRune(".+-'&", r)):
			return "", ReasonUnusualLocal
		case r < utf8.RuneSelf:
		case unicode.In(r, unicode.Latin):
			latin = true
		case isWordRune(r):
			other = true
		default:
			return "", ReasonMalformed
		}
	}
	switch {
	case hasPrefixFold(ascii, "www."), strings.HasSuffix(ascii, "'"):
		return "", ReasonUnusualLocal
	case other && (plain || latin): // Probably a sentence glued to the address.
		return "", ReasonNonASCIILocal
	case other || latin:
		return ascii, ReasonNonASCIILocal
	}
	return ascii, doubt
}

// domainDoubt returns why a domain cannot receive mail, as far as its name
// tells, or "".
func domainDoubt(domain string) string {
	if _, err := netip.ParseAddr(domain); err == nil {
		return ReasonIPLiteral
	}
	labels := strings.Split(domain, ".")
	if slices.Contains(labels, "") || strings.ContainsFunc(domain, func(r rune) bool {
		return !isWordRune(r) && r != '-' && r != '.'
	}) {
		return ReasonMalformed
	}
	ascii, err := idna.Lookup.ToASCII(domain)
	longest := slices.MaxFunc(strings.Split(ascii, "."), func(a, b string) int { return cmp.Compare(len(a), len(b)) })
	if err != nil || len(longest) > maxLabelBytes {
		return ReasonMalformed
	}
	ascii = strings.ToLower(ascii)

	suffix, icann := publicsuffix.PublicSuffix(ascii)
	switch {
	case len(labels) == 1:
		return ReasonIncomplete
	case !icann && !strings.Contains(suffix, "."), beginsSentence(labels):
		return ReasonUnknownSuffix
	case suffix == ascii:
		return ReasonIncomplete
	}
	return ""
}

// beginsSentence reports a last label that is the next sentence's first word
// rather than a country: "ann@example.com.My", "ann@example.com.So".
func beginsSentence(labels []string) bool {
	if len(labels) < 3 {
		return false
	}
	last, before := labels[len(labels)-1], labels[len(labels)-2]
	initial, _ := utf8.DecodeRuneInString(last)
	_, isSuffix := publicsuffix.PublicSuffix(before)
	return unicode.IsUpper(initial) && before == strings.ToLower(before) && isSuffix
}

// mailProviders are the domains of the large mail services.
var mailProviders = []string{
	"aol.com", "gmail.com", "gmx.de", "gmx.net", "googlemail.com", "hotmail.com",
	"icloud.com", "live.com", "mac.com", "me.com", "msn.com", "outlook.com",
	"proton.me", "protonmail.com", "web.de", "yahoo.com", "ymail.com",
}

// providerSlips are frequent ways to mistype a mail service's name.
var providerSlips = map[string]string{
	"gamil": "gmail", "gmai": "gmail", "gmaill": "gmail", "gmal": "gmail", "gmali": "gmail",
	"gmial": "gmail", "gmil": "gmail", "gnail": "gmail",
	"homail": "hotmail", "hotmai": "hotmail", "hotmal": "hotmail", "hotmial": "hotmail", "hotmil": "hotmail",
	"oulook": "outlook", "outlok": "outlook", "outloo": "outlook", "outlokk": "outlook",
	"yaho": "yahoo", "yahho": "yahoo", "yahooo": "yahoo", "yhoo": "yahoo",
	"iclod": "icloud", "icoud": "icloud", "iclould": "icloud",
}

// comSlips are frequent ways to mistype ".com"; none is a suffix.
var comSlips = []string{"cim", "cmo", "comm", "con", "ocm", "vom", "xom"}

// correctDomain returns the domain that a person with a slip may have meant.
// "company.cm" and "company.co" can be real; with a mail service's name they are not.
func correctDomain(domain string) (fixed string, ok bool) {
	lower := strings.ToLower(domain)
	name, suffix, _ := strings.Cut(lower, ".")
	if right, slip := providerSlips[name]; slip {
		name = right
	}
	if slices.Contains(mailProviders, name+".com") && slices.Contains([]string{"", "c", "cm", "co", "om"}, suffix) {
		suffix = "com"
	}
	fixed = strings.TrimSuffix(name+"."+suffix, ".")
	if i := strings.LastIndexByte(fixed, '.'); i >= 0 && slices.Contains(comSlips, fixed[i+1:]) {
		fixed = fixed[:i] + ".com"
	}
	return fixed, fixed != lower && domainDoubt(fixed) == ""
}
