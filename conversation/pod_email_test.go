package conversation_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/bravorevos/workers/conversation"
)

const postLink = "https://www.linkedin.com/feed/update/urn:li:activity:1/?a=1&b=2"

func renderPodEmail(t *testing.T, e conversation.PodEmail) conversation.RenderedEmail {
	t.Helper()
	rendered, err := conversation.RenderPodEmail(e)
	if err != nil {
		t.Fatal(err)
	}
	return rendered
}

// page is what a mail program makes of the HTML part.
type page struct {
	tags  map[string]int
	links []string
	text  string
}

func readPage(t *testing.T, source string) page {
	t.Helper()
	root, err := html.Parse(strings.NewReader(source))
	if err != nil {
		t.Fatal(err)
	}
	p := page{tags: make(map[string]int)}
	for node := range root.Descendants() {
		switch node.Type {
		case html.ElementNode:
			p.tags[node.Data]++
			for _, attribute := range node.Attr {
				if attribute.Key == "href" || attribute.Key == "src" {
					p.links = append(p.links, attribute.Val)
				}
			}
		case html.TextNode:
			p.text += node.Data + "\n"
		}
	}
	return p
}

func TestRenderPodEmail(t *testing.T) {
	t.Parallel()
	got := renderPodEmail(t, conversation.PodEmail{
		RecipientName: "Ann", RecipientAddress: "a.lee@example.com", PosterName: "Tomas Kelp",
		PostPreview: "Five things\nI learned", LinkURL: postLink, Product: "Bravo revOS",
	})
	if want := "🚀 New post to engage: Tomas Kelp"; got.Subject != want {
		t.Errorf("subject = %q, want %q", got.Subject, want)
	}
	p := readPage(t, got.HTML)
	if diff := cmp.Diff([]string{postLink}, p.links); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
	for part, content := range map[string]string{"html": p.text, "text": got.Text} {
		for _, want := range []string{"Hi Ann,", "Tomas Kelp", "Five things I learned", "You receive this email because", "Bravo revOS"} {
			if !strings.Contains(content, want) {
				t.Errorf("%s part lacks %q:\n%s", part, want, content)
			}
		}
	}
	if !strings.Contains(got.Text, postLink) {
		t.Errorf("text part lacks the link:\n%s", got.Text)
	}
}

// Ensure that the email reads well where the row says little.
func TestRenderPodEmailFallbacks(t *testing.T) {
	t.Parallel()
	got := renderPodEmail(t, conversation.PodEmail{RecipientAddress: "a.lee@example.com", LinkURL: postLink})
	if want := "🚀 New post to engage: a member of your pod"; got.Subject != want {
		t.Errorf("subject = %q, want %q", got.Subject, want)
	}
	for part, content := range map[string]string{"html": got.HTML, "text": got.Text} {
		if !strings.Contains(content, "Hi a.lee,") || !strings.Contains(content, "Bravo revOS") || strings.Contains(content, "blockquote") || strings.Contains(content, `""`) {
			t.Errorf("%s part without name and preview:\n%s", part, content)
		}
	}
	if nobody := renderPodEmail(t, conversation.PodEmail{LinkURL: postLink}); !strings.Contains(nobody.Text, "Hi there,") {
		t.Errorf("text part without name and address:\n%s", nobody.Text)
	}
}

// Ensure that nothing from outside becomes markup, a header or a wall of text.
func TestRenderPodEmailTamesInput(t *testing.T) {
	t.Parallel()
	const hostile = "<img src=x onerror=alert(1)>\r\nBcc: all@example.com\x00\u202e</p>{{.Link}}"
	clean := readPage(t, renderPodEmail(t, conversation.PodEmail{RecipientName: "a", PosterName: "b", PostPreview: "c", LinkURL: postLink, Product: "d"}).HTML)
	rendered := renderPodEmail(t, conversation.PodEmail{
		RecipientName: hostile, PosterName: hostile, PostPreview: strings.Repeat(hostile, 50), LinkURL: postLink, Product: hostile,
	})
	p := readPage(t, rendered.HTML)
	if diff := cmp.Diff(clean.tags, p.tags); diff != "" {
		t.Errorf("tags (-tame +hostile):\n%s", diff)
	}
	if diff := cmp.Diff(clean.links, p.links); diff != "" {
		t.Errorf("links (-tame +hostile):\n%s", diff)
	}
	for part, content := range map[string]string{"subject": rendered.Subject, "text": rendered.Text} {
		if strings.ContainsAny(content, "\r\x00\u202e") || part == "subject" && strings.Contains(content, "\n") {
			t.Errorf("%s part keeps control characters: %q", part, content)
		}
	}
	if n := utf8.RuneCountInString(rendered.Text); n > 1200 {
		t.Errorf("text part has %d characters", n)
	}

	long := renderPodEmail(t, conversation.PodEmail{PosterName: strings.Repeat("é", 500), LinkURL: postLink})
	if n := utf8.RuneCountInString(long.Subject); n > 120 || !strings.HasSuffix(long.Subject, "…") {
		t.Errorf("subject of %d characters: %q", n, long.Subject)
	}
}

func TestCheckLinkedInURL(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		postLink:                              "",
		"https://linkedin.com/posts/x":        "",
		"https://WWW.LinkedIn.com:443/x":      "",
		"https://de.linkedin.com/in/zo%C3%AB": "",
		"":                                    "link must begin with https://",
		"http://www.linkedin.com/x":           "link must begin with https://",
		"javascript:alert('linkedin.com')":    "link must begin with https://",
		"data:text/html,x":                    "link must begin with https://",
		"//www.linkedin.com/x":                "link must begin with https://",
		"https:www.linkedin.com":              "link must lead to linkedin.com",
		"https://linkedin.com.evil.example/":  "link must lead to linkedin.com",
		"https://evillinkedin.com/":           "link must lead to linkedin.com",
		"https://evil.example/#linkedin.com":  "link must lead to linkedin.com",
		"https://linkedin.com@evil.example/":  "link must lead to linkedin.com",
		"https://linkedin.com./x":             "link must lead to linkedin.com",
		"https://lіnkedin.com/x":              "link must lead to linkedin.com", // Cyrillic і
		"https://ann:pw@linkedin.com/":        "link must not hold a user name",
		"https://linkedin.com:8443/":          "link must not name a port",
		`https://linkedin.com\@evil.example/`: "link is not a valid address",
		"https://linkedin.com/\r\nBcc:x":      "link is not a valid address",
		"https://linkedin.com/ https://evil":  "link is not a valid address",
		" https://linkedin.com/":              "link is not a valid address",
	} {
		t.Run(raw, func(t *testing.T) {
			t.Parallel()
			got := ""
			if err := conversation.CheckLinkedInURL(raw); err != nil {
				got = err.Error()
			}
			if got != want {
				t.Errorf("CheckLinkedInURL(%q) = %q, want %q", raw, got, want)
			}
			if _, err := conversation.RenderPodEmail(conversation.PodEmail{LinkURL: raw}); (err != nil) != (want != "") {
				t.Errorf("RenderPodEmail with link %q: %v", raw, err)
			}
		})
	}
}
