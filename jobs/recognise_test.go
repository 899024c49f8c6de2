package jobs_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/riverqueue/river"

	fakeunipile "github.com/bravorevos/workers/sandbox/unipile"
)

// profilesByID lets comments name people by their member id alone, as Unipile does for
// some.
func profilesByID(o *options) {
	rewriteComments(func(_ int, comment map[string]any) {
		author := comment["author_details"].(map[string]any)
		author["profile_url"] = fmt.Sprint("https://www.linkedin.com/in/", author["id"])
	})(o)
}

// firstMessage lets person n comment, polls and returns their message.
func (b *bench) firstMessage(n int, scrapeJob uuid.UUID) int64 {
	b.Helper()
	b.comment(n, "guide")
	b.poll(scrapeJob)
	return scalar[int64](b, "SELECT id FROM workers.messages WHERE recipient_id = $1 AND purpose = 'first_dm' AND scrape_job_id = $2", member(n), scrapeJob)
}

// Ensure somebody who was contacted before the workers existed, and is known by their
// public name alone, gets no second message when their comment tells only their member id.
func TestContactedUnderAPublicName(t *testing.T) {
	t.Parallel()
	b := setup(t, profilesByID)
	campaign := b.campaign(nil)
	post := b.scrapeJob(row{"campaign_id": campaign})
	for n, lead := range []row{
		{"linkedin_id": "person-0", "status": "dm_sent"},
		{"linkedin_id": "https://www.linkedin.com/in/Person-1/", "status": "email_captured"},
		{"linkedin_id": "x2", "linkedin_url": "http://linkedin.com/in/person-2?trk=feed", "status": "webhook_sent"},
		{"linkedin_id": "x3", "linkedin_profile_url": "https://de.linkedin.com/in/person-3", "status": "completed"},
		{"linkedin_id": "x4", "linkedin_profile_url": "https://de.linkedin.com/in/" + member(4), "status": "dm_sent"},
	} {
		lead["campaign_id"] = campaign
		known := b.lead(lead)
		if n == 4 { // known by the id in the URL: the poll sees it
			b.comment(n, "guide")
			b.poll(post)
			b.want("leads", known, row{"provider_id": member(n)})
			continue
		}
		id := b.firstMessage(n, post)
		b.wantEvent(b.send(id), river.EventKindJobCompleted)
		b.want("workers.messages", id, row{"state": "skipped", "error_type": "already_contacted", "attempts": 0})
		b.want("leads", known, row{"provider_id": member(n), "status": lead["status"]}) // answers are heard from now on
	}
	if n := b.calls("get_profile"); n != 4 {
		t.Errorf("%d profiles were read, want one for each of four", n)
	}
	if got := b.linkedin.Sent(); len(got) > 0 {
		t.Errorf("%d messages went out: %v", len(got), got)
	}
}

// Ensure the others are written to after one look, however often their message is tried.
func TestNobodyWhoWasContacted(t *testing.T) {
	t.Parallel()
	b := setup(t, profilesByID)
	campaign := b.campaign(nil)
	b.lead(row{"campaign_id": campaign, "linkedin_id": "person-9", "status": "dm_sent"})
	id := b.firstMessage(1, b.scrapeJob(row{"campaign_id": campaign}))
	b.linkedin.AddFault(fakeunipile.Fault{Operation: "start_chat", Status: 503, Times: 1})
	b.send(id)
	b.exec("UPDATE workers.messages SET not_before = NULL, claimed_at = claimed_at - interval '10 minutes'")
	b.send(id)
	b.exec("UPDATE workers.messages SET not_before = NULL")
	b.send(id)
	b.want("workers.messages", id, row{"state": "sent", "recipient_slug": "person-1"})
	if n := b.calls("get_profile"); n != 1 {
		t.Errorf("%d profiles were read, want 1", n)
	}
}

// Ensure nobody is looked up where that could tell nothing.
func TestRecognitionThatIsNotNeeded(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		lead  row
		known bool // the comment tells the public name
	}{
		"nobody has that name":     {lead: row{"linkedin_id": "person-9", "status": "dm_sent", "provider_missing_at": time.Now()}},
		"the lead is known":        {lead: row{"linkedin_id": "person-9", "provider_id": member(9), "status": "dm_sent"}},
		"known by its id":          {lead: row{"linkedin_id": member(9), "status": "completed"}},
		"it was not contacted":     {lead: row{"linkedin_id": "person-9", "status": "comment_detected"}},
		"it has no status":         {lead: row{"linkedin_id": "person-9", "status": nil}},
		"another campaign's":       {lead: row{"linkedin_id": "person-9", "status": "dm_sent", "campaign_id": nil}},
		"the comment tells a name": {lead: row{"linkedin_id": "person-9", "status": "dm_sent"}, known: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(o *options) {
				if !tc.known {
					profilesByID(o)
				}
			})
			campaign := b.campaign(nil)
			if _, other := tc.lead["campaign_id"]; !other {
				tc.lead["campaign_id"] = campaign
			}
			b.lead(tc.lead)
			id := b.firstMessage(1, b.scrapeJob(row{"campaign_id": campaign}))
			b.wantEvent(b.send(id), river.EventKindJobCompleted)
			b.want("workers.messages", id, row{"state": "sent"})
			if n := b.calls("get_profile"); n != 0 {
				t.Errorf("%d profiles were read", n)
			}
		})
	}
}

