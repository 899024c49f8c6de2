package conversation_test

import (
	"fmt"
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

// What every poll does before it reads a post: with texts as campaigns have them, and
// with as many as are allowed.
func BenchmarkReadWording(b *testing.B) {
	texts := make([]string, 20)
	for i := range texts {
		texts[i] = fmt.Sprintf("Hi {{first_name}}, here is number %d of {{trigger_word}}. %s", i, strings.Repeat("text ", 100))
	}
	all := map[string]any{"variants": texts}
	public := map[string]any{"variants": strings.Split(numbered(20, ","), ",")}
	most := workersSettings(b, map[string]any{
		"first_dm": all, "follow_up": all, "not_connected": map[string]any{"public_reply": public},
		"trigger":   map[string]any{"exclude": strings.Split("x"+numbered(200, ",x"), ","), "typos": true},
		"blocklist": strings.Split(numbered(2000, ","), ","),
	})
	for name, c := range map[string]struct {
		settings []byte
		words    string
	}{
		"Usual": {[]byte(allTexts), "guide, lead magnet"},
		"Most":  {most, "y" + numbered(200, ",y")},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				conversation.ReadWording(c.settings, "", c.words)
			}
		})
	}
}

// One comment as long as LinkedIn takes it, against all that a campaign may hold.
func BenchmarkTriggerMatchMost(b *testing.B) {
	for name, word := range map[string]string{"Short": "abcdefgh", "Long": strings.Repeat("abcdefgh", 20)} {
		var keywords []string
		for i := range 200 {
			keywords = append(keywords, fmt.Sprintf("%s%c%c", word, 'g'+i%20, 'g'+i/20))
		}
		trigger, err := conversation.NewTrigger(conversation.TriggerRules{Keywords: keywords, Exclude: strings.Split(numbered(200, ","), ","), Typos: true})
		if err != nil {
			b.Fatal(err)
		}
		comment := strings.Repeat(strings.ReplaceAll(word, "bcd", "xyz")+"zz ", 1250/(len(word)+3))
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				trigger.NearMiss(comment)
			}
		})
	}
}
