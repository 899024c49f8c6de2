package conversation_test

import (
	"fmt"
	"html"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/bravorevos/workers/conversation"
)

// The shared cases are the product's contract: every one must hold.
func TestReadReplyContract(t *testing.T) {
	t.Parallel()
	for _, tc := range readLines[struct {
		Text, Email, Suggest, Why string
		Ask, None, OptOut         bool
	}](t, "testdata/replies.jsonl") {
		t.Run(tc.Text, func(t *testing.T) {
			t.Parallel()
			got := conversation.ReadReply(tc.Text)
			want := conversation.Reply{Kind: conversation.ReplyFound, Address: tc.Email, Reason: got.Reason}
			switch {
			case tc.Ask:
				want.Kind, want.Suggestion = conversation.ReplyAsk, tc.Suggest
				if tc.Suggest == "" {
					want.Suggestion = got.Suggestion // The contract leaves it open.
				}
			case tc.None:
				want.Kind = conversation.ReplyNone
			case tc.OptOut:
				want.Kind = conversation.ReplyOptOut
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("ReadReply (-want +got):\n%s%s", diff, tc.Why)
			}
		})
	}
}

func found(address string) conversation.Reply {
	return conversation.Reply{Kind: conversation.ReplyFound, Address: address, Reason: conversation.ReasonPlain}
}

func corrected(address string) conversation.Reply {
	return conversation.Reply{Kind: conversation.ReplyFound, Address: address, Reason: conversation.ReasonCorrected}
}

func ask(reason, suggestion string) conversation.Reply {
	return conversation.Reply{Kind: conversation.ReplyAsk, Suggestion: suggestion, Reason: reason}
}

func checkReplies(t *testing.T, tests map[string]conversation.Reply) {
	t.Helper()
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(want, conversation.ReadReply(text)); diff != "" {
				t.Errorf("ReadReply(%q) (-want +got):\n%s", text, diff)
			}
		})
	}
}

// Ensure that what surrounds an address does not hide it.
func TestReadReplyFinds(t *testing.T) {
	t.Parallel()
	checkReplies(t, map[string]conversation.Reply{
		"Email=ann@example.com":                            found("ann@example.com"),
		"*ann@example.com*":                                found("ann@example.com"),
		"_ann@example.com_":                                found("ann@example.com"),
		"_ann@example.com":                                 found("_ann@example.com"),
		"‘ann@example.com’":                                found("ann@example.com"),
		"•ann@example.com":                                 found("ann@example.com"),
		"→ann@example.com":                                 found("ann@example.com"),
		"👍🏽ann@example.com🚀":                               found("ann@example.com"),
		"ann@example.com:)":                                found("ann@example.com"),
		"ann@example.com…thanks":                           found("ann@example.com"),
		"我的邮箱：ann@example.com，谢谢":                          found("ann@example.com"),
		"ann@example.com。谢谢":                               found("ann@example.com"),
		"ann@example。com":                                  found("ann@example.com"),
		"𝗮𝗻𝗻@example.com":                                  found("ann@example.com"),
		"an\u00adn@example.com":                            found("ann@example.com"),
		"ann&commat;example.com":                           found("ann@example.com"),
		"ann&amp@example.com":                              found("ann&amp@example.com"), // no entity without its semicolon
		"mailto:ann%2Bb@example.com?body=x":                found("ann+b@example.com"),
		"<mailto:ann@example.com|ann@example.com>":         found("ann@example.com"),
		`<a href="mailto:a@example.com">a@example.com</a>`: found("a@example.com"),
		"a@example.com and A@EXAMPLE.com":                  found("a@example.com"),
		"ann@faß.de":                                       found("ann@faß.de"),
		"ann@xn--mnchen-3ya.de":                            found("ann@xn--mnchen-3ya.de"),
		"ann@gmail.Com":                                    found("ann@gmail.Com"),
		"ann@team.github.io":                               found("ann@team.github.io"),
		"ann@company.cm":                                   found("ann@company.cm"),
		"> old@example.com\nann@example.com":               found("ann@example.com"),
		"see https://x.com/@ann or ann@example.com":        found("ann@example.com"),
		"thanks@tomas, it's ann@example.com":               found("ann@example.com"),
		"do not hesitate to write me at ann@example.com":   found("ann@example.com"),
		"a@gmial.com sorry a@gmail.com":                    found("a@gmail.com"),
	})
}

