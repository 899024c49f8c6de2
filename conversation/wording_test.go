package conversation_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/bravorevos/workers/conversation"
)

func wording(t *testing.T, settings string) conversation.Wording {
	t.Helper()
	s, err := conversation.ParseSettings([]byte(settings))
	if err != nil {
		t.Fatal(err)
	}
	return conversation.Wording{Settings: s, Keywords: []string{"guide", "C++"}}
}

const allTexts = `{"theirs": {"unknown": 1}, "workers": {
	"first_dm": {"variants": ["Hi {{first_name}}, {{guide_name}}?", "Hello {{first_name}}: {{guide_name}}!"]},
	"first_name_fallback": "friend",
	"variables": {"guide_name": "Pricing 2026"},
	"not_connected": {
		"public_reply": {"variants": ["{{first_name}}, please connect"]},
		"invitation": {"variants": ["Hi {{first_name}}, your {{trigger_word}}"]},
		"expire_after_days": 5}}}`

// Ensure a person gets the same variant for ever, and people share them evenly.
func TestVariantsAreStableAndEven(t *testing.T) {
	t.Parallel()
	w := wording(t, allTexts)
	counts := map[string]int{}
	for i := range 2000 {
		text, err := w.FirstMessage(conversation.Recipient{FirstName: "Ana"}, "guide", fmt.Sprintf("person %d", i))
		if err != nil {
			t.Fatal(err)
		}
		counts[text]++
	}
	if len(counts) != 2 || counts["Hi Ana, Pricing 2026?"] < 900 || counts["Hello Ana: Pricing 2026!"] < 900 {
		t.Errorf("variants are spread as %v", counts)
	}
	// Written down once: who was to get a text keeps it through every release.
	for key, want := range map[string]string{"a": "Hi Ana", "b": "Hello Ana", "c": "Hi Ana", "d": "Hi Ana", "e": "Hello Ana"} {
		if got, _ := w.FirstMessage(conversation.Recipient{FirstName: "Ana"}, "guide", key); !strings.HasPrefix(got, want) {
			t.Errorf("%s gets %q, want %q", key, got, want)
		}
	}
}

// Ensure variants win over the template, and the template over the default.
func TestWhichTextWins(t *testing.T) {
	t.Parallel()
	ana := conversation.Recipient{FullName: "Ana Petrova"}
	w := conversation.Wording{}
	if got, err := w.FirstMessage(ana, "guide", ""); err != nil || !strings.Contains(got, "best email address") {
		t.Errorf("default: %q, %v", got, err)
	}
	w.DMTemplate = "Old {{first_name}}"
	if got, err := w.FirstMessage(ana, "guide", ""); err != nil || got != "Old Ana" {
		t.Errorf("template: %q, %v", got, err)
	}
	w.Settings.FirstDM.Variants = []string{"New {{first_name}}"}
	if got, err := w.FirstMessage(ana, "guide", ""); err != nil || got != "New Ana" {
		t.Errorf("variant: %q, %v", got, err)
	}
	if w.Invites() || w.RepliesInPublic() || w.ExpireAfter() != 14*24*time.Hour {
		t.Error("a campaign that asks for nothing takes another route")
	}
	if w := wording(t, allTexts); !w.Invites() || !w.RepliesInPublic() || w.ExpireAfter() != 5*24*time.Hour {
		t.Error("the routes that were asked for are not taken")
	}
}

// Ensure a person's name never makes a text too long or a trigger: it is left out.
func TestNamesThatDoNotFit(t *testing.T) {
	t.Parallel()
	w := wording(t, allTexts)
	for name, tc := range map[string]struct {
		write func(to conversation.Recipient) (string, error)
		to    conversation.Recipient
		want  string
	}{
		"fits":                     {func(to conversation.Recipient) (string, error) { return w.InvitationNote(to, "guide", "") }, conversation.Recipient{FirstName: "Ana"}, "Hi Ana, your guide"},
		"too long for a note":      {func(to conversation.Recipient) (string, error) { return w.InvitationNote(to, "guide", "") }, conversation.Recipient{FirstName: strings.Repeat("Ana", 100)}, "Hi friend, your guide"},
		"is the trigger word":      {func(to conversation.Recipient) (string, error) { return w.PublicReply(to, "") }, conversation.Recipient{FirstName: "Guide"}, "friend, please connect"},
		"no name":                  {func(to conversation.Recipient) (string, error) { return w.PublicReply(to, "") }, conversation.Recipient{}, "friend, please connect"},
		"nothing but an emoji":     {func(to conversation.Recipient) (string, error) { return w.PublicReply(to, "") }, conversation.Recipient{FullName: "🚀"}, "friend, please connect"},
		"braces in the name":       {func(to conversation.Recipient) (string, error) { return w.PublicReply(to, "") }, conversation.Recipient{FirstName: "{{first_name}} Ana"}, "Ana, please connect"},
		"a keyword with no letter": {func(to conversation.Recipient) (string, error) { return w.PublicReply(to, "") }, conversation.Recipient{FirstName: "Cora"}, "Cora, please connect"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := tc.write(tc.to); err != nil || got != tc.want {
				t.Errorf("%q, %v; want %q", got, err, tc.want)
			}
		})
	}
}

