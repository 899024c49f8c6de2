package jobs_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/jobs/inbox"
	fakeunipile "github.com/bravorevos/workers/sandbox/unipile"
)

// sendWaiting sends whatever is queued now, as if every delay were over.
func (b *bench) sendWaiting() {
	b.Helper()
	b.exec("UPDATE workers.messages SET not_before = NULL WHERE state = 'queued'")
	b.sweepAndSend()
}

// leadStatus is the status of person n's only lead.
func (b *bench) leadStatus(n int) string {
	b.Helper()
	return scalar[string](b, "SELECT status FROM leads WHERE linkedin_id = $1", member(n))
}

// wantTexts makes sure which messages a person got, each by a part of it.
func (b *bench) wantTexts(n int, parts ...string) {
	b.Helper()
	got := b.sentTo(member(n))
	if len(got) != len(parts) {
		b.Fatalf("person %d got %d messages, want %d: %q", n, len(got), len(parts), got)
	}
	for i, part := range parts {
		if !strings.Contains(got[i], part) {
			b.Errorf("message %d to person %d is %q, want one with %q", i, n, got[i], part)
		}
	}
}

// Ensure a doubtful address is asked about, by what is wrong with it, and a "yes" to our
// suggestion takes it.
func TestSecondQuestion(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ answer, question, then, email string }{
		"typo, yes":         {"ana@gmial.com", "is it ana@gmail.com?", "Yes, thanks!", "ana@gmail.com"},
		"typo, corrected":   {"ana@gmial.com", "is it ana@gmail.com?", "no, ana@gmx.de", "ana@gmx.de"},
		"spelled out, yes":  {"ana at example dot com", "is it ana@example.com?", "👍", "ana@example.com"},
		"two addresses":     {"a@example.com or b@example.com", "Which one", "the first: a@example.com", "a@example.com"},
		"incomplete":        {"ana@example", "complete email address", "ana@example.com", "ana@example.com"},
		"split, in a hurry": {"it's ana.p", "", "@example.com", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			a := b.ask(1, row{"webhook_url": b.hookURL})
			b.answer(1, tc.answer)
			b.checkInbox()
			b.want("leads", a.lead, row{"status": "dm_sent", "email": nil})
			if tc.question != "" {
				if n := scalar[int](b, "SELECT count(*) FROM workers.messages WHERE state = 'queued' AND not_before > now() - interval '1 second'"); n != 1 {
					t.Fatalf("%d questions wait, want 1", n)
				}
				b.sendWaiting()
				b.wantTexts(1, "Where shall I send it", tc.question)
			}
			b.answer(1, tc.then)
			b.checkInbox()
			if tc.email == "" {
				b.sendWaiting()
				b.wantTexts(1, "Where shall I send it", "is it ana.p@example.com?")
				return
			}
			b.want("leads", a.lead, row{"status": "email_captured", "email": tc.email})
			if n := scalar[int](b, "SELECT count(*) FROM webhook_logs"); n != 1 {
				t.Errorf("%d webhook rows, want 1", n)
			}
		})
	}
}

// Ensure somebody is asked again twice at the most, whatever they write, and that what
// has not gone out is worded anew rather than sent beside the next.
func TestQuestionsEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.ask(1, nil)
	b.answer(1, "ana@gmial.com")
	b.checkInbox()
	b.answer(1, "ana@example or ana@")
	b.checkInbox()
	b.sendWaiting()
	b.wantTexts(1, "Where shall I send it", "complete email address")
	for range 3 {
		b.answer(1, "ana@gmial.com")
		b.checkInbox()
		b.sendWaiting()
	}
	b.wantTexts(1, "Where shall I send it", "complete email address", "is it ana@gmail.com?")
	b.answer(1, "yes")
	b.checkInbox()
	b.want("leads", a.lead, row{"status": "email_captured", "email": "ana@gmail.com"})
}

// Ensure the words of second questions are the campaign's, and that it can do without.
func TestQuestionsAreTheCampaigns(t *testing.T) {
	t.Parallel()
	for settings, want := range map[string][]string{
		`{"workers": {"questions": {"did_you_mean": {"variants": ["{{first_name}}, meinst du {{suggestion}}?"]}}}}`: {"Where", "Ana, meinst du ana@gmail.com?"},
		`{"workers": {"questions": {"most": 0}}}`: {"Where"},
		// A text that was broken after the first message went out is told, not sent.
		`{"workers": {"questions": {"did_you_mean": {"variants": ["{{nobody}}?"]}}}}`: {"Where"},
	} {
		b := setup(t)
		a := b.ask(1, nil)
		b.exec("UPDATE campaigns SET settings = $1", json.RawMessage(settings))
		b.answer(1, "ana@gmial.com")
		b.checkInbox()
		b.sendWaiting()
		b.wantTexts(1, want...)
		if note := fmt.Sprint(b.read("scrape_jobs", a.scrapeJob)["last_error"]); strings.Contains(settings, "nobody") != strings.Contains(note, "{{nobody}}") {
			t.Errorf("the owner is told %q", note)
		}
	}
}

