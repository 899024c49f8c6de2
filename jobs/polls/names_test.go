package polls

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Ensure that names are taken apart without losing any part.
func TestSplitName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][2]string{
		"Ana Petrova":         {"Ana", "Petrova"},
		" Ana  de la  Cruz ":  {"Ana", "de la  Cruz"},
		"Ana":                 {"Ana", ""},
		"":                    {"", ""},
		"阿部 花子":               {"阿部", "花子"},
		"Ana\u00a0Petrova":    {"Ana", "Petrova"},
		"Dr. Ana Petrova, MD": {"Dr.", "Ana Petrova, MD"},
	} {
		first, last := splitName(name)
		if diff := cmp.Diff(want, [2]string{first, last}); diff != "" {
			t.Errorf("splitName(%q) (-want +got):\n%s", name, diff)
		}
	}
}
