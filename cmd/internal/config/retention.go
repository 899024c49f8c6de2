package config

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/bravorevos/workers/jobs/privacy"
)

// retentionKinds are the kinds of data that somebody may set a time for.
func retentionKinds() []privacy.RetentionKind {
	return slices.DeleteFunc(privacy.RetentionKinds(), func(k privacy.RetentionKind) bool { return k.Variable == "" })
}

func loadRetention(values map[string]string, found *problems) privacy.Retention {
	retention := privacy.Retention{}
	for _, kind := range retentionKinds() {
		retention[kind.Variable] = kind.Default
		if values[kind.Variable] == "" {
			continue
		}
		kept, err := kind.Parse(values[kind.Variable])
		if err != nil {
			found.add(kind.Variable, err.Error())
			continue
		}
		retention[kind.Variable] = kept
	}
	return retention
}

// WriteRetentionMarkdown writes the table of docs/operations.md, which a test keeps current.
func WriteRetentionMarkdown(w io.Writer) error {
	var b strings.Builder
	b.WriteString("| what is forgotten | after | variable | what stays |\n|---|---|---|---|\n")
	for _, kind := range privacy.RetentionKinds() {
		after, variable := kind.DefaultText(), "-"
		if kind.Default > 0 {
			after = fmt.Sprintf("%d days", int(kind.Default.Hours()/24))
		}
		if kind.Variable != "" {
			variable = "`" + kind.Variable + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", kind.Forgets, after, variable, kind.Stays)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
