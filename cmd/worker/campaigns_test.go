package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bravorevos/workers/jobs/polls"
	"github.com/bravorevos/workers/sandbox/unipile"
	"github.com/bravorevos/workers/store/storetest"
)

// Ensure an owner is told what is wrong with a campaign's texts, and sees what people
// will get.
func TestCampaignsCheck(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	o := newOutside(t, pool, 0)
	execSQL(t, pool, `INSERT INTO campaigns (id, name, trigger_word, status, dm_template_step1, settings) VALUES
		('11111111-1111-4111-8111-111111111111', 'Good', 'guide', 'active', NULL, NULL),
		('22222222-2222-4222-8222-222222222222', 'Over', 'guide', 'completed', 'Hi {{nobody}}', NULL),
		('44444444-4444-4444-8444-444444444444', 'Huge', repeat('guide,', 5000), 'completed', NULL,
			jsonb_build_object('workers', jsonb_build_object('blocklist', (SELECT jsonb_agg(n) FROM generate_series(1, 5000) n))))`)
	for _, step := range []struct {
		args, want string
		code       int
	}{
		{"campaigns check", "1 campaigns checked, 0 to mend", 0},
		{"campaigns check --preview", `to "Ana Petrova": Hi Ana, thanks for your comment "guide"!`, 0},
		{"campaigns check 22222222-2222-4222-8222-222222222222", "unknown variable {{nobody}}", 1},
		{"campaigns check --json 22222222-2222-4222-8222-222222222222", `"path":"dm_template_step1"`, 1},
		{"campaigns check 44444444-4444-4444-8444-444444444444", "trigger_word  holds 30000 bytes: 16384 is the most", 1},
		{"campaigns check 33333333-3333-4333-8333-333333333333", "1 of 1 campaigns do not exist", 1},
		{"campaigns check nonsense", `"nonsense" is no campaign id`, 2},
		{"campaigns", "check", 0},
	} {
		out, err := o.call(t, strings.Fields(step.args)...)
		if err != nil {
			out += err.Error()
		}
		if exitCode(err) != step.code || !strings.Contains(out, step.want) {
			t.Errorf("worker %s: exit code %d, want %d; %q is not in:\n%s", step.args, exitCode(err), step.code, step.want, out)
		}
	}
}

// Ensure an owner is warned of another live campaign that waits for the same words under
// the same post of the account, and of no other.
func TestCampaignsClash(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	o := newOutside(t, pool, 0)
	execSQL(t, pool, `
WITH c AS (INSERT INTO campaigns (name, trigger_word, status) VALUES
    ('One', 'Guide, pricing', 'active'), ('Two', 'guide', 'active'), ('Elsewhere', 'guide', 'active'), ('Draft', 'guide', 'draft')
    RETURNING id, name, trigger_word)
INSERT INTO scrape_jobs (campaign_id, unipile_post_id, unipile_account_id, trigger_word)
SELECT id, CASE name WHEN 'Elsewhere' THEN '2' ELSE '1' END, 'account', trigger_word FROM c`)
	out, err := o.call(t, "campaigns", "check")
	if err != nil {
		t.Fatalf("a warning is no failure: %v", err)
	}
	for _, want := range []string{`clashes with campaign "One"`, `clashes with campaign "Two"`, `"Guide" means "guide" there, too`} {
		assertContains(t, out, want)
	}
	if n := strings.Count(out, "clashes"); n != 2 {
		t.Errorf("%d warnings, want one to each of two:\n%s", n, out)
	}
	if out, err = o.call(t, "campaigns", "check", "--json"); err != nil || strings.Count(out, `"warnings":["clashes`) != 2 {
		t.Errorf("%v: two warnings are not in:\n%s", err, out)
	}
}

