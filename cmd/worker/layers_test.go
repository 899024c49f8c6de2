package main

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/bravorevos/workers/"

// layers says which packages may import which: only those of a lower layer.
// Packages below a named one belong to it.
func layers() [][]string {
	return [][]string{
		{"integrations", "store", "conversation", "pacing", "migrations"},
		{"integrations/unipile", "integrations/resend", "integrations/webhook", "integrations/mx"},
		{"queue"},
		{"jobs/accounts", "jobs/campaigns"},
		{"jobs/messages", "jobs/webhooks", "jobs/emails"},
		{"jobs/leads"},
		{"jobs/polls", "jobs/inbox"},
		{"jobs/privacy"},
		{"jobs"},
		{"api", "console"},
		{"cmd/worker", "cmd/enqueue", "cmd/internal/config", "cmd/internal/terminal"},
	}
}

// allowed are imports within a layer that are meant.
func allowed() map[string][]string {
	return map[string][]string{
		"cmd/worker":  {"cmd/internal/config", "cmd/internal/terminal", "sandbox/unipile"}, // mock mode
		"cmd/enqueue": {"cmd/internal/config", "cmd/internal/terminal"},
	}
}

// testSupport may be imported by tests alone.
func testSupport() []string { return []string{"store/storetest", "integrations/integrationstest"} }

type goPackage struct {
	ImportPath string
	Imports    []string
}

// Ensure the import graph keeps to the layers of the design.
func TestLayers(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for decoder := json.NewDecoder(strings.NewReader(string(out))); decoder.More(); {
		var p goPackage
		if err := decoder.Decode(&p); err != nil {
			t.Fatal(err)
		}
		seen++
		from := strings.TrimPrefix(p.ImportPath, module)
		for _, path := range p.Imports {
			if to, ours := strings.CutPrefix(path, module); ours && !mayImport(from, to) {
				t.Errorf("%s must not import %s", from, to)
			}
		}
	}
	if seen < 10 {
		t.Errorf("go list found %d packages only", seen)
	}
}

func mayImport(from, to string) bool {
	if slices.Contains(allowed()[from], to) {
		return true
	}
	if slices.Contains(testSupport(), from) {
		return !strings.HasPrefix(to, "cmd/")
	}
	if slices.Contains(testSupport(), to) {
		return false
	}
	if strings.HasPrefix(from, "sandbox") {
		return strings.HasPrefix(to, "sandbox")
	}
	return layerOf(to) >= 0 && layerOf(to) < layerOf(from)
}

// layerOf is the layer of a package, or -1.
func layerOf(path string) int {
	return slices.IndexFunc(layers(), func(names []string) bool { return slices.Contains(names, path) })
}

// Ensure the rules themselves forbid what they are there for.
func TestLayersForbid(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{
		{"queue", "jobs"}, {"store", "integrations"}, {"api", "console"}, {"jobs", "sandbox/unipile"},
		{"sandbox/unipile", "integrations/unipile"}, {"conversation", "store"}, {"jobs", "store/storetest"},
		{"jobs/messages", "jobs/webhooks"}, {"jobs/polls", "jobs/inbox"}, {"jobs/messages", "jobs/leads"},
		{"jobs/accounts", "jobs/campaigns"}, {"jobs/webhooks", "jobs/privacy"}, {"queue", "jobs/accounts"},
		{"integrations/unipile", "integrations/resend"}, {"jobs", "cmd/internal/config"}, {"cmd/worker", "cmd/enqueue"},
	} {
		if mayImport(c[0], c[1]) {
			t.Errorf("%s may import %s", c[0], c[1])
		}
	}
	if !mayImport("jobs", "queue") || !mayImport("cmd/worker", "sandbox/unipile") {
		t.Error("the rules forbid what is needed")
	}
}
