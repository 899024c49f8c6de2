package config

import (
	"bytes"
	"flag"
	"io"
	"os"
	"strings"
	"testing"
)

//nolint:gochecknoglobals // flags must be there before the tests begin
var update = flag.Bool("update", false, "write the tables of the documentation anew")

// Ensure everything that can be set is explained, with an example that works.
func TestVariables(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, v := range Variables() {
		if names[v.Name] || v.Name == "" || v.Name != strings.ToUpper(v.Name) {
			t.Errorf("the name %q is not one, or is taken", v.Name)
		}
		names[v.Name] = true
		if !strings.HasSuffix(v.Doc, ".") {
			t.Errorf("%s has no sentence that explains it: %q", v.Name, v.Doc)
		}
		if v.Example == "" || v.Example == v.Default {
			t.Errorf("%s has no example that differs from its default", v.Name)
		}
		if strings.Contains(v.Doc+v.Default+v.Example, "|") {
			t.Errorf("%s would break the table", v.Name)
		}
		changes := map[string]string{v.Name: v.Example}
		if v.Name == "UNIPILE_MOCK_MODE" {
			changes["UNIPILE_API_KEY"] = "-"
		}
		if _, err := Load(sound(changes)); err != nil {
			t.Errorf("the example of %s does not work: %v", v.Name, err)
		}
	}
	// The specification's, and what a deployment cannot do without.
	for _, name := range []string{
		"DATABASE_URL", "UNIPILE_API_KEY", "UNIPILE_DSN", "RESEND_API_KEY", "CRON_SECRET", "WEBHOOK_SECRET",
		"SUPABASE_SERVICE_ROLE_KEY", "UNIPILE_MOCK_MODE", "EMAIL_FROM",
	} {
		if !names[name] {
			t.Errorf("%s is gone", name)
		}
	}
}

// Ensure the tables of the documentation are what the code says.
func TestDocs(t *testing.T) {
	t.Parallel()
	for _, table := range []struct {
		file, name string
		write      func(io.Writer) error
	}{
		{"configuration.md", "variables", WriteMarkdown},
		{"operations.md", "retention", WriteRetentionMarkdown},
	} {
		t.Run(table.name, func(t *testing.T) {
			t.Parallel()
			var text bytes.Buffer
			if err := table.write(&text); err != nil {
				t.Fatal(err)
			}
			assertTable(t, "../../../docs/"+table.file, table.name, text.String())
		})
	}
}

func assertTable(t *testing.T, file, name, table string) {
	t.Helper()
	begin, end := "<!-- "+name+" -->\n", "<!-- /"+name+" -->\n"
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, begins := strings.Cut(string(page), begin)
	_, tail, ends := strings.Cut(rest, end)
	if !begins || !ends {
		t.Fatalf("%s has no place between %q and %q", file, begin, end)
	}
	want := head + begin + "\n" + table + "\n" + end + tail
	if string(page) == want {
		return
	}
	if !*update {
		t.Fatalf("the table of %s in %s is stale: run make generate", name, file)
	}
	if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}
