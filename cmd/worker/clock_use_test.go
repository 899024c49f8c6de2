package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Ensure nothing that reads or writes rows asks the machine what time it is: the
// database's clock decides, by now() in a statement or by queue.Now. What only measures
// how long something took is named here.
func TestNoMachineClock(t *testing.T) {
	t.Parallel()
	allowed := map[string]string{
		"api/bounds.go":                    "how long an answer may take to be read",
		"api/cron.go":                      "how long a request took",
		"api/fresh.go":                     "how long an answer is kept",
		"jobs/webhooks/deliver_webhook.go": "how long a try took",
		"jobs/polls/poll_comments.go":      "the time that is left to an attempt",
		"jobs/webhooks/trouble.go":         "how long this process leaves an endpoint alone",
	}
	asks := regexp.MustCompile(`\btime\.(Now|Since|Until)\(`)
	seen := 0
	root := filepath.Join("..", "..")
	for _, folder := range []string{"api", "jobs", "store", "pacing", "conversation"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, _ fs.DirEntry, err error) error {
			name := filepath.ToSlash(strings.TrimPrefix(path, root+string(filepath.Separator)))
			if err != nil || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") || allowed[name] != "" {
				return err
			}
			seen++
			text, err := os.ReadFile(path)
			if found := asks.FindString(string(text)); found != "" {
				t.Errorf("%s asks the machine's clock: %s…)", name, found)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen < 50 {
		t.Errorf("only %d files were looked at", seen)
	}
}

// Ensure `worker check` says in which direction a clock is wrong and what to do, and
// bears what a busy network makes of a right one.
func TestClockNote(t *testing.T) {
	t.Parallel()
	for ahead, want := range map[time.Duration]string{
		10 * time.Minute: "10m0s ahead of the database's", -10 * time.Minute: "10m0s behind the database's",
		time.Second: "within 1s", 0: "within 1ms",
	} {
		note, err := clockNote(ahead)
		if err != nil {
			note = err.Error()
			assertContains(t, note, "chrony", "systemd-timesyncd")
		}
		assertContains(t, note, want)
		if (err != nil) != (ahead.Abs() > time.Minute) {
			t.Errorf("%s ahead: %v", ahead, err)
		}
	}
}
