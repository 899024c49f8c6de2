package conversation

import "time"

// What people get after an answer without an address that can be used, where the
// campaign has no words of its own.
const (
	DefaultDidYouMean = `Thanks! Just to be sure: is it {{suggestion}}? A short "yes" is enough, or send me the right address.`
	DefaultWhichOne   = `Thanks! I see more than one address there. Which one shall I use?`
	DefaultIncomplete = `Thanks! That does not look like a complete email address. Could you send it once more?`
)

const (
	maxQuestions        = 2 // after the first message; more would be pestering
	defaultFollowUpTime = 48 * time.Hour
	defaultSilence      = 30 * 24 * time.Hour
)

// asking is a way to ask again.
type asking string

const (
	didYouMean asking = "did_you_mean"
	whichOne   asking = "which_one"
	incomplete asking = "incomplete"
)

func (w Wording) question(how asking) kind {
	q := w.Settings.Questions
	texts, fallback := q.Incomplete, DefaultIncomplete
	switch how {
	case didYouMean:
		texts, fallback = q.DidYouMean, DefaultDidYouMean
	case whichOne:
		texts, fallback = q.WhichOne, DefaultWhichOne
	case incomplete:
	}
	k := kind{
		name: "settings.workers.questions." + string(how) + ".variants", numbered: true, wordless: true,
		variants: texts.Variants, accept: fitsMessage, suggests: how == didYouMean,
	}
	if len(k.variants) == 0 {
		k.variants = []string{fallback}
	}
	return k
}

// Question words what a person is asked after an answer without an address that can be
// used. A suggestion decides the words before the reason does, which is one of the
// Reason constants.
func (w Wording) Question(reason, suggestion string, to Recipient, key string) (string, error) {
	how := incomplete
	switch {
	case suggestion != "":
		how = didYouMean
	case reason == ReasonTwoAddresses:
		how = whichOne
	}
	return w.write(w.question(how), to, "", suggestion, key)
}

// MostQuestions is how often a person is asked again.
func (w Wording) MostQuestions() int {
	if most := w.Settings.Questions.Most; most != nil {
		return min(max(*most, 0), maxQuestions)
	}
	return maxQuestions
}

func (w Wording) followUp() kind {
	return kind{
		name: "settings.workers.follow_up.variants", numbered: true,
		variants: w.Settings.FollowUp.Variants, accept: fitsMessage,
	}
}

// FollowsUp reports whether people who do not answer get a reminder, and after how long.
func (w Wording) FollowsUp() (after time.Duration, ok bool) {
	after = defaultFollowUpTime
	if hours := w.Settings.FollowUp.AfterHours; hours > 0 {
		after = time.Duration(hours) * time.Hour
	}
	return after, len(w.Settings.FollowUp.Variants) > 0
}

// FollowUp words the reminder.
func (w Wording) FollowUp(to Recipient, keyword, key string) (string, error) {
	return w.write(w.followUp(), to, keyword, "", key)
}

// Silence is how long an answer is waited for after our last message.
func (w Wording) Silence() time.Duration {
	if days := w.Settings.ExpireAfterDays; days > 0 {
		return time.Duration(days) * 24 * time.Hour
	}
	return defaultSilence
}
