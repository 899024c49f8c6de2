package conversation

import (
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"
)

// What a campaign may hold. Every poll reads and checks all of it, so each of these
// bounds work that a mistyped or hostile campaign would otherwise take from all the
// others. They are far above what campaigns need.
const (
	maxSettings      = 1 << 20                // bytes of campaigns.settings, other people's keys included
	maxOurs          = 256 << 10              // bytes of its object "workers"
	maxTriggerWords  = 16 << 10               // bytes of the list of keywords
	maxKeywords      = 200                    // keywords, and as many exclude words
	maxKeyword       = 200                    // characters of one of them
	maxTemplate      = 4 * MaxMessageLength   // bytes: no character has more than four
	maxVariants      = 20                     // of one text
	maxVariables     = 50                     // of a campaign
	maxVariableName  = 40                     // characters
	maxVariableValue = MaxMessageLength / 2   // bytes
	maxBlocklist     = 2000                   // people
	maxBlocked       = 1000                   // bytes of one of them, which may be a profile's address
	maxComment       = 4 * 4 * MaxReplyLength // bytes of a comment that are compared; LinkedIn's limit is a quarter
	maxQuoted        = 60                     // characters of a wrong text that an error repeats
)

// tooLarge words what is above a limit, for the campaign's owner.
func tooLarge(path, what string, size, limit int) Problem {
	return Problem{Path: path, Message: fmt.Sprintf("holds %d %s: %d is the most; shorten it", size, what, limit)}
}

// columnLimits returns what is too large in a campaign's columns, before they are read.
func columnLimits(settings []byte, dmTemplate, triggerWords string) (found []Problem) {
	if n := len(settings); n > maxSettings {
		found = append(found, tooLarge("settings", "bytes", n, maxSettings))
	}
	if n := len(dmTemplate); n > maxTemplate {
		found = append(found, tooLarge("dm_template_step1", "bytes", n, maxTemplate))
	}
	if n := len(triggerWords); n > maxTriggerWords {
		found = append(found, tooLarge("trigger_word", "bytes", n, maxTriggerWords))
	}
	return found
}

// limits returns which of the settings are too large or too many, before anything
// loops over them. It looks at each text once and reads none.
func (w Wording) limits() (found []Problem) {
	add := func(path, what string, size, limit int) {
		if size > limit {
			found = append(found, tooLarge(path, what, size, limit))
		}
	}
	phrases := func(path string, list []string, numbered bool) {
		if add(path, "words", len(list), maxKeywords); len(list) > maxKeywords {
			return
		}
		for i, phrase := range list {
			at := path
			if numbered {
				at = fmt.Sprintf("%s[%d]", path, i)
			}
			add(at, "characters in one word", utf8.RuneCountInString(phrase), maxKeyword)
		}
	}
	phrases("trigger_word", w.Keywords, false)
	phrases("settings.workers.trigger.exclude", w.Settings.Trigger.Exclude, true)
	for _, k := range w.kinds() {
		if add(k.name, "texts", len(k.variants), maxVariants); len(k.variants) > maxVariants {
			continue
		}
		for i, text := range k.variants {
			add(k.at(i), "bytes", len(text), maxTemplate)
		}
	}
	add("settings.workers.first_name_fallback", "bytes", len(w.Settings.FirstNameFallback), maxVariableValue)
	add("settings.workers.blocklist", "people", len(w.Settings.Blocklist), maxBlocklist)
	if len(w.Settings.Blocklist) <= maxBlocklist {
		for i, person := range w.Settings.Blocklist {
			add(fmt.Sprintf("settings.workers.blocklist[%d]", i), "bytes", len(person), maxBlocked)
		}
	}
	return append(found, w.variableLimits()...)
}

func (w Wording) variableLimits() (found []Problem) {
	const path = "settings.workers.variables"
	if n := len(w.Settings.Variables); n > maxVariables {
		return []Problem{tooLarge(path, "variables", n, maxVariables)}
	}
	for _, name := range slices.Sorted(maps.Keys(w.Settings.Variables)) {
		if n := utf8.RuneCountInString(name); n > maxVariableName {
			found = append(found, tooLarge(path, "characters in the name of a variable", n, maxVariableName))
			continue
		}
		if n := len(w.Settings.Variables[name]); n > maxVariableValue {
			found = append(found, tooLarge(path+"."+name, "bytes", n, maxVariableValue))
		}
	}
	return found
}

// quotable is the beginning of a text, for an error that says which one is meant.
func quotable(text string) string {
	if utf8.RuneCountInString(text) <= maxQuoted {
		return text
	}
	return string([]rune(text)[:maxQuoted]) + "…"
}

// upTo cuts a text after so many bytes, between two characters.
func upTo(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}
