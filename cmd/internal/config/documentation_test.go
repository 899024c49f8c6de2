package config

import (
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../../.."

// foreign are names in capitals in the documentation that no worker reads.
func foreign() []string {
	return []string{
		"POSTGRES_DB", "POSTGRES_PASSWORD", // of the image of Postgres
		"SECRET_ID",                                     // stands for an id in an example
		"CGO_ENABLED", "AF_INET", "AF_INET6", "AF_UNIX", // of Go and of the kernel
		"GOLANGCI_LINT", "RECEIVER_LIBRARIES", "DEFAULT_GOAL", // of the Makefile
		"MAKEFILE_LIST", "WORKER_TEST_LOG", // of the tests
	}
}

// Ensure every variable that the documentation and the deployment name is one that is
// read: a name that nobody reads sets nothing, and nobody is told.
func TestDocumentedVariablesAreRead(t *testing.T) {
	t.Parallel()
	known := foreign()
	for _, v := range Variables() {
		known = append(known, v.Name)
	}
	name := regexp.MustCompile(`\b[A-Z][A-Z0-9]*(_[A-Z0-9]+)+\b`)
	checked := 0
	for path, text := range files(t, func(path string) bool {
		base := filepath.Base(path)
		return strings.HasSuffix(path, ".md") || base == "docker-compose.yml" || base == "Dockerfile" || base == "Makefile" || base == ".env.example"
	}) {
		for _, found := range name.FindAllString(text, -1) {
			checked++
			if !slices.Contains(known, found) {
				t.Errorf("%s names %s, which nothing reads", path, found)
			}
		}
	}
	if checked < 100 {
		t.Errorf("%d names were found in the documentation, which is not all of it", checked)
	}
}

// Ensure nothing of the product reads a variable that is not in [Config], and so in the
// table of the documentation.
func TestNothingElseReadsTheEnvironment(t *testing.T) {
	t.Parallel()
	reads := regexp.MustCompile(`\b(os|syscall)\.(Getenv|LookupEnv|Environ|ExpandEnv)\b`)
	allowed := []string{"cmd/worker/main.go", "cmd/enqueue/main.go"} // which hand it to Load
	seen := 0
	for path, text := range files(t, func(path string) bool {
		return strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") &&
			!strings.HasPrefix(path, "sandbox/") && !strings.HasPrefix(path, "store/storetest/")
	}) {
		var code strings.Builder
		for line := range strings.Lines(text) {
			if !strings.HasPrefix(strings.TrimSpace(line), "//") {
				code.WriteString(line)
			}
		}
		if !reads.MatchString(code.String()) {
			continue
		}
		seen++
		if !slices.Contains(allowed, path) {
			t.Errorf("%s reads the environment beside the configuration", path)
		}
	}
	if seen < len(allowed) {
		t.Errorf("%d files read the environment, want those of the programs among them", seen)
	}
}

// Ensure every variable that is read changes something: one that is only parsed is a
// promise. The one exception is documented as ignored.
func TestVariablesAreUsed(t *testing.T) {
	t.Parallel()
	var code strings.Builder
	for _, text := range files(t, func(path string) bool {
		return strings.HasPrefix(path, "cmd/") && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") &&
			path != "cmd/internal/config/check.go" // which only looks whether they make sense
	}) {
		code.WriteString(text)
	}
	for field := range reflect.TypeFor[Config]().Fields() {
		used := regexp.MustCompile(`\.` + field.Name + `\b`).MatchString(code.String())
		if used == (field.Name == "SupabaseKey") {
			t.Errorf("%s is used: %t", field.Tag.Get("env"), used)
		}
	}
}

// files reads those of the repository, by their path in it.
func files(t *testing.T, wanted func(path string) bool) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if base := entry.Name(); entry.IsDir() && (base == ".git" || base == "node_modules") {
			return filepath.SkipDir
		}
		path, err = filepath.Rel(root, path)
		if err != nil || entry.IsDir() || !wanted(filepath.ToSlash(path)) {
			return err
		}
		text, err := os.ReadFile(filepath.Join(root, path))
		all[filepath.ToSlash(path)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
