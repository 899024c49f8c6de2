package accounts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/store"
)

// MovedRows is how many rows of a kind go from one id of an account to another.
type MovedRows struct {
	What string
	Rows int64
}

// errDryRun takes everything back that a dry run did.
var errDryRun = errors.New("dry run")

// Move gives the new id of an account that was linked anew at the provider all that the
// old one has: what waits, the ledger, so that its limits hold and nobody is written to twice, the
// answers, pauses and rules, and the producers' rows that name it. Of a dry run nothing stays.
// It may be repeated: what a poll in flight made under the old id meanwhile moves then.
func Move(ctx context.Context, pool *pgxpool.Pool, sendTime time.Duration, from, to string, dryRun bool) ([]MovedRows, error) {
	switch {
	case from == "" || to == "" || !store.IsStorable(from, to):
		return nil, errors.New("both ids must be ids of accounts at Unipile")
	case from == to:
		return nil, fmt.Errorf("account %s is the same as the one to move to", from)
	}
	m := &accountMove{
		Queries: store.New(), pool: pool, sendTime: sendTime, from: from, to: to,
	}
	err := store.InTxWithin(ctx, m.pool, store.PatienceOf(movePatience), func(tx pgx.Tx) error {
		if err := m.move(ctx, tx); err != nil {
			return err
		}
		if dryRun {
			return errDryRun
		}
		return nil
	})
	if err != nil && !errors.Is(err, errDryRun) {
		return nil, fmt.Errorf("move account %s to %s: %w", from, to, err)
	}
	return m.moved, nil
}

// movePatience is longer than any transaction of a worker.
const movePatience = 5 * time.Second

type accountMove struct {
	*store.Queries

	pool *pgxpool.Pool

	sendTime time.Duration // after which no send that began is under way
	from, to string
	moved    []MovedRows
}

func (m *accountMove) move(ctx context.Context, tx pgx.Tx) error {
	known, err := m.AccountIsKnown(ctx, tx, m.from)
	if err != nil {
		return fmt.Errorf("look for account: %w", err)
	}
	if !known {
		return m.whereNothingIsLeft(ctx, tx)
	}
	inFlight, err := m.RelinkLockMessages(ctx, tx, store.RelinkLockMessagesParams{
		FromID: m.from, SendSeconds: m.sendTime.Seconds(),
	})
	if err != nil {
		return fmt.Errorf("lock messages: %w", err)
	}
	if inFlight > 0 {
		return fmt.Errorf("%d of its messages are being sent this moment: pause it (worker accounts pause %s), wait %s and run this again",
			inFlight, m.from, m.sendTime.Round(time.Second))
	}
	// Before the accounts, since it takes messages of the new id, too.
	if err := m.count("first messages skipped, whose comment the other id answers", func() (int64, error) {
		return m.RelinkMarkTwins(ctx, tx, store.RelinkMarkTwinsParams{FromID: m.from, ToID: m.to})
	}); err != nil {
		return err
	}
	if err := m.movePauses(ctx, tx); err != nil {
		return err
	}
	if err := m.lockAccounts(ctx, tx); err != nil {
		return err
	}
	if err := m.moveRows(ctx, tx); err != nil {
		return err
	}
	if err := m.RelinkAccount(ctx, tx, store.RelinkAccountParams{FromID: m.from, ToID: m.to}); err != nil {
		return fmt.Errorf("move rules: %w", err)
	}
	if err := m.RelinkForget(ctx, tx, m.from); err != nil {
		return fmt.Errorf("forget account %s: %w", m.from, err)
	}
	return m.ScrapeJobHasten(ctx, tx, m.to)
}

// whereNothingIsLeft tells a move that was made before from a mistyped name.
func (m *accountMove) whereNothingIsLeft(ctx context.Context, tx pgx.Tx) error {
	account, err := m.AccountGet(ctx, tx, m.to)
	if err == nil && account.RelinkedAt != nil {
		return nil
	}
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("read account %s: %w", m.to, err)
	}
	return fmt.Errorf("no scrape job or message belongs to account %s; `worker accounts` lists those that are known", m.from)
}

// lockAccounts keeps both from claiming anything, and refuses two that belong to different
// people on LinkedIn.
func (m *accountMove) lockAccounts(ctx context.Context, tx pgx.Tx) error {
	ids := []string{m.from, m.to}
	slices.Sort(ids)
	var owners []string
	for _, id := range ids {
		if err := m.AccountEnsure(ctx, tx, id); err != nil {
			return fmt.Errorf("make row of account %s: %w", id, err)
		}
		account, err := m.AccountLock(ctx, tx, id)
		if err != nil {
			return fmt.Errorf("lock account %s: %w", id, err)
		}
		if account.ProviderID != nil {
			owners = append(owners, *account.ProviderID)
		}
	}
	if len(owners) == 2 && owners[0] != owners[1] {
		return errors.New("they belong to different people on LinkedIn, so one is not the other linked anew")
	}
	return nil
}

