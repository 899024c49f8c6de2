package jobs

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/integrations/unipile"
	"github.com/bravorevos/workers/store"
)

// memberID is the shape of a LinkedIn member's provider id: ACoAA… or ADo… for
// classic LinkedIn, ACw… and AE… for its other products. Company pages have digits.
var memberID = regexp.MustCompile(`^A[A-Za-z][A-Za-z0-9_-]{6,100}$`)

// names are what rows from before the workers may call a person, in lower case:
// provider id and slug, which may stand alone or in a profile URL.
func names(providerID, profileURL string) []string {
	names := []string{strings.ToLower(providerID)}
	if slug := slugOf("", profileURL); slug != "" {
		names = append(names, strings.ToLower(slug), strings.ToLower(url.PathEscape(slug)))
	}
	return names
}

// slugOf takes the public name out of the first value that is a profile URL or a
// bare slug.
func slugOf(values ...string) string {
	for _, value := range values {
		_, rest, isURL := strings.Cut(value, "/in/")
		if !isURL {
			if value != "" && !strings.ContainsAny(value, "/: ") {
				return value
			}
			continue
		}
		slug, _, _ := strings.Cut(rest, "/")
		slug, _, _ = strings.Cut(slug, "?")
		if unescaped, err := url.PathUnescape(slug); err == nil {
			slug = unescaped
		}
		if slug != "" {
			return slug
		}
	}
	return ""
}

// memberIDInURL tells the provider ids that stand in profile URLs from public names. Those
// may begin with a capital, too, but not with two.
var memberIDInURL = regexp.MustCompile(`^A[A-Z][A-Za-z0-9_-]{10,}$`)

// publicName is the public name in a profile URL; empty where that has the provider id.
func publicName(profileURL string) string {
	slug := slugOf("", profileURL)
	if memberIDInURL.MatchString(slug) {
		return ""
	}
	return slug
}

// PublicName is the public name in a profile's address, or the name itself; empty for
// anything else.
func PublicName(profile string) string { return slugOf(profile) }

// resolve asks for the provider id behind a slug; empty when there is nobody.
func (w *checkInbox) resolve(ctx context.Context, accountID, slug string) (string, error) {
	if slug == "" {
		return "", nil
	}
	// Half of the day's reads are left to first messages, which may have to wait for one.
	if err := w.takeProfileRead(ctx, accountID, w.settings.ProfileReadsPerDay/2); err != nil {
		return "", err
	}
	profile, err := w.linkedin.Profile(ctx, accountID, slug)
	if e := integrations.As(err); e != nil && e.Kind == integrations.Rejected {
		return "", nil
	}
	return profile.ProviderID, err
}

// identify notes the provider id behind a slug, or that there is none. Answers can
// be heard from then on; those that are there were passed over as a stranger's.
func (d database) identify(ctx context.Context, db store.DBTX, accountID string, leadID uuid.UUID, providerID string) error {
	err := d.LeadSetProvider(ctx, db, store.LeadSetProviderParams{ID: leadID, ProviderID: nullable(providerID)})
	if err != nil {
		return fmt.Errorf("set provider id of lead %s: %w", leadID, err)
	}
	if providerID == "" {
		return nil
	}
	if err := d.AccountRewindInbox(ctx, db, accountID); err != nil {
		return fmt.Errorf("rewind inbox of account %s: %w", accountID, err)
	}
	return nil
}

// splitName takes a display name apart as well as can be.
func splitName(name string) (first, last string) {
	name = strings.TrimSpace(name)
	i := strings.IndexFunc(name, unicode.IsSpace) // people paste names with other blanks too
	if i < 0 {
		return name, ""
	}
	return name[:i], strings.TrimSpace(name[i:])
}

// storable removes what Postgres refuses in text: NUL and broken UTF-8.
func storable(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD")
}

// isStorable reports whether Postgres takes ids as they are.
func isStorable(ids ...string) bool {
	return !slices.ContainsFunc(ids, func(id string) bool { return storable(id) != id })
}

// nullable is nil for "".
func nullable(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// deref is the zero value for nil.
func deref[T any](v *T) T {
	if v == nil {
		var zero T
		return zero
	}
	return *v
}

// accountReader is what Unipile must offer to tell who an account's owner is.
type accountReader interface {
	Account(ctx context.Context, accountID string) (unipile.Account, error)
}

// ownID is the LinkedIn member id of the account's owner; empty when the provider
// does not tell.
func (d database) ownID(ctx context.Context, linkedin accountReader, accountID string) (string, error) {
	account, err := d.AccountGet(ctx, d.Pool, accountID)
	if err == nil && account.ProviderID != nil {
		return *account.ProviderID, nil
	}
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return "", fmt.Errorf("read account: %w", err)
	}
	at, err := linkedin.Account(ctx, accountID)
	if err != nil {
		return "", fmt.Errorf("find account: %w", err)
	}
	err = d.AccountSetProvider(ctx, d.Pool, store.AccountSetProviderParams{ID: accountID, ProviderID: nullable(at.OwnID)})
	if err != nil {
		return "", fmt.Errorf("store account: %w", err)
	}
	return at.OwnID, nil
}
