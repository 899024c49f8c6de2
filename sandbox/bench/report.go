package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
)

// Report is all that a bench found, and on what. It is what --json writes.
type Report struct {
	Taken    time.Time `json:"taken"`
	Seconds  float64   `json:"seconds"`
	Machine  Machine   `json:"machine"`
	Versions Versions  `json:"versions"`
	Postgres Postgres  `json:"postgres"`
	Options  Options   `json:"options"`
	Cases    []*Case   `json:"cases"`
}

// Postgres is how the server was set. Settings that decide about durability are among them.
type Postgres struct {
	Private          bool              `json:"private"` // started for this
	Settings         map[string]string `json:"settings"`
	CommitMS         float64           `json:"commit_ms"`         // of one small row
	CountsStatements bool              `json:"counts_statements"` // by pg_stat_statements; transactions always are
}

// Case is one line of a table: what its runs gave.
type Case struct {
	Scenario string             `json:"scenario"`
	Name     string             `json:"name"`
	Figures  map[measure]Spread `json:"figures"`
	Problems []string           `json:"problems,omitempty"` // that fail the bench
	Notes    []string           `json:"notes,omitempty"`
}

// add books one run of a case.
func (r *Report) add(scenario, name string, f figures, more remarks) {
	i := slices.IndexFunc(r.Cases, func(c *Case) bool { return c.Scenario == scenario && c.Name == name })
	if i < 0 {
		i = len(r.Cases)
		r.Cases = append(r.Cases, &Case{Scenario: scenario, Name: name, Figures: map[measure]Spread{}})
	}
	c := r.Cases[i]
	for m, value := range f {
		c.Figures[m] = spreadOf(append(c.Figures[m].Values, value))
	}
	c.Problems = append(c.Problems, more.problems...)
	c.Notes = append(c.Notes, more.notes...)
}

func (r *Report) finish(took time.Duration) { r.Seconds = took.Seconds() }

// ok reports whether nothing was lost and nothing came twice.
func (r *Report) ok() bool {
	return !slices.ContainsFunc(r.Cases, func(c *Case) bool { return len(c.Problems) > 0 })
}

// print writes what a person wants to read.
func (r *Report) print(w io.Writer) {
	fmt.Fprintf(w, "%s, %d cores, %.1f GB, %s\n", r.Machine.CPU, r.Machine.Cores, float64(r.Machine.MemoryBytes)/(1<<30), r.Machine.OS)
	fmt.Fprintf(w, "commit %s, %s, River %s, PostgreSQL %s\n", r.Versions.Commit, r.Versions.Go, r.Versions.River, r.Versions.Postgres)
	whose := "a private server"
	if !r.Postgres.Private {
		whose = "the server of DATABASE_URL"
	}
	var settings []string
	for _, name := range slices.Sorted(maps.Keys(r.Postgres.Settings)) {
		settings = append(settings, name+"="+r.Postgres.Settings[name])
	}
	fmt.Fprintf(w, "%s, a commit takes %.1f ms: %s\n", whose, r.Postgres.CommitMS, strings.Join(settings, " "))
	if !r.Postgres.CountsStatements {
		fmt.Fprintln(w, "pg_stat_statements is not there: transactions are counted, statements are not")
	}
	if r.Options.Runs > 1 {
		fmt.Fprintln(w, "medians of the runs, with (lowest..highest)")
	}
	for _, s := range scenarios() {
		var cases []*Case
		for _, c := range r.Cases {
			if c.Scenario == s.name {
				cases = append(cases, c)
			}
		}
		if len(cases) > 0 {
			s.table(w, cases)
		}
	}
	fmt.Fprintln(w)
	for _, c := range r.Cases {
		for _, text := range c.Problems {
			fmt.Fprintf(w, "PROBLEM  %s, %s: %s\n", c.Scenario, c.Name, text)
		}
		for _, text := range c.Notes {
			fmt.Fprintf(w, "note     %s, %s: %s\n", c.Scenario, c.Name, text)
		}
	}
	if r.ok() {
		fmt.Fprintf(w, "No row was lost, none came twice. It took %.0f s.\n", r.Seconds)
	}
}

// write makes the file of --json.
func (r *Report) write(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}
