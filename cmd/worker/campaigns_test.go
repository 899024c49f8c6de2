package main

import (
	"strings"
	"testing"

	"github.com/bravorevos/workers/store/storetest"
)

// Ensure an owner is told what is wrong with a campaign's texts, and sees what people
// will get.
func TestCampaignsCheck(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	o := newOutside(t, pool, 0)
	execSQL(t, pool, `INSERT INTO campaigns (id, name, trigger_word, status, dm_template_step1, settings) VALUES
		('11111111-1111-4111-8111-111111111111', 'Good', 'guide', 'active', NULL, NULL),
		('22222222-2222-4222-8222-222222222222', 'Over', 'guide', 'completed', 'Hi {{nobody}}', NULL)`)
	for _, step := range []struct {
		args, want string
		code       int
	}{
		{"campaigns check", "1 campaigns checked, 0 to mend", 0},
		{"campaigns check --preview", `dm_template_step1  to "Ana Petrova": Hi Ana, thanks for your comment "guide"!`, 0},
		{"campaigns check 22222222-2222-4222-8222-222222222222", "unknown variable {{nobody}}", 1},
		{"campaigns check --json 22222222-2222-4222-8222-222222222222", `"path":"dm_template_step1"`, 1},
		{"campaigns check 33333333-3333-4333-8333-333333333333", "1 of 1 campaigns do not exist", 1},
		{"campaigns check nonsense", `"nonsense" is no campaign id`, 2},
		{"campaigns", "check", 0},
	} {
		out, err := o.call(t, strings.Fields(step.args)...)
		if err != nil {
			out += err.Error()
		}
		if exitCode(err) != step.code || !strings.Contains(out, step.want) {
			t.Errorf("worker %s: exit code %d, want %d; %q is not in:\n%s", step.args, exitCode(err), step.code, step.want, out)
		}
	}
}
