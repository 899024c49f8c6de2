package messages

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/integrations/unipile"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// People who were contacted before the workers existed get no second first message. Their
// leads may know them by their public name alone, and comments name people by their member
// id alone when they like. Where a campaign has such leads, a recipient's public name is
// looked up before their message goes out, and compared. Looking up the leads instead
// would hold everybody up for weeks: an account may read some 100 profiles a day.

const day = 24 * time.Hour

// Why a first message waits to be recognised, as its row says in error_detail.
const (
	unsureNoName   = "no_public_name"         // LinkedIn shows none: it waits until all leads are looked up
	unsureUsedUp   = "profile_reads_used_up"  // of the day
	unsureLimited  = "profile_reads_limited"  // by LinkedIn
	unsureNoAnswer = "profile_cannot_be_read" // for now
)

const (
	// unsureWait is how long a message waits of whose recipient LinkedIn shows no name.
	// Meanwhile the leads that it might be are looked up.
	unsureWait = day
	// limitedWait is when a limit of profile reads is asked again. The leads may be looked
	// up by then, or it may have been raised.
	limitedWait = time.Hour
)

// recognise finds out the recipient's public name where only that can tell whether they
// were contacted before. It runs outside of the claim, since it asks the provider. settled
// means that the message waits.
func (w *sendDM) recognise(ctx context.Context, id int64) (settled bool, err error) {
	m, err := w.MessageGetContact(ctx, w.pool, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read whom message %d goes to: %w", id, err)
	}
	if m.Rests || m.IsContacted || !m.IsUnsure {
		return false, nil
	}
	if _, err := findContacted(ctx, w.pool, m); !errors.Is(err, pgx.ErrNoRows) {
		return false, err // their member id stands in the URL of a lead: the claim skips the message
	}
	if err := TakeProfileRead(ctx, w.pool, m.AccountID, w.settings.ProfileReadsPerDay); err != nil {
		if usedUp, ok := errors.AsType[*ProfilesUsedUpError](err); ok {
			return true, w.holdUnsure(ctx, m, 0, min(usedUp.wait, limitedWait), unsureUsedUp, err)
		}
		return false, err
	}
	profile, err := w.linkedin.Profile(ctx, m.AccountID, m.RecipientID)
	switch e := integrations.As(err); {
	case err == nil && profile.Slug != "" && store.IsStorable(profile.Slug):
		arg := store.MessageSetSlugParams{ID: id, RecipientSlug: profile.Slug}
		if err := w.MessageSetSlug(ctx, w.pool, arg); err != nil {
			return false, fmt.Errorf("set public name of message %d: %w", id, err)
		}
		return false, nil
	case err == nil:
		err = errors.New("LinkedIn shows no public name of the recipient")
		return true, w.holdUnsure(ctx, m, id, unsureWait, unsureNoName, err)
	case e == nil || e.Kind == integrations.Denied:
		return true, fmt.Errorf("look up the recipient of message %d: %w", id, err) // ours, or all of it is stopped
	case e.Kind == integrations.Rejected:
		return true, w.holdUnsure(ctx, m, id, unsureWait, unsureNoName, err)
	case e.Kind == integrations.Limited:
		return true, w.holdUnsure(ctx, m, 0, max(e.RetryAfter, limitedWait), unsureLimited, err)
	default:
		return true, w.holdUnsure(ctx, m, id, lookAgain(e, m.Now.Sub(m.CreatedAt)), unsureNoAnswer, err)
	}
}

// holdUnsure lets one message wait that cannot be recognised now, or for id 0 all of its
// campaign: none of them could, and each would take a turn from somebody only to learn that.
func (w *sendDM) holdUnsure(
	ctx context.Context, m store.MessageGetContactRow, id int64, wait time.Duration, reason string, cause error,
) error {
	_, err := w.MessageHoldUnsure(ctx, w.pool, store.MessageHoldUnsureParams{
		AccountID: m.AccountID, CampaignID: m.CampaignID, ID: id, WaitSeconds: wait.Seconds(), Reason: reason,
	})
	if err != nil {
		return errors.Join(cause, fmt.Errorf("hold messages of campaign %s: %w", m.CampaignID, err))
	}
	return &queue.Recorded{Err: fmt.Errorf("recognise a recipient of campaign %s: %w", m.CampaignID, cause)}
}

