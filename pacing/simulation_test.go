package pacing_test

import (
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bravorevos/workers/pacing"
)

// scenario is an account, what arrives in it, and how late its worker is.
type scenario struct {
	start    time.Time
	length   time.Duration
	gap      pacing.Gap
	zone     *time.Location
	pots     map[string]rules
	arrivals []arrival
	lateness time.Duration
}

type rules struct {
	limits         []pacing.Limit
	warmUp         time.Time
	pausedUntil    time.Time
	hours          pacing.Hours
	opens, closes  int // minutes of the day; the same for always
	weekdays, rank int
}

type arrival struct {
	pacing.Waiting

	at time.Time
}

// sent is a message that went out.
type sent struct {
	arrival

	planned time.Time // when it got its job
	when    time.Time
}

func drawScenario(t *rapid.T) scenario {
	zones := []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"}
	z, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
	if err != nil {
		t.Fatal(err)
	}
	// Around the changes of the clocks, too.
	start := rapid.SampledFrom([]time.Time{
		time.Date(2026, 3, 28, 9, 0, 0, 0, z), time.Date(2026, 10, 24, 17, 0, 0, 0, z),
		time.Date(2026, 11, 1, 0, 30, 0, 0, z), time.Date(2026, 11, 24, 12, 0, 0, 0, z),
	}).Draw(t, "start")
	s := scenario{
		start: start, zone: z, pots: map[string]rules{},
		length:   time.Duration(rapid.IntRange(4, 40).Draw(t, "hours")) * time.Hour,
		lateness: time.Duration(rapid.IntRange(0, 3000).Draw(t, "lateness")) * time.Millisecond,
	}
	s.gap.Min = time.Duration(rapid.IntRange(5, 90).Draw(t, "gap")) * time.Second
	s.gap.Max = s.gap.Min + time.Duration(rapid.IntRange(0, 120).Draw(t, "gap spread"))*time.Second
	for rank, name := range []string{"answer", "first"} {
		hour := rapid.IntRange(1, 30).Draw(t, "per hour")
		r := rules{rank: rank, limits: []pacing.Limit{
			{Max: hour, Per: time.Hour}, {Max: rapid.IntRange(hour, 150).Draw(t, "per day"), Per: 24 * time.Hour},
		}}
		if name == "first" && rapid.Bool().Draw(t, "warms up") {
			r.warmUp = start.Add(-time.Duration(rapid.IntRange(0, 15*24).Draw(t, "warm for")) * time.Hour)
		}
		if rapid.Bool().Draw(t, "keeps hours") {
			text := "mon-sun 08:00-19:00"
			r.opens, r.closes, r.weekdays = 8*60, 19*60, 7
			if rapid.Bool().Draw(t, "rests on Sundays") {
				text, r.weekdays = "mon-sat 08:00-19:00", 6
			}
			if r.hours, err = pacing.ParseHours(text, z); err != nil {
				t.Fatal(err)
			}
		}
		if rapid.IntRange(0, 3).Draw(t, "paused") == 0 {
			r.pausedUntil = start.Add(time.Duration(rapid.IntRange(0, 300).Draw(t, "pause")) * time.Minute)
		}
		s.pots[name] = r
	}
	// Bursts, as a post that goes well brings them.
	id := int64(0)
	for range rapid.IntRange(1, 12).Draw(t, "bursts") {
		at := start.Add(time.Duration(rapid.IntRange(0, int(s.length/time.Second)).Draw(t, "at")) * time.Second)
		name := rapid.SampledFrom([]string{"first", "first", "answer"}).Draw(t, "pot")
		source := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "post")
		for range rapid.IntRange(1, 60).Draw(t, "messages") {
			s.arrivals = append(s.arrivals, arrival{pacing.Waiting{ID: id, Pot: name, Source: source}, at})
			id++
		}
	}
	slices.SortStableFunc(s.arrivals, func(x, y arrival) int { return x.at.Compare(y.at) })
	return s
}

const (
	sweepEvery = 15 * time.Second
	stretch    = 2 * sweepEvery
)

