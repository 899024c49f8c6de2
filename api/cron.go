package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/bravorevos/workers/queue"
)

// cronLook is how often a cron route looks at the work that it waits for.
const cronLook = 50 * time.Millisecond

// result is the state of one work item.
type result struct {
	ID     string `json:"id"`
	JobID  int64  `json:"job_id"`
	Status string `json:"status"` // completed, sent, failed or queued
}

// cronSweep is a sweep and how its outcome is told.
type cronSweep struct {
	name  string
	run   queue.Sweep
	rows  func(ctx context.Context, ids []uuid.UUID) (statuses map[string]string, err error) // nil: the jobs' states tell all
	tally func(results []result) map[string]int
}

func (s *server) cronRoutes() map[string]cronSweep {
	return map[string]cronSweep{
		"/api/cron/dm-scraper": {
			name: "dm-scraper", run: s.Sweeps.ScrapeJobs,
			tally: func(results []result) map[string]int {
				return map[string]int{"jobs_processed": count(results, "completed"), "total_jobs": len(results)}
			},
		},
		"/api/cron/webhook-retry": {
			name: "webhook-retry", run: s.Sweeps.WebhookLogs, rows: s.webhookStatuses,
			tally: func(results []result) map[string]int {
				return map[string]int{
					"retried": len(results), "sent": count(results, "sent"), "failed": count(results, "failed"),
				}
			},
		},
		"/api/cron/pod-notifications": {
			name: "pod-notifications", run: s.Sweeps.Notifications, rows: s.notificationStatuses,
			tally: func(results []result) map[string]int {
				return map[string]int{"sent": count(results, "sent"), "failed": count(results, "failed")}
			},
		},
	}
}

// cron runs a sweep now, waits a little for its work and tells what became of it.
func (s *server) cron(sweep cronSweep) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.mayCall(w, r) {
			return
		}
		start := time.Now()
		results, err := s.sweepAndWait(r.Context(), sweep)
		if r.Context().Err() != nil {
			return // nobody listens any more; the work goes on
		}
		answer := map[string]any{
			"success":   err == nil,
			"duration":  time.Since(start).Milliseconds(),
			"timestamp": start.UTC().Format(time.RFC3339Nano),
			"results":   results,
		}
		for key, n := range sweep.tally(results) {
			answer[key] = n
		}
		status := http.StatusOK
		if err != nil {
			s.Logger.ErrorContext(r.Context(), "cron route failed", "route", sweep.name, "error", err)
			status, answer["error"] = http.StatusInternalServerError, "the sweep failed; see the log"
		}
		writeJSON(w, status, answer)
	}
}

// mayCall answers who does not know the secret, and reports whether the call goes on.
func (s *server) mayCall(w http.ResponseWriter, r *http.Request) bool {
	if s.CronSecret == "" {
		writeJSON(w, http.StatusInternalServerError, map[string]string{"error": "Cron secret not configured"})
		return false
	}
	if !authorized(r, s.CronSecret) {
		writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "Unauthorized"})
		return false
	}
	return true
}

// authorized compares in constant time; hashing hides the length too.
func authorized(r *http.Request, secret string) bool {
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return equalSecrets(given, secret) && strings.EqualFold(scheme, "Bearer")
}

func equalSecrets(given, secret string) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

func (s *server) sweepAndWait(ctx context.Context, sweep cronSweep) ([]result, error) {
	items, err := sweep.run(ctx, s.Client)
	results := make([]result, len(items))
	for i, item := range items {
		results[i] = result{ID: item.RowID, JobID: item.JobID, Status: "queued"}
	}
	if err != nil || len(items) == 0 {
		return results, err
	}
	waitCtx, cancel := context.WithTimeout(ctx, s.CronWait)
	defer cancel()
	if err := s.waitForJobs(waitCtx, results); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return results, err
	}
	if sweep.rows == nil {
		return results, nil
	}
	return results, applyStatuses(ctx, results, sweep.rows)
}

// waitForJobs updates the results until every job was tried or must wait for its
// turn, or ctx ends.
func (s *server) waitForJobs(ctx context.Context, results []result) error {
	index := make(map[int64]int, len(results))
	ids := make([]int64, len(results))
	for i, r := range results {
		index[r.JobID], ids[i] = i, r.JobID
	}
	for {
		states, err := s.queries.JobListStates(ctx, s.Pool, ids)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("read states of jobs: %w", err)
		}
		open := 0
		for _, job := range states {
			switch job.State {
			case "completed":
				results[index[job.ID]].Status = "completed"
			case "cancelled", "discarded", "retryable":
				results[index[job.ID]].Status = "failed"
			case "scheduled": // a limit is full: nothing will come of it for a while
			default:
				open++
			}
		}
		if open == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(cronLook):
		}
	}
}

func (s *server) webhookStatuses(ctx context.Context, ids []uuid.UUID) (map[string]string, error) {
	rows, err := s.queries.WebhookLogListStatus(ctx, s.Pool, ids)
	if err != nil {
		return nil, fmt.Errorf("read webhook rows: %w", err)
	}
	statuses := make(map[string]string, len(rows))
	for _, row := range rows {
		statuses[row.ID.String()] = row.Status
	}
	return statuses, nil
}

func (s *server) notificationStatuses(ctx context.Context, ids []uuid.UUID) (map[string]string, error) {
	rows, err := s.queries.NotificationListStatus(ctx, s.Pool, ids)
	if err != nil {
		return nil, fmt.Errorf("read notifications: %w", err)
	}
	statuses := make(map[string]string, len(rows))
	for _, row := range rows {
		statuses[row.ID.String()] = row.Status
	}
	return statuses, nil
}

// applyStatuses lets the row speak for items that were handled: it is the truth.
func applyStatuses(
	ctx context.Context, results []result, rows func(context.Context, []uuid.UUID) (map[string]string, error),
) error {
	ids := make([]uuid.UUID, 0, len(results))
	for _, r := range results {
		if id, err := uuid.Parse(r.ID); err == nil {
			ids = append(ids, id)
		}
	}
	statuses, err := rows(ctx, ids)
	if err != nil {
		return err
	}
	for i, r := range results {
		if status := statuses[r.ID]; r.Status != "queued" && (status == "sent" || status == "failed") {
			results[i].Status = status
		}
	}
	return nil
}

func count(results []result, status string) int {
	n := 0
	for _, r := range results {
		if r.Status == status {
			n++
		}
	}
	return n
}