// Ensure who opted out under their public name, in any campaign of the client, is
// recognised, and stays so by their member id.
func TestOptedOutUnderAPublicName(t *testing.T) {
	t.Parallel()
	b := setup(t, profilesByID)
	client := b.seedClient()
	b.lead(row{"campaign_id": b.campaign(row{"client_id": client}), "linkedin_id": "person-1", "status": "opted_out"})
	id := b.firstMessage(1, b.scrapeJob(row{"campaign_id": b.campaign(row{"client_id": client})}))
	b.send(id)
	b.want("workers.messages", id, row{"state": "skipped", "error_type": "opted_out"})
	if n := scalar[int](b, "SELECT count(*) FROM workers.opt_outs WHERE scope = $1 AND person_id = $2", client, member(1)); n != 1 {
		t.Error("the opt-out is not noted under the member id")
	}
	other := b.firstMessage(2, b.scrapeJob(nil)) // of another client
	b.send(other)
	b.want("workers.messages", other, row{"state": "sent"})
}

// Ensure a contacted person who is no connection gets no public reply and no invitation.
func TestContactedStranger(t *testing.T) {
	t.Parallel()
	b := setup(t, profilesByID)
	campaign := b.campaign(row{"settings": []byte(otherRoutes)})
	b.lead(row{"campaign_id": campaign, "linkedin_id": "person-1", "status": "dm_sent"})
	b.linkedin.SetDistance(accountID, b.person(1), 2)
	id := b.firstMessage(1, b.scrapeJob(row{"campaign_id": campaign}))
	b.send(id)
	b.want("workers.messages", id, row{"state": "skipped", "error_type": "already_contacted"})
	if n := scalar[int](b, "SELECT count(*) FROM workers.messages"); n != 1 {
		t.Errorf("%d other messages to somebody who was contacted", n-1)
	}
}

// Ensure a lead that is recognised or added after the message was queued is seen by the
// claim.
func TestContactedSinceItWasQueued(t *testing.T) {
	t.Parallel()
	for name, lead := range map[string]row{
		"by id":          {"linkedin_id": member(1), "status": "completed"},
		"by provider id": {"linkedin_id": "person-1", "provider_id": member(1), "status": "dm_sent"},
		"by URL":         {"linkedin_id": "x", "linkedin_url": "https://www.linkedin.com/in/" + member(1), "status": "dm_sent"},
	} {
		b := setup(t)
		campaign := b.campaign(nil)
		id, own := b.message(1, row{"campaign_id": campaign})
		b.exec("UPDATE leads SET linkedin_id = 'their own' WHERE id = $1", own)
		lead["campaign_id"] = campaign
		b.lead(lead)
		b.send(id)
		b.want("workers.messages", id, row{"state": "skipped", "error_type": "already_contacted"})
		if n := b.calls("get_profile"); n != 0 {
			t.Errorf("%s: a profile was read although the id tells", name)
		}
	}
}