// work plays a worker that plans stretch by stretch and checks again at each claim.
func (s scenario) work() (out []sent) {
	end := s.start.Add(s.length)
	var nextWrite time.Time
	waiting := slices.Clone(s.arrivals)
	jobs := map[int64]time.Time{}    // when each is claimed
	planned := map[int64]time.Time{} // when each got its job
	late := s.lateness
	for now := s.start; now.Before(end); {
		arrived := slices.IndexFunc(waiting, func(a arrival) bool { return a.at.After(now) })
		if arrived < 0 {
			arrived = len(waiting)
		}
		queued := make([]pacing.Waiting, arrived)
		for i, a := range waiting[:arrived] {
			queued[i] = a.Waiting
		}
		state := s.account(now, nextWrite, out)
		next := now.Add(sweepEvery)
		for _, turn := range state.Plan(queued, now.Add(stretch)) {
			if _, given := jobs[turn.ID]; !given {
				jobs[turn.ID], planned[turn.ID] = turn.At.Add(late), now
				late = (late*7 + 13*time.Millisecond) % (s.lateness + 1)
			}
		}
		// The job that is due first until the next sweep or arrival claims.
		if arrived < len(waiting) && waiting[arrived].at.Before(next) {
			next = waiting[arrived].at
		}
		var job int64 = -1
		for id, at := range jobs {
			if at.Before(next) || (at.Equal(next) && job >= 0 && id < job) {
				job, next = id, at
			}
		}
		if job < 0 && len(jobs) == 0 { // nothing near: skip to where something is
			next = latestOf(next, s.nearest(state, queued, waiting[arrived:], end))
		}
		now = latestOf(now, next)
		if job < 0 || !now.Before(end) {
			continue
		}
		delete(jobs, job)
		i := slices.IndexFunc(waiting, func(a arrival) bool { return a.ID == job })
		at, ok := s.account(now, nextWrite, out).Next(waiting[i].Pot, waiting[i].NotBefore)
		switch {
		case !ok || at.Sub(now) > stretch: // the planner gives it another job
		case at.After(now):
			jobs[job] = at
		default:
			out = append(out, sent{waiting[i], planned[job], now})
			nextWrite = now.Add(s.gap.After(job))
			waiting = slices.Delete(waiting, i, i+1)
		}
	}
	return out
}

// nearest is when the next turn or arrival may be, less a stretch.
func (s scenario) nearest(a pacing.Account, queued []pacing.Waiting, coming []arrival, end time.Time) time.Time {
	next := end
	if len(coming) > 0 {
		next = coming[0].at
	}
	if turns := a.Plan(queued, next); len(turns) > 0 {
		next = turns[0].At.Add(-sweepEvery)
	}
	return next
}

func (s scenario) account(now, nextWrite time.Time, out []sent) pacing.Account {
	a := pacing.Account{Now: now, NextWrite: nextWrite, Gap: s.gap, Pots: map[string]*pacing.Pot{}}
	for name, r := range s.pots {
		p := &pacing.Pot{
			Limits: r.limits, Hours: r.hours, WarmUp: pacing.WarmUp{From: r.warmUp}, Rank: r.rank,
			Paused: now.Before(r.pausedUntil), Until: r.pausedUntil,
		}
		for _, m := range slices.Backward(out) {
			if m.Pot == name {
				p.Writes = append(p.Writes, pacing.Write{At: m.when, Source: m.Source})
			}
		}
		a.Pots[name] = p
	}
	return a
}

// exact sends whenever it may, second by second: what the best worker could do that
// knows no plan and is never late. It shares nothing with the planner but the gaps.
func (s scenario) exact() int {
	waiting := slices.Clone(s.arrivals)
	times := map[string][]time.Time{}
	var next time.Time
	total := 0
	for now := s.start; now.Before(s.start.Add(s.length)); now = now.Add(time.Second) {
		if now.Before(next) {
			continue
		}
		for _, name := range []string{"answer", "first"} {
			i := slices.IndexFunc(waiting, func(a arrival) bool { return a.Pot == name && !a.at.After(now) })
			if i < 0 || !s.pots[name].allows(times[name], now, s.zone) {
				continue
			}
			times[name] = append(times[name], now)
			next = now.Add(s.gap.After(waiting[i].ID))
			waiting = slices.Delete(waiting, i, i+1)
			total++
			break
		}
	}
	return total
}

// allows is the rules of a pot, said another way.
func (r rules) allows(times []time.Time, now time.Time, zone *time.Location) bool {
	local := now.In(zone)
	if minute := local.Hour()*60 + local.Minute(); r.opens != r.closes &&
		(minute < r.opens || minute >= r.closes || (r.weekdays == 6 && local.Weekday() == time.Sunday)) {
		return false
	}
	if now.Before(r.pausedUntil) {
		return false
	}
	for _, l := range r.limits {
		most := l.Max
		if days := math.Floor(now.Sub(r.warmUp).Hours() / 24); !r.warmUp.IsZero() && days < 14 {
			most = max(1, int(float64(l.Max)*(0.2+0.8*days/14)))
		}
		within := 0
		for _, at := range times {
			if now.Sub(at) < l.Per {
				within++
			}
		}
		if within >= most {
			return false
		}
	}
	return true
}

