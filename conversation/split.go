package conversation

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// ReasonSplit is found where each piece of an address is a whole message ("john.doe",
// then "@gmail.com"), and ask where it may belong to something else.
const ReasonSplit = "split"

// maxPieces is how many messages in a row one address may come in.
const maxPieces = 3

// ReadAnswers reads the newest message of a person, after their earlier ones since our
// question, oldest first. An address that stands in it alone is read as [ReadReply]
// reads it; otherwise it may be the rest of one that the messages before began.
func ReadAnswers(earlier []string, text string) Reply {
	reply := ReadReply(text)
	if reply.Kind == ReplyFound || reply.Kind == ReplyOptOut || len(text) > maxReplyBytes {
		return reply
	}
	pieces := []string{text}
	for _, before := range slices.Backward(earlier[max(0, len(earlier)-maxPieces+1):]) {
		if len(before) > maxReplyBytes {
			break
		}
		pieces = append([]string{before}, pieces...)
		if joined, ok := join(pieces); ok {
			return joined
		}
	}
	return reply
}

// join reads pieces as one address. The seam is where the last token of a message meets
// the first of the next.
func join(pieces []string) (Reply, bool) {
	var address strings.Builder
	alone := true // each piece is a message of its own
	for i, piece := range pieces {
		fields := strings.Fields(clean(piece))
		switch {
		case len(fields) == 0:
			return Reply{}, false
		case i == 0:
			address.WriteString(fields[len(fields)-1])
		case i < len(pieces)-1 && len(fields) > 1:
			return Reply{}, false
		case !meets(address.String(), fields[0]):
			return Reply{}, false
		default:
			address.WriteString(fields[0])
		}
		alone = alone && len(fields) == 1
	}
	joined := address.String()
	if ReadReply(pieces[0]).Kind == ReplyFound {
		return Reply{}, false // whole already: "john@gmail.com." is not continued
	}
	reply := ReadReply(joined)
	if reply.Kind != ReplyFound || reply.Reason != ReasonPlain || reply.Address != strings.TrimRight(joined, ".,;:!?") {
		return Reply{}, false
	}
	local, _, _ := strings.Cut(joined, "@")
	if alone && !isCommonWord(local) {
		reply.Reason = ReasonSplit
		return reply, true
	}
	return Reply{Kind: ReplyAsk, Suggestion: reply.Address, Reason: ReasonSplit}, true
}

// meets reports whether two tokens can be cut out of one address: at the "@", or at a
// dot of the domain.
func meets(left, right string) bool {
	at := strings.Contains(left, "@")
	if strings.Count(left, "@")+strings.Count(right, "@") > 1 {
		return false
	}
	switch end, _ := utf8.DecodeLastRuneInString(left); {
	case strings.HasPrefix(right, "@"):
		return isWordRune(end)
	case strings.HasSuffix(left, "@"):
		return true
	case at: // "john@gmail" + ".com"
		return strings.HasPrefix(right, ".") || strings.HasSuffix(left, ".")
	default:
		return false
	}
}

// isCommonWord reports words that people write for themselves, so that "hello" before
// "@gmail.com" is taken for no part of it.
func isCommonWord(word string) bool {
	said := plainWords(word)
	if len(said) != 1 || said[0] != strings.ToLower(word) {
		return false
	}
	return slices.Contains(courtesies, said[0]) || slices.Contains(yeses, said[0]) || slices.Contains(noes, said[0]) ||
		slices.Contains(optOutDemands, said[0]) || slices.Contains([]string{"here", "email", "mail", "at", "my", "me", "gmail", "great", "cool", "nice"}, said[0])
}
