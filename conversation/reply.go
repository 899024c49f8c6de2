package conversation

import (
	"strings"
	"unicode"
)

// ReplyKind is what an answer to our question amounts to.
type ReplyKind string

const (
	// ReplyFound means that the answer gives one address, in [Reply.Address].
	ReplyFound ReplyKind = "found"
	// ReplyAsk means that the answer tries to give an address, which is doubtful
	// or cannot be used: ask, with [Reply.Suggestion] where there is one.
	ReplyAsk ReplyKind = "ask"
	// ReplyNone means that the answer gives no address. Wait, or ask again.
	ReplyNone ReplyKind = "none"
	// ReplyOptOut means that the person wants no more messages. It is final.
	ReplyOptOut ReplyKind = "opt_out"
)

// The closed vocabulary of [Reply.Reason].
const (
	ReasonPlain     = "plain"     // found: one address, written out plainly
	ReasonCorrected = "corrected" // found: the one of several that the person's own words prefer

	ReasonObfuscated    = "obfuscated"      // ask: spelled with words, brackets or stray spaces
	ReasonDomainTypo    = "domain_typo"     // ask: a well-known domain with a slip
	ReasonTwoAddresses  = "two_addresses"   // ask: several, and no word says which
	ReasonRejected      = "rejected"        // ask: only addresses the person says not to use
	ReasonIncomplete    = "incomplete"      // ask: no domain, or one without a suffix
	ReasonUnknownSuffix = "unknown_suffix"  // ask: ends in no public suffix, often in the next word
	ReasonIPLiteral     = "ip_literal"      // ask: a number for a domain
	ReasonNonASCIILocal = "non_ascii_local" // ask: letters before the @ that most mail servers refuse
	ReasonUnusualLocal  = "unusual_local"   // ask: legal before the @, but more likely glued to it
	ReasonMalformed     = "malformed"       // ask: against the rules of addresses

	ReasonNoAddress = "no_address" // none: words, links, handles, file names
	ReasonEmpty     = "empty"      // none: no text at all, such as a sticker
	ReasonOptOut    = "opt_out"    // opt_out
)

// Reply is what one answer says.
type Reply struct {
	Kind ReplyKind
	// Address is set for [ReplyFound] only: the address as typed, letter case
	// included, after the normalisation that makes "＠" an "@".
	Address string
	// Suggestion may be set for [ReplyAsk]: the address the person may have
	// meant. It must be confirmed, never used.
	Suggestion string
	// Reason is one of the Reason constants.
	Reason string
}

const (
	// maxReplyBytes is twice what the longest LinkedIn message can hold
	// (8,000 characters of up to four bytes).
	maxReplyBytes = 64 << 10
	// maxCandidates is far above what a person offers; a text with more is a
	// list, from which no address is chosen.
	maxCandidates = 32
)

// ReadReply reads the answer to our question for an email address. The caller
// passes only what the other person wrote, without our own words.
//
// It never returns a piece of a longer token and never corrects silently: what
// is not certain is a [ReplyAsk]. An answer with an address is no opt-out, unless
// it begins with a word that has no other meaning, such as "unsubscribe", or says to
// leave that address alone.
//
// Text beyond 64 KiB is not read. The work grows linearly with the text.
func ReadReply(text string) Reply {
	if !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsSpace(r) && !isInvisible(r) }) {
		return Reply{Kind: ReplyNone, Reason: ReasonEmpty}
	}
	text = normalise(bounded(text))

	candidates := findCandidates(text)
	var offered []candidate // those that name an address
	cutShort := true        // all of them leave the domain's end open
	for _, c := range candidates {
		if c.address != "" {
			offered = append(offered, c)
			cutShort = cutShort && c.reason == ReasonIncomplete
		}
	}

	if isOptOut(text, len(offered)) {
		return Reply{Kind: ReplyOptOut, Reason: ReasonOptOut}
	}
	if len(candidates) > maxCandidates {
		return Reply{Kind: ReplyAsk, Reason: ReasonTwoAddresses}
	}
	if cutShort {
		if address, ok := spelledOut(text); ok && (len(offered) != 1 || offered[0].address != address) {
			return Reply{Kind: ReplyAsk, Suggestion: address, Reason: ReasonObfuscated}
		}
	}
	switch {
	case len(offered) > 0:
		return choose(offered)
	case len(candidates) > 0:
		return Reply{Kind: ReplyAsk, Reason: candidates[0].reason}
	}
	return Reply{Kind: ReplyNone, Reason: ReasonNoAddress}
}

// bounded cuts a text that no person typed, at white space, so that the cut
// leaves no piece of an address.
func bounded(text string) string {
	if len(text) <= maxReplyBytes {
		return text
	}
	return text[:max(0, strings.LastIndexAny(text[:maxReplyBytes], " \t\r\n"))]
}

// choose picks the address to use among those that an answer offers, each
// certain or doubtful, by the words the person put before them.
func choose(offered []candidate) Reply {
	// An address said twice is one address, certain if it is once.
	var distinct []candidate
	for _, c := range offered {
		known := false
		for i := range distinct {
			if d := &distinct[i]; strings.EqualFold(d.address, c.address) {
				known = true
				if d.reason != "" && c.reason == "" {
					d.address, d.reason = c.address, ""
				}
				d.cue += c.cue
			}
		}
		if !known {
			distinct = append(distinct, c)
		}
	}

	var preferred, neutral []candidate
	for _, c := range distinct {
		switch {
		case c.cue > 0:
			preferred = append(preferred, c)
		case c.cue == 0:
			neutral = append(neutral, c)
		}
	}
	chosen := preferred
	if len(chosen) == 0 {
		chosen = neutral
	}
	ask := Reply{Kind: ReplyAsk, Reason: ReasonTwoAddresses}
	switch {
	case len(chosen) == 0:
		ask.Reason = ReasonRejected
		return ask
	case len(chosen) > 1:
		return ask
	case chosen[0].reason != "":
		ask.Reason, ask.Suggestion = chosen[0].reason, chosen[0].address
		return ask
	case len(distinct) > 1:
		return Reply{Kind: ReplyFound, Address: chosen[0].address, Reason: ReasonCorrected}
	}
	return Reply{Kind: ReplyFound, Address: chosen[0].address, Reason: ReasonPlain}
}
