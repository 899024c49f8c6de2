package conversation

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// greetingName is how to address somebody: the given name, or the first of the
// full name, or the fallback.
func (to Recipient) greetingName(fallback string) string {
	given := withoutInitials(nameWords(to.FirstName))
	if len(given) == 0 {
		given = withoutInitials(nameWords(to.FullName))
		given = given[:min(1, len(given))]
	}
	switch {
	case len(given) == 0:
		return fallback
	case len(given) > 2: // More than "Mary Ann" is not only a name.
		given = given[:1]
	}
	for i, name := range given {
		if !strings.ContainsFunc(name, unicode.IsUpper) {
			given[i] = spell(name)
		}
	}
	return strings.Join(given, " ")
}

// withoutInitials leaves single letters out where there is more: "J. Robert".
func withoutInitials(words []string) []string {
	if slices.ContainsFunc(words, func(word string) bool { return !isInitial(word) }) {
		words = slices.DeleteFunc(words, isInitial)
	}
	return words
}

// lastName is the family name, or what follows the first of the full name.
func (to Recipient) lastName() string {
	family := nameWords(to.LastName)
	if full := nameWords(to.FullName); len(family) == 0 && len(full) > 1 {
		family = full[1:]
	}
	return strings.Join(family, " ")
}

// nameTitles stand before names.
var nameTitles = []string{
	"dr", "prof", "professor", "mr", "mrs", "ms", "mx", "sir", "herr", "frau", "mme", "dipl.-ing",
}

// aside matches "(She/Her)" and other remarks in brackets.
var aside = regexp.MustCompile(`[(\[{][^)\]}]*[)\]}]?`)

// nameWords returns the words of a profile's name field that are a name: without
// titles, pronouns, degrees, emoji, slogans and shouting.
func nameWords(field string) []string {
	field = aside.ReplaceAllString(clean(field), " ")
	if i := strings.IndexAny(field, ",|/•·–—@:"); i >= 0 {
		field = field[:i]
	}
	var name []string
	for word := range strings.FieldsSeq(field) {
		word = strings.Map(func(r rune) rune {
			if unicode.In(r, unicode.L, unicode.M) || strings.ContainsRune("-.'’", r) {
				return r
			}
			return -1
		}, word)
		word = strings.Trim(word, "-'’")
		if !strings.ContainsFunc(word, unicode.IsLetter) {
			continue
		}
		if len(name) == 0 && slices.Contains(nameTitles, strings.ToLower(strings.Trim(word, "."))) {
			continue
		}
		name = append(name, calm(word))
	}
	return name
}

// isInitial reports a single letter, with or without a dot, of a script that has
// capitals. In others a letter may be a name.
func isInitial(word string) bool {
	letter, size := utf8.DecodeRuneInString(word)
	return (unicode.IsUpper(letter) || unicode.IsLower(letter)) && strings.Trim(word[size:], ".") == ""
}

// calm lowers a word in capitals. Two letters stay: "JP" are initials.
func calm(word string) string {
	if utf8.RuneCountInString(word) > 2 && !strings.Contains(word, ".") && !strings.ContainsFunc(word, unicode.IsLower) {
		return spell(word)
	}
	return word
}

// spell writes a name with capitals where names have them.
func spell(word string) string {
	parts := strings.Split(cases.Lower(language.Und).String(word), "-")
	for i, part := range parts {
		parts[i] = capital(part)
		if o, brien, ok := strings.Cut(parts[i], "'"); ok && utf8.RuneCountInString(o) == 1 {
			parts[i] = o + "'" + capital(brien)
		}
	}
	return strings.Join(parts, "-")
}

func capital(word string) string {
	first, size := utf8.DecodeRuneInString(word)
	return string(unicode.ToTitle(first)) + word[size:]
}