// Ensure an address that comes in two messages is taken without a question, in either
// order of arrival.
func TestSplitAnswer(t *testing.T) {
	t.Parallel()
	for _, looks := range []int{1, 2} {
		b := setup(t)
		a := b.ask(1, nil)
		b.answer(1, "john.doe")
		if looks == 2 {
			b.checkInbox()
		}
		b.answer(1, "@gmail.com")
		b.checkInbox()
		b.want("leads", a.lead, row{"status": "email_captured", "email": "john.doe@gmail.com"})
		b.sendWaiting()
		b.wantTexts(1, "Where shall I send it")
	}
}

// Ensure "stop" is heard in every state, for every campaign of that client and for good,
// and leaves what was delivered as it is.
func TestStopIsHeardInEveryState(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"comment_detected", "dm_sent", "not_connected", "expired", "email_captured", "webhook_sent", "completed"} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			client := b.seedClient()
			campaign := b.campaign(row{"client_id": client})
			post := b.scrapeJob(row{"campaign_id": campaign})
			lead := b.lead(row{"campaign_id": campaign, "linkedin_id": b.person(1), "provider_id": member(1), "status": status})
			if status != "comment_detected" {
				b.message(1, row{"campaign_id": campaign, "scrape_job_id": post, "lead_id": lead, "state": "sent", "claimed_at": time.Now(), "sent_at": time.Now()})
			}
			backup, _ := b.message(1, row{"campaign_id": campaign, "lead_id": lead, "purpose": "backup_link"})
			sibling, _ := b.message(1, row{"campaign_id": b.campaign(row{"client_id": client})})
			other, _ := b.message(1, row{"body": "of another client"})
			b.answer(1, "STOP")
			b.checkInbox()

			want := "opted_out"
			if status == "email_captured" || status == "webhook_sent" || status == "completed" {
				want = status
			}
			b.want("leads", lead, row{"status": want})
			if got := scalar[string](b, "SELECT result FROM workers.inbox_messages"); got != "opt_out" {
				t.Errorf("the answer is %s", got)
			}
			b.sendWaiting()
			for _, id := range []int64{backup, sibling} {
				b.want("workers.messages", id, row{"state": "skipped", "error_type": "opted_out"})
			}
			b.want("workers.messages", other, row{"state": "sent"})

			// Even when nothing is left of the lead.
			b.exec("DELETE FROM leads WHERE id = $1", lead)
			b.comment(1, "guide")
			b.poll(b.scrapeJob(row{"campaign_id": b.campaign(row{"client_id": client})}))
			if got := b.decisions(); !slices.Equal(slices.Collect(maps.Values(got)), []string{"opted_out"}) {
				t.Errorf("decisions %v", got)
			}
		})
	}
}

// Ensure what only looks like a stop is none.
func TestNoStop(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.ask(1, nil)
	for _, m := range []fakeunipile.Inbound{
		{Text: "stop", At: time.Now().Add(-24 * time.Hour)}, // before they were a lead
		{Text: "I can't stop reading your posts"},
	} {
		m.AccountID, m.PersonID = accountID, member(1)
		b.linkedin.ReceiveMessage(m)
	}
	b.checkInbox()
	b.want("leads", a.lead, row{"status": "dm_sent"})
}

// Ensure an address in the answer to an invitation counts, and the message that was to
// ask for it is not sent.
func TestAddressInTheAnswerToAnInvitation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, lead := b.stranger(otherRoutes)
	b.send(first)
	b.send(b.messageOf("invitation"))
	b.linkedin.AcceptInvitation(accountID, member(1))
	b.answer(1, "Sure: ana@example.com")
	b.checkInbox()
	b.want("leads", lead, row{"status": "email_captured", "email": "ana@example.com"})
	b.must(b.inbound.Take(t.Context(), relation(member(1))))
	b.sendWaiting()
	b.wantTexts(1)
}

