package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/bravorevos/workers/cmd/internal/terminal"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// showWebhooks says how each webhook of a lead stands, and what brings it to the
// receiver: commands to be copied.
func (a session) showWebhooks(ctx context.Context, out io.Writer, lead store.LeadSearchRow) error {
	rows, err := a.q.WebhookLogListOfLead(ctx, a.pool, &lead.ID)
	if err != nil {
		return fmt.Errorf("list webhooks of lead %s: %w", lead.ID, err)
	}
	if len(rows) == 0 && lead.Status == store.LeadEmailCaptured {
		fmt.Fprintln(out, "  no webhook: no URL was configured when the address came; docs/operations.md says how to make one")
	}
	for _, w := range rows {
		stands, send := standing(w, queue.Now(ctx))
		terminal.Fprintf(out, "\n  webhook %s %s\n    each try: worker webhooks attempts --webhook %s\n    send it:  %s\n", w.ID, stands, w.ID, send)
	}
	return nil
}

// standing is what a webhook waits for, and the command that ends the waiting.
func standing(w store.WebhookLogListOfLeadRow, now time.Time) (stands, send string) {
	again := fmt.Sprintf("enqueue webhooks --id %s", w.ID)
	receiver := "its receiver"
	if w.EndpointID != 0 {
		receiver = fmt.Sprintf("receiver %d", w.EndpointID)
	}
	disabled := w.EndpointState == store.EndpointDisabled
	enable := fmt.Sprintf("worker webhooks enable %d", w.EndpointID)
	switch {
	case w.Status == "sent":
		return "arrived at " + receiver, again + " --resend-sent --yes"
	case w.AbandonedAt != nil && disabled:
		return fmt.Sprintf("was given up, and %s is disabled (%s)", receiver, w.DisabledReason), again + " && " + enable
	case w.AbandonedAt != nil:
		return "was given up: out of tries, or wrong for ever", again
	case disabled:
		return fmt.Sprintf("waits: %s is disabled (%s)", receiver, w.DisabledReason), enable
	case w.NextAttemptAt != nil && w.NextAttemptAt.After(now):
		return "is tried again at " + moment(w.NextAttemptAt), again
	case w.BlockedUntil != nil && w.BlockedUntil.After(now):
		return fmt.Sprintf("goes out by itself: %s rests until %s", receiver, moment(w.BlockedUntil)), enable
	}
	return "is due", again
}

// withoutSteps takes from the error of a delivery what every one of them begins with.
func withoutSteps(failure string) string {
	if _, cause, ok := strings.Cut(failure, "webhook deliver: "); ok {
		return cause
	}
	return failure
}