// Ensure that a worker which follows the plan, late and interrupted by arrivals as it
// is, never exceeds a limit, keeps hours, pauses and gaps, serves posts in turn, and
// sends at least 95 % of what an exact worker could.
func TestWorkingByThePlan(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var ratios []float64
	rapid.Check(t, func(t *rapid.T) {
		s := drawScenario(t)
		out := s.work()
		times := map[string][]time.Time{}
		for i, m := range out {
			if m.when.Before(m.at) {
				t.Fatalf("message %d went out before it came", m.ID)
			}
			if i > 0 && m.when.Sub(out[i-1].when) < s.gap.After(out[i-1].ID) {
				t.Fatalf("message %d went out %s after the one before", m.ID, m.when.Sub(out[i-1].when))
			}
			if !s.pots[m.Pot].allows(times[m.Pot], m.when, s.zone) {
				t.Fatalf("message %d of %s went out at %s against the rules, after %d others", m.ID, m.Pot, m.when, len(times[m.Pot]))
			}
			times[m.Pot] = append(times[m.Pot], m.when)
		}
		s.wantFair(t, out)
		if best := s.exact(); best > 0 {
			if len(out) < best*95/100-1 {
				t.Fatalf("sent %d, an exact worker sends %d", len(out), best)
			}
			mu.Lock()
			ratios = append(ratios, float64(len(out))/float64(best))
			mu.Unlock()
		}
	})
	if len(ratios) > 0 {
		sum := 0.0
		for _, r := range ratios {
			sum += r
		}
		t.Logf("%d scenarios: %.1f %% of what an exact worker sends, at the least %.1f %%",
			len(ratios), 100*sum/float64(len(ratios)), 100*slices.Min(ratios))
	}
}

// inARow is how often one post may be served while another waits.
const inARow = 3

// wantFair makes sure that no post is served time after time while another waits, for
// longer than two stretches: within those, lateness may turn the order of jobs round. A
// job that answers push back keeps its place before those that were planned later.
func (s scenario) wantFair(t *rapid.T, out []sent) {
	done := map[int64]time.Time{}
	perPot := map[string][]sent{}
	for _, m := range out {
		done[m.ID] = m.when
		perPot[m.Pot] = append(perPot[m.Pot], m)
	}
	for pot, list := range perPot {
		for i := inARow - 1; i < len(list); i++ {
			row := list[i-inARow+1 : i+1]
			if list[i].when.Sub(row[0].when) <= 2*stretch || slices.ContainsFunc(row, func(m sent) bool { return m.Source != row[0].Source }) {
				continue
			}
			planned := slices.MinFunc(row, func(x, y sent) int { return x.planned.Compare(y.planned) }).planned.Add(-stretch - s.lateness)
			for _, a := range s.arrivals {
				at, served := done[a.ID]
				if a.Pot == pot && a.Source != row[0].Source && a.at.Before(planned) && (!served || at.After(list[i].when)) {
					t.Fatalf("message %d of post %s waits while post %s is served %d times", a.ID, a.Source, row[0].Source, inARow)
				}
			}
		}
	}
}

// Ensure the answer to "when will this person be served" is what then happens, when
// nothing comes between.
func TestForecastComesTrue(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawScenario(t)
		s.lateness = 0
		for i := range s.arrivals {
			s.arrivals[i].at = s.start
		}
		forecast := map[int64]time.Time{}
		waiting := make([]pacing.Waiting, len(s.arrivals))
		for i, a := range s.arrivals {
			waiting[i] = a.Waiting
		}
		for _, turn := range s.account(s.start, time.Time{}, nil).Plan(waiting, time.Time{}) {
			forecast[turn.ID] = turn.At
		}
		if len(forecast) != len(waiting) {
			t.Fatalf("%d of %d messages have a time", len(forecast), len(waiting))
		}
		for _, m := range s.work() {
			if !m.when.Equal(forecast[m.ID]) {
				t.Fatalf("message %d went out at %s, forecast was %s", m.ID, m.when, forecast[m.ID])
			}
		}
	})
}