// Ensure an address in the comment itself is delivered without a question, and with the
// link where the person can be written to.
func TestAddressInAComment(t *testing.T) {
	t.Parallel()
	for distance, sent := range map[int]int{1: 1, 2: 0} {
		b := setup(t)
		b.comment(1, "GUIDE please, to ana@example.com")
		b.linkedin.SetDistance(accountID, member(1), distance)
		id := b.scrapeJob(row{"webhook_url": b.hookURL, "send_backup_link": true, "lead_magnet_url": "https://kelp.example/guide.pdf"})
		b.poll(id)
		b.want("scrape_jobs", id, row{"trigger_words_found": 1, "emails_captured": 1, "dms_sent": 0})
		if n := scalar[int](b, "SELECT count(*) FROM webhook_logs WHERE payload ->> 'email' = 'ana@example.com'"); n != 1 {
			t.Errorf("%d webhook rows, want 1", n)
		}
		b.sendWaiting()
		if got := b.sentTo(member(1)); len(got) != sent || sent == 1 && !strings.Contains(got[0], "guide.pdf") {
			t.Errorf("distance %d: the person got %q", distance, got)
		}
		if sent == 0 && b.calls("start_chat") != 0 {
			t.Error("tried to write to somebody who is no connection")
		}
	}
	// One that cannot be used as it stands is asked for.
	b := setup(t)
	b.comment(1, "GUIDE please, ana@gmial.com")
	b.poll(b.scrapeJob(nil))
	b.sendWaiting()
	b.wantTexts(1, "What is the best email address")
}

// Ensure a human who writes to a lead silences the bot for that lead, which goes on
// hearing, until it is told to go on.
func TestHumanTakesOver(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.ask(1, row{"send_backup_link": true, "lead_magnet_url": "https://kelp.example/guide.pdf", "webhook_url": b.hookURL})
	b.ask(2, nil)
	b.checkInbox() // our own messages are no human's
	if n := scalar[int](b, "SELECT count(*) FROM workers.takeovers"); n != 0 {
		t.Fatalf("%d leads are taken over by our own messages", n)
	}
	b.answer(1, "what is in it?")
	b.linkedin.Type(accountID, member(1), "Hi Ana, prices of 2026. Shall I send it?")
	b.checkInbox()
	b.answer(1, "ana@gmial.com")
	b.answer(2, "ben@gmial.com")
	b.checkInbox()
	b.sendWaiting()
	b.wantTexts(1, "Where shall I send it")
	b.wantTexts(2, "Where shall I send it", "is it ben@gmail.com?")

	b.answer(1, "oh, ana@example.com")
	b.checkInbox()
	b.want("leads", a.lead, row{"status": "email_captured", "email": "ana@example.com"})
	b.sendWaiting()
	b.wantTexts(1, "Where shall I send it")
	held := scalar[int64](b, "SELECT id FROM workers.messages WHERE purpose = 'backup_link'")
	if f := b.forecast(held); !f.At.IsZero() || !strings.Contains(f.Held, "human") {
		t.Errorf("the forecast of the link is %+v", f)
	}
	b.exec("DELETE FROM workers.takeovers")
	b.sendWaiting()
	b.wantTexts(1, "Where shall I send it", "guide.pdf")
}

// Ensure who does not answer gets one reminder after the campaign's time, and is given
// up after some more; and that a late answer counts.
func TestFollowUpAndSilence(t *testing.T) {
	t.Parallel()
	b := setup(t)
	campaign := b.campaign(row{"settings": json.RawMessage(
		`{"workers": {"follow_up": {"after_hours": 24, "variants": ["{{first_name}}, still want my {{trigger_word}}?"]}, "expire_after_days": 10}}`)})
	post := b.scrapeJob(row{"campaign_id": campaign})
	var leads []uuid.UUID
	for n := range 4 {
		leads = append(leads, b.askIn(n, campaign, post))
	}
	later := func(d time.Duration) {
		b.exec(`UPDATE workers.messages SET sent_at = sent_at - $1::interval, claimed_at = claimed_at - $1::interval, updated_at = updated_at - $1::interval`, d)
		b.run(b.sweeps.Conversations)
		b.sendWaiting()
	}
	b.answer(1, "tomorrow")
	b.linkedin.Type(accountID, member(2), "Hi, it's really me")
	b.checkInbox()
	later(23 * time.Hour)
	b.wantTexts(0, "Where shall I send it")
	later(2 * time.Hour)
	later(2 * time.Hour)
	b.wantTexts(0, "Where shall I send it", "Ana, still want my guide?")
	b.wantTexts(1, "Where shall I send it")
	b.wantTexts(2, "Where shall I send it")

	// One that is queued when the answer comes is not sent.
	b.exec("DELETE FROM workers.messages WHERE purpose = 'follow_up' AND recipient_id = $1", member(3))
	b.run(b.sweeps.Conversations)
	b.answer(3, "who is this?")
	b.checkInbox()
	b.sendWaiting()
	if got := scalar[string](b, "SELECT error_type FROM workers.messages WHERE purpose = 'follow_up' AND recipient_id = $1", member(3)); got != "answered" {
		t.Errorf("the follow-up is skipped as %q", got)
	}

	later(9 * 24 * time.Hour)
	if got := b.leadStatus(0); got != "dm_sent" {
		t.Errorf("the lead is %s nine days after the reminder", got)
	}
	later(2 * 24 * time.Hour)
	for n := range leads {
		if got := b.leadStatus(n); got != "expired" {
			t.Errorf("lead %d is %s, want expired", n, got)
		}
	}
	b.answer(0, "sorry, was away: ana@example.com")
	b.checkInbox()
	b.want("leads", leads[0], row{"status": "email_captured", "email": "ana@example.com"})
}

