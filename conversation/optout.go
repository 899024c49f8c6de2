package conversation

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// How many words, and bytes, a wish for silence may have: who has one is brief, and what is
// longer may quote a newsletter with its way out.
const (
	longestOptOut      = 40
	longestOptOutBytes = 2 << 10
)

// isOptOut reports whether a message asks for silence: apart from courtesies it
// consists of, or one of its sentences begins with, one of the phrases of optout_words.go.
// Everywhere else the words are part of a sentence: "I can't stop reading your posts".
// addresses is how many addresses the message offers.
func isOptOut(text string, addresses int) bool {
	if text = strings.TrimSpace(text); len(text) > longestOptOutBytes || len(strings.Fields(text)) > longestOptOut {
		return false
	}
	all := withoutAddresses(text)
	if addresses > 0 {
		return opensWith(all, optOutAlways) != "" || addresses == 1 && slices.ContainsFunc(sentences(text, ""), forbidsAddress)
	}
	demands := slices.Concat(optOutAlways, optOutDemands)
	refusal := opensWith(all, optOutRefusals)
	if opensWith(all, demands) != "" {
		return true
	}
	for _, sentence := range sentences(text, "") {
		said := withoutAddresses(sentence)
		if opensWith(said, demands) != "" {
			return true
		}
		if p := opensWith(said, optOutRefusals); refusal == "" && p != "" && len(withoutCourtesies(said)) == len(strings.Fields(p)) {
			refusal = p
		}
	}
	for _, clause := range sentences(text, ",،、") {
		// Beside a comma little else says it: "fine, enough", "hold op, det er vildt".
		if p := opensWith(withoutAddresses(clause), demands); strings.Contains(p, " ") && !slices.Contains(optOutAlone, p) {
			return true
		}
	}
	return refusal != "" && !strings.ContainsAny(text, "?؟") && !saysBut(all, refusal)
}

// forbidsAddress reports whether a sentence asks for silence towards the address in it:
// "stop sending to ann@example.com". Otherwise an address beside a demand says where to
// write instead.
func forbidsAddress(sentence string) bool {
	before, _, found := strings.Cut(sentence, "@")
	end := strings.LastIndexFunc(before, unicode.IsSpace)
	if !found || end < 0 || strings.ContainsAny(before[:end], ",:;()–—-") {
		return false
	}
	said := withoutCourtesies(optOutWords(before[:end]))
	return slices.ContainsFunc(optOutDemands, func(p string) bool {
		phrase := strings.Fields(p)
		if len(said) < len(phrase) || !slices.Equal(said[:len(phrase)], phrase) {
			return false
		}
		if len(phrase) == 1 && !slices.Contains([]string{"stop", "remove", "delete"}, p) {
			return false
		}
		return !slices.ContainsFunc(said[len(phrase):], func(word string) bool { return !slices.Contains(leadToAddress, word) })
	})
}

// sentences cuts a text at the ends of sentences, at line breaks, and at further signs.
func sentences(text, further string) []string {
	var found []string
	start := 0
	for i, r := range text {
		next, _ := utf8.DecodeRuneInString(text[i+utf8.RuneLen(r):])
		last := i+utf8.RuneLen(r) == len(text)
		switch {
		case r == '\n', strings.ContainsRune("。！？؟", r), strings.ContainsRune(further, r):
		case strings.ContainsRune(".!?;", r) && (last || unicode.IsSpace(next)):
		default:
			continue
		}
		found = append(found, text[start:i])
		start = i + utf8.RuneLen(r)
	}
	return append(found, text[start:])
}

// withoutAddresses are the words of a text beside what holds an "@".
func withoutAddresses(text string) []string {
	fields := slices.DeleteFunc(strings.Fields(text), func(f string) bool { return strings.Contains(f, "@") })
	return optOutWords(strings.Join(fields, " "))
}

// optOutWords are plain words, in which the courtesies of scripts without spaces stand
// apart: "请退订".
func optOutWords(text string) []string {
	var apart []string
	for _, word := range plainWords(text) {
		if !hasUnspacedScript(word) {
			apart = append(apart, word)
			continue
		}
		var behind []string
		for again := true; again; {
			again = false
			for _, c := range courtesies {
				if word == c || !hasUnspacedScript(c) || isPhrase(word) {
					continue
				}
				if rest, found := strings.CutPrefix(word, c); found {
					apart, word, again = append(apart, c), rest, true
				} else if rest, found := strings.CutSuffix(word, c); found {
					behind, word, again = append(behind, c), rest, true
				}
			}
		}
		apart = append(append(apart, word), behind...)
	}
	return apart
}

func isPhrase(word string) bool {
	return slices.Contains(optOutAlways, word) || slices.Contains(optOutDemands, word) || slices.Contains(optOutRefusals, word)
}

// opensWith returns the phrase that a message opens with, behind courtesies. A single
// word, and a phrase that begins other sentences too, must be all but courtesies.
func opensWith(said, phrases []string) string {
	for ; len(said) > 0; said = said[1:] {
		at := slices.IndexFunc(phrases, func(p string) bool {
			phrase := strings.Fields(p)
			if len(said) < len(phrase) || !slices.Equal(said[:len(phrase)], phrase) {
				return false
			}
			alone := len(phrase) == 1 || slices.Contains(optOutAlone, p)
			return !alone || len(withoutCourtesies(said[len(phrase):])) == 0
		})
		if at >= 0 {
			return phrases[at]
		}
		if !slices.Contains(courtesies, said[0]) {
			return ""
		}
	}
	return ""
}

// withoutCourtesies takes them off both ends.
func withoutCourtesies(said []string) []string {
	for len(said) > 0 && slices.Contains(courtesies, said[0]) {
		said = said[1:]
	}
	for len(said) > 0 && slices.Contains(courtesies, said[len(said)-1]) {
		said = said[:len(said)-1]
	}
	return said
}

// saysBut reports whether a refusal is the start of a conversation.
func saysBut(said []string, refusal string) bool {
	return slices.ContainsFunc(said, func(word string) bool {
		languages, known := buts[word]
		return known && (len(languages) == 0 || slices.ContainsFunc(languages, func(begins string) bool {
			return strings.HasPrefix(refusal, begins)
		}))
	})
}