// Ensure that a token which is no clean address is asked about, never trimmed to one.
func TestReadReplyAsks(t *testing.T) {
	t.Parallel()
	checkReplies(t, map[string]conversation.Reply{
		"o’brien@example.com":                    ask(conversation.ReasonNonASCIILocal, "o'brien@example.com"),
		"jean–luc@example.com":                   ask(conversation.ReasonNonASCIILocal, "jean-luc@example.com"),
		"jean−luc@example.com":                   ask(conversation.ReasonNonASCIILocal, "jean-luc@example.com"),
		"jöhn@example.com":                       ask(conversation.ReasonNonASCIILocal, "jöhn@example.com"),
		"用户@例え.jp":                               ask(conversation.ReasonNonASCIILocal, "用户@例え.jp"),
		"我的邮箱是ann@example.com":                   ask(conversation.ReasonNonASCIILocal, ""),
		"1️⃣ann@example.com":                     ask(conversation.ReasonNonASCIILocal, ""),
		"ann´s@example.com":                      ask(conversation.ReasonNonASCIILocal, ""),
		"ann∙lee@example.com":                    ask(conversation.ReasonMalformed, ""),
		"an\xffn@example.com":                    ask(conversation.ReasonMalformed, ""),
		"'ann'@example.com":                      ask(conversation.ReasonUnusualLocal, ""),
		"Sure!ann@example.com":                   ask(conversation.ReasonUnusualLocal, ""),
		"www.ann@example.com":                    ask(conversation.ReasonUnusualLocal, ""),
		"jo%20ann%40example.com":                 ask(conversation.ReasonUnusualLocal, ""),
		`"ann lee"@example.com`:                  ask(conversation.ReasonIncomplete, ""),
		"ann(work)@example.com":                  ask(conversation.ReasonIncomplete, ""),
		"ann@":                                   ask(conversation.ReasonIncomplete, ""),
		"@gmail.com":                             ask(conversation.ReasonIncomplete, ""),
		"ann@co.uk":                              ask(conversation.ReasonIncomplete, ""),
		"ann@gmail":                              ask(conversation.ReasonIncomplete, "ann@gmail.com"),
		"ann@example.com.Thanks":                 ask(conversation.ReasonUnknownSuffix, ""),
		"ann@example.com.My name is Ann":         ask(conversation.ReasonUnknownSuffix, ""),
		"ann@[192.0.2.1]":                        ask(conversation.ReasonIPLiteral, ""),
		"ann@example.com...thanks":               ask(conversation.ReasonMalformed, ""),
		"ann@example.com's":                      ask(conversation.ReasonMalformed, ""),
		"ann@example.com?subject=x":              ask(conversation.ReasonMalformed, ""),
		"ann@example.com:pass":                   ask(conversation.ReasonMalformed, ""),
		"ann@exa_mple.com":                       ask(conversation.ReasonMalformed, ""),
		"ann@-example.com":                       ask(conversation.ReasonMalformed, ""),
		"ann@example..com":                       ask(conversation.ReasonMalformed, ""),
		".ann@example.com":                       ask(conversation.ReasonMalformed, ""),
		"ann.@example.com":                       ask(conversation.ReasonMalformed, ""),
		"ann@@example.com":                       ask(conversation.ReasonMalformed, ""),
		strings.Repeat("a", 65) + "@example.com": ask(conversation.ReasonMalformed, ""),
		"a@" + strings.Repeat("a", 64) + ".com":  ask(conversation.ReasonMalformed, ""),
		"a@" + strings.Repeat("a.", 125) + "com": ask(conversation.ReasonMalformed, ""),
		"ANN@GMIAL.COM":                          ask(conversation.ReasonDomainTypo, "ANN@gmail.com"),
		"ann@hotmial.fr":                         ask(conversation.ReasonDomainTypo, "ann@hotmail.fr"),
		"ann@gmail.co":                           ask(conversation.ReasonDomainTypo, "ann@gmail.com"),
		"ann@mail.example.con":                   ask(conversation.ReasonDomainTypo, "ann@mail.example.com"),
		"a@example.com/b@localhost":              ask(conversation.ReasonMalformed, ""),
		"a@example.com/b@example.com":            ask(conversation.ReasonTwoAddresses, ""),
		"use a@example.com or b@example.com":     ask(conversation.ReasonTwoAddresses, ""),
		"a@example.com or b@gmail":               ask(conversation.ReasonTwoAddresses, ""),
		"don't use a@example.com":                ask(conversation.ReasonRejected, ""),
		"not a@example.com or b@example.com":     ask(conversation.ReasonRejected, ""),
	})
}

