package conversation_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bravorevos/workers/conversation"
)

// firstMessage words the first message of a campaign with one template.
func firstMessage(template string, to conversation.Recipient, keyword string) (string, error) {
	return conversation.Wording{DMTemplate: template}.FirstMessage(to, keyword, "ana")
}

func TestFirstMessage(t *testing.T) {
	t.Parallel()
	ann := conversation.Recipient{FirstName: "Ann", LastName: "Lee", Company: "Acme"}
	tests := map[string]struct {
		template string
		to       conversation.Recipient
		want     string
	}{
		"all variables":               {"{{first_name}} {{last_name}}, {{company}}: {{trigger_word}}", ann, "Ann Lee, Acme: GUIDE"},
		"spaces and case are free":    {"Hi {{ First_Name }} from {{COMPANY}}", ann, "Hi Ann from Acme"},
		"no last name":                {"Hi {{first_name}} {{last_name}}, hello", conversation.Recipient{FirstName: "Ann"}, "Hi Ann, hello"},
		"no company in a sentence":    {"How is {{company}} doing? At {{company}}.", conversation.Recipient{}, "How is doing? At."},
		"no company at a line's end":  {"Hi {{company}}\nhello {{company}}", conversation.Recipient{}, "Hi\nhello"},
		"own spacing stays":           {"a  b\n\n c {{first_name}}", ann, "a  b\n\n c Ann"},
		"nobody's name":               {"Hi {{first_name}}", conversation.Recipient{}, "Hi there"},
		"a value is no template":      {"{{first_name}} of {{company}}", conversation.Recipient{Company: "{{first_name}}\n{x}"}, "there of first_name x"},
		"a value keeps to its line":   {"{{company}}!", conversation.Recipient{Company: "Acme\r\n  Inc\t"}, "Acme Inc!"},
		"single braces are plain":     {"{hi} {{first_name}}", ann, "{hi} Ann"},
		"longest message":             {strings.Repeat("é", conversation.MaxMessageLength), ann, strings.Repeat("é", conversation.MaxMessageLength)},
		"a template without variable": {" Hello! \n", ann, "Hello!"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := firstMessage(tc.template, tc.to, "GUIDE")
			if err != nil || got != tc.want {
				t.Errorf("FirstMessage = %q, %v, want %q", got, err, tc.want)
			}
		})
	}
}

// Ensure that the message of a campaign without a template asks for the address,
// with the person's name and the trigger word in it.
func TestFirstMessageDefault(t *testing.T) {
	t.Parallel()
	for _, template := range []string{"", " \n"} {
		got, err := firstMessage(template, conversation.Recipient{FullName: "Ann Lee"}, "GUIDE")
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"Ann", "GUIDE", "best email address"} {
			if !strings.Contains(got, want) {
				t.Errorf("default message %q lacks %q", got, want)
			}
		}
	}
}

func TestFirstMessageRefuses(t *testing.T) {
	t.Parallel()
	const known = "{{first_name}}, {{last_name}}, {{company}}, {{trigger_word}}"
	tests := map[string]struct{ template, trigger, want string }{
		"unknown variable":        {"Hi {{firstName}}", "GUIDE", "message template has the unknown variable {{firstname}}: use " + known},
		"link in a first message": {"{{link}}", "GUIDE", "message template has the unknown variable {{link}}: use " + known},
		"open braces":             {"Hi {{first_name", "GUIDE", "message template has braces without a partner: write variables as {{first_name}}"},
		"nested braces":           {"Hi {{ {{first_name}} }}", "GUIDE", "message template has braces without a partner: write variables as {{first_name}}"},
		"no trigger word":         {"", " ", "message template needs a trigger word, and the lead has none"},
		"nothing to say":          {"{{company}}", "GUIDE", "message template gives an empty message"},
		"too long":                {strings.Repeat("x", 8001), "GUIDE", "message has 8001 characters, 8000 is LinkedIn's limit: shorten the template"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := firstMessage(tc.template, conversation.Recipient{FirstName: "Ann"}, tc.trigger)
			if got != "" || err == nil || err.Error() != tc.want {
				t.Errorf("FirstMessage = %q, %v, want error %q", got, err, tc.want)
			}
		})
	}
}

