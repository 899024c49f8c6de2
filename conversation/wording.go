package conversation

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	// MaxMessageLength is the longest direct message, in characters, that LinkedIn
	// takes. LinkedIn publishes no figure; this one is from practice. Unipile answers
	// 400 too_many_characters beyond it (https://developer.unipile.com/docs/send-messages).
	MaxMessageLength = 8000
	// MaxReplyLength is the longest comment, in characters:
	// https://developer.unipile.com/reference/postscontroller_sendcomment
	MaxReplyLength = 1250
	// MaxNoteLength is the longest note of an invitation for accounts that do not pay:
	// https://developer.unipile.com/docs/provider-limits-and-restrictions
	// It is counted in UTF-16 code units, as LinkedIn's own page does: an emoji is two.
	MaxNoteLength = 200

	defaultExpireAfter = 14 * 24 * time.Hour
)

// DefaultFirstMessage asks a commenter for an address where the campaign has no
// template of its own.
const DefaultFirstMessage = `Hi {{first_name}}, thanks for your comment "{{trigger_word}}"!

What is the best email address to send it to? Just reply with it here and it is on its way.`

// Wording is how a campaign writes.
//
// Texts hold variables in double braces: first_name, last_name, company, the
// campaign's own, and trigger_word, which no public reply may hold. Names lose
// titles, emoji and capitals. An unknown last name or company leaves no gap. What
// would still hold braces is refused with an error for the campaign's owner.
type Wording struct {
	Settings   Settings
	DMTemplate string   // the one first message, where Settings has no variants of it
	Keywords   []string // the campaign's trigger words
}

// FirstMessage words the message that asks for an email address. key names the
// person and decides which variant they get.
func (w Wording) FirstMessage(to Recipient, keyword, key string) (string, error) {
	return w.write(w.firstMessage(), to, keyword, "", key)
}

// RepliesInPublic reports whether people who are not connected get a public reply.
func (w Wording) RepliesInPublic() bool { return len(w.Settings.NotConnected.PublicReply.Variants) > 0 }

// PublicReply words the reply under the comment of somebody who is not connected. It
// never holds a trigger word, or it would look like a comment that asks.
func (w Wording) PublicReply(to Recipient, key string) (string, error) {
	return w.write(w.publicReply(), to, "", "", key)
}

// Invites reports whether people who are not connected get an invitation.
func (w Wording) Invites() bool { return len(w.Settings.NotConnected.Invitation.Variants) > 0 }

// InvitationNote words the note of an invitation.
func (w Wording) InvitationNote(to Recipient, keyword, key string) (string, error) {
	return w.write(w.invitation(), to, keyword, "", key)
}

// ExpireAfter is how long people may take to become a connection.
func (w Wording) ExpireAfter() time.Duration {
	if days := w.Settings.NotConnected.ExpireAfterDays; days > 0 {
		return time.Duration(days) * 24 * time.Hour
	}
	return defaultExpireAfter
}

// kind is one of the texts that a campaign words.
type kind struct {
	name     string   // where it stands in the campaign, but for its number
	variants []string // at least one
	numbered bool
	accept   func(text string) error
	wordless bool // may not hold the trigger word
	suggests bool // must hold the suggestion
}

// at is where one of its variants stands in the campaign.
func (k kind) at(i int) string {
	if k.numbered {
		return fmt.Sprintf("%s[%d]", k.name, i)
	}
	return k.name
}

// kinds lists all of a campaign's texts.
func (w Wording) kinds() []kind {
	return []kind{
		w.firstMessage(), w.publicReply(), w.invitation(),
		w.question(didYouMean), w.question(whichOne), w.question(incomplete), w.followUp(),
	}
}

func (w Wording) firstMessage() kind {
	k := kind{name: "settings.workers.first_dm.variants", numbered: true, accept: fitsMessage}
	if k.variants = w.Settings.FirstDM.Variants; len(k.variants) == 0 {
		k.name, k.numbered = "dm_template_step1", false
		k.variants = []string{w.DMTemplate}
		if strings.TrimSpace(w.DMTemplate) == "" {
			k.variants = []string{DefaultFirstMessage}
		}
	}
	return k
}

