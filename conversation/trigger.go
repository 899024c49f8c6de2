package conversation

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// TriggerMode is how a keyword and a comment are compared.
type TriggerMode string

const (
	// TriggerWord finds the keyword as a run of whole words. It is the default.
	TriggerWord TriggerMode = "word"
	// TriggerContains finds the keyword anywhere, also inside longer words.
	TriggerContains TriggerMode = "contains"
	// TriggerExact wants a comment of the keyword and nothing else.
	TriggerExact TriggerMode = "exact"
)

// TriggerRules are a campaign's rules for the comments that ask for its material.
type TriggerRules struct {
	// Keywords are alternatives, any of them triggers. At least one is needed.
	Keywords []string
	// Exclude are words or phrases that veto a match. They are always whole
	// words, whatever Mode says, and never tolerate a typo.
	Exclude []string
	// Mode defaults to [TriggerWord].
	Mode TriggerMode
	// Typos accepts one slip (a letter too many, missing, wrong, or two swapped)
	// in a word of four letters or more and two from eight. Words with digits
	// must be exact. It has no effect on [TriggerContains].
	Typos bool
	// AccentInsensitive takes "etude" for "étude".
	AccentInsensitive bool
}

// Trigger decides whether a comment asks for a campaign's material. It is safe
// for concurrent use. Who wrote the comment is for the caller to judge.
type Trigger struct {
	keywords []phrase
	exclude  []phrase
	mode     TriggerMode
	typos    bool
	accents  bool // accents count
}

// phrase is a keyword in the forms it is compared in.
type phrase struct {
	configured string
	words      []string
	joined     string // words with one blank between them
	raw        bool   // words are raw tokens: a lone letter says too little
	unspaced   bool   // compared as a substring
}

// NewTrigger compiles rules. It refuses rules without a keyword, keywords and
// exclude words without a letter or number, and unknown modes; the error says
// what to change.
func NewTrigger(rules TriggerRules) (*Trigger, error) {
	t := &Trigger{mode: rules.Mode, typos: rules.Typos, accents: !rules.AccentInsensitive}
	switch rules.Mode {
	case "":
		t.mode = TriggerWord
	case TriggerWord, TriggerContains, TriggerExact:
	default:
		return nil, fmt.Errorf("unknown match mode %q: use %q, %q or %q",
			rules.Mode, TriggerWord, TriggerContains, TriggerExact)
	}
	if len(rules.Keywords) == 0 {
		return nil, errors.New("no trigger word: give at least one keyword")
	}
	if n := max(len(rules.Keywords), len(rules.Exclude)); n > maxKeywords {
		return nil, fmt.Errorf("%d words in one list: %d is the most", n, maxKeywords)
	}

	for _, keyword := range rules.Keywords {
		p := t.compile(keyword)
		if len(p.words) == 0 {
			return nil, fmt.Errorf("keyword %q has no letter or number to match: remove or replace it", keyword)
		}
		t.keywords = append(t.keywords, p)
	}
	for _, exclude := range rules.Exclude {
		p := t.compile(exclude)
		if len(p.words) == 0 {
			return nil, fmt.Errorf("exclude word %q has no letter or number to match: remove or replace it", exclude)
		}
		t.exclude = append(t.exclude, p)
	}
	return t, nil
}

func (t *Trigger) compile(configured string) phrase {
	folded := t.fold(configured)
	p := phrase{configured: configured, words: words(folded), unspaced: hasUnspacedScript(folded)}
	if len(p.words) == 1 && !p.unspaced && utf8.RuneCountInString(p.words[0]) == 1 && !hasDigit(p.words[0]) {
		p.raw, p.words = true, rawTokens(folded)
	}
	p.joined = strings.Join(p.words, " ")
	return p
}

func (t *Trigger) fold(text string) string {
	text = fold(text)
	if !t.accents {
		text = withoutAccents(text)
	}
	return text
}

// Match returns the first keyword, as configured, that the comment holds. A
// keyword without a typo goes before one with, and an exclude word vetoes all.
func (t *Trigger) Match(text string) (keyword string, ok bool) {
	c := t.read(text)
	for _, p := range t.exclude {
		if c.matches(p, TriggerWord, false) {
			return "", false
		}
	}
	for _, p := range t.keywords {
		if c.matches(p, t.mode, false) {
			return p.configured, true
		}
	}
	if !t.typos {
		return "", false
	}
	for _, p := range t.keywords {
		if c.matches(p, t.mode, true) {
			return p.configured, true
		}
	}
	return "", false
}

// comment is a folded text in the forms that phrases are compared with.
type comment struct {
	words, raw   []string
	joined       string // words with one blank between them
	joinedTokens string // and so the raw tokens
}

// read folds a text for comparison. What stands beyond four times LinkedIn's limit is
// no comment of LinkedIn's, and left out.
func (t *Trigger) read(text string) comment {
	folded := t.fold(upTo(text, maxComment))
	c := comment{words: words(folded), raw: rawTokens(folded)}
	c.joined, c.joinedTokens = strings.Join(c.words, " "), strings.Join(c.raw, " ")
	return c
}

func (c comment) matches(p phrase, mode TriggerMode, typos bool) bool {
	have, joined := c.words, c.joined
	if p.raw {
		have, joined = c.raw, c.joinedTokens
	}
	same := func(a, b string) bool { return a == b || typos && !p.raw && isTypo(a, b) }

	switch {
	case mode == TriggerExact:
		return slices.EqualFunc(p.words, have, same)
	case mode == TriggerContains || p.unspaced:
		return strings.Contains(joined, p.joined)
	}
	for start := range len(have) - len(p.words) + 1 {
		if slices.EqualFunc(p.words, have[start:start+len(p.words)], same) {
			return true
		}
	}
	return false
}

// SplitKeywords reads a comma-separated list of keywords: trimmed, in order,
// without empty entries and without those that differ only in ways that
// matching ignores. The commas of other scripts separate too. It reads no further than
// a list may be long, which [ParseWording] says where it is longer.
func SplitKeywords(list string) []string {
	var keywords []string
	seen := make(map[string]bool)
	for entry := range strings.FieldsFuncSeq(upTo(list, maxTriggerWords), func(r rune) bool { return strings.ContainsRune(",，、،", r) }) {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		key := entry // An entry that can never match is kept, for [NewTrigger] to refuse.
		if p := new(Trigger{accents: true}).compile(entry); len(p.words) > 0 {
			key = strings.Join(p.words, " ")
		}
		if !seen[key] {
			seen[key] = true
			keywords = append(keywords, entry)
		}
	}
	return keywords
}
