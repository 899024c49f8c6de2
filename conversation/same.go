package conversation

import (
	"html"
	"regexp"
	"strings"
)

const (
	// mostWords is how many of the words we sent a text must show to be ours, in percent.
	mostWords = 80
	// signature is how many words something may have added at the end.
	signature = 20
	// tooFew words are in many texts: of so short a message all must be there, and no others.
	tooFew = 4
)

// address is what LinkedIn shortens and rewrites.
var address = regexp.MustCompile(`(?i)\b(?:https?://|www\.)\S+|\b[\w-]+(?:\.[\w-]+)+/\S*`)

// IsSame reports whether a text that is shown in a chat is a message as it was sent:
// but for white space. What has no words, such as a file, is like nothing: we send none,
// but there are messages without a text, whose note is empty or was forgotten.
func IsSame(shown, sent string) bool {
	words := strings.Join(strings.Fields(sent), " ")
	return words != "" && words == strings.Join(strings.Fields(shown), " ")
}

// LooksSame reports whether a text that is shown in a chat is, as far as can be told, a
// message that was sent. LinkedIn shortens links, shows entities, changes emoji and white
// space, and some accounts have a signature: links do not count, and most of the words
// must be there. It is asked of a person's own chat, about the time of the message.
func LooksSame(shown, sent string) bool {
	if IsSame(shown, sent) {
		return true
	}
	want, got := spoken(sent), spoken(shown)
	if len(want) < tooFew {
		return len(want) > 0 && strings.Join(want, " ") == strings.Join(got, " ")
	}
	left := make(map[string]int, len(got))
	for _, word := range got {
		left[word]++
	}
	common := 0
	for _, word := range want {
		if left[word] > 0 {
			left[word]--
			common++
		}
	}
	return common*100 >= len(want)*mostWords && len(got) <= len(want)+max(signature, len(want)/4)
}

// spoken are the words of a text without its links, as a reader would say them.
func spoken(text string) []string {
	return words(withoutAccents(fold(address.ReplaceAllString(html.UnescapeString(text), " "))))
}
