package unipile

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// text is a string that may also come as a number (ids of 19 digits, which keep
// every digit) or as null. Anything else is empty.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	*t = ""
	switch {
	case len(b) > 0 && b[0] == '"':
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*t = text(s)
	case len(b) > 0 && (b[0] == '-' || '0' <= b[0] && b[0] <= '9'):
		*t = text(b)
	}
	return nil
}

// flag is true for true, 1 and their quoted forms: REST answers 0 and 1 where
// webhooks have booleans.
type flag bool

func (f *flag) UnmarshalJSON(b []byte) error {
	switch string(bytes.Trim(b, `"`)) {
	case "true", "1":
		*f = true
	default:
		*f = false
	}
	return nil
}

// count is a whole number; -1 when it is missing or none.
type count int

func (c *count) UnmarshalJSON(b []byte) error {
	n, err := strconv.Atoi(string(bytes.Trim(b, `"`)))
	if err != nil {
		n = -1
	}
	*c = count(n)
	return nil
}

// instant is a moment in ISO 8601; zero for anything else, such as "3h".
type instant struct{ time.Time }

func (i *instant) UnmarshalJSON(b []byte) error {
	t, err := time.Parse(time.RFC3339, string(bytes.Trim(b, `"`)))
	if err != nil {
		t = time.Time{}
	}
	i.Time = t.UTC()
	return nil
}

// millis is a moment in milliseconds since 1970, the form of connections alone;
// zero for anything else.
type millis struct{ time.Time }

func (m *millis) UnmarshalJSON(b []byte) error {
	m.Time = time.Time{}
	if n, err := strconv.ParseInt(string(bytes.Trim(b, `"`)), 10, 64); err == nil && n > 0 {
		m.Time = time.UnixMilli(n).UTC()
	}
	return nil
}

// lenient is a T, or its zero value when what came is of another shape.
type lenient[T any] struct{ value T }

func (l *lenient[T]) UnmarshalJSON(b []byte) error {
	var value T
	if json.Unmarshal(b, &value) == nil {
		l.value = value
	}
	return nil
}

// page is the envelope of every list. Items are decoded one by one, so that a
// single odd one does not hide the others.
type page struct {
	Items  lenient[[]json.RawMessage] `json:"items"`
	Cursor text                       `json:"cursor"`
}

// decodeItems turns raw items into T; convert says which are usable.
func decodeItems[W, T any](items []json.RawMessage, convert func(W) (T, bool)) (decoded []T, malformed int) {
	for _, raw := range items {
		var wire W
		if json.Unmarshal(raw, &wire) == nil {
			if item, ok := convert(wire); ok {
				decoded = append(decoded, item)
				continue
			}
		}
		malformed++
	}
	return decoded, malformed
}

// Distance is how far a person is from the account, in one vocabulary for the
// three that the API uses. Unknown does not mean a stranger: the API often leaves
// it out, for real connections too.
type Distance string

// The distances.
const (
	DistanceUnknown Distance = ""
	Self            Distance = "self"
	First           Distance = "first"
	Second          Distance = "second"
	Third           Distance = "third"
	OutOfNetwork    Distance = "out_of_network"
)

func distance(t text) Distance {
	switch strings.ToUpper(string(t)) {
	case "SELF":
		return Self
	case "FIRST_DEGREE", "DISTANCE_1":
		return First
	case "SECOND_DEGREE", "DISTANCE_2":
		return Second
	case "THIRD_DEGREE", "DISTANCE_3":
		return Third
	case "OUT_OF_NETWORK":
		return OutOfNetwork
	default:
		return DistanceUnknown
	}
}
