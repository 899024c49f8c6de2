package conversation

import (
	"cmp"
	"embed"
	"fmt"
	html "html/template"
	"strings"
	text "text/template"
	"time"
)

// EndpointEmail is what the email says that tells an owner that their receiver of
// webhooks does not take its leads. Of the receiver's address only the host is in it:
// the rest may hold a token, and mails are forwarded.
type EndpointEmail struct {
	RecipientName    string // may be empty
	RecipientAddress string // only its part before the "@" is shown, where the name is empty
	Host             string
	EndpointID       int64
	Disabled         bool // else it is failing
	Gone             bool // it answered 410
	Since            time.Time
	Cause            string // of the closed list of causes
	Waiting          int64  // deliveries
	Product          string // named in the footer
}

//go:embed templates/endpoint_email.html.tmpl templates/endpoint_email.txt.tmpl
var endpointEmailFiles embed.FS

var (
	endpointEmailHTML = html.Must(html.ParseFS(endpointEmailFiles, "templates/endpoint_email.html.tmpl"))
	endpointEmailText = text.Must(text.ParseFS(endpointEmailFiles, "templates/endpoint_email.txt.tmpl"))
)

// RenderEndpointEmail words the message in HTML and plain text.
func RenderEndpointEmail(e EndpointEmail) (RenderedEmail, error) {
	localPart, _, _ := strings.Cut(e.RecipientAddress, "@")
	page := struct {
		Greeting, Host, Since, Cause, Waiting, Enable, Product string
		Disabled, Gone                                         bool
	}{
		Greeting: cmp.Or(oneLine(e.RecipientName, maxLineLength), oneLine(localPart, maxLineLength), "there"),
		Host:     oneLine(e.Host, maxLineLength),
		Since:    e.Since.UTC().Format("2 January 2006, 15:04 UTC"),
		Cause:    causeInWords(e.Cause),
		Waiting:  counted(e.Waiting, "lead"),
		Enable:   fmt.Sprintf("worker webhooks enable %d", e.EndpointID),
		Product:  cmp.Or(oneLine(e.Product, maxLineLength), "Bravo revOS"),
		Disabled: e.Disabled,
		Gone:     e.Gone,
	}
	subject := "Your webhook at " + page.Host + " is failing"
	if e.Disabled {
		subject = "Your webhook at " + page.Host + " was switched off"
	}
	var asHTML, asText strings.Builder
	if err := endpointEmailHTML.Execute(&asHTML, page); err != nil {
		return RenderedEmail{}, fmt.Errorf("render endpoint email as html: %w", err)
	}
	if err := endpointEmailText.Execute(&asText, page); err != nil {
		return RenderedEmail{}, fmt.Errorf("render endpoint email as text: %w", err)
	}
	return RenderedEmail{Subject: oneLine(subject, maxLineLength), HTML: asHTML.String(), Text: asText.String()}, nil
}

// causeInWords says what a cause means to somebody who runs the receiver.
func causeInWords(cause string) string {
	if words, ok := causeWords[cause]; ok {
		return words
	}
	return "it could not be reached"
}

var causeWords = map[string]string{
	"dns_error":           "its name has no address",
	"connection_refused":  "it refused the connection",
	"connection_reset":    "it hung up in the middle of the delivery",
	"network_unreachable": "there is no route to its network",
	"timeout":             "it did not answer in time",
	"tls_error":           "its certificate is not trusted, or it does not speak TLS",
	"redirect":            "it answered with a redirect, which is never followed",
	"http_4xx":            "it refused the delivery (an answer of 400 to 499)",
	"http_5xx":            "it answered with an error of its own (500 to 599)",
	"protocol_error":      "it does not speak HTTP",
	"bad_answer":          "its answer could not be read",
	"blocked_address":     "its address is not on the public Internet",
	"invalid_url":         "its address cannot be called",
}

// counted is a number with its noun.
func counted(n int64, noun string) string {
	switch n {
	case 0:
		return "no " + noun + "s"
	case 1:
		return "one " + noun
	default:
		return fmt.Sprintf("%d %ss", n, noun)
	}
}
