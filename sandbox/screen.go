package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// screen is where the demo speaks: calmly on a terminal, in plain lines elsewhere.
type screen struct {
	out      io.Writer
	terminal bool
	columns  int

	want  figures // where the funnel is going
	start time.Time
	bar   *progressbar.ProgressBar // nil: lines
	last  string                   // the last line
	at    time.Time                // when it was written
}

func newScreen(out *os.File) *screen {
	s := &screen{out: out}
	if fd := int(out.Fd()); term.IsTerminal(fd) {
		s.terminal = true
		s.columns, _, _ = term.GetSize(fd)
	}
	return s
}

func (s *screen) printf(format string, args ...any) { fmt.Fprintf(s.out, format, args...) }

// step tells that a part is up, and how long it took.
func (s *screen) step(name, text string, since time.Time) {
	s.printf("  %-9s %6.1fs  %s\n", name, time.Since(since).Seconds(), text)
}

// The bar stands behind what it says, on one line of a terminal.
const (
	saysWidth = 60
	barWidth  = 30
	barFrame  = 10 // percentage and ends
)

// follow begins to show the funnel on its way to the wanted figures.
func (s *screen) follow(want figures) {
	s.want, s.start = want, time.Now()
	if width := min(barWidth, s.columns-saysWidth-barFrame); width >= 8 {
		s.bar = progressbar.NewOptions(want.progress(),
			progressbar.OptionSetWriter(s.out), progressbar.OptionSetWidth(width),
			progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false),
			progressbar.OptionSetTheme(progressbar.Theme{Saucer: "█", SaucerPadding: "░"}))
	}
}

// show moves the funnel on.
func (s *screen) show(f figures) {
	text := s.describe(f)
	switch {
	case text == s.last:
	case s.bar != nil:
		s.last = text
		s.bar.Describe(brief(f))
		// One step short: the bar ends when the demo has looked once more.
		_ = s.bar.Set(min(f.progress(), s.want.progress()-1))
	case time.Since(s.at) >= time.Second:
		s.line(text)
	}
}

// done shows the last figures and leaves them there.
func (s *screen) done(f figures) {
	text := s.describe(f)
	switch {
	case s.bar != nil:
		s.bar.Describe(brief(f))
		_ = s.bar.Set(min(f.progress(), s.want.progress()))
		s.printf("\n")
		s.bar = nil
	case text != s.last:
		s.line(text)
	}
}

func (s *screen) line(text string) {
	s.last, s.at = text, time.Now()
	s.printf("  %5.1fs  %s\n", time.Since(s.start).Seconds(), text)
}

// note writes a line between.
func (s *screen) note(text string) {
	if s.bar != nil {
		_ = s.bar.Clear()
		s.printf("\r")
	}
	s.printf("  %5.1fs  %s\n", time.Since(s.start).Seconds(), text)
}

// brief is what stands before the bar, saysWidth at most.
func brief(f figures) string {
	return fmt.Sprintf("  comments %d  DMs %d  addresses %d  webhooks %d  links %d",
		f.Comments, f.FirstDMs, f.Addresses, f.Webhooks, f.BackupLinks)
}

// describe is one line of the funnel.
func (s *screen) describe(f figures) string {
	return fmt.Sprintf("comments %3d/%d  DMs %2d/%d  addresses %2d/%d  webhooks %2d/%d  links %2d/%d  emails %d/%d",
		f.Comments, s.want.Comments, f.FirstDMs, s.want.FirstDMs, f.Addresses, s.want.Addresses,
		f.Webhooks, s.want.Webhooks, f.BackupLinks, s.want.BackupLinks, f.EmailsSent, s.want.EmailsSent)
}
