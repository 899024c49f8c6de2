package campaigns

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/conversation"
	"github.com/bravorevos/workers/store"
)

// Clash is two live campaigns on one post of an account, of which one comment can mean
// both. The person gets the message of the campaign that reads the comment first.
type Clash struct {
	CampaignID, OtherID uuid.UUID
	Name, OtherName     string
	PostID              string
	Word, OtherWord     string // the keywords that one comment can hold for both
}

// Clashes lists those of the named campaigns, or of all where none is named.
func Clashes(ctx context.Context, pool *pgxpool.Pool, campaigns []uuid.UUID) ([]Clash, error) {
	pairs, err := store.New().ScrapeJobListClashing(ctx, pool, campaigns)
	if err != nil {
		return nil, fmt.Errorf("list campaigns on one post: %w", err)
	}
	var clashes []Clash
	for _, p := range pairs {
		one, err := triggerOf(p.Settings, p.TriggerWords)
		if err != nil {
			continue // it triggers nothing until its owner mends it, who is told elsewhere
		}
		other, err := triggerOf(p.OtherSettings, p.OtherTriggerWords)
		if err != nil {
			continue
		}
		if word, otherWord, found := one.Clash(other); found {
			clashes = append(clashes, Clash{
				CampaignID: p.CampaignID, OtherID: p.OtherCampaignID, Name: p.Name, OtherName: p.OtherName,
				PostID: p.PostID, Word: word, OtherWord: otherWord,
			})
		}
	}
	return clashes, nil
}

func triggerOf(settings []byte, triggerWords string) (*conversation.Trigger, error) {
	wording, err := Wording(settings, "", triggerWords)
	if err != nil {
		return nil, err
	}
	return wording.Trigger()
}