// Ensure a campaign's own rules decide who triggers, and one comment brings no two
// messages of two campaigns.
func TestTriggerSettings(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.linkedin.AddPerson(fakeunipile.Person{ProviderID: member(9), Slug: "competitor", Name: "Bo"})
	for n, text := range []string{"Guide", "not the guide", "giude", "guía", "guideline", "nothing"} {
		b.comment(n, text)
	}
	b.linkedin.AddComment(fakeunipile.Comment{PostID: postID, AuthorID: member(9), Text: "guide!"})
	campaign := b.campaign(row{"trigger_word": "guide, guia", "settings": json.RawMessage(`{"workers": {
		"trigger": {"exclude": ["not"], "typos": true, "accent_insensitive": true}, "blocklist": ["https://www.linkedin.com/in/Competitor/", "` + member(77) + `"]}}`)})
	post := b.scrapeJob(row{"campaign_id": campaign, "trigger_word": nil})
	b.poll(post)
	want := map[string]string{
		"Guide": "lead", "not the guide": "excluded", "giude": "lead", "guía": "lead", "guideline": "no_match", "nothing": "no_match", "guide!": "blocked",
	}
	got := scalar[map[string]string](b, "SELECT jsonb_object_agg(body, decision) FROM workers.comments")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("decisions (-want +got):\n%s", diff)
	}
	other := b.scrapeJob(nil)
	b.poll(other)
	also := scalar[[]string](b, "SELECT array_agg(decision ORDER BY decision) FROM workers.comments WHERE scrape_job_id = $1 AND decision <> 'no_match'", other)
	if diff := cmp.Diff([]string{"lead", "lead", "other_campaign"}, also); diff != "" {
		t.Errorf("decisions of another campaign on that post (-want +got):\n%s", diff)
	}
}

// Ensure a campaign with a rule that makes no sense is told, and its post rests.
func TestTriggerSettingsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for settings, want := range map[string]string{
		`{"trigger": {"exclude": ["guide"]}}`:                              "can never trigger",
		`{"trigger": {"mode": "fuzzy"}}`:                                   `unknown match mode "fuzzy"`,
		`{"trigger": {"modes": "exact"}}`:                                  `unknown key "modes"`,
		`{"trigger": {"typos": "yes"}}`:                                    "want true or false",
		`{"blocklist": [""]}`:                                              "blocklist[0]",
		`{"questions": {"most": 3}}`:                                       "want 0, 1 or 2",
		`{"questions": {"did_you_mean": {"variants": [" Is it right?"]}}}`: "{{suggestion}}",
		`{"follow_up": {"after_hours": -1}}`:                               "hours",
		`{"expire_after_days": 1000}`:                                      "days",
	} {
		b := setup(t)
		b.comment(1, "guide")
		id := b.scrapeJob(row{"campaign_id": b.campaign(row{"settings": json.RawMessage(`{"workers": ` + settings + `}`)})})
		if told := b.failPoll(id); !strings.Contains(told, want) {
			t.Errorf("%s: told %q, want %q in it", settings, told, want)
		}
		if n := b.calls("list_comments"); n != 0 {
			t.Errorf("%s: read all the same", settings)
		}
	}
}

// Ensure jobs on messages that were handled, forgotten or come at once do no harm.
func TestHandleAnswerTwice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.ask(1, row{"webhook_url": b.hookURL})
	event := messageFrom(b, 1, "ana@example.com")
	for range 3 {
		b.must(b.inbound.Take(t.Context(), event))
	}
	id := scalar[int64](b, "SELECT id FROM workers.inbox_messages")
	if n := b.activeJobs("handle_answer"); n != 1 {
		t.Errorf("%d jobs for one message", n)
	}
	for range 2 {
		b.wantEvent(work(b, inbox.HandleAnswerArgs{InboxMessageID: id}), river.EventKindJobCompleted)
	}
	b.wantEvent(work(b, inbox.HandleAnswerArgs{InboxMessageID: 999}), river.EventKindJobCompleted)
	b.want("leads", a.lead, row{"status": "email_captured"})
	if n := scalar[int](b, "SELECT count(*) FROM webhook_logs"); n != 1 {
		t.Errorf("%d webhook rows, want 1", n)
	}
}
