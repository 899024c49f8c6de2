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
		return saysAlways.opening(all) != "" || addresses == 1 && slices.ContainsFunc(sentences(text, ""), forbidsAddress)
	}
	refusal := saysRefusal.opening(all)
	if saysDemand.opening(all) != "" {
		return true
	}
	for _, sentence := range sentences(text, "") {
		said := withoutAddresses(sentence)
		if saysDemand.opening(said) != "" {
			return true
		}
		if p := saysRefusal.opening(said); refusal == "" && p != "" && len(withoutCourtesies(said)) == len(strings.Fields(p)) {
			refusal = p
		}
	}
	for _, clause := range sentences(text, ",،、") {
		// Beside a comma little else says it: "fine, enough", "hold op, det er vildt".
		if p := saysDemand.opening(withoutAddresses(clause)); strings.Contains(p, " ") && !slices.Contains(optOutAlone, p) {
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