// moveRows moves everything that names the account by its id.
func (m *accountMove) moveRows(ctx context.Context, tx pgx.Tx) error {
	messages, err := m.RelinkMessages(ctx, tx, store.RelinkMessagesParams{FromID: m.from, ToID: m.to})
	if err != nil {
		return fmt.Errorf("move messages: %w", err)
	}
	m.moved = append(m.moved, MovedRows{"messages", messages.Messages}, MovedRows{"of them waiting", messages.Waiting})
	if err := m.RelinkSettleTwins(ctx, tx, store.RelinkSettleTwinsParams{FromID: m.from, ToID: m.to}); err != nil {
		return fmt.Errorf("settle answers that were read twice: %w", err)
	}
	if err := m.RelinkDropTwins(ctx, tx, store.RelinkDropTwinsParams{FromID: m.from, ToID: m.to}); err != nil {
		return fmt.Errorf("drop answers that were read twice: %w", err)
	}
	for _, step := range []struct {
		what string
		move func() (int64, error)
	}{
		{"answers", func() (int64, error) {
			return m.RelinkInbox(ctx, tx, store.RelinkInboxParams{FromID: m.from, ToID: m.to})
		}},
		{"messages of the owner", func() (int64, error) {
			return m.RelinkOwnMessages(ctx, tx, store.RelinkOwnMessagesParams{FromID: m.from, ToID: m.to})
		}},
		{"awaited connections", func() (int64, error) {
			return m.RelinkRelations(ctx, tx, store.RelinkRelationsParams{FromID: m.from, ToID: m.to})
		}},
		{"hours of reads", func() (int64, error) {
			return m.RelinkReads(ctx, tx, store.RelinkReadsParams{FromID: m.from, ToID: m.to})
		}},
		{"hours of reads of profiles", func() (int64, error) {
			return m.RelinkProfileReads(ctx, tx, store.RelinkProfileReadsParams{FromID: m.from, ToID: m.to})
		}},
		{"looks before first messages", func() (int64, error) {
			return m.RelinkFirstLooks(ctx, tx, store.RelinkFirstLooksParams{FromID: m.from, ToID: m.to})
		}},
		{"scrape jobs", func() (int64, error) {
			return m.RelinkScrapeJobs(ctx, tx, store.RelinkScrapeJobsParams{FromID: m.from, ToID: m.to})
		}},
		{"rows of linkedin_accounts", func() (int64, error) {
			return m.RelinkProducers(ctx, tx, store.RelinkProducersParams{FromID: &m.from, ToID: &m.to})
		}},
		{"looks under the old id, which end", func() (int64, error) { return m.RelinkJobs(ctx, tx, m.from) }},
	} {
		if err := m.count(step.what, step.move); err != nil {
			return err
		}
	}
	return nil
}

func (m *accountMove) count(what string, move func() (int64, error)) error {
	rows, err := move()
	if err != nil {
		return fmt.Errorf("move %s: %w", what, err)
	}
	m.moved = append(m.moved, MovedRows{what, rows})
	return nil
}

// movePauses takes along what LinkedIn or a human imposed on the person. That the old link was
// signed out or is unknown says nothing of the new one.
func (m *accountMove) movePauses(ctx context.Context, tx pgx.Tx) error {
	if err := m.AccountEnsure(ctx, tx, m.to); err != nil {
		return fmt.Errorf("make row of account %s: %w", m.to, err)
	}
	pauses, err := m.PauseListAll(ctx, tx, m.from)
	if err != nil {
		return fmt.Errorf("list pauses: %w", err)
	}
	ofLink := append(signedOut(), "errors/resource_not_found", "status 404")
	moved := int64(0)
	for _, p := range pauses {
		ofThisLink := !slices.ContainsFunc(strings.Split(p.Reason, "; "), func(reason string) bool {
			return !slices.Contains(ofLink, reason)
		})
		if p.Action == store.ActionEverything && ofThisLink {
			continue
		}
		moved++
		set := store.PauseSetParams{AccountID: m.to, Action: p.Action, Reason: p.Reason, Until: p.Until}
		if err := m.PauseSet(ctx, tx, set); err != nil {
			return fmt.Errorf("move pause of %s: %w", p.Action, err)
		}
	}
	if _, err := m.PauseLift(ctx, tx, store.PauseLiftParams{AccountID: m.from}); err != nil {
		return fmt.Errorf("lift pauses of account %s: %w", m.from, err)
	}
	m.moved = append(m.moved, MovedRows{"pauses", moved}, MovedRows{"pauses of the old link, which end", int64(len(pauses)) - moved})
	return nil
}
