package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// killing is how often the demo crashes a worker: each time that so many more
// messages have reached the pretend Unipile.
type killing struct{ after, times int }

// errTooSlow ends a demo whose funnel did not get where it should.
var errTooSlow = errors.New("the funnel did not get there in time")

// watch follows the funnel until the database holds what the script leads to and
// a further poll and a further look into the inbox have changed nothing.
func (s *stage) watch(ctx context.Context, out *screen, want figures, kill killing) error {
	limit := 90 * time.Second
	if kill.times > 0 {
		limit = 240 * time.Second
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("%w: %s", errTooSlow, limit))
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()

	out.follow(want)
	var now figures
	defer func() { out.done(now) }()
	var complete time.Time // by the database's clock; zero: not yet
	for killed := 0; ; {
		if err := s.alive(); err != nil {
			return err
		}
		if killed < kill.times && len(s.outside.unipile.Sent()) >= (killed+1)*kill.after {
			killed++
			if err := s.crash(ctx, out, killed); err != nil {
				return err
			}
		}
		read, err := readFigures(ctx, s.pool)
		if err == nil {
			now = read
			out.show(now)
			if complete.IsZero() && arrived(now, want) {
				err = s.pool.QueryRow(ctx, "SELECT now()").Scan(&complete)
			}
		}
		if err == nil && !complete.IsZero() {
			var again bool
			if again, err = s.lookedAgain(ctx, complete); again {
				return nil
			}
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// arrived compares what the database can know for certain: after a crash, a failed
// delivery may have gone unrecorded.
func arrived(now, want figures) bool {
	now.Escaped, now.Failures = want.Escaped, want.Failures
	now.PublicReplies = want.PublicReplies // who connects first needs none
	return now == want
}

// lookedAgain reports whether the worker has polled and read the inbox since, and
// has nothing left to send. What would come twice had its chance then.
func (s *stage) lookedAgain(ctx context.Context, since time.Time) (bool, error) {
	var again bool
	err := s.pool.QueryRow(ctx, `
SELECT (SELECT last_checked > $1 FROM scrape_jobs)
   AND EXISTS (SELECT FROM workers.river_job
               WHERE kind = 'check_inbox' AND state = 'completed' AND attempted_at > $1)
   AND NOT EXISTS (SELECT FROM workers.river_job
                   WHERE kind IN ('send_dm', 'deliver_webhook', 'send_email')
                     AND state IN ('available', 'pending', 'retryable', 'running', 'scheduled'))`, since).Scan(&again)
	if err != nil {
		return false, fmt.Errorf("look at jobs: %w", err)
	}
	return again, nil
}

// alive reports a worker that ended by itself.
func (s *stage) alive() error {
	for _, w := range s.workers {
		select {
		case <-w.Exited():
			return fmt.Errorf("%s ended by itself with exit code %d", w.Name, w.ExitCode())
		default:
		}
	}
	return nil
}

// crash kills a worker in the middle of its work and starts another in its place.
func (s *stage) crash(ctx context.Context, out *screen, n int) error {
	i := (n - 1) % len(s.workers)
	victim := s.workers[i]
	victim.Kill()
	out.note(fmt.Sprintf("kill -9 of %s after %d messages; starting it again", victim.Name, len(s.outside.unipile.Sent())))
	next, err := s.startWorker(ctx, victim.Name)
	if err != nil {
		return err
	}
	s.workers[i] = next
	return nil
}
