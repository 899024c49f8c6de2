package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/bravorevos/workers/sandbox/unipile"
)

// What the demo's campaign is about.
const (
	accountID    = "Jq3vT0m2QpyXh7KcWz9LrA"
	authorID     = "ACoAABq7xW0BnT5kYd2Rz8uEoLhVfCsMp3iGtQk"
	authorName   = "Mara Lindqvist"
	companyID    = "98114411"
	postID       = "7398114413090816000"
	socialID     = "urn:li:ugcPost:7398114411123456789"
	postText     = "We doubled our price and lost nobody. Comment GUIDE and I'll send you how."
	triggerWords = "guide, ガイド, гайд, 指南"
	magnetURL    = "https://kelp.example/pricing-guide.pdf"
)

// comment is one line of the script under the post.
type comment struct {
	authorID string
	text     string
	asks     bool
}

// world is the script: who there is, who comments what, and in which order.
type world struct {
	people []person // the member id of each is memberID of the index
	early  []comment
	late   []comment // arrive while the worker runs
}

// newWorld writes the script. It is the same each time.
func newWorld() world {
	var w world
	for _, p := range delivered() {
		p.end = endDelivered
		w.people = append(w.people, p)
	}
	w.people = slices.Concat(w.people, unanswered(), unreached(), bystanders(62))
	for i, p := range w.people {
		to := &w.early
		if p.late {
			to = &w.late
		}
		for _, text := range p.asks {
			*to = append(*to, comment{memberID(i), text, true})
		}
		for _, text := range p.talks {
			*to = append(*to, comment{memberID(i), text, false})
		}
		if p.again != "" {
			w.late = append(w.late, comment{memberID(i), p.again, true})
		}
	}
	w.early = append(w.early,
		comment{authorID, "Just comment GUIDE below", false},
		comment{authorID, "Wow. The guide is on its way to all of you", false},
		comment{companyID, "Our team swears by this guide", false},
		comment{companyID, "GUIDE", false},
	)
	w.late = append(w.late, comment{authorID, "Still sending the guide, keep them coming", false})
	shuffle := rand.New(rand.NewPCG(7, 1))
	for _, part := range [][]comment{w.early, w.late} {
		shuffle.Shuffle(len(part), func(i, j int) { part[i], part[j] = part[j], part[i] })
	}
	return w
}

// memberID is the LinkedIn id of the i-th person.
func memberID(i int) string { return fmt.Sprintf("ACoAADemo%030d", i) }

// gets reports whether a person must get the first message.
func (p person) gets() bool { return p.end != "" && p.end != endNotConnected && !p.tells }

// expected are the figures that the script leads to.
func (w world) expected() figures {
	f := figures{Comments: len(w.early) + len(w.late), Failures: receiverFailures, EmailsSent: 2, EmailsFailed: 1, Escaped: 1}
	for _, c := range slices.Concat(w.early, w.late) {
		if c.asks {
			f.Asks++
		}
	}
	for _, p := range w.people {
		if p.end != "" {
			f.Leads++
		}
		if p.doubted {
			f.Questions++
		}
		if p.apart {
			f.PublicReplies++
			f.Invitations++
		}
		if p.gets() {
			f.FirstDMs++
			f.Answers += len(p.answers) + len(p.then)
		}
		switch p.end {
		case endDelivered:
			f.Addresses++
			f.BackupLinks++
			f.Webhooks++
		case endOptedOut:
			f.OptedOut++
		case endNotConnected:
			f.NotConnected++
		}
	}
	return f
}

// populate builds the world as it is when the worker starts.
func (w world) populate(s *unipile.Server) {
	s.AddAccount(unipile.Account{ID: accountID, Name: authorName, ProviderID: authorID, Slug: "mara-lindqvist"})
	s.AddPerson(unipile.Person{ProviderID: companyID, Name: "Kelp Analytics", Company: true})
	s.AddPost(unipile.Post{ID: postID, SocialID: socialID, AuthorID: authorID, Text: postText})
	for i, p := range w.people {
		id := memberID(i)
		s.AddPerson(unipile.Person{ProviderID: id, Slug: fmt.Sprintf("member-%d", i), Name: p.name, Headline: "Reader of Mara"})
		if p.apart {
			s.SetDistance(accountID, id, 2)
		}
		// Between 0.3 and 3 s, the same each time.
		wait := 300*time.Millisecond + time.Duration(i*790%2700)*time.Millisecond
		if p.after > 0 {
			wait = p.after
		}
		var persona unipile.Persona
		if p.connects {
			persona.Accepts = time.Second
		}
		for _, text := range p.answers {
			persona.Replies = append(persona.Replies, unipile.Answer{After: wait, Text: text})
			wait = 600 * time.Millisecond
		}
		for _, text := range p.then {
			persona.Then = append(persona.Then, unipile.Answer{After: 500 * time.Millisecond, Text: text})
		}
		s.SetPersona(id, persona)
	}
	start := time.Now().Add(-time.Duration(len(w.early)) * time.Minute)
	for i, c := range w.early {
		s.AddComment(unipile.Comment{
			PostID: postID, AuthorID: c.authorID, Text: c.text, At: start.Add(time.Duration(i) * time.Minute),
		})
	}
}

// arrive lets the late comments come in, one every so often, until all are there
// or done is closed.
func (w world) arrive(done <-chan struct{}, s *unipile.Server, every time.Duration) {
	for _, c := range w.late {
		select {
		case <-done:
			return
		case <-time.After(every):
			s.AddComment(unipile.Comment{PostID: postID, AuthorID: c.authorID, Text: c.text})
		}
	}
}
