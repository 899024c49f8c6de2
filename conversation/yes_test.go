package conversation_test

import (
	"testing"

	"github.com/bravorevos/workers/conversation"
)

// Ensure a yes is only what says yes and nothing else.
func TestIsYes(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"yes", "Yes!", "YES", "yep", "yes please", "Yes, thank you", "that's right", "That’s it!", "correct", "yes it is", "yes, that's correct 👍", "👍", "👍🏽", "✅", "✔️",
		"exactly", "sure", "of course", "oh yes", "ok yes", "𝗬𝗲𝘀", "ｙｅｓ", "yes, yes", "sorry, yes",
		"oui", "Oui, c'est ça", "oui merci", "exactement", "sí", "Sí, gracias", "correcto", "así es", "sim", "isso mesmo", "esatto", "ja", "Ja, genau!", "ja bitte", "stimmt", "klopt", "ja graag",
		"tak", "zgadza się", "да", "Да, верно", "evet", "doğru", "はい", "是的", "对", "네", "맞아요", "ja tack", "precis",
	} {
		if !conversation.IsYes(text) {
			t.Errorf("%q is no yes", text)
		}
		if conversation.IsNo(text) {
			t.Errorf("%q is a no, too", text)
		}
	}
	for _, text := range []string{
		"", " ", "no", "nope", "yes?", "yes but the other one", "yes, gmail", "yes john@example.com", "not really", "yesterday", "maybe", "I said yes to somebody",
		"yes but no", "no, yes is wrong", "@", "ok", "thanks", "please", "👎", "🤔", "is it right?", "right side", "si pero no", "ja aber nicht diese", "send it there", "hello", "y u no",
	} {
		if conversation.IsYes(text) {
			t.Errorf("%q is a yes", text)
		}
	}
	for _, text := range []string{"no", "No.", "nope", "wrong", "oh no", "no, sorry", "non", "nein", "Nein, falsch", "não", "nee", "nej", "нет", "いいえ", "不是", "that's wrong", "no es", "hayır"} {
		if !conversation.IsNo(text) {
			t.Errorf("%q is no denial", text)
		}
	}
	for _, text := range []string{"", "no thanks but it is ana@example.com", "no, use the other", "know", "not yet, tomorrow", "no?", "👎👍"} {
		if conversation.IsNo(text) {
			t.Errorf("%q is a denial", text)
		}
	}
}

// Ensure what a conversation does next depends on where it stands.
func TestTurn(t *testing.T) {
	t.Parallel()
	const suggestion = "ana@gmail.com"
	for name, tc := range map[string]struct {
		turn    conversation.Turn
		earlier []string
		text    string
		move    conversation.Move
		reason  string
		address string
	}{
		"an address":                   {conversation.Turn{Most: 2}, nil, "ana@example.com", conversation.MoveCapture, "plain", "ana@example.com"},
		"an address while held":        {conversation.Turn{Most: 2, Held: true}, nil, "ana@example.com", conversation.MoveCapture, "plain", "ana@example.com"},
		"in pieces":                    {conversation.Turn{Most: 2}, []string{"ana.p"}, "@example.com", conversation.MoveCapture, "split", "ana.p@example.com"},
		"a typo":                       {conversation.Turn{Most: 2}, nil, "ana@gmial.com", conversation.MoveAsk, "domain_typo", ""},
		"a typo while held":            {conversation.Turn{Most: 2, Held: true}, nil, "ana@gmial.com", conversation.MoveWait, "domain_typo", ""},
		"a typo again":                 {conversation.Turn{Most: 2, Questions: 1, Suggestion: suggestion}, nil, "ana@gmial.com", conversation.MoveAsk, "domain_typo", ""},
		"a typo for the third time":    {conversation.Turn{Most: 2, Questions: 2, Suggestion: suggestion}, nil, "ana@gmial.com", conversation.MoveWait, "domain_typo", ""},
		"nobody may ask":               {conversation.Turn{}, nil, "ana@gmial.com", conversation.MoveWait, "domain_typo", ""},
		"yes":                          {conversation.Turn{Most: 2, Questions: 1, Suggestion: suggestion}, nil, "Yes, thanks", conversation.MoveCapture, "confirmed", suggestion},
		"yes after the last question":  {conversation.Turn{Most: 2, Questions: 2, Suggestion: suggestion, Held: true}, nil, "👍", conversation.MoveCapture, "confirmed", suggestion},
		"yes to nothing":               {conversation.Turn{Most: 2, Questions: 1}, nil, "yes", conversation.MoveWait, "no_address", ""},
		"no":                           {conversation.Turn{Most: 2, Questions: 1, Suggestion: suggestion}, nil, "no", conversation.MoveAsk, "denied", ""},
		"no after the last question":   {conversation.Turn{Most: 2, Questions: 2, Suggestion: suggestion}, nil, "no", conversation.MoveWait, "denied", ""},
		"another instead of ours":      {conversation.Turn{Most: 2, Questions: 1, Suggestion: suggestion}, nil, "no, ana@gmx.de", conversation.MoveCapture, "plain", "ana@gmx.de"},
		"stop":                         {conversation.Turn{Most: 2, Questions: 1, Suggestion: suggestion}, nil, "stop", conversation.MoveOptOut, "opt_out", ""},
		"stop while held":              {conversation.Turn{Held: true}, nil, "désabonner", conversation.MoveOptOut, "opt_out", ""},
		"no thanks is more than no":    {conversation.Turn{Most: 2, Questions: 1, Suggestion: suggestion}, nil, "no thanks", conversation.MoveOptOut, "opt_out", ""},
		"a question of theirs":         {conversation.Turn{Most: 2}, nil, "who is this?", conversation.MoveWait, "no_address", ""},
		"only a sticker, or a picture": {conversation.Turn{Most: 2, Questions: 1, Suggestion: suggestion}, nil, "", conversation.MoveWait, "empty", ""},
	} {
		reply := tc.turn.Hear(tc.earlier, tc.text)
		if move := tc.turn.Move(reply); move != tc.move || reply.Reason != tc.reason || reply.Address != tc.address {
			t.Errorf("%s: %s because %s, address %q; want %s because %s, %q", name, move, reply.Reason, reply.Address, tc.move, tc.reason, tc.address)
		}
	}
}
