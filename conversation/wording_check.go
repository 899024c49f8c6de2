package conversation

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Problem is something in a campaign's wording that must be changed before anybody
// can be written to.
type Problem struct {
	Path    string `json:"path"`    // where: "settings.workers.first_dm.variants[1]"
	Message string `json:"message"` // what is wrong and how to mend it
}

const (
	maxExpireDays    = 365
	maxFollowUpHours = 30 * 24

	sampleAddress = "ana.petrova@example.com"
)

var variableName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// ParseWording reads how a campaign writes from its columns, unchecked but for what a
// reader must not be given: settings that cannot be read, and texts that are too long or
// too many. Of those nothing comes back, so that nobody loops over them.
func ParseWording(settings []byte, dmTemplate, triggerWords string) (Wording, []Problem) {
	w, found, _ := parseWording(settings, dmTemplate, triggerWords)
	return w, found
}

func parseWording(settings []byte, dmTemplate, triggerWords string) (w Wording, found []Problem, tooLarge bool) {
	if found = columnLimits(settings, dmTemplate, triggerWords); len(found) > 0 {
		return Wording{}, found, true
	}
	w = Wording{DMTemplate: dmTemplate, Keywords: SplitKeywords(triggerWords)}
	var err error
	if w.Settings, err = ParseSettings(settings); err != nil {
		if tooLong, ok := errors.AsType[*tooLongError](err); ok {
			return Wording{}, []Problem{tooLong.Problem}, true
		}
		found = append(found, Problem{Path: "settings", Message: err.Error()})
	}
	if large := w.limits(); len(large) > 0 {
		return Wording{}, append(found, large...), true
	}
	return w, found, false
}

// ReadWording is [ParseWording] and all else that is wrong: a trigger word that cannot
// match, and [Wording.Check].
func ReadWording(settings []byte, dmTemplate, triggerWords string) (Wording, []Problem) {
	w, found, tooLarge := parseWording(settings, dmTemplate, triggerWords)
	if tooLarge {
		return w, found
	}
	found = append(found, w.checkTrigger()...)
	return w, append(found, w.Check()...)
}

// checkTrigger says why nobody could ask, or not with each of the words.
func (w Wording) checkTrigger() (found []Problem) {
	if len(w.Keywords) == 0 {
		return []Problem{{Path: "trigger_word", Message: "is empty: nobody could ask"}}
	}
	if _, err := NewTrigger(TriggerRules{Keywords: w.Keywords}); err != nil {
		return []Problem{{Path: "trigger_word", Message: err.Error()}}
	}
	trigger, err := w.Trigger()
	if err != nil {
		return []Problem{{Path: "settings.workers.trigger", Message: err.Error()}}
	}
	for _, keyword := range w.Keywords {
		if _, ok := trigger.Match(keyword); !ok {
			found = append(found, Problem{
				Path:    "settings.workers.trigger.exclude",
				Message: fmt.Sprintf("holds a word of the keyword %q, which can never trigger: remove one of them", keyword),
			})
		}
	}
	return found
}

// longName is of the longest that a person may be expected to have: a text must have
// room for it, or be written without a name.
var longName = Recipient{FirstName: "Maximiliane-Charlotte", LastName: "Schwarzenberger-Oppenheimer", Company: "Kelp Analytics International"}

