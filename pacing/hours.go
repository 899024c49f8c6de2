package pacing

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Hours are the hours of the week in which an account writes, in its time zone. The
// zero value is always open.
type Hours struct {
	text  string
	zone  *time.Location
	parts []part
}

// part is one stretch of a day, on some days of the week. One that ends before it
// begins goes on past midnight.
type part struct {
	days        [7]bool // by time.Weekday
	opens, ends clock
}

// clock is a time of day in minutes after midnight.
type clock int

const endOfDay clock = 24 * 60

// answersUntil is how late somebody who wrote is answered.
const answersUntil clock = 22 * 60

var errHours = errors.New(`working hours must read like "mon-fri 08:00-19:00", with more parts after ";", or "always"`)

// ParseHours reads "mon-fri 08:00-19:00; sat 10:00-12:30", or "always", which the
// empty text means too. It returns an error that shows the form.
func ParseHours(text string, zone *time.Location) (Hours, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	if text == "" || text == "always" {
		return Hours{}, nil
	}
	h := Hours{text: text, zone: zone}
	for one := range strings.SplitSeq(text, ";") {
		p, err := parsePart(one)
		if err != nil {
			return Hours{}, fmt.Errorf("%w; found %q", err, text)
		}
		h.parts = append(h.parts, p)
	}
	return h, nil
}

func parsePart(text string) (p part, err error) {
	days, hours, ok := strings.Cut(strings.TrimSpace(text), " ")
	opens, ends, ranged := strings.Cut(strings.TrimSpace(hours), "-")
	if !ok || !ranged {
		return part{}, errHours
	}
	if p.opens, err = parseClock(opens); err != nil {
		return part{}, err
	}
	if p.ends, err = parseClock(ends); err != nil {
		return part{}, err
	}
	if p.opens == p.ends || p.opens == endOfDay {
		return part{}, errHours
	}
	for list := range strings.SplitSeq(days, ",") {
		from, to, ranged := strings.Cut(list, "-")
		if !ranged {
			to = from
		}
		first, last := weekday(from), weekday(to)
		if first < 0 || last < 0 {
			return part{}, errHours
		}
		for d := first; ; d = (d + 1) % 7 {
			p.days[d] = true
			if d == last {
				break
			}
		}
	}
	return p, nil
}

func weekday(name string) int {
	return slices.Index([]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}, strings.TrimSpace(name))
}

func parseClock(text string) (clock, error) {
	text = strings.TrimSpace(text)
	if text == "24:00" {
		return endOfDay, nil
	}
	t, err := time.Parse("15:04", text)
	if err != nil {
		return 0, errHours
	}
	return clock(t.Hour()*60 + t.Minute()), nil
}

// String is the text that was parsed.
func (h Hours) String() string {
	if len(h.parts) == 0 {
		return "always"
	}
	return h.text
}

// ForAnswers are the hours for people who wrote: from the first opening until late
// in the evening, every day of the week.
func (h Hours) ForAnswers() Hours {
	if len(h.parts) == 0 {
		return h
	}
	every := part{days: [7]bool{true, true, true, true, true, true, true}, opens: endOfDay, ends: answersUntil}
	wide := Hours{text: h.text + ", for answers until late", zone: h.zone}
	for _, p := range h.parts {
		if p.ends < p.opens {
			wide.parts = append(wide.parts, p) // past midnight is later than late
		}
		every.opens, every.ends = min(every.opens, p.opens), max(every.ends, p.ends)
	}
	if every.opens < every.ends { // else nothing opens before it is late
		wide.parts = append(wide.parts, every)
	}
	return wide
}

// Next returns t when it lies within the hours, else when they begin next.
func (h Hours) Next(t time.Time) time.Time {
	if len(h.parts) == 0 {
		return t
	}
	local := t.In(h.zone)
	var next time.Time
	// From yesterday, whose last part may go on past midnight, to the same day in a
	// week, and one more: a day's only opening may fall into a change of the clocks.
	for days := -1; days <= 8; days++ {
		for _, p := range h.parts {
			opens, ends := h.span(local, days, p)
			if !ends.After(opens) || !ends.After(t) {
				continue
			}
			if !opens.After(t) {
				return t
			}
			if next.IsZero() || opens.Before(next) {
				next = opens
			}
		}
		if !next.IsZero() {
			return next
		}
	}
	return next
}

// span is when a part opens and ends, days after the day of a time; zero when it is
// closed on that day. time.Date moves a time that a change of the clocks skips.
func (h Hours) span(local time.Time, days int, p part) (opens, ends time.Time) {
	year, month, date := local.Date()
	midnight := time.Date(year, month, date+days, 12, 0, 0, 0, h.zone) // noon: never skipped
	if !p.days[midnight.Weekday()] {
		return time.Time{}, time.Time{}
	}
	last := date + days
	if p.ends < p.opens {
		last++
	}
	return time.Date(year, month, date+days, 0, int(p.opens), 0, 0, h.zone),
		time.Date(year, month, last, 0, int(p.ends), 0, 0, h.zone)
}