// Ensure that the person's words choose between two addresses.
func TestReadReplyChooses(t *testing.T) {
	t.Parallel()
	checkReplies(t, map[string]conversation.Reply{
		"my old one is a@example.com, new one is b@example.com":       corrected("b@example.com"),
		"b@example.com instead of a@example.com":                      corrected("b@example.com"),
		"a@example.com is old, use b@example.com":                     corrected("b@example.com"),
		"please don’t use a@example.com\nb@example.com is fine":       ask(conversation.ReasonRejected, ""),
		"a@example.com or b@example.com? Use b@example.com":           corrected("b@example.com"),
		"a@example.com, sorry: b@example.com":                         corrected("b@example.com"),
		"nicht a@example.com sondern b@example.com":                   corrected("b@example.com"),
		"not a@example.com but use jöhn@example.com":                  ask(conversation.ReasonNonASCIILocal, "jöhn@example.com"),
		"a@example.com or b@example.com, no, better use c@example.de": corrected("c@example.de"),
	})
}

// Ensure that addresses in words are understood, as a question only.
func TestReadReplySpelledOut(t *testing.T) {
	t.Parallel()
	none := conversation.Reply{Kind: conversation.ReplyNone, Reason: conversation.ReasonNoAddress}
	checkReplies(t, map[string]conversation.Reply{
		"ann(at)example(dot)com":                   ask(conversation.ReasonObfuscated, "ann@example.com"),
		"it's ann {at} example {dot} com, thanks":  ask(conversation.ReasonObfuscated, "ann@example.com"),
		"ann dot lee at example dot co dot uk":     ask(conversation.ReasonObfuscated, "ann.lee@example.co.uk"),
		"ann underscore lee AT example DOT com":    ask(conversation.ReasonObfuscated, "ann_lee@example.com"),
		"ann@ example.com":                         ask(conversation.ReasonObfuscated, "ann@example.com"),
		"ann @example.com":                         ask(conversation.ReasonObfuscated, "ann@example.com"),
		"ann @ example . com":                      ask(conversation.ReasonObfuscated, "ann@example.com"),
		"ann\u00a0@\u00a0example.com. Best":        ask(conversation.ReasonObfuscated, "ann@example.com"),
		"ann@acme,com":                             ask(conversation.ReasonObfuscated, "ann@acme.com"),
		"ann@acme. com":                            ask(conversation.ReasonObfuscated, "ann@acme.com"),
		"ann@yahoo dot co dot uk":                  ask(conversation.ReasonObfuscated, "ann@yahoo.co.uk"),
		"ana arroba ejemplo punto com":             ask(conversation.ReasonObfuscated, "ana@ejemplo.com"),
		"hans ät beispiel punkt de":                ask(conversation.ReasonObfuscated, "hans@beispiel.de"),
		"mario chiocciola esempio punto it":        ask(conversation.ReasonObfuscated, "mario@esempio.it"),
		"ann at example.com!":                      ask(conversation.ReasonObfuscated, "ann@example.com"),
		"ann at gmail.com":                         ask(conversation.ReasonObfuscated, "ann@gmail.com"),
		"You can find me at acme dot com":          none,
		"I work at gmail.com":                      none,
		"look at example.com, it is great":         none,
		"meet @ 5pm":                               none,
		"Thanks @tomas.me for this":                none,
		"Good point. See you at the next one. Com": none,
	})
}

