package main

import (
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
		"api/bounds.go":           "how long an answer may take to be read",
		"api/cron.go":             "how long a request took",
		"api/fresh.go":            "how long an answer is kept",
		"jobs/deliver_webhook.go": "how long a try took",
		"jobs/poll_comments.go":   "the time that is left to an attempt",
		"jobs/webhook_trouble.go": "how long this process leaves an endpoint alone",
	}
	asks := regexp.MustCompile(`\btime\.(Now|Since|Until)\(`)
	seen := 0
	for _, folder := range []string{"api", "jobs", "store", "pacing", "conversation"} {
		files, err := filepath.Glob(filepath.Join("..", "..", folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			name := folder + "/" + filepath.Base(path)
			if strings.HasSuffix(name, "_test.go") || allowed[name] != "" {
				continue
			}
			seen++
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if found := asks.FindString(string(text)); found != "" {
				t.Errorf("%s asks the machine's clock: %s…)", name, found)
			}
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