// Ensure the length of a note is counted as LinkedIn counts, never in bytes.
func TestNoteLength(t *testing.T) {
	t.Parallel()
	for note, ok := range map[string]bool{
		strings.Repeat("é", 200): true, strings.Repeat("é", 201): false,
		strings.Repeat("🚀", 100): true, strings.Repeat("🚀", 101): false,
		strings.Repeat("李", 200): true,
	} {
		w := conversation.Wording{}
		w.Settings.NotConnected.Invitation.Variants = []string{note}
		got, err := w.InvitationNote(conversation.Recipient{}, "guide", "")
		if (err == nil) != ok || (ok && got != note) || (!ok && got != "") {
			t.Errorf("a note of %d: %v", len(utf16.Encode([]rune(note))), err)
		}
		if problems := w.Check(); (len(problems) == 0) != ok {
			t.Errorf("a note of %d: problems %v", len(utf16.Encode([]rune(note))), problems)
		}
	}
}

// Ensure everything that is wrong with a campaign's texts is told at once, and where.
func TestCheckTellsAllProblems(t *testing.T) {
	t.Parallel()
	w := wording(t, `{"workers": {
		"first_dm": {"variants": ["Hi {{first_name}}", "Hi {{nobody}}", "Hi {{first_name", "Hi {{first_name}}", "`+strings.Repeat("x", 8001)+`"]},
		"first_name_fallback": "{{x}}",
		"variables": {"first_name": "a", "Bad Name": "b", "empty": " ", "nested": "{{company}}"},
		"not_connected": {
			"public_reply": {"variants": ["Your GUIDE is here", "{{trigger_word}}", "`+strings.Repeat("y", 1251)+`", "fine"]},
			"invitation": {"variants": ["`+strings.Repeat("z", 201)+`"]},
			"expire_after_days": 1000}}}`)
	var got []string
	for _, p := range w.Check() {
		got = append(got, strings.TrimPrefix(p.Path, "settings.workers.")+": "+p.Message)
	}
	want := []string{
		"variables.Bad Name: is no name for a variable: use a to z, digits and _, a letter first",
		"variables.empty: is empty: give it a value or remove it",
		"variables.first_name: is a variable that every campaign has: choose another name",
		"variables.nested: holds braces: a value may not hold variables",
		"first_name_fallback: holds braces: it may not hold variables",
		"not_connected.expire_after_days: is 1000: want 1 to 365 days",
		"first_dm.variants[1]: message template has the unknown variable {{nobody}}: use {{first_name}}, {{last_name}}, {{company}}, {{trigger_word}}, {{Bad Name}}, {{empty}}, {{first_name}}, {{nested}}",
		"first_dm.variants[2]: message template has braces without a partner: write variables as {{first_name}}",
		"first_dm.variants[3]: is the same as one before: remove it",
		"first_dm.variants[4]: message has 8001 characters, 8000 is LinkedIn's limit: shorten the template",
		`not_connected.public_reply.variants[0]: public reply holds the trigger word "guide": others would take it for the way to ask`,
		"not_connected.public_reply.variants[1]: message template has the unknown variable {{trigger_word}}: use {{first_name}}, {{last_name}}, {{company}}, {{Bad Name}}, {{empty}}, {{first_name}}, {{nested}}",
		"not_connected.public_reply.variants[2]: reply has 1251 characters, 1250 is LinkedIn's limit: shorten it",
		"not_connected.invitation.variants[0]: note has 201 characters, 200 is LinkedIn's limit: shorten it",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if got := wording(t, allTexts).Check(); len(got) != 0 {
		t.Errorf("right texts have problems: %v", got)
	}
}

// Ensure settings that nobody could follow are refused with the way out, and what is
// not for us is left alone.
func TestParseSettings(t *testing.T) {
	t.Parallel()
	for _, ours := range []string{"", "null", "{}", `[]`, `"text"`, `{"workers": null}`, `{"workers": {}}`, `{"other": {"first_dm": 3}}`, "nonsense"} {
		if got, err := conversation.ParseSettings([]byte(ours)); err != nil || !cmp.Equal(got, conversation.Settings{}) {
			t.Errorf("%s: %+v, %v; want the defaults", ours, got, err)
		}
	}
	for text, want := range map[string]string{
		`{"workers": {"first_DMs": {}}}`:                             `unknown key "first_DMs": the keys are first_dm.variants`,
		`{"workers": {"first_dm": {"variant": []}}}`:                 `unknown key "variant"`,
		`{"workers": {"first_dm": {"variants": "Hi"}}}`:              "first_dm.variants is a string: want a list of texts",
		`{"workers": {"first_dm": {"variants": [3]}}}`:               "first_dm.variants is a number: want a text",
		`{"workers": {"first_dm": []}}`:                              "first_dm is a array: want an object",
		`{"workers": {"variables": {"a": 1}}}`:                       "variables is a number: want a text",
		`{"workers": {"not_connected": {"expire_after_days": 1.5}}}`: "not_connected.expire_after_days is a number 1.5: want a whole number",
	} {
		if _, err := conversation.ParseSettings([]byte(text)); err == nil || !strings.Contains(err.Error(), "settings.workers: "+want) {
			t.Errorf("%s: %v; want %q", text, err, want)
		}
	}
}

// Ensure a preview shows each text for people with easy, odd and no names.
func TestPreview(t *testing.T) {
	t.Parallel()
	var got []string
	for _, s := range wording(t, allTexts).Preview() {
		got = append(got, s.Text)
	}
	want := []string{
		"Hi Ana, Pricing 2026?", "Hi Lena, Pricing 2026?", "Hi friend, Pricing 2026?",
		"Hello Ana: Pricing 2026!", "Hello Lena: Pricing 2026!", "Hello friend: Pricing 2026!",
		"Ana, please connect", "Lena, please connect", "friend, please connect",
		"Hi Ana, your guide", "Hi Lena, your guide", "Hi friend, your guide",
		strings.ReplaceAll(conversation.DefaultDidYouMean, "{{suggestion}}", "ana.petrova@example.com"),
		conversation.DefaultWhichOne, conversation.DefaultIncomplete,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("previews (-want +got):\n%s", diff)
	}
}

// Ensure the first name is a name, however people write theirs.
func TestFirstNames(t *testing.T) {
	t.Parallel()
	for full, want := range map[string]string{
		"Dr. Anna-Lena Müller MBA 🚀": "Anna-Lena", "JOHN SMITH": "John", "jean-luc picard": "Jean-Luc", "李雷": "李雷",
		"María José": "María", "~~Ana~~ Ruiz": "Ana", "Ana | Growth": "Ana", "(She/Her)": "there", "Dr": "there", "🚀": "there",
		"A.": "A.", "\u202eAna\u202c": "Ana", "ana maria": "Ana", "o'brien": "O'Brien", "JP Morgan": "JP", "Prof. Dr. Eva Horváth": "Eva",
		"123": "there", "": "there", "  ": "there", "Ana,CPA": "Ana", "ⒶⓃⒶ": "Ana", "𝐀𝐧𝐚 Ruiz": "Ana", "J. Robert Oppenheimer": "Robert",
		"McKenzie Scott": "McKenzie", "van der Berg": "Van", "Anna-": "Anna", "-Anna": "Anna", "ANNA-LENA": "Anna-Lena", "Mr. T": "T",
	} {
		got, err := conversation.Wording{DMTemplate: "{{first_name}}"}.FirstMessage(conversation.Recipient{FullName: full}, "guide", "")
		if err != nil || got != want {
			t.Errorf("%q is greeted as %q, %v; want %q", full, got, err, want)
		}
	}
}

// FuzzWording ensures no person's name and no template of an owner brings braces into
// a message, and that what is written fits.
func FuzzWording(f *testing.F) {
	f.Add("Hi {{first_name}} of {{company}}, {{ trigger_word }}", "Ana", "{{first_name}}")
	f.Add("{{{{first_name}}}}", "{{", "}}")
	f.Fuzz(func(t *testing.T, template, name, company string) {
		w := conversation.Wording{DMTemplate: template, Keywords: []string{"guide"}}
		w.Settings.NotConnected.PublicReply.Variants = []string{template}
		w.Settings.NotConnected.Invitation.Variants = []string{template}
		to := conversation.Recipient{FullName: name, Company: company}
		first, _ := w.FirstMessage(to, "guide", name)
		reply, _ := w.PublicReply(to, name)
		note, _ := w.InvitationNote(to, "guide", name)
		for _, text := range []string{first, reply, note} {
			if strings.Contains(text, "{{") || strings.Contains(text, "}}") {
				t.Fatalf("%q for %q gives %q", template, name, text)
			}
		}
		if n := len(utf16.Encode([]rune(note))); n > conversation.MaxNoteLength {
			t.Fatalf("note of %d", n)
		}
		w.Check()
		w.Preview()
	})
}
