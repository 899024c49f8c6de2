package conversation_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bravorevos/workers/conversation"
)

// numbered joins n different words.
func numbered(n int, separator string) string {
	words := make([]string, n)
	for i := range words {
		words[i] = fmt.Sprintf("w%d", i)
	}
	return strings.Join(words, separator)
}

func workersSettings(tb testing.TB, ours map[string]any) []byte {
	tb.Helper()
	raw, err := json.Marshal(map[string]any{"workers": ours})
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

// Ensure a campaign whose texts would keep a poll busy is refused before anything loops
// over them, and that its owner reads which field it is, how large, and what is allowed.
func TestTextsAreRefusedBySizeAndCount(t *testing.T) {
	t.Parallel()
	list := func(n int) []string { return strings.Split(numbered(n, ","), ",") }
	variants := func(texts ...string) map[string]any { return map[string]any{"variants": texts} }
	variables := map[string]string{}
	for i := range 60 {
		variables[fmt.Sprintf("v%d", i)] = "x"
	}
	for name, tc := range map[string]struct {
		settings map[string]any
		template string
		words    string
		path     string
		says     []string // the size and the limit
	}{
		"12 KB of keywords":       {words: numbered(2500, ","), path: "trigger_word", says: []string{"2500", "200"}},
		"a megabyte of keywords":  {words: strings.Repeat("guide,", 200_000), path: "trigger_word", says: []string{"1200000", "16384"}},
		"a keyword of 12 KB":      {words: strings.Repeat("x", 12_000), path: "trigger_word", says: []string{"12000", "200"}},
		"a template of 100 KB":    {template: strings.Repeat("x", 100_000), path: "dm_template_step1", says: []string{"100000", "32000"}},
		"3,000 exclude words":     {settings: map[string]any{"trigger": map[string]any{"exclude": list(3000)}}, path: "settings.workers.trigger.exclude", says: []string{"3000", "200"}},
		"an exclude word of 4 KB": {settings: map[string]any{"trigger": map[string]any{"exclude": []string{"no", strings.Repeat("x", 4000)}}}, path: "settings.workers.trigger.exclude[1]", says: []string{"4000", "200"}},
		"2,000 variants":          {settings: map[string]any{"first_dm": variants(list(2000)...)}, path: "settings.workers.first_dm.variants", says: []string{"2000", "20"}},
		"2,000 public replies":    {settings: map[string]any{"not_connected": map[string]any{"public_reply": variants(list(2000)...)}}, path: "settings.workers.not_connected.public_reply.variants", says: []string{"2000", "20"}},
		"a variant of 40 KB":      {settings: map[string]any{"follow_up": variants("a", strings.Repeat("x", 40_000))}, path: "settings.workers.follow_up.variants[1]", says: []string{"40000", "32000"}},
		"10,000 people blocked":   {settings: map[string]any{"blocklist": list(10_000)}, path: "settings.workers.blocklist", says: []string{"10000", "2000"}},
		"one of them of 5 KB":     {settings: map[string]any{"blocklist": []string{"ana", strings.Repeat("x", 5000)}}, path: "settings.workers.blocklist[1]", says: []string{"5000", "1000"}},
		"60 variables":            {settings: map[string]any{"variables": variables}, path: "settings.workers.variables", says: []string{"60", "50"}},
		"a value of 20 KB":        {settings: map[string]any{"variables": map[string]string{"guide": strings.Repeat("x", 20_000)}}, path: "settings.workers.variables.guide", says: []string{"20000", "4000"}},
		"a name of 20 KB":         {settings: map[string]any{"variables": map[string]string{strings.Repeat("x", 20_000): "x"}}, path: "settings.workers.variables", says: []string{"name"}},
		"a fallback of 20 KB":     {settings: map[string]any{"first_name_fallback": strings.Repeat("x", 20_000)}, path: "settings.workers.first_name_fallback", says: []string{"20000", "4000"}},
		"settings of 2 MB":        {settings: map[string]any{"first_dm": variants(strings.Repeat("x", 2_000_000))}, path: "settings", says: []string{"20000", "1048576"}},
		"300 KB that are ours":    {settings: map[string]any{"typo": strings.Repeat("x", 300_000)}, path: "settings.workers", says: []string{"3000", "262144"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tc.words == "" {
				tc.words = "guide"
			}
			w, problems := conversation.ReadWording(workersSettings(t, tc.settings), tc.template, tc.words)
			at := slices.IndexFunc(problems, func(p conversation.Problem) bool { return p.Path == tc.path })
			if len(problems) != 1 || at != 0 {
				t.Fatalf("%d problems, want one of %s: %.600v", len(problems), tc.path, problems)
			}
			for _, part := range tc.says {
				if !strings.Contains(problems[0].Message, part) {
					t.Errorf("%q does not tell %s", problems[0].Message, part)
				}
			}
			if n := len(problems[0].Message); n > 500 {
				t.Errorf("the message has %d bytes: it repeats what is too long", n)
			}
			if samples := w.Preview(); len(samples) > 10 {
				t.Errorf("%d samples are shown of what was refused", len(samples))
			}
		})
	}
}

// Ensure values cannot multiply a text: a template of a few bytes that names a long
// variable again and again is refused while it is written.
func TestVariablesDoNotMultiply(t *testing.T) {
	t.Parallel()
	settings := workersSettings(t, map[string]any{
		"variables": map[string]string{"v": strings.Repeat("x", 4000)},
		"first_dm":  map[string]any{"variants": []string{strings.Repeat("{{v}}", 6000)}},
	})
	_, problems := conversation.ReadWording(settings, "", "guide")
	if len(problems) != 1 || !strings.Contains(problems[0].Message, "more than 32000 bytes") {
		t.Errorf("a text of 24 MB gives the problems %.300v", problems)
	}
}

// Ensure the work for the texts that are allowed grows with their number and no faster.
// It is counted in allocations, which a busy machine makes neither more nor fewer of.
//
//nolint:paralleltest // beside others, their allocations would be counted, too
func TestCheckOfTextsIsLinear(t *testing.T) {
	work := func(words, variants int) float64 {
		texts := make([]string, variants)
		for i := range texts {
			texts[i] = fmt.Sprintf("{{first_name}}, see %d", i)
		}
		settings := workersSettings(t, map[string]any{
			"first_dm":      map[string]any{"variants": texts},
			"not_connected": map[string]any{"public_reply": map[string]any{"variants": texts}},
		})
		list := numbered(words, ",")
		return testing.AllocsPerRun(2, func() {
			if _, problems := conversation.ReadWording(settings, "", list); len(problems) > 0 {
				t.Fatal(problems)
			}
		})
	}
	if few, many := work(20, 5), work(200, 5); many > 15*few {
		t.Errorf("ten times the keywords cost %.0f allocations where few cost %.0f", many, few)
	}
	if few, many := work(20, 2), work(20, 20); many > 15*few {
		t.Errorf("ten times the variants cost %.0f allocations where few cost %.0f", many, few)
	}
}
