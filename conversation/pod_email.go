package conversation

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	html "html/template"
	"net/url"
	"strings"
	text "text/template"
	"unicode"
	"unicode/utf8"
)

// PodEmail is what the email says that asks the members of an engagement pod to
// look at a new post. All of it may come from outside.
type PodEmail struct {
	RecipientName    string // may be empty
	RecipientAddress string // only its part before the "@" is shown, where the name is empty
	PosterName       string // may be empty
	PostPreview      string // may be empty
	LinkURL          string // must pass [CheckLinkedInURL]
	Product          string // named in the footer
}

// RenderedEmail is an email in the parts that a mail service takes.
type RenderedEmail struct {
	Subject, HTML, Text string
}

// Lengths in characters: a subject or name that fits a line, and a preview that
// stays one.
const (
	maxLineLength    = 120
	maxPreviewLength = 280
)

//go:embed templates/pod_email.html.tmpl templates/pod_email.txt.tmpl
var podEmailFiles embed.FS

var (
	podEmailHTML = html.Must(html.ParseFS(podEmailFiles, "templates/pod_email.html.tmpl"))
	podEmailText = text.Must(text.ParseFS(podEmailFiles, "templates/pod_email.txt.tmpl"))
)

// RenderPodEmail words the notification in HTML and plain text. It returns the
// error of [CheckLinkedInURL] for a link that must not be sent to anybody.
func RenderPodEmail(e PodEmail) (RenderedEmail, error) {
	if err := CheckLinkedInURL(e.LinkURL); err != nil {
		return RenderedEmail{}, fmt.Errorf("render pod email: %w", err)
	}
	localPart, _, _ := strings.Cut(e.RecipientAddress, "@")
	page := struct{ Greeting, Poster, Preview, Link, Product string }{
		Greeting: cmp.Or(oneLine(e.RecipientName, maxLineLength), oneLine(localPart, maxLineLength), "there"),
		Poster:   cmp.Or(oneLine(e.PosterName, maxLineLength), "a member of your pod"),
		Preview:  oneLine(e.PostPreview, maxPreviewLength),
		Link:     e.LinkURL,
		Product:  cmp.Or(oneLine(e.Product, maxLineLength), "Bravo revOS"),
	}

	var asHTML, asText strings.Builder
	if err := podEmailHTML.Execute(&asHTML, page); err != nil {
		return RenderedEmail{}, fmt.Errorf("render pod email as html: %w", err)
	}
	if err := podEmailText.Execute(&asText, page); err != nil {
		return RenderedEmail{}, fmt.Errorf("render pod email as text: %w", err)
	}
	return RenderedEmail{
		Subject: oneLine("🚀 New post to engage: "+page.Poster, maxLineLength),
		HTML:    asHTML.String(),
		Text:    asText.String(),
	}, nil
}

// CheckLinkedInURL returns an error unless raw is an https link to linkedin.com
// or a sub-domain of it, without credentials or a port of its own. The error
// does not repeat the link, which may be hostile.
func CheckLinkedInURL(raw string) error {
	u, err := url.Parse(raw)
	// A space would let a second link follow in plain text.
	if err != nil || strings.ContainsFunc(raw, func(r rune) bool { return unicode.IsSpace(r) || isInvisible(r) }) {
		return errors.New("link is not a valid address")
	}
	host := strings.ToLower(u.Hostname())
	switch {
	case u.Scheme != "https":
		return errors.New("link must begin with https://")
	case host != "linkedin.com" && !strings.HasSuffix(host, ".linkedin.com"):
		return errors.New("link must lead to linkedin.com")
	case u.User != nil:
		return errors.New("link must not hold a user name")
	case u.Port() != "" && u.Port() != "443":
		return errors.New("link must not name a port")
	}
	return nil
}

// oneLine makes text from outside fit for a header line: without control
// characters and characters that reorder or hide text, cut at limit characters.
func oneLine(s string, limit int) string {
	const joiner = '\u200D' // holds emoji together
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Cf, r) && r != joiner:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	return strings.TrimSpace(string([]rune(s)[:limit-1])) + "…"
}
