// Package accounts holds what a LinkedIn account may do: its limits, working hours and
// pauses, what it has used of them, and the change to a new id at the provider. It decides
// and records; it sends nothing.
package accounts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bravorevos/workers/pacing"
	"github.com/bravorevos/workers/store"
)

// Settings is what accounts are held to unless their rows say otherwise.
type Settings struct {
	Limits             Limits
	CommentReadsPerDay int
}

// Limits hold an account's writes back: LinkedIn restricts accounts that write
// more. They are an account's defaults; its row may say less or more. Unipile
// recommends about 100 messages a day, 100 comments, 200 invitations a week, and
// random gaps: https://developer.unipile.com/docs/provider-limits-and-restrictions
type Limits struct {
	FirstDMsPerHour, FirstDMsPerDay           int
	AnswersPerHour, AnswersPerDay             int
	PublicRepliesPerHour, PublicRepliesPerDay int
	InvitationsPerHour, InvitationsPerDay     int
	InvitationsPerWeek                        int
	GapMin, GapMax                            time.Duration // between two writes of one account

	WorkingHours string // as pacing.ParseHours takes it
	TimeZone     string // IANA name; empty is UTC
}

// WithDefaults fills in what is not set.
func (l Limits) WithDefaults() Limits {
	l.FirstDMsPerHour = cmp.Or(l.FirstDMsPerHour, 20)
	l.FirstDMsPerDay = cmp.Or(l.FirstDMsPerDay, 100)
	l.AnswersPerHour = cmp.Or(l.AnswersPerHour, 30)
	l.AnswersPerDay = cmp.Or(l.AnswersPerDay, 100)
	l.PublicRepliesPerHour = cmp.Or(l.PublicRepliesPerHour, 10)
	l.PublicRepliesPerDay = cmp.Or(l.PublicRepliesPerDay, 25)
	l.InvitationsPerHour = cmp.Or(l.InvitationsPerHour, 4)
	l.InvitationsPerDay = cmp.Or(l.InvitationsPerDay, 12)
	l.InvitationsPerWeek = cmp.Or(l.InvitationsPerWeek, 80)
	l.GapMin = cmp.Or(l.GapMin, 30*time.Second)
	l.GapMax = max(cmp.Or(l.GapMax, 90*time.Second), l.GapMin)
	return l
}

const (
	day  = 24 * time.Hour
	week = 7 * day
)

// LikeAPerson is how long somebody who connects or answers is left alone, so that the
// message does not follow like a machine's.
func (l Limits) LikeAPerson() time.Duration {
	return l.GapMin + rand.N(5*l.GapMax+1)
}

// of returns the windows of a pot for an account.
func (l Limits) of(pot string, a store.Account) []pacing.Limit {
	hourly := func(hour *int32, hourDefault int, perDay *int32, dayDefault int) []pacing.Limit {
		return []pacing.Limit{{Max: store.ValueOr(hour, hourDefault), Per: time.Hour}, {Max: store.ValueOr(perDay, dayDefault), Per: day}}
	}
	switch pot {
	case store.ActionAnswer:
		return hourly(a.AnswersPerHour, l.AnswersPerHour, a.AnswersPerDay, l.AnswersPerDay)
	case store.ActionPublicReply:
		return hourly(a.PublicRepliesPerHour, l.PublicRepliesPerHour, a.PublicRepliesPerDay, l.PublicRepliesPerDay)
	case store.ActionInvitation:
		return append(hourly(a.InvitationsPerHour, l.InvitationsPerHour, a.InvitationsPerDay, l.InvitationsPerDay),
			pacing.Limit{Max: l.InvitationsPerWeek, Per: week})
	default:
		return hourly(a.FirstDmsPerHour, l.FirstDMsPerHour, a.FirstDmsPerDay, l.FirstDMsPerDay)
	}
}

// Read reads an account's row; one that never wrote has none.
func Read(ctx context.Context, db store.DBTX, accountID string) (store.Account, error) {
	account, err := store.New().AccountGet(ctx, db, accountID)
	if errors.Is(err, pgx.ErrNoRows) {
		return store.Account{ID: accountID}, nil
	}
	if err != nil {
		return store.Account{}, fmt.Errorf("read account: %w", err)
	}
	return account, nil
}

// Situation is all that decides when an account may write next.
type Situation struct {
	pacing.Account

	// A stopped account makes no look-ups either; zero: it is not stopped.
	Stopped *store.Pause
}

