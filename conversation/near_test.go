package conversation_test

import (
	"testing"

	"github.com/bravorevos/workers/conversation"
)

func trigger(t *testing.T, rules conversation.TriggerRules) *conversation.Trigger {
	t.Helper()
	compiled, err := conversation.NewTrigger(rules)
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

// Ensure the owner sees what people wrote in place of a keyword, and nothing else.
func TestNearMiss(t *testing.T) {
	t.Parallel()
	tr := trigger(t, conversation.TriggerRules{Keywords: []string{"guide", "lead magnet", "étude", "AI", "資料"}, Exclude: []string{"not"}})
	for text, want := range map[string]string{
		"Guides please": "guides", "the giude": "giude", "guid": "guid", "GUIDED": "guided", "guideplease!": "guideplease", "leadmagnet": "leadmagnet",
		"lead magnets": "lead magnets", "etude svp": "etude", "#𝗚𝘂𝗶𝗱𝗲𝘀": "guides", "a guidemap": "guidemap",
		"nice post": "", "": "", "said": "", "a": "", "not the guides": "guides", "資": "", "lead": "", "magnet": "", "glide": "glide",
	} {
		word, ok := tr.NearMiss(text)
		if word != want || ok != (want != "") {
			t.Errorf("%q comes near by %q, want %q", text, word, want)
		}
	}
	if word, ok := tr.NearMiss("not the guide"); ok {
		t.Errorf("a comment that was excluded is a near miss by %q", word)
	}
	if exclude, ok := tr.Vetoed("NOT the guide"); !ok || exclude != "not" {
		t.Errorf("excluded by %q", exclude)
	}
	if exclude, ok := tr.Vetoed("not that"); ok {
		t.Errorf("%q vetoes a comment without a keyword", exclude)
	}
}

// Ensure two triggers that one comment can set off are told about.
func TestClash(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		a, b         conversation.TriggerRules
		ours, theirs string
	}{
		"the same":         {conversation.TriggerRules{Keywords: []string{"x1", "Guide"}}, conversation.TriggerRules{Keywords: []string{"GUIDE"}}, "Guide", "GUIDE"},
		"one in the other": {conversation.TriggerRules{Keywords: []string{"guide"}}, conversation.TriggerRules{Keywords: []string{"pricing guide"}}, "guide", "pricing guide"},
		"contains":         {conversation.TriggerRules{Keywords: []string{"guideline"}}, conversation.TriggerRules{Keywords: []string{"guide"}, Mode: conversation.TriggerContains}, "guideline", "guide"},
		"typos":            {conversation.TriggerRules{Keywords: []string{"glide"}}, conversation.TriggerRules{Keywords: []string{"guide"}, Typos: true}, "glide", "guide"},
		"accents":          {conversation.TriggerRules{Keywords: []string{"étude"}, AccentInsensitive: true}, conversation.TriggerRules{Keywords: []string{"etude"}}, "étude", "etude"},
		"none":             {conversation.TriggerRules{Keywords: []string{"guide"}}, conversation.TriggerRules{Keywords: []string{"checklist"}}, "", ""},
		"excluded":         {conversation.TriggerRules{Keywords: []string{"pricing guide"}}, conversation.TriggerRules{Keywords: []string{"guide"}, Exclude: []string{"pricing"}}, "", ""},
	} {
		ours, theirs, ok := trigger(t, tc.a).Clash(trigger(t, tc.b))
		if ours != tc.ours || theirs != tc.theirs || ok != (tc.ours != "") {
			t.Errorf("%s: %q and %q clash, want %q and %q", name, ours, theirs, tc.ours, tc.theirs)
		}
	}
}
