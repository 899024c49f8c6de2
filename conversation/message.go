package conversation

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// DefaultBackupMessage hands over the material itself.
const DefaultBackupMessage = `Thanks {{first_name}}! In case the email gets lost, here is your link as well: {{link}}`

// Recipient is the person a message goes to, as far as the profile tells. All
// fields may be empty.
type Recipient struct {
	FirstName, LastName, FullName, Company string
}

// BackupMessage words the message with the link to the promised material. It
// returns an error where the link is no http or https address.
func BackupMessage(to Recipient, link string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(link))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", errors.New("material link must be a complete https:// address")
	}
	text, err := render(DefaultBackupMessage, variables{
		{"first_name", to.greetingName("there")},
		{"link", strings.NewReplacer("{", "%7B", "}", "%7D", " ", "%20").Replace(u.String())},
	})
	if err == nil {
		err = fitsMessage(text)
	}
	if err != nil {
		return "", err
	}
	return text, nil
}

// variable is a name in a template and the text that takes its place.
type variable struct{ name, value string }

type variables []variable

// placeholder matches a variable in a template, spaces and case being free.
var placeholder = regexp.MustCompile(`\{\{([^{}]*)\}\}`)

// render fills a template in one pass, so that a value is never read as template.
func render(template string, vars variables) (string, error) {
	var out []byte
	for template != "" {
		at := placeholder.FindStringSubmatchIndex(template)
		if at == nil {
			out = append(out, template...)
			break
		}
		name := strings.ToLower(strings.TrimSpace(template[at[2]:at[3]]))
		i := slices.IndexFunc(vars, func(v variable) bool { return v.name == name })
		switch {
		case i < 0:
			return "", fmt.Errorf("message template has the unknown variable {{%s}}: use %s", quotable(name), vars.names())
		case name == "trigger_word" && vars[i].value == "":
			return "", errors.New("message template needs a trigger word, and the lead has none")
		}
		out = append(out, template[:at[0]]...)
		template = template[at[1]:]
		if vars[i].value == "" {
			out, template = closeGap(out, template)
		}
		out = append(out, vars[i].value...)
		if len(out) > maxTemplate { // a long value that a template repeats would fill the memory
			return "", fmt.Errorf("message has more than %d bytes, its variables filled in: shorten the template or %s",
				maxTemplate, "{{"+name+"}}")
		}
	}

	message := strings.TrimSpace(string(out))
	switch {
	case message == "":
		return "", errors.New("message template gives an empty message")
	case strings.Contains(message, "{{") || strings.Contains(message, "}}"):
		return "", errors.New("message template has braces without a partner: write variables as {{first_name}}")
	}
	return message, nil
}

func (vars variables) names() string {
	names := make([]string, len(vars))
	for i, v := range vars {
		names[i] = "{{" + v.name + "}}"
	}
	return strings.Join(names, ", ")
}

// closeGap removes the space that a variable without a value leaves doubled, or
// in front of punctuation or of a line's end.
func closeGap(before []byte, after string) ([]byte, string) {
	spaceBefore := len(before) == 0 || before[len(before)-1] == ' ' || before[len(before)-1] == '\n'
	switch {
	case spaceBefore && strings.HasPrefix(after, " "):
		return before, after[1:]
	case len(before) > 0 && before[len(before)-1] == ' ' && (after == "" || strings.ContainsRune(".,;:!?)\n", rune(after[0]))):
		return before[:len(before)-1], after
	}
	return before, after
}

// plainValue is text from outside in one line and without the braces that would
// make it look like a variable.
func plainValue(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '{' || r == '}':
			return -1
		case unicode.IsControl(r):
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}
