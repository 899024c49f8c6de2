package conversation_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/bravorevos/workers/conversation"
)

// readLines reads a file of JSON objects.
func readLines[T any](t *testing.T, path string) []T {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	decoder := json.NewDecoder(file)
	decoder.DisallowUnknownFields()
	var lines []T
	for {
		var line T
		err := decoder.Decode(&line)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("line %d of %s: %v", len(lines)+1, path, err)
		}
		lines = append(lines, line)
	}
	if len(lines) == 0 {
		t.Fatalf("%s is empty", path)
	}
	return lines
}

// The shared cases are the product's contract: every one must hold, and so must more of
// ours in other languages.
func TestTriggerContract(t *testing.T) {
	t.Parallel()
	type comment struct {
		Keywords, Exclude []string
		Text, Why         string
		Mode              conversation.TriggerMode
		Typos             bool
		AccentInsensitive bool `json:"accent_insensitive"`
		Match             bool
	}
	for _, tc := range slices.Concat(readLines[comment](t, "testdata/comments.jsonl"), readLines[comment](t, "testdata/comments_more.jsonl")) {
		t.Run(tc.Text, func(t *testing.T) {
			t.Parallel()
			trigger, err := conversation.NewTrigger(conversation.TriggerRules{
				Keywords: tc.Keywords, Exclude: tc.Exclude, Mode: tc.Mode,
				Typos: tc.Typos, AccentInsensitive: tc.AccentInsensitive,
			})
			if err != nil {
				t.Fatal(err)
			}
			if keyword, ok := trigger.Match(tc.Text); ok != tc.Match {
				t.Errorf("Match = %q, %v, want %v: %s", keyword, ok, tc.Match, tc.Why)
			}
		})
	}
}

type rules = conversation.TriggerRules

func TestTriggerMatch(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		rules rules
		text  string
		want  string // the keyword; empty means no match
	}{
		"keyword is returned as configured":        {rules{Keywords: []string{"Lead  MAGNET"}}, "lead magnet!", "Lead  MAGNET"},
		"first keyword wins":                       {rules{Keywords: []string{"b", "a1"}}, "a1 b", "b"},
		"exact word goes before a typo":            {rules{Keywords: []string{"guide", "glide"}, Typos: true}, "glide", "glide"},
		"zero mode is word mode":                   {rules{Keywords: []string{"guide"}}, "guidelines", ""},
		"lone letter wants a token":                {rules{Keywords: []string{"C"}}, "C++ or C#", ""},
		"lone letter between marks":                {rules{Keywords: []string{"C"}}, "“C”, please", "C"},
		"symbols count with a lone letter":         {rules{Keywords: []string{"c#"}}, "C#!", "c#"},
		"hash tag of a raw token":                  {rules{Keywords: []string{"C++"}}, "#c++🙏", "C++"},
		"raw token in contains mode":               {rules{Keywords: []string{"C++"}, Mode: conversation.TriggerContains}, "basic", ""},
		"raw token in exact mode":                  {rules{Keywords: []string{"C++"}, Mode: conversation.TriggerExact}, " c++! ", "C++"},
		"single digit is a word":                   {rules{Keywords: []string{"1"}}, "1, please", "1"},
		"single ideograph is a substring":          {rules{Keywords: []string{"本"}}, "日本語", "本"},
		"half-width katakana":                      {rules{Keywords: []string{"ガイド"}}, "ｶﾞｲﾄﾞください", "ガイド"},
		"voicing mark is no accent":                {rules{Keywords: []string{"ガイド"}, AccentInsensitive: true}, "カイト", ""},
		"letters without decomposition":            {rules{Keywords: []string{"łødź đ"}, AccentInsensitive: true}, "LODZ D", "łødź đ"},
		"exclude reaches into no longer word":      {rules{Keywords: []string{"guide"}, Exclude: []string{"art"}, Mode: conversation.TriggerContains}, "start: guide", "guide"},
		"exclude tolerates no typo":                {rules{Keywords: []string{"guide"}, Exclude: []string{"later"}, Typos: true}, "guide latter", "guide"},
		"exclude follows the accent rule":          {rules{Keywords: []string{"guide"}, Exclude: []string{"déjà reçu"}, AccentInsensitive: true}, "guide deja recu", ""},
		"typos have no effect in contains mode":    {rules{Keywords: []string{"guide"}, Mode: conversation.TriggerContains, Typos: true}, "giude", ""},
		"typos in exact mode":                      {rules{Keywords: []string{"guide"}, Mode: conversation.TriggerExact, Typos: true}, "giude!", "guide"},
		"numbers have no typos":                    {rules{Keywords: []string{"guide2026"}, Typos: true}, "guide2025", ""},
		"two slips under eight letters":            {rules{Keywords: []string{"webinar"}, Typos: true}, "wbenir please, everybody", ""},
		"two slips from eight letters":             {rules{Keywords: []string{"workshop"}, Typos: true}, "wrokhsop", "workshop"},
		"three slips":                              {rules{Keywords: []string{"checklist"}, Typos: true}, "chcklst2", ""},
		"each word of a phrase may have its slip":  {rules{Keywords: []string{"lead magnet"}, Typos: true}, "laed magnt", "lead magnet"},
		"invalid UTF-8 is only another separator":  {rules{Keywords: []string{"guide"}}, "guide\xff\xfe", "guide"},
		"accent survives a joiner before its mark": {rules{Keywords: []string{"été"}}, "e\u200d\u0301té", "été"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			trigger, err := conversation.NewTrigger(tc.rules)
			if err != nil {
				t.Fatal(err)
			}
			if got, ok := trigger.Match(tc.text); got != tc.want || ok != (tc.want != "") {
				t.Errorf("Match(%q) = %q, %v, want %q", tc.text, got, ok, tc.want)
			}
		})
	}
}

func TestNewTriggerRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		rules rules
		want  string
	}{
		"no keyword":             {rules{}, "no trigger word: give at least one keyword"},
		"keyword of punctuation": {rules{Keywords: []string{"guide", "!!!"}}, `keyword "!!!" has no letter or number to match: remove or replace it`},
		"blank keyword":          {rules{Keywords: []string{" "}}, `keyword " " has no letter or number to match: remove or replace it`},
		"emoji to exclude":       {rules{Keywords: []string{"guide"}, Exclude: []string{"🙏"}}, `exclude word "🙏" has no letter or number to match: remove or replace it`},
		"unknown mode":           {rules{Keywords: []string{"guide"}, Mode: "fuzzy"}, `unknown match mode "fuzzy": use "word", "contains" or "exact"`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			trigger, err := conversation.NewTrigger(tc.rules)
			if trigger != nil || err == nil || err.Error() != tc.want {
				t.Errorf("NewTrigger = %v, %v, want error %q", trigger, err, tc.want)
			}
		})
	}
}

func TestSplitKeywords(t *testing.T) {
	t.Parallel()
	tests := map[string][]string{
		"":                                nil,
		" , ,":                            nil,
		"guide":                           {"guide"},
		" Guide , checklist,,lead magnet": {"Guide", "checklist", "lead magnet"},
		"Guide,GUIDE!,ＧＵＩＤＥ,guides":       {"Guide", "guides"},
		"C,C++,c++":                       {"C", "C++"},
		"étude,etude":                     {"étude", "etude"},
		"ガイド、資料，pdf":                      {"ガイド", "資料", "pdf"},
		"guide,!!!":                       {"guide", "!!!"}, // for NewTrigger to refuse
	}
	for list, want := range tests {
		t.Run(list, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(want, conversation.SplitKeywords(list)); diff != "" {
				t.Errorf("SplitKeywords (-want +got):\n%s", diff)
			}
		})
	}
}

// Ensure that people find the keyword however their keyboard spells it.
func TestTriggerIgnoresSpelling(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		keyword := rapid.StringMatching(`[a-z]{2,12}( [a-z]{2,12})?`).Draw(t, "keyword")
		trigger, err := conversation.NewTrigger(conversation.TriggerRules{Keywords: []string{keyword}})
		if err != nil {
			t.Fatal(err)
		}
		var spelled strings.Builder
		for _, r := range keyword {
			if r != ' ' {
				switch rapid.IntRange(0, 4).Draw(t, "spelling") {
				case 1:
					r = unicode.ToUpper(r)
				case 2:
					r += 'ａ' - 'a' // full width
				case 3:
					r += '𝗮' - 'a' // mathematical bold
				case 4:
					spelled.WriteRune('\u200B')
				}
			}
			spelled.WriteRune(r)
		}
		around := rapid.SampledFrom([]string{"%s", "“%s”", "#%s", "🙏%s🙏", "yes, %s!!", "(%s)"}).Draw(t, "around")
		text := strings.Replace(around, "%s", spelled.String(), 1)
		if got, ok := trigger.Match(text); !ok || got != keyword {
			t.Fatalf("Match(%q) = %q, %v", text, got, ok)
		}
	})
}

func FuzzTrigger(f *testing.F) {
	f.Add("guide", "the ＧＵＩＤＥ, please")
	f.Add("C++", "c++!")
	f.Add("İ", "ı\u0307")
	f.Fuzz(func(t *testing.T, keyword, text string) {
		for _, mode := range []conversation.TriggerMode{conversation.TriggerWord, conversation.TriggerContains, conversation.TriggerExact} {
			trigger, err := conversation.NewTrigger(rules{Keywords: []string{keyword}, Mode: mode, Typos: true, AccentInsensitive: true})
			if err != nil {
				return
			}
			trigger.Match(text)
			if _, ok := trigger.Match(keyword); !ok {
				t.Errorf("keyword %q does not match itself in mode %q", keyword, mode)
			}
		}
	})
}