// isNobodyContacted decides whether a first message goes to somebody who was contacted
// before, or opted out under their public name; it is skipped then, and the lead they are
// gets their member id. It belongs into the transaction that lets the message go: leads may
// be added or recognised at any time. Where it cannot be known, the message does not go.
func isNobodyContacted(ctx context.Context, tx pgx.Tx, id int64) (goes bool, err error) {
	q := store.New()
	m, err := q.MessageGetContact(ctx, tx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return true, nil // no first message
	}
	if err != nil {
		return false, fmt.Errorf("read whom message %d goes to: %w", id, err)
	}
	if !m.IsContacted && !m.IsUnsure && m.RecipientSlug == nil {
		return true, nil
	}
	lead, err := findContacted(ctx, tx, m)
	switch {
	case err == nil && lead.ProviderID == nil:
		if err := Identify(ctx, tx, m.AccountID, lead.ID, m.RecipientID); err != nil {
			return false, err
		}
		fallthrough
	case err == nil:
		return false, skip(ctx, tx, id, "already_contacted")
	case !errors.Is(err, pgx.ErrNoRows):
		return false, err
	}
	optedOut, err := q.LeadHasOptedOut(ctx, tx, store.LeadHasOptedOutParams{
		ClientID: m.ClientID, CampaignID: m.CampaignID, ProviderID: m.RecipientID, Names: namesOf(m),
	})
	if err != nil {
		return false, fmt.Errorf("look for an opt-out: %w", err)
	}
	if !optedOut {
		return !m.IsUnsure, nil
	}
	note := store.OptOutNoteParams{ClientID: m.ClientID, CampaignID: m.CampaignID, PersonID: m.RecipientID}
	if err := q.OptOutNote(ctx, tx, note); err != nil {
		return false, fmt.Errorf("note an opt-out: %w", err)
	}
	return false, skip(ctx, tx, id, "opted_out")
}

// findContacted finds the lead by which a message's recipient was contacted before; else
// the error wraps pgx.ErrNoRows.
func findContacted(
	ctx context.Context, db store.DBTX, m store.MessageGetContactRow,
) (store.LeadFindContactedRow, error) {
	q := store.New()
	lead, err := q.LeadFindContacted(ctx, db, store.LeadFindContactedParams{
		CampaignID: &m.CampaignID, OwnID: m.LeadID, ProviderID: m.RecipientID, Names: namesOf(m),
	})
	if err != nil {
		return lead, fmt.Errorf("find contacted lead of campaign %s: %w", m.CampaignID, err)
	}
	return lead, nil
}

// namesOf are what rows from before the workers may call a message's recipient.
func namesOf(m store.MessageGetContactRow) []string {
	return unipile.Names(m.RecipientID, "/in/"+store.Value(m.RecipientSlug))
}

func skip(ctx context.Context, tx pgx.Tx, id int64, reason string) error {
	q := store.New()
	if _, err := q.MessageSkip(ctx, tx, store.MessageSkipParams{ID: id, Reason: reason}); err != nil {
		return fmt.Errorf("skip message %d: %w", id, err)
	}
	return nil
}

// Identify notes the provider id behind a slug, or that there is none. Answers can
// be heard from then on; those that are there were passed over as a stranger's.
func Identify(ctx context.Context, db store.DBTX, accountID string, leadID uuid.UUID, providerID string) error {
	q := store.New()
	err := q.LeadSetProvider(ctx, db, store.LeadSetProviderParams{ID: leadID, ProviderID: store.Null(providerID)})
	if err != nil {
		return fmt.Errorf("set provider id of lead %s: %w", leadID, err)
	}
	if providerID == "" {
		return nil
	}
	if err := q.AccountRewindInbox(ctx, db, accountID); err != nil {
		return fmt.Errorf("rewind inbox of account %s: %w", accountID, err)
	}
	return nil
}
