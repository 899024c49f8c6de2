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
		// Quoted.
		"On Monday, Bob <bob@kelp.io> wrote:\n> where to?\n\nann@kelp.io": {Kind: conversation.ReplyFound, Address: "ann@kelp.io", Reason: conversation.ReasonPlain},
		"Am 3.11. schrieb Bob <bob@kelp.io>:\n\n> wohin?\nweiß nicht":     {Kind: conversation.ReplyNone, Reason: conversation.ReasonNoAddress},
		"It's ann@kelp.io:\nthanks":                                       {Kind: conversation.ReplyFound, Address: "ann@kelp.io", Reason: conversation.ReasonPlain},

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