// Ensure a simulation tells who would get what and why, sends and stores nothing, and
// agrees with what the workers then do.
func TestCampaignsSimulate(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	o := newOutside(t, pool, 0)
	o.populate(2)
	for n, text := range map[int]string{10: "guides!", 11: "not the guide", 12: "the guide to n12@example.com", 13: "guide", 14: "nice"} {
		o.unipile.AddPerson(unipile.Person{ProviderID: person(n), Slug: fmt.Sprintf("person-%d", n), Name: fmt.Sprintf("Person No%d", n)})
		o.unipile.AddComment(unipile.Comment{PostID: postID, AuthorID: person(n), Text: text})
	}
	o.unipile.SetDistance(accountID, person(13), 2)
	o.unipile.AddComment(unipile.Comment{PostID: postID, AuthorID: person(13), Text: "the guide please"})
	o.seed(t, pool)
	execSQL(t, pool, `UPDATE campaigns SET status = 'draft', settings = '{"workers": {"trigger": {"exclude": ["not"]},
		"not_connected": {"public_reply": {"variants": ["{{first_name}}, let us connect"]}}}}'`)
	id := queryString(t, pool, "SELECT id::text FROM campaigns")
	out, err := o.call(t, "campaigns", "simulate", id, "--json")
	if err != nil {
		t.Fatal(err)
	}
	var got polls.Simulation
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	story := map[string]string{}
	for _, c := range got.Comments {
		var gets []string
		for _, g := range c.Gets {
			gets = append(gets, g.Purpose)
			if g.Purpose == "public_reply" && g.Text != "Person, let us connect" {
				t.Errorf("the public reply would be %q", g.Text)
			}
		}
		story[c.Name+": "+c.Text] = strings.TrimSpace(fmt.Sprintf("%s %q %s", c.Decision, c.Why, strings.Join(gets, ",")))
	}
	want := map[string]string{
		"Mara Lindqvist: Just comment GUIDE below":  `post_author ""`,
		"Person No0: guide please":                  `lead "guide" first_dm`,
		"Person No1: guide please":                  `lead "guide" first_dm`,
		"Person No10: guides!":                      `no_match "guides"`,
		"Person No11: not the guide":                `excluded "not"`,
		"Person No12: the guide to n12@example.com": `lead "guide" lead`,
		"Person No13: guide":                        `lead "guide"`,
		"Person No13: the guide please":             `lead "guide" public_reply,first_dm`,
		"Person No14: nice":                         `no_match ""`,
	}
	if diff := cmp.Diff(want, story); diff != "" {
		t.Errorf("simulation (-want +got):\n%s", diff)
	}
	for table, query := range map[string]string{
		"leads": "SELECT count(*)::text FROM leads", "messages": "SELECT count(*)::text FROM workers.messages", "comments": "SELECT count(*)::text FROM workers.comments",
	} {
		if n := queryString(t, pool, query); n != "0" {
			t.Errorf("the simulation left %s %s", n, table)
		}
	}
	if n := len(o.unipile.Sent()); n != 0 {
		t.Errorf("the simulation sent %d messages", n)
	}

	execSQL(t, pool, "UPDATE campaigns SET status = 'active'")
	o.run(t)
	until(t, pool, "the post is read", "SELECT count(*) = 9 FROM workers.comments")
	for _, c := range got.Comments {
		if decision := queryString(t, pool, "SELECT decision FROM workers.comments WHERE comment_id = $1", c.CommentID); decision != c.Decision {
			t.Errorf("%q was decided as %s, simulated as %s", c.Text, decision, c.Decision)
		}
	}

	out, err = o.call(t, "campaigns", "misses", id)
	if err != nil {
		t.Fatal(err)
	}
	near, vetoed, rest := strings.Index(out, `1 person wrote "guides"`), strings.Index(out, `and "not" of the exclude list`), strings.Index(out, "something else")
	if near < 0 || vetoed < near || rest < vetoed {
		t.Errorf("want near misses, then vetoed ones, then the rest:\n%s", out)
	}
}

// Ensure wrong calls of the commands that look at campaigns and leads say what to do.
func TestLooksRefuse(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	o := newOutside(t, pool, 0)
	const nobody = "33333333-3333-4333-8333-333333333333"
	execSQL(t, pool, `INSERT INTO campaigns (id, name, trigger_word) VALUES ('11111111-1111-4111-8111-111111111111', 'Bare', 'guide')`)
	for _, step := range []struct {
		args, want string
		code       int
	}{
		{"campaigns simulate 11111111-1111-4111-8111-111111111111", "has no scrape job: name a post", 1},
		{"campaigns simulate " + nobody + " --post 1", "--post and --account go together", 2},
		{"campaigns simulate " + nobody + " --post 1 --account x", "does not exist", 1},
		{"campaigns simulate " + nobody + " --limit 0", "--limit must be 1 or more", 2},
		{"campaigns misses nonsense", "no campaign id", 2},
		{"campaigns misses " + nobody, "no comment was missed", 0},
		{"leads", "show", 0},
		{"leads show ana", `no lead is known by "ana"`, 1},
		{"leads hold ana", `"ana" is no lead id`, 2},
		{"leads hold " + nobody, "does not exist", 1},
		{"leads release " + nobody, "nobody holds lead", 1},
	} {
		out, err := o.call(t, strings.Fields(step.args)...)
		if err != nil {
			out += err.Error()
		}
		if exitCode(err) != step.code || !strings.Contains(out, step.want) {
			t.Errorf("worker %s: exit code %d, want %d; %q is not in:\n%s", step.args, exitCode(err), step.code, step.want, out)
		}
	}
}

// Ensure support can read a lead's whole story by whatever they know of the person, and
// that a human can take a lead over and give it back.
func TestLeadsShow(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	o := newOutside(t, pool, 0)
	o.populate(1)
	o.run(t)
	o.seed(t, pool)
	until(t, pool, "the lead is delivered", everyLeadDelivered, 1)
	id := queryString(t, pool, "SELECT id::text FROM leads")
	for _, by := range []string{id, person(0), "https://www.linkedin.com/in/person-0?trk=x", "person-0", "Person0@example.com"} {
		out, err := o.call(t, "leads", "show", by)
		if err != nil {
			t.Fatalf("leads show %s: %v", by, err)
		}
		at := 0
		for _, want := range []string{"webhook_sent", "guide please", "first_dm", "Sure, it's person0@example.com", "127.0.0.1:"} {
			i := strings.Index(out[at:], want)
			if i < 0 {
				t.Fatalf("leads show %s: %q is missing or out of order in:\n%s", by, want, out)
			}
			at += i
		}
		if strings.Contains(out, "/leads") {
			t.Errorf("the path of the receiver, which may hold a token, is shown:\n%s", out)
		}
	}
	for _, step := range []struct{ args, want string }{
		{"leads hold " + id, "is held"},
		{"leads show " + id, "takeover"},
		{"leads release " + id, "is released"},
	} {
		out, err := o.call(t, strings.Fields(step.args)...)
		if err != nil {
			t.Fatalf("worker %s: %v", step.args, err)
		}
		assertContains(t, out, step.want)
	}
}