// Ensure that what only looks like an address is none.
func TestReadReplyFindsNone(t *testing.T) {
	t.Parallel()
	none := conversation.Reply{Kind: conversation.ReplyNone, Reason: conversation.ReasonNoAddress}
	empty := conversation.Reply{Kind: conversation.ReplyNone, Reason: conversation.ReasonEmpty}
	checkReplies(t, map[string]conversation.Reply{
		"":                                      empty,
		" \n\u200b\ufe0f":                       empty,
		"👍":                                     none,
		"@ann@mastodon.social":                  none,
		"medium.com/@ann.lee":                   none,
		"react@18.2.0":                          none,
		"git@github.com/foo/bar":                none,
		"ftp://ann@example.com":                 none,
		"https://x.com/?mail=ann%40example.com": none,
		"https://en.wikipedia.org/wiki/A_(b)ann@example.com": none,
		"> ann@example.com":        none,
		"&gt; ann@example.com\nok": none,
		"100%zz%40example.com":     none,
		"call me (- @ -)":          none,
		"you have it":              none,
	})
}

// Ensure that huge or hostile text is read in bounded work. A quadratic reader
// would not end within the test's time limit.
func TestReadReplyBoundsItsWork(t *testing.T) {
	t.Parallel()
	const huge = 1 << 20
	for name, text := range map[string]string{
		"at signs":       strings.Repeat("@", 200),
		"many at signs":  strings.Repeat("@", huge),
		"spaced ats":     strings.Repeat("a @ ", huge/4),
		"addresses":      strings.Repeat("a@b.co ", huge/7),
		"handles":        strings.Repeat("@a ", huge/3),
		"one word":       strings.Repeat("a", huge),
		"dots":           "a@" + strings.Repeat("a.", huge/2),
		"spelled dots":   "a at b" + strings.Repeat(" dot b", huge/6),
		"entities":       strings.Repeat("&", huge),
		"marks":          strings.Repeat("\u0301", huge/2),
		"schemes":        strings.Repeat("a://", huge/4),
		"brackets":       strings.Repeat("[(", huge/2),
		"ideographs":     strings.Repeat("。", huge/3),
		"long ligatures": strings.Repeat("ﷺ", huge/3),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := conversation.ReadReply(text); got.Kind == conversation.ReplyFound && got.Address != "a@b.co" {
				t.Errorf("ReadReply = %+v", got)
			}
		})
	}
}

// Ensure that the end of what is read does not cut an address into another one.
func TestReadReplyCutsAtWhiteSpace(t *testing.T) {
	t.Parallel()
	const address = "ann@example.community"
	for before := 64<<10 - len(address) - 1; before <= 64<<10; before++ {
		text := strings.Repeat("x", before-1) + " " + address
		if got := conversation.ReadReply(text); got.Kind != conversation.ReplyNone && got.Address != address {
			t.Fatalf("ReadReply with %d bytes in front = %+v", before, got)
		}
	}
}

