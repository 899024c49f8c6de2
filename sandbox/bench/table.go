package bench

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// column is one figure of every line of a table.
type column struct {
	measure  measure
	heading  string
	decimals int
	spread   bool // shown with the lowest and the highest, where there are several runs
}

func (c column) format(value float64) string {
	text := strconv.FormatFloat(value, 'f', c.decimals, 64)
	whole, rest, _ := strings.Cut(text, ".")
	if n, err := strconv.Atoi(whole); err == nil && n >= 1000 {
		whole = thousands(n)
	}
	if rest == "" {
		return whole
	}
	return whole + "." + rest
}

// thousands writes 1234567 as 1,234,567.
func thousands(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// cell shows a figure: "-" for one that could not be had.
func (c column) cell(of map[measure]Spread) string {
	s, known := of[c.measure]
	switch {
	case !known:
		return "-"
	case c.spread && len(s.Values) > 1:
		return fmt.Sprintf("%s (%s..%s)", c.format(s.Median), c.format(s.Min), c.format(s.Max))
	default:
		return c.format(s.Median)
	}
}

// writeTable writes a table of Markdown that can be read as it is: the first column stands
// left, the others right.
func writeTable(w io.Writer, heading []string, rows [][]string) {
	widths := make([]int, len(heading))
	for _, row := range slices.Concat([][]string{heading}, rows) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell), 3)
		}
	}
	line := func(row []string) {
		for i, cell := range row {
			blanks := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				fmt.Fprintf(w, "| %s%s ", cell, blanks)
			} else {
				fmt.Fprintf(w, "| %s%s ", blanks, cell)
			}
		}
		fmt.Fprintln(w, "|")
	}
	line(heading)
	for i, width := range widths {
		if i == 0 {
			fmt.Fprintf(w, "|%s", strings.Repeat("-", width+2))
		} else {
			fmt.Fprintf(w, "|%s:", strings.Repeat("-", width+1))
		}
	}
	fmt.Fprintln(w, "|")
	for _, row := range rows {
		line(row)
	}
}

// table writes the cases of a scenario. A column that nobody has is left out.
func (s scenario) table(w io.Writer, cases []*Case) {
	columns := slices.DeleteFunc(slices.Clone(s.columns), func(c column) bool {
		return !slices.ContainsFunc(cases, func(of *Case) bool { _, known := of.Figures[c.measure]; return known })
	})
	heading := []string{""}
	for _, c := range columns {
		heading = append(heading, c.heading)
	}
	var rows [][]string
	for _, of := range cases {
		row := []string{of.Name}
		for _, c := range columns {
			row = append(row, c.cell(of.Figures))
		}
		rows = append(rows, row)
	}
	fmt.Fprintf(w, "\n%s\n\n", s.title)
	writeTable(w, heading, rows)
}
