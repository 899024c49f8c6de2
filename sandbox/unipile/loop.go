package unipile

import (
	"strconv"
	"strings"
)

// loopCursor begins the cursors of lists that do not end; what follows is a number.
const loopCursor = "loop-"

// leadsNowhere reports a cursor that stands for the first page.
func leadsNowhere(cursor string) bool { return strings.HasPrefix(cursor, loopCursor) }

// loop gives a list a cursor that leads back to its first page: always the same, or a
// new one each time.
func (c *call) loop(result any) any {
	answer, isList := result.(interface{ withCursor(cursor string) any })
	if !isList {
		return result
	}
	n := 0
	if c.fault.NewCursors {
		c.s.mu.Lock()
		c.s.loops++
		n = c.s.loops
		c.s.mu.Unlock()
	}
	return answer.withCursor(loopCursor + strconv.Itoa(n))
}

func (l list) withCursor(cursor string) any {
	l.Cursor = &cursor
	return l
}

func (l commentList) withCursor(cursor string) any {
	l.Cursor = &cursor
	return l
}
