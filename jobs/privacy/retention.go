// Package privacy forgets: what is kept of a person, for how long, and how it is erased. It
// stands above the other rooms, whose rows it removes by age.
package privacy

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/bravorevos/workers/store"
)

const (
	day  = 24 * time.Hour
	week = 7 * day
)

// Retention is how long each kind of data is kept, by the variable that sets it; 0 keeps
// it for ever, and what is missing is kept for its default.
type Retention map[string]time.Duration

// RetentionKind is one kind of data and what becomes of it when its time is over.
type RetentionKind struct {
	Name     string // for logs and errors
	Variable string // of the environment; "": not for anybody to set
	Default  time.Duration
	Example  string        // of the variable
	Least    time.Duration // what correctness needs; 0: anything
	Forgets  string        // what is forgotten
	Stays    string        // what is kept, and why

	forget func(ctx context.Context, db store.DBTX, old oldRows) (int64, error)
}

// oldRows are so many rows that are so old, by the database's clock. The parameters of
// every query that forgets have this form.
type oldRows struct {
	AgeSeconds float64
	MaxRows    int32
}

// by forgets with a query.
func by[P ~struct {
	AgeSeconds float64
	MaxRows    int32
}](
	query func(*store.Queries, context.Context, store.DBTX, P) (int64, error),
) func(context.Context, store.DBTX, oldRows) (int64, error) {
	return func(ctx context.Context, db store.DBTX, old oldRows) (int64, error) {
		return query(store.New(), ctx, db, P(old))
	}
}

// RetentionKinds is the one table of what is kept for how long: the configuration, the
// job that prunes and the documentation follow it. Each kind is found by an index.
func RetentionKinds() []RetentionKind {
	return []RetentionKind{
		{
			Name: "comments", Variable: "COMMENT_RETENTION", Default: 14 * day, Example: "168h",
			Forgets: "text and author of comments that made no lead",
			Stays:   "id and decision: a comment is counted and decided once",
			forget:  by((*store.Queries).CommentPrune),
		},
		{
			Name: "comments of leads", Variable: "LEAD_COMMENT_RETENTION", Default: 365 * day, Example: "2160h",
			Forgets: "text and author of comments that made leads",
			Stays:   "id, decision, keyword and lead",
			forget:  by((*store.Queries).CommentPruneLeads),
		},
		{
			Name: "messages", Variable: "MESSAGE_RETENTION", Default: 90 * day, Example: "720h", Least: 8 * day,
			Forgets: "what our messages said, the address that a question suggested, and the recipient's public name",
			Stays: "the row, with the person's id: nobody is written to twice. What waits, is in doubt, " +
				"or goes out when somebody connects is kept whole",
			forget: by((*store.Queries).MessagePrune),
		},
		{
			// A first look into an inbox goes back seven days, and must know what it has read.
			Name: "inbox messages", Variable: "INBOX_RETENTION", Default: 90 * day, Example: "720h", Least: 8 * day,
			Forgets: "the answers of leads, with what was made of them",
			Stays:   "nothing; the lead has its address",
			forget:  by((*store.Queries).InboxMessagePrune),
		},
		{
			Name: "opt-outs", Variable: "OPT_OUT_RETENTION", Default: 30 * day, Example: "24h",
			Forgets: "name, company, title, address, profile and comment of leads with status opted_out",
			Stays:   "their LinkedIn id, in the lead and in `workers.opt_outs`: they are not written to again",
			forget:  by((*store.Queries).LeadPruneOptedOut),
		},
		{
			Name: "webhook attempts", Variable: "WEBHOOK_ATTEMPT_RETENTION", Default: 30 * day, Example: "168h",
			Forgets: "what came of each try to deliver a webhook, with the head of the answer",
			Stays:   "the row of `webhook_logs`",
			forget:  by((*store.Queries).WebhookAttemptPrune),
		},
		{
			Name: "webhook answers", Variable: "WEBHOOK_ANSWER_RETENTION", Default: 30 * day, Example: "168h",
			Forgets: "`webhook_logs.response_body`",
			Stays:   "the row, with the status of the answer",
			forget:  by((*store.Queries).WebhookLogPruneAnswers),
		},
		{
			// Producers own these rows, and what they hold stands in their leads as well.
			Name: "webhook payloads", Variable: "WEBHOOK_PAYLOAD_RETENTION", Default: 0, Example: "8760h", Least: 8 * day,
			Forgets: "`webhook_logs.payload` of what was delivered; it cannot be delivered again after that",
			Stays:   "the row; what is not delivered is kept whole, however old",
			forget:  by((*store.Queries).WebhookLogPrunePayloads),
		},
		{
			Name: "emails", Variable: "EMAIL_RETENTION", Default: 90 * day, Example: "720h", Least: 2 * day,
			Forgets: "the ledger of emails: ids and what came of each",
			Stays:   "the notification, which says the same",
			forget:  by((*store.Queries).EmailPrune),
		},
		{
			Name: "own messages", Default: week,
			Forgets: "when the owner of an account wrote something, without text",
			Stays:   "nothing: the longest limit is a week",
			forget:  by((*store.Queries).OwnMessagePrune),
		},
		{
			Name: "comment reads", Default: 2 * day,
			Forgets: "how often an account read comments",
			Stays:   "nothing: the budget is a day's",
			forget:  by((*store.Queries).CommentReadPrune),
		},
	}
}

// Doc is the sentence that explains the variable of a kind.
func (k RetentionKind) Doc() string {
	doc := "How long this is kept: " + k.Forgets + ". never, or 0, keeps it for ever"
	if k.Least > 0 {
		doc += "; else " + written(k.Least) + " at least"
	}
	return doc + "."
}

// DefaultText is the default as the variable is written.
func (k RetentionKind) DefaultText() string {
	if k.Default == 0 {
		return "never"
	}
	return written(k.Default)
}

// Parse reads a value of the kind's variable. The error never holds it.
func (k RetentionKind) Parse(value string) (time.Duration, error) {
	if value == "never" {
		return 0, nil
	}
	d, err := time.ParseDuration(value)
	if days, ok := strings.CutSuffix(value, "d"); ok {
		var n int
		n, err = strconv.Atoi(days)
		d = time.Duration(n) * day
		if err == nil && n > maxDays {
			err = errors.New("too long")
		}
	}
	switch {
	case err != nil:
		return 0, errors.New("is not a duration, for example " + k.Example + ", 90d, or never")
	case d < 0:
		return 0, errors.New("must be more than zero, or never")
	case d > 0 && d < k.Least:
		return 0, errors.New("must be " + written(k.Least) + " or more, or never")
	}
	return d, nil
}

// maxDays is what a duration holds.
const maxDays = 100_000

// of is how long a kind is kept, and whether it is forgotten at all.
func (r Retention) of(k RetentionKind) (time.Duration, bool) {
	kept, set := r[k.Variable]
	if !set || k.Variable == "" {
		kept = k.Default
	}
	return kept, kept > 0
}

// written is a duration in hours, as variables are written.
func written(d time.Duration) string { return strconv.Itoa(int(d.Hours())) + "h" }
