package main

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/bravorevos/workers/cmd/internal/terminal"
)

// newProgress returns what draws that more rows are done, and what erases the bar
// at the end. Both do nothing when w is no terminal.
func newProgress(w io.Writer, name string, total int) (draw func(rows int), erase func()) {
	file := terminal.File(w)
	if file == nil || !term.IsTerminal(int(file.Fd())) {
		return func(int) {}, func() {}
	}
	return drawProgress(file, name, total)
}

func drawProgress(w io.Writer, name string, total int) (draw func(rows int), erase func()) {
	bar := progressbar.NewOptions(total,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetDescription(name),
		progressbar.OptionShowCount(),
		progressbar.OptionSetWidth(30),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionSetRenderBlankState(true),
	)
	// A bar that cannot be drawn is no reason to stop.
	return func(rows int) { _ = bar.Add(rows) }, func() { _ = bar.Clear() }
}
