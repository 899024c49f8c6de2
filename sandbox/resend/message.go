package resend

import (
	"encoding/json"
	"net/http"
	"net/mail"
	"slices"
	"strings"
)

// message is the body of a send.
// https://resend.com/docs/api-reference/emails/send-email
type message struct {
	From        string            `json:"from"`
	To          list              `json:"to"`
	Cc          list              `json:"cc"`
	Bcc         list              `json:"bcc"`
	ReplyTo     list              `json:"reply_to"`
	Subject     string            `json:"subject"`
	HTML        string            `json:"html"`
	Text        string            `json:"text"`
	Headers     map[string]string `json:"headers"`
	ScheduledAt string            `json:"scheduled_at"`
}

// list is a field that holds one string or several.
type list []string

func (l *list) UnmarshalJSON(b []byte) error {
	var one string
	if err := json.Unmarshal(b, &one); err != nil {
		return json.Unmarshal(b, (*[]string)(l))
	}
	*l = nil
	if one != "" {
		*l = list{one}
	}
	return nil
}

// maxRecipients is the most addresses that a field may hold.
const maxRecipients = 50

const addressHint = "The email address needs to follow the `email@example.com` or `Name <email@example.com>` format."

// check refuses what Resend refuses. Domains are those that may send.
func (m *message) check(domains []string) *apiError {
	switch {
	case m.From == "":
		return errMissingField("from")
	case len(m.To) == 0:
		return errMissingField("to")
	case m.Subject == "":
		return errMissingField("subject")
	case m.HTML == "" && m.Text == "":
		return errInvalid("Missing `html` or `text` field.")
	}
	from, err := mail.ParseAddress(m.From)
	if err != nil || !isPlain(m.From, from) {
		return &apiError{http.StatusUnprocessableEntity, "invalid_from_address", "Invalid `from` field. " + addressHint}
	}
	for _, field := range []struct {
		name      string
		addresses list
	}{{"to", m.To}, {"cc", m.Cc}, {"bcc", m.Bcc}, {"reply_to", m.ReplyTo}} {
		if len(field.addresses) > maxRecipients {
			return errInvalid("The `%s` field must hold at most %d email addresses.", field.name, maxRecipients)
		}
		for _, a := range field.addresses {
			parsed, err := mail.ParseAddress(a)
			if err != nil || !isPlain(a, parsed) {
				return errInvalid("Invalid `%s` field. %s", field.name, addressHint)
			}
		}
	}
	for name, value := range m.Headers {
		if strings.ContainsAny(name+value, "\r\n") {
			return errInvalid("Invalid `headers` field. A header must be one line.")
		}
	}
	_, domain, _ := strings.Cut(from.Address, "@")
	if len(domains) > 0 && !slices.Contains(domains, strings.ToLower(domain)) {
		return &apiError{http.StatusForbidden, "validation_error",
			"The " + domain + " domain is not verified. Please, add and verify your domain on https://resend.com/domains"}
	}
	return nil
}

// isPlain refuses what an address parser allows and Resend does not: addresses
// without a dot in the domain, quoted local parts, several lines.
func isPlain(raw string, a *mail.Address) bool {
	local, domain, _ := strings.Cut(a.Address, "@")
	return strings.Contains(domain, ".") && !strings.ContainsAny(local+domain, `"@ `) && !strings.ContainsAny(raw, "\r\n")
}
