package conversation_test

import (
	"strings"
	"testing"

	"github.com/bravorevos/workers/conversation"
)

func BenchmarkTriggerMatch(b *testing.B) {
	trigger, err := conversation.NewTrigger(conversation.TriggerRules{Keywords: []string{"guide", "lead magnet", "ガイド"}})
	if err != nil {
		b.Fatal(err)
	}
	comment := "Would love the 𝗚𝗨𝗜𝗗𝗘!! Thanks Mara, misguided as most of these posts are 🙏"
	for b.Loop() {
		if _, ok := trigger.Match(comment); !ok {
			b.Fatal("no match")
		}
	}
}

// The cost of an answer must grow with its length and no faster: compare ns per
// byte of the two.
func BenchmarkReadReply(b *testing.B) {
	for name, text := range map[string]string{
		"Plain":    "Sure! My email is john.doe@example.com, thanks",
		"Unspaced": strings.Repeat("请", 680),
		"Long":     strings.Repeat("a lot of words that hold no address @ all ", 1000) + "john.doe@example.com",
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				conversation.ReadReply(text)
			}
		})
	}
}
