package jobs

import "github.com/bravorevos/workers/conversation"

// CheckTexts says what is wrong with how a campaign writes, and what three people
// would get. Both are empty lists rather than nil.
func CheckTexts(settings []byte, dmTemplate, triggerWords string) ([]conversation.Problem, []conversation.Sample) {
	wording, problems := conversation.ReadWording(settings, dmTemplate, triggerWords)
	return append([]conversation.Problem{}, problems...), append([]conversation.Sample{}, wording.Preview()...)
}
