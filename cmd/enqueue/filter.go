package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/pflag"
)

// filter says which rows. Nil and empty mean any.
type filter struct {
	campaign, client *uuid.UUID
	statuses         []string
	since, until     *time.Time
	ids              []uuid.UUID // never nil: Postgres would take that for NULL
}

// statuses are those of the rows that a subcommand walks through.
type statuses struct {
	known   []string
	usual   []string          // without --status
	refused map[string]string // known as well, but why not
}

// addFlags defines the flags of a filter. Each value is checked when it is set:
// an empty one, as an unset variable of a script leaves it, must not mean any row.
func (f *filter) addFlags(set *pflag.FlagSet, s statuses, now time.Time) {
	f.ids = []uuid.UUID{}
	set.Func("campaign", "only the campaign with this `uuid`", func(v string) (err error) {
		f.campaign, err = parseID(v)
		return err
	})
	set.Func("client", "only the client with this `uuid`", func(v string) (err error) {
		f.client, err = parseID(v)
		return err
	})
	set.Func("status", fmt.Sprintf("only this `status`, may be repeated: %s (default %s)",
		strings.Join(s.known, ", "), strings.Join(s.usual, ", ")), func(v string) error {
		for part := range strings.SplitSeq(v, ",") {
			if err := s.check(part); err != nil {
				return err
			}
			f.statuses = append(f.statuses, part)
		}
		return nil
	})
	set.Func("since", "only what was created at this `time` or later: 24h or 7d ago, 2026-11-23 (UTC), or RFC 3339", func(v string) (err error) {
		f.since, err = parseTime(v, now)
		return err
	})
	set.Func("until", "only what was created before this `time`, written like --since", func(v string) (err error) {
		f.until, err = parseTime(v, now)
		return err
	})
	set.Func("id", "only the row with this `uuid`, may be repeated", func(v string) error {
		for part := range strings.SplitSeq(v, ",") {
			id, err := parseID(part)
			if err != nil {
				return err
			}
			f.ids = append(f.ids, *id)
		}
		return nil
	})
}

// complete fills in what was not said and checks what only shows together.
func (f *filter) complete(s statuses) error {
	if len(f.statuses) == 0 {
		f.statuses = s.usual
	}
	if f.since != nil && f.until != nil && !f.since.Before(*f.until) {
		return usagef("--since %s is not before --until %s", f.since.Format(time.RFC3339), f.until.Format(time.RFC3339))
	}
	return nil
}

func (s statuses) check(status string) error {
	if why, ok := s.refused[status]; ok {
		return errors.New(why)
	}
	if !slices.Contains(s.known, status) {
		return fmt.Errorf("unknown status, known are %s", strings.Join(s.known, ", "))
	}
	return nil
}

func parseID(v string) (*uuid.UUID, error) {
	id, err := uuid.Parse(v)
	if err != nil || len(v) != 36 { // Parse takes other forms too, which nothing here prints
		return nil, errors.New("not a uuid, for example 0b9c2f4e-6a1d-4c3b-9e8f-7d6c5b4a3921")
	}
	return &id, nil
}

// parseTime reads a point in time; a duration counts back from now.
func parseTime(v string, now time.Time) (*time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, v); err == nil {
			t = t.UTC()
			return &t, nil
		}
	}
	ago, err := time.ParseDuration(v)
	if days, ok := strings.CutSuffix(v, "d"); ok {
		var n int
		n, err = strconv.Atoi(days)
		ago = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || ago < 0 {
		return nil, errors.New("not a time; write 24h or 7d for so long ago, 2026-11-23, or 2026-11-23T08:00:00Z")
	}
	t := now.Add(-ago).UTC()
	return &t, nil
}
