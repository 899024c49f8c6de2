// Package campaigns holds what a campaign wants: how it writes, what triggers it, and which
// campaigns get in each other's way. It reads settings and decides nothing about people.
package campaigns

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/bravorevos/workers/conversation"
	"github.com/bravorevos/workers/store"
)

// Key decides which variant of a text a person gets, always the same.
func Key(campaignID uuid.UUID, personID string) string {
	return campaignID.String() + " " + personID
}

// Wording reads how a campaign writes. What is wrong with it is for its owner to
// mend.
func Wording(settings []byte, template, triggerWords string) (conversation.Wording, error) {
	wording, problems := conversation.ParseWording(settings, template, triggerWords)
	if len(problems) > 0 {
		return wording, Mistake(fmt.Errorf("%s: %s", problems[0].Path, problems[0].Message))
	}
	return wording, nil
}

// Keyword is what a lead wrote, else the campaign's first keyword.
func Keyword(keyword string, keywords []string) string {
	if keyword == "" && len(keywords) > 0 {
		return keywords[0]
	}
	return keyword
}

// Check says what is wrong with how a campaign writes, and what three people
// would get. Both are empty lists rather than nil.
func Check(settings []byte, dmTemplate, triggerWords string) ([]conversation.Problem, []conversation.Sample) {
	wording, problems := conversation.ReadWording(settings, dmTemplate, triggerWords)
	return append([]conversation.Problem{}, problems...), append([]conversation.Sample{}, wording.Preview()...)
}

// settingError is a mistake in the row or its campaign, for its owner to mend.
type settingError struct{ error }

// Unwrap gives the mistake.
func (e *settingError) Unwrap() error { return e.error }

// Mistake marks an error as a mistake in the settings of a campaign or its rows, for their
// owner to mend.
func Mistake(err error) error { return &settingError{err} }

// IsMistake reports whether the owner of a campaign must mend what is wrong.
func IsMistake(err error) bool {
	_, ok := errors.AsType[*settingError](err)
	return ok
}

// Note notes on the scrape job what its owner must mend, where that stopped
// nothing else.
func Note(ctx context.Context, tx pgx.Tx, scrapeJobID *uuid.UUID, cause error) error {
	q := store.New()
	if scrapeJobID == nil {
		return nil
	}
	err := q.ScrapeJobNote(ctx, tx, store.ScrapeJobNoteParams{ID: *scrapeJobID, LastError: store.Storable(cause.Error())})
	if err != nil {
		return fmt.Errorf("note on scrape job %s: %w", *scrapeJobID, err)
	}
	return nil
}