func (w Wording) publicReply() kind {
	trigger := sync.OnceValue(w.keywordTrigger) // one for all variants: it grows with the keywords
	return kind{
		name: "settings.workers.not_connected.public_reply.variants", numbered: true, wordless: true,
		variants: w.Settings.NotConnected.PublicReply.Variants,
		accept: func(text string) error {
			if n := utf8.RuneCountInString(text); n > MaxReplyLength {
				return fmt.Errorf("reply has %d characters, %d is LinkedIn's limit: shorten it", n, MaxReplyLength)
			}
			return holdsNoKeyword(trigger(), text)
		},
	}
}

func (w Wording) invitation() kind {
	return kind{
		name: "settings.workers.not_connected.invitation.variants", numbered: true,
		variants: w.Settings.NotConnected.Invitation.Variants,
		accept: func(text string) error {
			if n := utf16Length(text); n > MaxNoteLength {
				return fmt.Errorf("note has %d characters, %d is LinkedIn's limit: shorten it", n, MaxNoteLength)
			}
			return nil
		},
	}
}

func utf16Length(text string) int { return len(utf16.Encode([]rune(text))) }

func fitsMessage(text string) error {
	if n := utf8.RuneCountInString(text); n > MaxMessageLength {
		return fmt.Errorf("message has %d characters, %d is LinkedIn's limit: shorten the template", n, MaxMessageLength)
	}
	return nil
}

// triggerRules are the rules by which comments ask.
func (w Wording) triggerRules() TriggerRules {
	t := w.Settings.Trigger
	return TriggerRules{
		Keywords: w.Keywords, Exclude: t.Exclude, Mode: t.Mode, Typos: t.Typos, AccentInsensitive: t.AccentInsensitive,
	}
}

// Trigger compiles the campaign's trigger words and the rules beside them.
func (w Wording) Trigger() (*Trigger, error) { return NewTrigger(w.triggerRules()) }

// keywordTrigger finds the keywords alone; nil where they cannot be compiled, which is
// refused where they belong.
func (w Wording) keywordTrigger() *Trigger {
	rules := w.triggerRules()
	rules.Exclude = nil
	trigger, err := NewTrigger(rules)
	if err != nil {
		return nil
	}
	return trigger
}

// holdsNoKeyword refuses what our own trigger would take for a comment that asks.
func holdsNoKeyword(trigger *Trigger, text string) error {
	if trigger == nil {
		return nil
	}
	if keyword, found := trigger.Match(text); found {
		return fmt.Errorf("public reply holds the trigger word %q: others would take it for the way to ask", keyword)
	}
	return nil
}

// write fills the person's variant. Where their name makes the text too long, or
// happens to be the trigger word, it is written without it.
func (w Wording) write(k kind, to Recipient, keyword, suggestion, key string) (string, error) {
	if len(k.variants) == 0 {
		return "", errors.New("the campaign has no text of this kind")
	}
	template := k.variants[pick(k.name, key, len(k.variants))]
	text, err := w.fill(k, template, to, keyword, suggestion)
	if err == nil && k.accept(text) == nil {
		return text, nil
	}
	if err != nil {
		return "", err
	}
	if text, err = w.fill(k, template, Recipient{}, keyword, suggestion); err == nil {
		err = k.accept(text)
	}
	if err != nil {
		return "", err
	}
	return text, nil
}

func (w Wording) fill(k kind, template string, to Recipient, keyword, suggestion string) (string, error) {
	vars := variables{
		{"first_name", to.greetingName(cmp.Or(plainValue(w.Settings.FirstNameFallback), "there"))},
		{"last_name", to.lastName()},
		{"company", plainValue(to.Company)},
	}
	if !k.wordless {
		vars = append(vars, variable{"trigger_word", plainValue(keyword)})
	}
	if k.suggests {
		vars = append(vars, variable{"suggestion", plainValue(suggestion)})
	}
	for _, name := range slices.Sorted(maps.Keys(w.Settings.Variables)) {
		vars = append(vars, variable{name, plainValue(w.Settings.Variables[name])})
	}
	return render(template, vars)
}

// pick chooses a variant by a hash, so that a person gets the same one for ever.
func pick(purpose, key string, n int) int {
	sum := sha256.Sum256([]byte(purpose + "\x00" + key))
	return int(binary.BigEndian.Uint64(sum[:8]) % uint64(n))
}
