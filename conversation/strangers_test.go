package conversation_test

import (
	"testing"

	"github.com/bravorevos/workers/conversation"
)

// Ensure that nobody gets an address whose other part was cut off, that of somebody
// quoted, an example, or one that the person says not to use.
func TestNoAddressOfAStranger(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]conversation.Reply{
		// Cut off.
		"john@kelp.co .uk":        {Kind: conversation.ReplyAsk, Suggestion: "john@kelp.co.uk", Reason: conversation.ReasonObfuscated},
		"john@kelp.co\n.uk":       {Kind: conversation.ReplyAsk, Suggestion: "john@kelp.co.uk", Reason: conversation.ReasonObfuscated},
		"john@kelp.co,uk":         {Kind: conversation.ReplyAsk, Suggestion: "john@kelp.co.uk", Reason: conversation.ReasonObfuscated},
		"john@example.com,bob":    {Kind: conversation.ReplyFound, Address: "john@example.com", Reason: conversation.ReasonPlain},
		"john@example.com, my id": {Kind: conversation.ReplyFound, Address: "john@example.com", Reason: conversation.ReasonPlain},
		"john@example.com .Thx":   {Kind: conversation.ReplyFound, Address: "john@example.com", Reason: conversation.ReasonPlain},
		"john,doe@kelp.io":        {Kind: conversation.ReplyAsk, Suggestion: "doe@kelp.io", Reason: conversation.ReasonUnusualLocal},
		"john;doe@kelp.io":        {Kind: conversation.ReplyAsk, Suggestion: "doe@kelp.io", Reason: conversation.ReasonUnusualLocal},
		`john\doe@kelp.io`:        {Kind: conversation.ReplyAsk, Suggestion: "doe@kelp.io", Reason: conversation.ReasonUnusualLocal},
		"Hi,doe@kelp.io":          {Kind: conversation.ReplyFound, Address: "doe@kelp.io", Reason: conversation.ReasonPlain},
		"Yes,doe@kelp.io":         {Kind: conversation.ReplyFound, Address: "doe@kelp.io", Reason: conversation.ReasonPlain},
		"of course, doe@kelp.io":  {Kind: conversation.ReplyFound, Address: "doe@kelp.io", Reason: conversation.ReasonPlain},

		// Quoted.
		"On Monday, Bob <bob@kelp.io> wrote:\n> where to?\n\nann@kelp.io": {Kind: conversation.ReplyFound, Address: "ann@kelp.io", Reason: conversation.ReasonPlain},
		"Am 3.11. schrieb Bob <bob@kelp.io>:\n\n> wohin?\nweiß nicht":     {Kind: conversation.ReplyNone, Reason: conversation.ReasonNoAddress},
		"It's ann@kelp.io:\nthanks":                                       {Kind: conversation.ReplyFound, Address: "ann@kelp.io", Reason: conversation.ReasonPlain},

		// Examples.
		"something like name@company.com":              {Kind: conversation.ReplyAsk, Reason: conversation.ReasonIncomplete},
		"firstname.lastname@kelp.io":                   {Kind: conversation.ReplyAsk, Reason: conversation.ReasonIncomplete},
		"not like you@example.com, mine's ann@kelp.io": {Kind: conversation.ReplyFound, Address: "ann@kelp.io", Reason: conversation.ReasonPlain},

		// Not to be used.
		"Don't use my work mail ann@kelp.io":        {Kind: conversation.ReplyAsk, Reason: conversation.ReasonRejected},
		"please do not send this to ann@kelp.io":    {Kind: conversation.ReplyAsk, Reason: conversation.ReasonRejected},
		"pas ann@kelp.io":                           {Kind: conversation.ReplyAsk, Reason: conversation.ReasonRejected},
		"не ann@kelp.io":                            {Kind: conversation.ReplyAsk, Reason: conversation.ReasonRejected},
		"nie ann@kelp.io, tylko bob@kelp.io":        {Kind: conversation.ReplyFound, Address: "bob@kelp.io", Reason: conversation.ReasonCorrected},
		"pas de souci : ann@kelp.io":                {Kind: conversation.ReplyFound, Address: "ann@kelp.io", Reason: conversation.ReasonPlain},
		"why not send it to ann@kelp.io":            {Kind: conversation.ReplyFound, Address: "ann@kelp.io", Reason: conversation.ReasonPlain},
		"do not hesitate to write to ann@kelp.io":   {Kind: conversation.ReplyFound, Address: "ann@kelp.io", Reason: conversation.ReasonPlain},
		"don't write here but use ann@kelp.io then": {Kind: conversation.ReplyFound, Address: "ann@kelp.io", Reason: conversation.ReasonPlain},
	} {
		if got := conversation.ReadReply(text); got != want {
			t.Errorf("ReadReply(%q) = %+v, want %+v", text, got, want)
		}
	}
}
