package pacing_test

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/bravorevos/workers/pacing"
)

func zone(tb testing.TB, name string) *time.Location {
	tb.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		tb.Fatal(err)
	}
	return z
}

func hours(tb testing.TB, text, zoneName string) pacing.Hours {
	tb.Helper()
	h, err := pacing.ParseHours(text, zone(tb, zoneName))
	if err != nil {
		tb.Fatal(err)
	}
	return h
}

// Ensure the hours hold in the account's own zone, also when its clocks change.
func TestHoursNext(t *testing.T) {
	t.Parallel()
	const office = "mon-fri 08:00-19:00"
	tests := []struct{ name, hours, zone, at, want string }{
		{"open", office, "Europe/Berlin", "2026-11-24T12:00:00+01:00", "2026-11-24T12:00:00+01:00"},
		{"the first minute", office, "Europe/Berlin", "2026-11-24T08:00:00+01:00", "2026-11-24T08:00:00+01:00"},
		{"the end is closed", office, "Europe/Berlin", "2026-11-24T19:00:00+01:00", "2026-11-25T08:00:00+01:00"},
		{"before opening", office, "Europe/Berlin", "2026-11-24T03:00:00+01:00", "2026-11-24T08:00:00+01:00"},
		{"over the weekend", office, "Europe/Berlin", "2026-11-27T19:30:00+01:00", "2026-11-30T08:00:00+01:00"},
		{"another zone's day", office, "America/New_York", "2026-11-24T08:30:00+01:00", "2026-11-24T08:00:00-05:00"},
		{"always", "always", "Europe/Berlin", "2026-11-28T03:00:00+01:00", "2026-11-28T03:00:00+01:00"},
		{"nothing said", "", "Europe/Berlin", "2026-11-28T03:00:00+01:00", "2026-11-28T03:00:00+01:00"},
		{"two parts", "mon-fri 9:00-12:00; mon-fri 13:00-17:00", "UTC", "2026-11-24T12:30:00Z", "2026-11-24T13:00:00Z"},
		{"past midnight, before it", "mon 22:00-02:00", "UTC", "2026-11-23T23:00:00Z", "2026-11-23T23:00:00Z"},
		{"past midnight, after it", "mon 22:00-02:00", "UTC", "2026-11-24T01:59:00Z", "2026-11-24T01:59:00Z"},
		{"past midnight, over", "mon 22:00-02:00", "UTC", "2026-11-24T02:00:00Z", "2026-11-30T22:00:00Z"},
		{"a week from now", "tue 08:00-09:00", "UTC", "2026-11-24T09:00:00Z", "2026-12-01T08:00:00Z"},
		{"until the end of the day", "tue 20:00-24:00", "UTC", "2026-11-24T23:59:59Z", "2026-11-24T23:59:59Z"},
		{"a list of days", "mon,wed,sat 08:00-09:00", "UTC", "2026-11-24T08:30:00Z", "2026-11-25T08:00:00Z"},
		{"days over the end of the week", "fri-mon 08:00-09:00", "UTC", "2026-11-24T08:30:00Z", "2026-11-27T08:00:00Z"},
		{"opens in summer time", office, "Europe/Berlin", "2026-03-27T20:00:00+01:00", "2026-03-30T08:00:00+02:00"},
		{"opens in winter time", office, "Europe/Berlin", "2026-10-23T20:00:00+02:00", "2026-10-26T08:00:00+01:00"},
		{"opens in the hour that is skipped", "sun 02:30-05:00", "Europe/Berlin", "2026-03-29T00:00:00+01:00", "2026-03-29T03:30:00+02:00"},
		{"only the hour that is skipped", "sun 02:00-03:00", "Europe/Berlin", "2026-03-29T00:00:00+01:00", "2026-04-05T02:00:00+02:00"},
		{"the hour that comes twice", "sun 02:00-03:00", "Europe/Berlin", "2026-10-25T02:30:00+01:00", "2026-10-25T02:30:00+01:00"},
		{"a change of half an hour", "sun 08:00-09:00", "Australia/Lord_Howe", "2026-10-03T20:00:00Z", "2026-10-04T08:00:00+11:00"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			at, err := time.Parse(time.RFC3339, tc.at)
			if err != nil {
				t.Fatal(err)
			}
			if got := hours(t, tc.hours, tc.zone).Next(at).In(zone(t, tc.zone)).Format(time.RFC3339); got != tc.want {
				t.Errorf("Next(%s) = %s, want %s", tc.at, got, tc.want)
			}
		})
	}
}

// Ensure who wrote is answered in the evening and at the weekend too, but not at night.
func TestHoursForAnswers(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ hours, at, want string }{
		{"mon-fri 08:00-19:00", "2026-11-28T21:59:00Z", "2026-11-28T21:59:00Z"}, // a Saturday
		{"mon-fri 08:00-19:00", "2026-11-28T22:00:00Z", "2026-11-29T08:00:00Z"},
		{"mon-fri 12:00-23:30", "2026-11-28T23:00:00Z", "2026-11-28T23:00:00Z"},
		{"mon 22:00-02:00", "2026-11-24T01:00:00Z", "2026-11-24T01:00:00Z"},
		{"mon 23:00-02:00", "2026-11-24T12:00:00Z", "2026-11-30T23:00:00Z"}, // opens when answers end
		{"always", "2026-11-28T03:00:00Z", "2026-11-28T03:00:00Z"},
	} {
		at, err := time.Parse(time.RFC3339, tc.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := hours(t, tc.hours, "UTC").ForAnswers().Next(at).UTC().Format(time.RFC3339); got != tc.want {
			t.Errorf("%s: an answer at %s goes at %s, want %s", tc.hours, tc.at, got, tc.want)
		}
	}
}

// Ensure a mistake is refused with the form to write.
func TestParseHoursRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"9-5", "mon-fri", "08:00-19:00", "mon-fry 08:00-19:00", "mon-fri 08:00", "mon-fri 25:00-26:00",
		"mon-fri 08:00-08:00", "mon-fri 8-19", "mon-fri 08:00-19:00;", "mon - fri 08:00-19:00", "tue 24:00-02:00",
	} {
		if h, err := pacing.ParseHours(text, time.UTC); err == nil || !strings.Contains(err.Error(), "mon-fri 08:00-19:00") {
			t.Errorf("%q gives %v, %v; want an error that shows the form", text, h, err)
		}
	}
}

// FuzzParseHours ensures that whatever is accepted opens within nine days, and that
// what opens is open.
func FuzzParseHours(f *testing.F) {
	for _, text := range []string{"always", "mon-fri 08:00-19:00", "sun 02:00-03:00; sat 22:00-01:00", "mon 0:00-24:00"} {
		f.Add(text, int64(1774746000))
	}
	berlin := zone(f, "Europe/Berlin")
	f.Fuzz(func(t *testing.T, text string, unix int64) {
		h, err := pacing.ParseHours(text, berlin)
		if err != nil || unix < 0 || unix > 1<<33 {
			return
		}
		at := time.Unix(unix, 0)
		next := h.Next(at)
		if next.Before(at) || next.After(at.Add(15*24*time.Hour)) {
			t.Fatalf("%q: Next(%s) = %s", text, at, next)
		}
		if again := h.Next(next); !again.Equal(next) {
			t.Fatalf("%q opens at %s, and then not before %s", text, next, again)
		}
	})
}
