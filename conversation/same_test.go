package conversation

import "testing"

// Ensure what LinkedIn makes of a message is taken for it, and what somebody else wrote
// to that person is not.
func TestLooksSame(t *testing.T) {
	t.Parallel()
	const sent = "Hi Ana & team, here is the guide: https://kelp.example/guide.pdf?x=1 \u2764\uFE0F Where shall I send the rest?"
	for name, test := range map[string]struct {
		shown, sent string
		want        bool
	}{
		"as it was":           {sent, sent, true},
		"white space":         {"Hi Ana & team,\n\nhere is the guide: https://kelp.example/guide.pdf?x=1 \u2764\uFE0F Where shall I send the rest? ", sent, true},
		"a link shortened":    {"Hi Ana & team, here is the guide: https://lnkd.in/dX7k2 \u2764\uFE0F Where shall I send the rest?", sent, true},
		"a link unfolded":     {"Hi Ana & team, here is the guide: kelp.example/guide.pdf \u2764\uFE0F Where shall I send the rest?", sent, true},
		"entities":            {"Hi Ana &amp; team, here is the guide: https://kelp.example/guide.pdf?x=1 \u2764 Where shall I send the rest?", sent, true},
		"no emoji":            {"Hi Ana & team, here is the guide: https://kelp.example/guide.pdf?x=1 Where shall I send the rest?", sent, true},
		"a signature":         {sent + "\n--\nMara Lindqvist, founder of Kelp Analytics", sent, true},
		"cut short":           {"Hi Ana & team, here is the guide: https://kelp.example/guide.pdf?x=1", sent, false},
		"typed by the owner":  {"Hi Ana, thanks for the comment, shall we talk on Friday?", sent, false},
		"ours within another": {sent + " Also, let me tell you a long story about how we built this guide last year, with whom, and why nobody wanted to read it at first.", sent, false},
		"nothing":             {"", sent, false},
		"a forgotten text":    {sent, "", false},
		"a file, no note":     {" ", "", false},
		"short, as it was":    {"The link", "the link", true},
		"short, in another":   {"Did you get the link?", "the link", false},
		"only a link":         {"https://lnkd.in/a", "https://kelp.example/b", false},
		"of another language": {"Привет, Анна, вот ссылка на руководство", "Здравствуйте, Анна, куда прислать материалы?", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := LooksSame(test.shown, test.sent); got != test.want {
				t.Errorf("LooksSame is %t, want %t", got, test.want)
			}
		})
	}
}
