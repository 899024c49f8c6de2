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

// oneLine is a text without line breaks and control characters, cut for a table.
func oneLine(text string, most int) string {
	text = strings.Join(strings.Fields(strings.Map(printable, text)), " ")
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// printable keeps a stranger's text from steering the terminal.
func printable(r rune) rune {
	if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
		return ' '
	}
	return r
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
