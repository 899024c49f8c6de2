package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

func orUnknown(name string) string {
	if name == "" {
		return "(no name)"
	}
	return name
}

// oneLine is a text without line breaks, cut for a table.
func oneLine(text string, most int) string {
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// encodeLines writes one JSON object a line.
func encodeLines[T any](out io.Writer, all []T) error {
	lines := json.NewEncoder(out)
	for _, one := range all {
		if err := lines.Encode(one); err != nil {
			return fmt.Errorf("write: %w", err)
		}
	}
	return nil
}