// Ensure messages whose recipients cannot be recognised now wait, say why, all at once
// where a limit is the reason, and go on after it.
func TestRecognitionThatMustWait(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		perDay       int
		fault        *fakeunipile.Fault
		reason       string
		wait         time.Duration
		holdsTheRest bool
	}{
		"used up":   {1, nil, "profile_reads_used_up", time.Hour, true},
		"limited":   {100, &fakeunipile.Fault{Operation: "get_profile", Status: 429}, "profile_reads_limited", time.Hour, true},
		"no answer": {100, &fakeunipile.Fault{Operation: "get_profile", Status: 503}, "profile_cannot_be_read", 0, false},
		"unknown":   {100, &fakeunipile.Fault{Operation: "get_profile", Status: 404}, "no_public_name", 24 * time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, profilesByID, func(o *options) { o.settings.ProfileReadsPerDay = tc.perDay })
			campaign := b.campaign(nil)
			post := b.scrapeJob(row{"campaign_id": campaign})
			b.lead(row{"campaign_id": campaign, "linkedin_id": "person-9", "status": "completed"})
			first, second, third := b.firstMessage(1, post), b.firstMessage(2, post), b.firstMessage(3, post)
			elsewhere := b.firstMessage(4, b.scrapeJob(nil))
			b.wantEvent(b.send(first), river.EventKindJobCompleted)
			if tc.fault != nil {
				b.linkedin.AddFault(*tc.fault)
			}
			b.wantEvent(b.send(second), river.EventKindJobCancelled)
			b.want("workers.messages", second, row{"state": "queued", "error_type": "not_recognised", "error_detail": tc.reason, "attempts": 0})
			b.wantNear(scalar[time.Time](b, "SELECT not_before FROM workers.messages WHERE id = $1", second), tc.wait)
			if held := b.read("workers.messages", third)["not_before"] != nil; held != tc.holdsTheRest {
				t.Errorf("the rest of the campaign waits: %t, want %t", held, tc.holdsTheRest)
			}
			if n := scalar[int](b, "SELECT count(*) FROM workers.pauses"); n != 0 {
				t.Error("the account is paused")
			}
			b.wantEvent(b.send(elsewhere), river.EventKindJobCompleted)
			b.want("workers.messages", elsewhere, row{"state": "sent"})

			b.linkedin.ClearFaults()
			b.exec("UPDATE workers.messages SET not_before = NULL")
			b.exec("UPDATE workers.profile_reads SET hour = hour - interval '26 hours'")
			b.wantEvent(b.send(second), river.EventKindJobCompleted)
			b.want("workers.messages", second, row{"state": "sent", "error_type": nil, "error_detail": nil})
		})
	}
}

// Ensure a message to somebody without a public name waits only until it is known of all
// contacted leads who they are, or that nobody has their name.
func TestNobodyIsHeldForEver(t *testing.T) {
	t.Parallel()
	b := setup(t, profilesByID)
	campaign := b.campaign(nil)
	post := b.scrapeJob(row{"campaign_id": campaign})
	b.lead(row{"campaign_id": campaign, "linkedin_id": "left-linkedin", "status": "completed"})
	b.lead(row{"campaign_id": campaign, "linkedin_id": "urn:li:person:abc", "status": "webhook_sent"})
	b.person(7)
	found := b.lead(row{"campaign_id": campaign, "linkedin_id": "person-7", "status": "email_captured"})
	b.checkInbox()
	if n := b.calls("get_profile"); n != 0 {
		t.Errorf("%d leads were looked up for whom nobody waits", n)
	}
	b.linkedin.AddPerson(fakeunipile.Person{ProviderID: member(1), Name: "Ana Petrova"})
	b.linkedin.AddComment(fakeunipile.Comment{PostID: postID, AuthorID: member(1), Text: "guide"})
	b.poll(post)
	id := b.messageOf("first_dm")
	b.wantEvent(b.send(id), river.EventKindJobCancelled)
	b.want("workers.messages", id, row{"state": "queued", "error_detail": "no_public_name"})

	b.checkInbox()
	b.want("leads", found, row{"provider_id": member(7), "provider_missing_at": nil})
	missing := scalar[[]string](b, "SELECT array_agg(linkedin_id ORDER BY linkedin_id) FROM leads WHERE provider_missing_at IS NOT NULL")
	if diff := cmp.Diff([]string{"left-linkedin", "urn:li:person:abc"}, missing); diff != "" {
		t.Errorf("leads that nobody is (-want +got):\n%s", diff)
	}
	b.exec("UPDATE workers.messages SET not_before = NULL")
	b.wantEvent(b.send(id), river.EventKindJobCompleted)
	b.want("workers.messages", id, row{"state": "sent"})
}

// Ensure looks at profiles stay within a day's budget, of which leads from before the
// workers get half.
func TestProfileReadsHaveABudget(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *options) { o.settings.ProfileReadsPerDay = 14 })
	campaign := b.campaign(nil)
	b.scrapeJob(row{"campaign_id": campaign})
	for n := range 30 {
		b.person(n)
		b.lead(row{"campaign_id": campaign, "linkedin_id": fmt.Sprintf("person-%d", n), "status": "dm_sent"})
	}
	for range 4 {
		b.checkInbox()
	}
	if n := b.calls("get_profile"); n != 7 {
		t.Errorf("%d profiles were read in a day, want 7", n)
	}
	b.exec("UPDATE workers.profile_reads SET hour = hour - interval '26 hours'")
	b.checkInbox()
	if n := b.calls("get_profile"); n != 14 {
		t.Errorf("%d profiles were read in two days, want 14", n)
	}
}
