package pacing

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Waiting is a message that is to be sent.
type Waiting struct {
	ID        int64
	Pot       string
	Source    string    // the post it is for
	NotBefore time.Time // zero: as soon as the limits allow
}

// Turn is when a message has its turn.
type Turn struct {
	ID int64
	At time.Time
}

// Plan gives each waiting message its turn, in the order of time, as far as until;
// a zero until means to the end. A message gets none when only a human or a changed
// limit can say.
//
// One message at a time is given the earliest time that any could go. Of those that
// could go then, the pot of the lowest rank comes first; within a pot, the post that
// was served least recently; within a post, the oldest message. The account never
// idles because something of a better rank may go a little later.
func (a Account) Plan(waiting []Waiting, until time.Time) []Turn {
	next := latest(a.Now, a.NextWrite)
	lines := a.lines(waiting)
	var turns []Turn
	for {
		var first *line
		var at time.Time
		for _, l := range lines { // in the order of rank
			t, ok := l.earliest(next)
			if ok && (first == nil || t.Before(at)) {
				first, at = l, t
			}
		}
		if first == nil || (!until.IsZero() && at.After(until)) {
			return turns
		}
		id := first.serve(at)
		turns = append(turns, Turn{ID: id, At: at})
		next = at.Add(a.Gap.After(id))
	}
}

// line is what waits for one pot.
type line struct {
	pot    *Pot
	writes []time.Time // with those that are planned, oldest first
	posts  []*post
}

// post is what waits for one pot and post: the ready ones oldest first, and those
// whose time has not come, by that time.
type post struct {
	served time.Time // last; zero: never
	ready  []int64
	later  []Waiting
}

// lines sorts what waits.
func (a Account) lines(waiting []Waiting) []*line {
	byPot := map[string]map[string]*post{}
	for _, w := range waiting {
		if a.Pots[w.Pot] == nil {
			continue
		}
		posts := byPot[w.Pot]
		if posts == nil {
			posts = map[string]*post{}
			byPot[w.Pot] = posts
		}
		p := posts[w.Source]
		if p == nil {
			p = &post{}
			posts[w.Source] = p
		}
		if w.NotBefore.After(a.Now) {
			p.later = append(p.later, w)
		} else {
			p.ready = append(p.ready, w.ID)
		}
	}
	names := slices.SortedFunc(maps.Keys(byPot), func(x, y string) int {
		return cmp.Or(cmp.Compare(a.Pots[x].Rank, a.Pots[y].Rank), cmp.Compare(x, y))
	})
	var lines []*line
	for _, name := range names {
		l := &line{pot: a.Pots[name], writes: a.Pots[name].history()}
		for _, w := range l.pot.Writes {
			if p := byPot[name][w.Source]; p != nil && w.At.After(p.served) {
				p.served = w.At
			}
		}
		for _, source := range slices.Sorted(maps.Keys(byPot[name])) {
			p := byPot[name][source]
			slices.Sort(p.ready)
			slices.SortFunc(p.later, func(x, y Waiting) int {
				return cmp.Or(x.NotBefore.Compare(y.NotBefore), cmp.Compare(x.ID, y.ID))
			})
			l.posts = append(l.posts, p)
		}
		lines = append(lines, l)
	}
	return lines
}

// earliest says when anything of the line could go, not before t.
func (l *line) earliest(t time.Time) (time.Time, bool) {
	var soonest time.Time
	waits := false
	for _, p := range l.posts {
		switch {
		case len(p.ready) > 0 || (len(p.later) > 0 && !p.later[0].NotBefore.After(t)):
			return l.pot.next(l.writes, t)
		case len(p.later) > 0 && (!waits || p.later[0].NotBefore.Before(soonest)):
			soonest, waits = p.later[0].NotBefore, true
		}
	}
	if !waits {
		return time.Time{}, false
	}
	return l.pot.next(l.writes, soonest)
}

// serve takes the message that goes at a time for which earliest was asked.
func (l *line) serve(at time.Time) int64 {
	var chosen *post
	for _, p := range l.posts {
		p.ripen(at)
		if len(p.ready) == 0 {
			continue
		}
		if chosen == nil || cmp.Or(p.served.Compare(chosen.served), cmp.Compare(p.ready[0], chosen.ready[0])) < 0 {
			chosen = p
		}
	}
	id := chosen.ready[0]
	chosen.ready = chosen.ready[1:]
	chosen.served = at
	l.writes = append(l.writes, at)
	return id
}

// ripen makes those ready whose time has come.
func (p *post) ripen(at time.Time) {
	n := 0
	for n < len(p.later) && !p.later[n].NotBefore.After(at) {
		i, _ := slices.BinarySearch(p.ready, p.later[n].ID)
		p.ready = slices.Insert(p.ready, i, p.later[n].ID)
		n++
	}
	p.later = p.later[n:]
}