// Ensure that no template and no profile makes a message that shows its braces.
func TestFirstMessageNeverShowsBraces(t *testing.T) {
	t.Parallel()
	part := rapid.SampledFrom([]string{"{", "{{", "}", "}}", " ", "x", "{{first_name}}", "{{company}}", "first_name"})
	text := rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOf(part).Draw(t, "parts"), "") })
	rapid.Check(t, func(t *rapid.T) {
		to := conversation.Recipient{FirstName: text.Draw(t, "name"), Company: text.Draw(t, "company")}
		got, err := firstMessage(text.Draw(t, "template"), to, "GUIDE")
		if err == nil && (got == "" || strings.Contains(got, "{{") || strings.Contains(got, "}}")) {
			t.Fatalf("FirstMessage = %q", got)
		}
	})
}

func TestGreeting(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ first, full, want string }{
		{"Ann", "Someone Else", "Ann"},
		{"", "Ann Lee", "Ann"},
		{"", "Dr. Ann Lee", "Ann"},
		{"Prof. Dr. Hans", "", "Hans"},
		{"ANN", "", "Ann"},
		{"JP", "", "JP"},
		{"J.", "", "J."},
		{"MARY-ANN", "", "Mary-Ann"},
		{"Mary Ann", "", "Mary Ann"},
		{"McKenzie", "", "McKenzie"},
		{"Ann 🚀✨", "", "Ann"},
		{"🚀", "🚀 Ann Lee", "Ann"},
		{"Ann (She/Her)", "", "Ann"},
		{"(She/Her) Ann", "", "Ann"},
		{"Ann, PhD", "", "Ann"},
		{"Ann | Growth coach", "", "Ann"},
		{"Ann helps founders scale", "", "Ann"},
		{"𝗔𝗻𝗻", "", "Ann"},
		{"Zoë", "", "Zoë"},
		{"太郎", "", "太郎"},
		{"Dr.", "42", "there"},
		{"{{company}}", "", "there"},
	} {
		t.Run(tc.first+"/"+tc.full, func(t *testing.T) {
			t.Parallel()
			to := conversation.Recipient{FirstName: tc.first, FullName: tc.full}
			if got, err := firstMessage("{{first_name}}", to, "GUIDE"); err != nil || got != tc.want {
				t.Errorf("greeting = %q, %v, want %q", got, err, tc.want)
			}
		})
	}
}

func TestLastName(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ last, full, want string }{
		{"Lee", "", "Lee"},
		{"LEE, MBA", "", "Lee"},
		{"", "Ann van der Lee", "van der Lee"},
		{"", "Ann", "none"},
	} {
		t.Run(tc.last+"/"+tc.full, func(t *testing.T) {
			t.Parallel()
			to := conversation.Recipient{LastName: tc.last, FullName: tc.full}
			want := strings.TrimSpace("x " + strings.Replace(tc.want, "none", "", 1))
			if got, err := firstMessage("x {{last_name}}", to, "GUIDE"); err != nil || got != want {
				t.Errorf("message = %q, %v, want %q", got, err, want)
			}
		})
	}
}

func TestBackupMessage(t *testing.T) {
	t.Parallel()
	const link = "https://example.com/guide?a=1&b=%20#top"
	got, err := conversation.BackupMessage(conversation.Recipient{FullName: "ANN LEE"}, " "+link+"\n")
	if err != nil || !strings.Contains(got, "Ann") || !strings.Contains(got, link) {
		t.Errorf("BackupMessage = %q, %v", got, err)
	}
	if got, err := conversation.BackupMessage(conversation.Recipient{}, "https://example.com/{{x}}"); err != nil || !strings.Contains(got, "https://example.com/%7B%7Bx%7D%7D") {
		t.Errorf("BackupMessage with braces in the link = %q, %v", got, err)
	}
	for _, bad := range []string{"", "example.com/guide", "javascript:alert(1)", "https://", "http://%zz"} {
		got, err := conversation.BackupMessage(conversation.Recipient{}, bad)
		if got != "" || err == nil || err.Error() != "material link must be a complete https:// address" {
			t.Errorf("BackupMessage(%q) = %q, %v", bad, got, err)
		}
	}
}
