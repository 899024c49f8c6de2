package unipile

import (
	"maps"
	"slices"
	"time"
)

// world is the state of LinkedIn and of the vendor's copy of it. Its methods expect
// the lock of the server.
type world struct {
	ids             *ids
	defaultDistance int
	seq             int // orders what happens within one millisecond

	accounts    []*account
	people      map[string]*person // by provider id
	ties        map[pair]*tie
	posts       []*post
	comments    map[string]*comment
	chats       []*chat
	chatsByPair map[pair]*chat
	messages    map[string]*message
	attendees   []*attendee
	attendeeOf  map[pair]*attendee
	invitations []*invitation
}

// pair is an account and the person it deals with.
type pair struct{ accountID, personID string }

// tie is what LinkedIn knows of a pair.
type tie struct {
	distance int
	since    time.Time
}

type account struct {
	Account
	createdAt time.Time
	missed    []*message // arrived while the account was not connected
	dms       quota
	invites   quota
}

// quota counts what is left of a provider limit; unlimited while not set.
type quota struct {
	set        bool
	most, used int
}

func (q quota) spent() bool { return q.set && q.used >= q.most }

type person struct {
	Person
	memberNumber string
	addedAt      time.Time
	persona      Persona
}

func newWorld(seed uint64, defaultDistance int) *world {
	return &world{
		ids:             newIDs(seed),
		defaultDistance: defaultDistance,
		people:          map[string]*person{},
		ties:            map[pair]*tie{},
		comments:        map[string]*comment{},
		chatsByPair:     map[pair]*chat{},
		messages:        map[string]*message{},
		attendeeOf:      map[pair]*attendee{},
	}
}

func (w *world) next() int {
	w.seq++
	return w.seq
}

// account finds an account by id; nil when there is none.
func (w *world) account(id string) *account {
	i := slices.IndexFunc(w.accounts, func(a *account) bool { return a.ID == id })
	if i < 0 {
		return nil
	}
	return w.accounts[i]
}

// mustAccount and mustPerson serve the world's builders, where an unknown id is a
// mistake in the test or the demo script.
func (w *world) mustAccount(id string) *account {
	if a := w.account(id); a != nil {
		return a
	}
	panic("unipile sandbox: account " + id + " was not added")
}

func (w *world) mustPerson(id string) *person {
	if p := w.people[id]; p != nil {
		return p
	}
	panic("unipile sandbox: person " + id + " was not added")
}

// synced finds the account of a request that the vendor answers from its own copy.
func (w *world) synced(id string) (*account, error) {
	if a := w.account(id); a != nil {
		return a, nil
	}
	return nil, notFound("Account not found")
}

// live finds the account of a request that goes through to LinkedIn, which needs a
// working session.
func (w *world) live(id string) (*account, error) {
	a, err := w.synced(id)
	if err != nil {
		return nil, err
	}
	if a.Status != "OK" {
		return nil, known("disconnected_account")
	}
	return a, nil
}

// distance is the degree of a pair: 1, 2, 3, or 0 for a first degree that LinkedIn
// reports as null.
func (w *world) distance(p pair) int {
	if t := w.ties[p]; t != nil {
		return t.distance
	}
	return w.defaultDistance
}

func (w *world) connected(p pair) bool { return w.distance(p) <= 1 }

// connections lists the people who are first-degree of an account, newest first.
func (w *world) connections(a *account) []*person {
	var found []*person
	for _, p := range w.people {
		if p.ProviderID != a.ProviderID && !p.Company && w.connected(pair{a.ID, p.ProviderID}) {
			found = append(found, p)
		}
	}
	slices.SortFunc(found, func(x, y *person) int {
		return slices.Compare(
			[]string{formatTime(w.since(a, y)), y.ProviderID},
			[]string{formatTime(w.since(a, x)), x.ProviderID})
	})
	return found
}

// since is when a pair became connected.
func (w *world) since(a *account, p *person) time.Time {
	if t := w.ties[pair{a.ID, p.ProviderID}]; t != nil {
		return t.since
	}
	return p.addedAt
}

// bySlug finds a person by the public identifier.
func (w *world) bySlug(slug string) *person {
	for _, id := range slices.Sorted(maps.Keys(w.people)) {
		if p := w.people[id]; p.Slug == slug && slug != "" {
			return p
		}
	}
	return nil
}
