package bench

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"sync"

	"github.com/bravorevos/workers/sandbox/process"
)

// nowhere is an address at which nobody listens: what is not measured is not called.
const nowhere = "http://127.0.0.1:9"

// environment is that of a worker in production, with the defaults of everything that
// decides how fast it is. More wins.
func (b *bench) environment(d *database, more map[string]string) map[string]string {
	environment := map[string]string{
		"DATABASE_URL":        d.url,
		"UNIPILE_API_KEY":     unipileKey,
		"UNIPILE_DSN":         nowhere,
		"RESEND_API_KEY":      "re_bench",
		"RESEND_BASE_URL":     nowhere + "/",
		"CRON_SECRET":         b.secret,
		"WEBHOOK_SECRET":      b.secret,
		"WEBHOOK_ALLOW_CIDRS": "127.0.0.0/8", // the receivers are on this machine
	}
	maps.Copy(environment, more)
	return environment
}

// start runs n workers on a database and returns when all of them are ready.
func (b *bench) start(ctx context.Context, d *database, n int, more map[string]string) (_ []*process.Worker, err error) {
	var workers []*process.Worker
	defer func() {
		if err != nil {
			err = errors.Join(err, b.stop(workers))
		}
	}()
	for i := range n {
		b.started++
		w, err := process.StartWorker(ctx, process.WorkerOptions{
			Name:        fmt.Sprintf("worker %d", i+1),
			Binary:      b.binary,
			Environment: b.environment(d, more),
			Log:         filepath.Join(b.dir, fmt.Sprintf("worker-%d.log", b.started)),
		})
		if err != nil {
			return nil, err
		}
		workers = append(workers, w)
	}
	for _, w := range workers {
		if err := w.Ready(ctx); err != nil {
			return nil, err
		}
	}
	return workers, pause(ctx, settle)
}

// stop ends workers as a platform would, all at once. One that ended by itself, or badly,
// is an error that shows how its log ends.
func (b *bench) stop(workers []*process.Worker) error {
	problems := make([]error, len(workers))
	var stopping sync.WaitGroup
	for i, w := range workers {
		stopping.Go(func() {
			select {
			case <-w.Exited():
				problems[i] = fmt.Errorf("%s ended by itself with exit code %d", w.Name, w.ExitCode())
			default:
				problems[i] = w.Stop()
			}
			if problems[i] != nil {
				problems[i] = fmt.Errorf("%w; the last of its log:\n%s", problems[i], process.Telling(w.Log, 15))
			}
		})
	}
	stopping.Wait()
	return errors.Join(problems...)
}

// peak is the most memory that any of the workers had.
func peak(workers []*process.Worker) (megabytes float64, known bool) {
	for _, w := range workers {
		bytes, err := peakMemory(w.ID())
		if err != nil {
			return 0, false
		}
		megabytes = max(megabytes, float64(bytes)/(1<<20))
	}
	return megabytes, len(workers) > 0
}
