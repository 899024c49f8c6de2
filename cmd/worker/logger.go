package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"os"
	"regexp"
	"time"

	"github.com/lmittmann/tint"
	"golang.org/x/term"

	"github.com/bravorevos/workers/cmd/internal/config"
	"github.com/bravorevos/workers/cmd/internal/terminal"
)

// newLogger writes text to a terminal and JSON to everything else, unless told.
func newLogger(cfg config.Config, w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(cfg.LogLevel)) // checked when it was loaded
	w = beneath(w)
	file := w
	pipe, isPipe := w.(*logPipe)
	if isPipe {
		file = pipe.file
	}
	onTerminal := isTerminal(file)
	if isPipe {
		pipe.tellBy(func(lines int64) []byte {
			var line bytes.Buffer
			loggerTo(cfg, &line, level, onTerminal).Warn("log lines dropped: nobody read them in time", "lines", lines)
			return line.Bytes()
		})
	}
	return loggerTo(cfg, w, level, onTerminal)
}

// beneath is what a writer of escaped text leads to: the handlers of log lines escape each
// value by themselves, and one of them colours lines.
func beneath(w io.Writer) io.Writer {
	if safe, ok := w.(*terminal.Writer); ok {
		return safe.Unwrap()
	}
	return w
}

func isTerminal(w io.Writer) bool {
	file, isFile := w.(*os.File)
	return isFile && term.IsTerminal(int(file.Fd()))
}

func loggerTo(cfg config.Config, w io.Writer, level slog.Level, onTerminal bool) *slog.Logger {
	if cfg.LogFormat == "text" || (cfg.LogFormat == "auto" && onTerminal) {
		return slog.New(tint.NewTextHandler(w, &tint.Options{
			Level: level, TimeFormat: time.TimeOnly, NoColor: !onTerminal, ReplaceAttr: terminal.LogValue,
		}))
	}
	return slog.New(slog.NewJSONHandler(terminal.NewWriter(w), &slog.HandlerOptions{Level: level, ReplaceAttr: readable}))
}

// libraryLog takes what the standard library logs by itself, and leaves out what that
// quotes. net/http quotes what a server sends beyond its answer: from a receiver of
// webhooks that may be a lead.
type libraryLog struct{ slog.Handler }

// Handle passes one line on.
func (l libraryLog) Handle(ctx context.Context, r slog.Record) error {
	r.Message = regexp.MustCompile(`"(\\.|[^"\\])*"`).ReplaceAllLiteralString(r.Message, `"…"`)
	return l.Handler.Handle(ctx, r)
}

// readable writes durations with their unit; as bare nanoseconds they are misread.
func readable(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		return slog.String(a.Key, a.Value.Duration().String())
	}
	return a
}
