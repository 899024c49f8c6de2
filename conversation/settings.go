package conversation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Settings are how a campaign wants its messages worded, beyond its template: the
// object "workers" in campaigns.settings. The zero value holds the defaults.
type Settings struct {
	FirstDM Texts `json:"first_dm"`
	// FirstNameFallback greets people without a usable name; empty means "there".
	FirstNameFallback string `json:"first_name_fallback"`
	// Variables are the campaign's own, by name.
	Variables    map[string]string `json:"variables"`
	NotConnected NotConnected      `json:"not_connected"`

	Trigger TriggerSettings `json:"trigger"`
	// Blocklist names people whose comments never trigger: profile URLs, public names
	// or LinkedIn member ids.
	Blocklist []string  `json:"blocklist"`
	Questions Questions `json:"questions"`
	FollowUp  FollowUp  `json:"follow_up"`
	// ExpireAfterDays is how long an answer is waited for since our last message; 0
	// means 30. One that comes later is heard all the same.
	ExpireAfterDays int `json:"expire_after_days"`
}

// TriggerSettings are the rules beside the trigger words; see [TriggerRules].
type TriggerSettings struct {
	Exclude           []string    `json:"exclude"`
	Mode              TriggerMode `json:"mode"`
	Typos             bool        `json:"typos"`
	AccentInsensitive bool        `json:"accent_insensitive"`
}

// Questions are what people get who answered without an address that can be used.
// Without variants of its own, each has a default.
type Questions struct {
	// Most is how many of them a person gets: 0, 1 or 2; missing means 2.
	Most       *int  `json:"most"`
	DidYouMean Texts `json:"did_you_mean"` // there is a guess, in {{suggestion}}
	WhichOne   Texts `json:"which_one"`    // there are several addresses
	Incomplete Texts `json:"incomplete"`   // all else
}

// FollowUp is the one reminder that people get who did not answer. Without variants
// there is none.
type FollowUp struct {
	AfterHours int      `json:"after_hours"` // since the first message; 0 means 48
	Variants   []string `json:"variants"`
}

// Texts are variants of one text. Each person gets one of them, always the same.
type Texts struct {
	Variants []string `json:"variants"`
}

// NotConnected is what people get who cannot be written to, because they are no
// connection. Without variants of a route, it is not taken.
type NotConnected struct {
	PublicReply Texts `json:"public_reply"` // under their comment
	Invitation  Texts `json:"invitation"`   // to become a connection, with this note
	// ExpireAfterDays is how long they may take to become one; 0 means 14.
	ExpireAfterDays int `json:"expire_after_days"`
}

// ParseSettings reads campaigns.settings. Keys beside "workers" are other people's
// and ignored; inside it an unknown one is an error, since a misspelt key would do
// nothing without a word. NULL, no object, and no "workers" give the defaults.
func ParseSettings(raw []byte) (Settings, error) {
	if n := len(raw); n > maxSettings {
		return Settings{}, &tooLongError{tooLarge("settings", "bytes", n, maxSettings)}
	}
	var all map[string]json.RawMessage
	_ = json.Unmarshal(raw, &all) // NULL, or something else that is not for us, leaves it empty
	ours := all["workers"]
	if len(ours) == 0 {
		return Settings{}, nil
	}
	if n := len(ours); n > maxOurs {
		return Settings{}, &tooLongError{tooLarge("settings.workers", "bytes", n, maxOurs)}
	}
	var s Settings
	decoder := json.NewDecoder(bytes.NewReader(ours))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&s); err != nil {
		return Settings{}, fmt.Errorf("settings.workers: %w", explain(err))
	}
	return s, nil
}

// tooLongError says that settings are larger than anybody needs.
type tooLongError struct{ Problem }

// Error tells where, how large, and what is allowed.
func (e *tooLongError) Error() string { return e.Path + " " + e.Message }

// explain words the decoder's errors for the campaign's owner.
func explain(err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("%s is a %s: want %s", quotable(wrong.Field), quotable(wrong.Value), wanted(wrong.Type.String()))
	}
	if _, field, ok := strings.Cut(err.Error(), "unknown field "); ok {
		return fmt.Errorf("unknown key %s: the keys are first_dm.variants, first_name_fallback, variables, "+
			"not_connected.public_reply.variants, not_connected.invitation.variants, not_connected.expire_after_days, "+
			"trigger.exclude, trigger.mode, trigger.typos, trigger.accent_insensitive, blocklist, questions.most, "+
			"questions.did_you_mean.variants, questions.which_one.variants, questions.incomplete.variants, "+
			"follow_up.after_hours, follow_up.variants, expire_after_days", quotable(field))
	}
	return err
}

func wanted(goType string) string {
	switch {
	case goType == "string", strings.HasSuffix(goType, "TriggerMode"):
		return "a text"
	case goType == "int":
		return "a whole number"
	case goType == "bool":
		return "true or false"
	case strings.HasPrefix(goType, "[]"):
		return "a list of texts"
	default:
		return "an object"
	}
}