// Check returns everything that is wrong with the wording, for when a campaign is
// saved. None of it depends on a person.
func (w Wording) Check() []Problem {
	var found []Problem
	add := func(path, format string, args ...any) {
		found = append(found, Problem{Path: path, Message: fmt.Sprintf(format, args...)})
	}
	for _, name := range slices.Sorted(maps.Keys(w.Settings.Variables)) {
		path := "settings.workers.variables." + name
		value := w.Settings.Variables[name]
		switch {
		case !variableName.MatchString(name):
			add(path, "is no name for a variable: use a to z, digits and _, a letter first")
		case slices.Contains([]string{"first_name", "last_name", "company", "trigger_word", "suggestion"}, name):
			add(path, "is a variable that every campaign has: choose another name")
		case strings.TrimSpace(value) == "":
			add(path, "is empty: give it a value or remove it")
		case strings.ContainsAny(value, "{}"):
			add(path, "holds braces: a value may not hold variables")
		}
	}
	if strings.ContainsAny(w.Settings.FirstNameFallback, "{}") {
		add("settings.workers.first_name_fallback", "holds braces: it may not hold variables")
	}
	for i, name := range w.Settings.Blocklist {
		if strings.TrimSpace(name) == "" {
			add(fmt.Sprintf("settings.workers.blocklist[%d]", i), "is empty: give a profile's address or remove it")
		}
	}
	if most := w.Settings.Questions.Most; most != nil && (*most < 0 || *most > maxQuestions) {
		add("settings.workers.questions.most", "is %d: want 0, 1 or %d", *most, maxQuestions)
	}
	if hours := w.Settings.FollowUp.AfterHours; hours < 0 || hours > maxFollowUpHours {
		add("settings.workers.follow_up.after_hours", "is %d: want 1 to %d hours", hours, maxFollowUpHours)
	}
	if days := w.Settings.ExpireAfterDays; days < 0 || days > maxExpireDays {
		add("settings.workers.expire_after_days", "is %d: want 1 to %d days", days, maxExpireDays)
	}
	if days := w.Settings.NotConnected.ExpireAfterDays; days < 0 || days > maxExpireDays {
		add("settings.workers.not_connected.expire_after_days", "is %d: want 1 to %d days", days, maxExpireDays)
	}
	for _, k := range w.kinds() {
		if len(k.variants) > maxVariants {
			add(k.name, "has %d texts: %d is the most", len(k.variants), maxVariants)
			continue
		}
		for i, template := range k.variants {
			if err := w.try(k, template); err != nil {
				add(k.at(i), "%s", err)
			} else if slices.Contains(k.variants[:i], template) {
				add(k.at(i), "is the same as one before: remove it")
			}
		}
	}
	return found
}

// longestKeywords are those with which a text is longest, by either way that lengths are
// counted. What fits with them fits with all, so that no other need be tried.
func (w Wording) longestKeywords() []string {
	if len(w.Keywords) == 0 {
		return []string{"keyword"} // that there is none is not said of each text
	}
	inRunes := slices.MaxFunc(w.Keywords, func(a, b string) int {
		return cmp.Compare(utf8.RuneCountInString(plainValue(a)), utf8.RuneCountInString(plainValue(b)))
	})
	inUnits := slices.MaxFunc(w.Keywords, func(a, b string) int {
		return cmp.Compare(utf16Length(plainValue(a)), utf16Length(plainValue(b)))
	})
	return slices.Compact([]string{inRunes, inUnits})
}

// try fills a template for somebody without a name and, for its variables, for
// somebody with a long one.
func (w Wording) try(k kind, template string) error {
	for _, keyword := range w.longestKeywords() {
		if _, err := w.fill(k, template, longName, keyword, sampleAddress); err != nil {
			return err
		}
		text, err := w.fill(k, template, Recipient{}, keyword, sampleAddress)
		if err != nil {
			return err
		}
		if err := k.accept(text); err != nil {
			return err
		}
		if k.suggests && !strings.Contains(text, sampleAddress) {
			return errors.New("does not hold {{suggestion}}, the address that it asks about")
		}
	}
	return nil
}

// Sample is what somebody would get.
type Sample struct {
	Path string `json:"path"` // of the text
	Name string `json:"name"` // of the person, as LinkedIn shows it
	Text string `json:"text"`
}

// Preview words every text for three people: one as most are, one whose name is hard
// to read, and one without. Texts with problems are left out, and what all three would
// get is shown once.
func (w Wording) Preview() []Sample {
	keyword := "keyword"
	if len(w.Keywords) > 0 {
		keyword = w.Keywords[0]
	}
	var samples []Sample
	for _, k := range w.kinds() {
		for i, template := range k.variants {
			one, path := k, k.at(i)
			one.variants = []string{template}
			for _, name := range []string{"Ana Petrova", "🚀 DR. LENA MÜLLER, MBA (she/her)", ""} {
				text, err := w.write(one, Recipient{FullName: name}, keyword, sampleAddress, "")
				if err == nil && !slices.ContainsFunc(samples, func(s Sample) bool { return s.Path == path && s.Text == text }) {
					samples = append(samples, Sample{Path: path, Name: name, Text: text})
				}
			}
		}
	}
	return samples
}
