package conversation_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bravorevos/workers/conversation"
)

// Ensure an address in pieces is put together where the pieces are all that was said,
// asked about where they may be something else, and never made up.
func TestReadAnswers(t *testing.T) {
	t.Parallel()
	found := func(address, reason string) conversation.Reply {
		return conversation.Reply{Kind: conversation.ReplyFound, Address: address, Reason: reason}
	}
	ask := func(suggestion string) conversation.Reply {
		return conversation.Reply{Kind: conversation.ReplyAsk, Suggestion: suggestion, Reason: conversation.ReasonSplit}
	}
	for _, tc := range []struct {
		said []string
		want conversation.Reply
	}{
		{[]string{"john.doe", "@gmail.com"}, found("john.doe@gmail.com", "split")},
		{[]string{"john.doe@", "gmail.com"}, found("john.doe@gmail.com", "split")},
		{[]string{"john@gmail", ".com"}, found("john@gmail.com", "split")},
		{[]string{"john@gmail.", "com"}, found("john@gmail.com", "split")},
		{[]string{"john.doe", "@", "gmail.com"}, found("john.doe@gmail.com", "split")},
		{[]string{"John.Doe", "@Example.com."}, found("John.Doe@Example.com", "split")},
		{[]string{"hi", "john.doe", "@gmail.com"}, found("john.doe@gmail.com", "split")},
		{[]string{"o'brien", "@example.com"}, found("o'brien@example.com", "split")},
		{[]string{"it's john.doe", "@gmail.com"}, ask("john.doe@gmail.com")},
		{[]string{"john.doe", "@gmail.com please"}, ask("john.doe@gmail.com")},
		{[]string{"call me John", "@gmail.com"}, ask("John@gmail.com")},
		{[]string{"hello", "@gmail.com"}, ask("hello@gmail.com")},
		// A word that may stand for itself: the campaign's keyword, a name, a greeting.
		{[]string{"guide", "@example.com"}, ask("guide@example.com")},
		{[]string{"Anna", "@example.com"}, ask("Anna@example.com")},
		{[]string{"interested", "@example.com"}, ask("interested@example.com")},
		{[]string{"don't", "@example.com"}, ask("don't@example.com")},
		{[]string{"2026", "@example.com"}, ask("2026@example.com")},
		{[]string{"see you later", "@example.com"}, ask("later@example.com")},
		{[]string{"anna@", "example.com"}, found("anna@example.com", "split")},
		{[]string{"anna85", "@example.com"}, found("anna85@example.com", "split")},
		// The message before may hold its beginning.
		{[]string{"john.", "doe.b", "@example.com"}, ask("doe.b@example.com")},
		{[]string{"john_", "doe.b", "@example.com"}, ask("doe.b@example.com")},
		{[]string{"Sure.", "doe.b", "@example.com"}, found("doe.b@example.com", "split")},
		{[]string{"thanks", "john@example.com"}, found("john@example.com", "plain")},
		{[]string{"john", "john@example.com"}, found("john@example.com", "plain")},
		{[]string{"john.doe", "stop"}, conversation.Reply{Kind: conversation.ReplyOptOut, Reason: "opt_out"}},
		{[]string{"john.doe", "no idea", "@gmail.com"}, ask("idea@gmail.com")},
	} {
		got := conversation.ReadAnswers(tc.said[:len(tc.said)-1], tc.said[len(tc.said)-1])
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tc.said, diff)
		}
	}
	// What does not fit together is read by itself.
	for _, said := range [][]string{
		{"see", "gmail.com"}, {"a@", "b@example.com"}, {"john@gmail.com.", "com"}, {"", "@gmail.com"}, {"🎉", "@gmail.com"},
		{"jöhn", "@gmail.com"}, {"-", "@gmail.com"}, {"john@example", "com"}, {"john", "@nowhere.invalid"}, {"a", "b", "c", "d"},
		{"react", "@18.2"}, {strings.Repeat("x", 100_000), "@gmail.com"}, {"john", strings.Repeat("@gmail.com ", 10_000)},
	} {
		last := len(said) - 1
		if diff := cmp.Diff(conversation.ReadReply(said[last]), conversation.ReadAnswers(said[:last], said[last])); diff != "" {
			t.Errorf("%.40q is put together (-alone +together):\n%s", said, diff)
		}
	}
}

// FuzzReadAnswers looks for an address that nobody wrote, and for panics.
func FuzzReadAnswers(f *testing.F) {
	f.Add("john.doe", "@", "gmail.com")
	f.Add("it's john@gmail", ".com", "")
	f.Add("a", "b", "john@example.com")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		reply := conversation.ReadAnswers([]string{a, b}, c)
		if reply.Reason != conversation.ReasonSplit {
			return
		}
		address := reply.Address + reply.Suggestion
		for _, r := range strings.ToLower(address) {
			if r > ' ' && r < 0x7f && !strings.ContainsRune(strings.ToLower(a+b+c), r) && plain(a+b+c) {
				t.Errorf("%q from %q, %q, %q", address, a, b, c)
			}
		}
		if again := conversation.ReadReply(address); again.Kind != conversation.ReplyFound {
			t.Errorf("%q is no address by itself: %+v", address, again)
		}
	})
}

// plain reports text whose letters nothing changes.
func plain(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r >= 0x7f }) && !strings.ContainsAny(text, "&%")
}
