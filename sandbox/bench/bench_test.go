package bench

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Ensure a small bench of the real worker measures what it says, on a Postgres that waits
// for its disk, and finds every row where it belongs.
func TestBench(t *testing.T) {
	t.Parallel()
	o := defaults()
	o.Scenarios, o.Runs, o.Rows, o.NoopJobs = []string{"drain"}, 1, 200, 500
	o.Limit = time.Minute // for a busy machine
	o.JSON = filepath.Join(t.TempDir(), "report.json")
	var out, log strings.Builder
	o.Out, o.Log = &out, &log
	if err := Run(t.Context(), o); err != nil {
		t.Fatalf("%v\n%s%s", err, &log, &out)
	}
	text, err := os.ReadFile(o.JSON)
	if err != nil {
		t.Fatal(err)
	}
	var r Report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"fsync", "synchronous_commit"} {
		if got := r.Postgres.Settings[name]; got != "on" {
			t.Errorf("%s is %s", name, got)
		}
	}
	if len(r.Cases) != 7 {
		t.Fatalf("%d cases, want the yardstick and six drains", len(r.Cases))
	}
	for _, c := range r.Cases {
		wanted := []measure{rate, wal}
		if c.Scenario == "drain" {
			wanted = append(wanted, ofNoop, commits)
		}
		for _, m := range wanted {
			if c.Figures[m].Median <= 0 {
				t.Errorf("%s, %s: %s is %v", c.Scenario, c.Name, m, c.Figures[m].Median)
			}
		}
		if !strings.Contains(out.String(), "| "+c.Name+" ") {
			t.Errorf("the table has no line for %s", c.Name)
		}
	}
	if !strings.Contains(out.String(), "No row was lost, none came twice.") {
		t.Errorf("the end says nothing of rows:\n%s", &out)
	}
}

// Ensure options that cannot come true are refused before anything is started.
func TestOptions(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*Options){
		"--rows must be 1 or more":                       func(o *Options) { o.Rows = 0 },
		"--idle must be 1s or more":                      func(o *Options) { o.Idle = time.Millisecond },
		"--rates must be 1 or more, with commas between": func(o *Options) { o.Rates = []int{200, 0} },
		`there is no scenario "drains": see --help`:      func(o *Options) { o.Scenarios = []string{"drains"} },
		`there is no scenario "": see --help`:            func(o *Options) { o.Scenarios = []string{"idle", ""} },
		"--limit must be 1s or more":                     func(o *Options) { o.Limit = -time.Second },
		"--runs must be 1 or more":                       func(o *Options) { o.Runs = -1 },
	} {
		o := defaults()
		change(&o)
		if err := o.check(); err == nil || err.Error() != want {
			t.Errorf("error is %v, want %q", err, want)
		}
	}
	if err := defaults().check(); err != nil {
		t.Errorf("the defaults are refused: %v", err)
	}
}

// Ensure --help names every scenario.
func TestHelp(t *testing.T) {
	t.Parallel()
	text := Command().Long
	for _, s := range scenarios() {
		if !strings.Contains(text, "  "+s.name+" ") {
			t.Errorf("--help does not say what %s is", s.name)
		}
	}
}
