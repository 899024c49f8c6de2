package bench

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Ensure numbers are written for people.
func TestFormat(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		decimals int
		value    float64
		want     string
	}{
		{0, 0, "0"}, {0, 785.4, "785"}, {0, 1234.4, "1,234"}, {2, 1234567.891, "1,234,567.89"},
		{2, 0.126, "0.13"}, {1, 999.96, "1,000.0"}, {0, -7, "-7"},
	} {
		if got := (column{decimals: c.decimals}).format(c.value); got != c.want {
			t.Errorf("%v with %d decimals is %q, want %q", c.value, c.decimals, got, c.want)
		}
	}
	if got := thousands(-1234567); got != "-1,234,567" {
		t.Errorf("thousands are %q", got)
	}
}

// Ensure a table shows medians, the spread of what matters, "-" for what is not known, and
// no column that is not known at all.
func TestTable(t *testing.T) {
	t.Parallel()
	r := &Report{}
	r.add("s", "one", figures{rate: 900, p95: 1.25}, remarks{})
	r.add("s", "one", figures{rate: 1100, p95: 1.75}, remarks{})
	r.add("s", "one", figures{rate: 1000, p95: 1.5}, remarks{})
	r.add("s", "another", figures{rate: 7}, remarks{})
	s := scenario{title: "Figures", columns: []column{
		{rate, "a second", 0, true}, {wal, "WAL", 0, false}, {p95, "p95 ms", 1, false},
	}}
	var out strings.Builder
	s.table(&out, r.Cases)
	want := `
Figures

|         |           a second | p95 ms |
|---------|-------------------:|-------:|
| one     | 1,000 (900..1,100) |    1.5 |
| another |                  7 |      - |
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}

// Ensure the file holds every run, how Postgres was set, and neither a password nor a path.
func TestReportJSON(t *testing.T) {
	t.Parallel()
	r := &Report{
		Machine:  Machine{CPU: "a processor", Cores: 2, MemoryBytes: 1 << 30, OS: "linux"},
		Postgres: Postgres{Private: true, Settings: map[string]string{"fsync": "on"}, CommitMS: 1.8},
		Options:  Options{DatabaseURL: "postgres://user:hidden@db/x", Dir: "/hidden", JSON: "/hidden.json", Rows: 5},
	}
	r.add("drain", "1 receiver", figures{rate: 2}, remarks{})
	r.add("drain", "1 receiver", figures{rate: 4}, remarks{problems: []string{"1 webhooks arrived a second time"}, notes: []string{"slow"}})
	path := filepath.Join(t.TempDir(), "report.json")
	if err := r.write(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "hidden") {
		t.Errorf("the report says where:\n%s", text)
	}
	var got Report
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	want := []*Case{{
		Scenario: "drain", Name: "1 receiver",
		Figures:  map[measure]Spread{rate: {Median: 3, Min: 2, Max: 4, Values: []float64{2, 4}}},
		Problems: []string{"1 webhooks arrived a second time"}, Notes: []string{"slow"},
	}}
	if diff := cmp.Diff(want, got.Cases); diff != "" {
		t.Errorf("cases (-want +got):\n%s", diff)
	}
	if got.Postgres.Settings["fsync"] != "on" || got.ok() {
		t.Errorf("settings or problems are lost: %+v", got)
	}
}
