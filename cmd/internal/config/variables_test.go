package config

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"
)

//nolint:gochecknoglobals // flags must be there before the tests begin
var update = flag.Bool("update", false, "write the table of docs/configuration.md anew")

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

// Ensure the table of the documentation is what the code says.
func TestDocs(t *testing.T) {
	t.Parallel()
	const (
		file  = "../../../docs/configuration.md"
		begin = "<!-- variables -->\n"
		end   = "<!-- /variables -->\n"
	)
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, begins := strings.Cut(string(page), begin)
	_, tail, ends := strings.Cut(rest, end)
	if !begins || !ends {
		t.Fatalf("%s has no place between %q and %q", file, begin, end)
	}
	var table bytes.Buffer
	if err := WriteMarkdown(&table); err != nil {
		t.Fatal(err)
	}
	want := head + begin + "\n" + table.String() + "\n" + end + tail
	if string(page) == want {
		return
	}
	if !*update {
		t.Fatal("the table of docs/configuration.md is stale: run make generate")
	}
	if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}