// Ensure that any ordinary address survives any ordinary wrapping, and that a
// letter glued to it is never dropped.
func TestReadReplyWholeTokens(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		local := rapid.StringMatching(`[a-zA-Z][a-zA-Z0-9_]{0,20}([.+'-][a-z0-9]{1,10}){0,3}`).Draw(t, "local")
		address := local + "@" + rapid.StringMatching(`[a-z]{3,12}example(\.mail)?\.(com|de|co\.uk|technology)`).Draw(t, "domain")
		wrapping := rapid.SampledFrom([]string{
			"%s", "%s.", "It's %s, thanks!", "<%s>", "(%s)", `"%s"`, "email: %s", "[%s](mailto:%s)", "🚀%s🚀", "%s\n\nBest", "“%s”",
		}).Draw(t, "wrapping")
		text := strings.ReplaceAll(wrapping, "%s", address)
		if got := conversation.ReadReply(text); got != found(address) {
			t.Fatalf("ReadReply(%q) = %+v", text, got)
		}

		glued := rapid.SampledFrom([]string{
			"ö%s", "名%s", "x’%s", "x–%s", "x·%s", "x\xff%s", "x/%s", "x!%s", "x@%s", "%sö", "%s/x", "%s_x",
		}).Draw(t, "glued")
		text = fmt.Sprintf(glued, address)
		if got := conversation.ReadReply(text); got.Kind == conversation.ReplyFound {
			t.Fatalf("ReadReply(%q) = %+v, a piece of a longer token", text, got)
		}
	})
}

func FuzzReadReply(f *testing.F) {
	for _, seed := range []string{
		"o'brien@example.com", "j\u00f6hn@example.com", "a@b.co/c@d.co", "mailto:a%2Bb@c.co?d", "a&#64;b.co", "ａ＠ｂ．ｃｏ",
		"x@https://a@b.co", "a at b dot co", "use a@b.co not c@d.co", "a@b.co\u200b!", "x\xff@b.co",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := conversation.ReadReply(text)
		isFound, isAsk := got.Kind == conversation.ReplyFound, got.Kind == conversation.ReplyAsk
		if isFound != (got.Address != "") || got.Suggestion != "" && !isAsk || got.Reason == "" {
			t.Fatalf("ReadReply(%q) = %+v is inconsistent", text, got)
		}
		if isFound && !isWholeToken(text, got.Address) {
			t.Errorf("ReadReply(%q) = %q, a piece of a longer token", text, got.Address)
		}
	})
}

// isWholeToken is what "whole" means, said without the reader's own code: after
// decoding, nothing but marks of punctuation touches the address.
func isWholeToken(text, address string) bool {
	spellings := []string{text, html.UnescapeString(text)}
	for _, s := range spellings {
		for token := range strings.FieldsSeq(s) {
			if decoded, err := url.PathUnescape(token); err == nil {
				spellings = append(spellings, decoded)
			}
		}
	}
	for _, stop := range []string{".", " "} {
		for _, s := range spellings {
			s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "…", " ")
			s = strings.Map(func(r rune) rune {
				if unicode.In(r, unicode.Cf, unicode.Variation_Selector) {
					return -1
				}
				return r
			}, s)
			s = strings.NewReplacer("。", stop, "｡", stop).Replace(norm.NFKC.String(s))
			for before, rest, found := strings.Cut(s, address); found; before, rest, found = strings.Cut(rest, address) {
				if !touches(reversed(before)) && !touches(rest) {
					return true
				}
			}
		}
	}
	return false
}

// touches reports a letter, number or "@" that reaches the start of rest without
// a space, bracket or the like between.
func touches(rest string) bool {
	for _, r := range rest {
		switch {
		case unicode.In(r, unicode.L, unicode.M, unicode.N), r == '@':
			return true
		case r == '\uFFFD', strings.ContainsRune("’‘‛", r):
		case strings.ContainsRune(`()<>[]:;,"\=/|?、`, r), r >= 0x2190 && r <= 0x21FF, r >= 0x1F3FB && r <= 0x1F3FF,
			unicode.IsSpace(r), unicode.In(r, unicode.Cc, unicode.So, unicode.Ps, unicode.Pe, unicode.Pi, unicode.Pf):
			return false
		}
	}
	return false
}

// reversed is text from its end to its start.
func reversed(text string) string {
	runes := []rune(text)
	slices.Reverse(runes)
	return string(runes)
}