// ReadSituation reads an account's pauses and recent writes of these pots, beside
// its own row. It returns an error where the row's hours or zone make no sense.
func ReadSituation(
	ctx context.Context, db store.DBTX, account store.Account, limits Limits, now time.Time, pots ...string,
) (Situation, error) {
	q := store.New()
	hours, err := hoursOf(account, limits)
	if err != nil {
		return Situation{}, err
	}
	sit := Situation{Account: pacing.Account{
		Now: now, NextWrite: store.Value(account.NextWriteAt),
		Gap:  pacing.Gap{Min: limits.GapMin, Max: limits.GapMax},
		Pots: map[string]*pacing.Pot{},
	}}
	for _, name := range pots {
		p := &pacing.Pot{
			Limits: limits.of(name, account), Hours: hours, Rank: slices.Index(store.Pots(), name),
			WarmUp: pacing.WarmUp{From: store.Value(account.WarmUpFrom)},
		}
		if name == store.ActionAnswer {
			p.Hours = hours.ForAnswers()
			p.WarmUp = pacing.WarmUp{} // who wrote to us is not kept waiting
		}
		if p.Writes, err = listWrites(ctx, db, account.ID, name, p.Limits, now); err != nil {
			return Situation{}, err
		}
		sit.Pots[name] = p
	}
	pauses, err := q.PauseListActive(ctx, db, &account.ID)
	if err != nil {
		return Situation{}, fmt.Errorf("list pauses of account %s: %w", account.ID, err)
	}
	for _, pause := range pauses {
		if pause.Action == store.ActionEverything {
			sit.Stopped = &pause
		}
		for name, p := range sit.Pots {
			if pause.Action == store.ActionEverything || pause.Action == name {
				applyPause(p, pause)
			}
		}
	}
	return sit, nil
}

// turnsRemembered are the writes beyond those that count, by which posts are served
// in turn.
const turnsRemembered = 50

// listWrites lists what went out of a pot within its widest window, and some before,
// newest first.
func listWrites(
	ctx context.Context, db store.DBTX, accountID, pot string, limits []pacing.Limit, now time.Time,
) ([]pacing.Write, error) {
	q := store.New()
	var widest time.Duration
	var most int
	for _, l := range limits {
		widest, most = max(widest, l.Per), max(most, l.Max)
	}
	rows, err := q.MessageListWrites(ctx, db, store.MessageListWritesParams{
		AccountID: accountID, Purposes: store.Purposes(pot), Since: now.Add(-2 * widest), MaxRows: int32(most) + turnsRemembered,
	})
	if err != nil {
		return nil, fmt.Errorf("list writes of account %s: %w", accountID, err)
	}
	writes := make([]pacing.Write, 0, len(rows))
	for _, row := range rows {
		writes = append(writes, pacing.Write{At: row.WrittenAt, Source: row.Source})
	}
	if pot != store.ActionFirstDM {
		return writes, nil
	}
	// What the owner typed counts at LinkedIn too. It is taken from the pot that can
	// wait: somebody who chats does not keep others from their answers.
	own, err := q.OwnMessageListSince(ctx, db, store.OwnMessageListSinceParams{
		AccountID: accountID, Since: now.Add(-widest), MaxRows: int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("list own messages of account %s: %w", accountID, err)
	}
	for _, at := range own {
		writes = append(writes, pacing.Write{At: at})
	}
	slices.SortStableFunc(writes, func(a, b pacing.Write) int { return b.At.Compare(a.At) })
	return writes, nil
}

// hoursOf reads the working hours that hold for an account.
func hoursOf(account store.Account, limits Limits) (pacing.Hours, error) {
	text := limits.WorkingHours
	if account.WorkingHours != nil {
		text = *account.WorkingHours
	}
	zone, err := time.LoadLocation(zoneOf(account, limits))
	if err != nil {
		return pacing.Hours{}, fmt.Errorf("time zone of account %s: %w", account.ID, err)
	}
	hours, err := pacing.ParseHours(text, zone)
	if err != nil {
		return pacing.Hours{}, fmt.Errorf("working hours of account %s: %w", account.ID, err)
	}
	return hours, nil
}

// zoneOf is the name of the zone of an account's working hours.
func zoneOf(account store.Account, limits Limits) string {
	return cmp.Or(store.Value(account.TimeZone), limits.TimeZone, "UTC")
}

// applyPause keeps the longest of several pauses.
func applyPause(p *pacing.Pot, pause store.Pause) {
	endless := p.Paused && p.Until.IsZero()
	switch {
	case endless:
	case pause.Until == nil:
		p.Paused, p.Until = true, time.Time{}
	case !p.Paused || pause.Until.After(p.Until):
		p.Paused, p.Until = true, *pause.Until
	}
}
