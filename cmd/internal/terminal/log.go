package terminal

import (
	"fmt"
	"log/slog"
)

// LogValue makes an attribute of a log line safe, for the ReplaceAttr of handlers that
// write to terminals. Such handlers colour what they write, and may leave colours in
// values alone, with all else that begins like them.
func LogValue(groups []string, a slog.Attr) slog.Attr {
	a.Key, a.Value = Escape(a.Key, ""), a.Value.Resolve()
	switch a.Value.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(Escape(a.Value.String(), ""))
	case slog.KindAny:
		if _, isLevel := a.Value.Any().(slog.Level); isLevel && len(groups) == 0 {
			return a // the handler has a colour for it
		}
		a.Value = slog.StringValue(Escape(fmt.Sprintf("%+v", a.Value.Any()), ""))
	case slog.KindBool, slog.KindDuration, slog.KindFloat64, slog.KindGroup, slog.KindInt64,
		slog.KindLogValuer, slog.KindTime, slog.KindUint64:
	}
	return a
}
