package conversation

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ReasonSplit is found where each piece of an address is a whole message ("john.doe",
// then "@gmail.com") and nobody would write the first for itself, and ask where it may
// belong to something else.
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
	for i, before := range slices.Backward(earlier) {
		if len(before) > maxReplyBytes || len(pieces) == maxPieces {
			break
		}
		pieces = append([]string{before}, pieces...)
		if joined, ok := join(pieces); ok {
			if joined.Kind == ReplyFound && i > 0 && goesOn(earlier[i-1]) {
				joined = Reply{Kind: ReplyAsk, Suggestion: joined.Address, Reason: ReasonSplit}
			}
			return joined
		}
	}
	return reply
}

// goesOn reports whether a message breaks off in an address: "john.", before "doe.b" and
// "@gmail.com".
func goesOn(message string) bool {
	fields := strings.Fields(clean(message))
	switch {
	case len(fields) != 1:
		return false
	case strings.HasSuffix(fields[0], "."): // or a word with its full stop
		return !isCommonWord(strings.TrimSuffix(fields[0], "."))
	default:
		return strings.ContainsAny(fields[0][len(fields[0])-1:], "_-+")
	}
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
	if local, _, _ := strings.Cut(joined, "@"); alone && (strings.Contains(strings.Fields(clean(pieces[0]))[0], "@") || looksLikeLocal(local)) {
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

// looksLikeLocal reports what is no word, name or number for itself, so that "hello",
// "guide" or "Anna" before "@gmail.com" is not taken for a part of it.
func looksLikeLocal(local string) bool {
	rest := strings.TrimLeftFunc(local, func(r rune) bool { return !unicode.IsLetter(r) })
	given, family, apostrophe := strings.Cut(rest, "'")
	switch {
	case rest == "": // a number
		return false
	case apostrophe: // "o'brien", but not "don't" and "c'est"
		return strings.EqualFold(given, "o") && len(family) > 2
	}
	return strings.ContainsFunc(local, func(r rune) bool { return !unicode.IsLetter(r) })
}

// isCommonWord reports words that people write for themselves.
func isCommonWord(word string) bool {
	said := plainWords(word)
	return len(said) == 1 && (slices.Contains(courtesies, said[0]) || slices.Contains(yeses, said[0]) ||
		slices.Contains(noes, said[0]) || slices.Contains(optOutDemands, said[0]))
}
