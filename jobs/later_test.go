package jobs_test

import (
	"fmt"
	"sync/atomic"
	"time"
)

// clock is a vendor's clock, which runs ahead of ours by as much as a test says.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// later lets time pass for emails: the pretended Resend's clock goes forward, and what
// the database remembers of them lies so much further back.
func (b *bench) later(d time.Duration) {
	b.Helper()
	b.mailClock.ahead.Add(int64(d))
	b.ageTable("public", "notifications", d)
	b.ageTable("workers", "emails", d)
}

// ageTable moves every time of every row of a table back.
func (b *bench) ageTable(schema, table string, d time.Duration) {
	b.Helper()
	columns := scalar[string](b, `SELECT coalesce(string_agg(format('%1$I = %1$I - make_interval(secs => %2$s)', column_name, $3::float8), ', '), '')
		FROM information_schema.columns
		WHERE table_schema = $1 AND table_name = $2 AND data_type = 'timestamp with time zone'`, schema, table, d.Seconds())
	if columns == "" {
		b.Fatalf("table %s.%s has no times", schema, table)
	}
	b.exec(fmt.Sprintf("ALTER TABLE %s.%s DISABLE TRIGGER USER", schema, table))
	b.exec(fmt.Sprintf("UPDATE %s.%s SET %s", schema, table, columns))
	b.exec(fmt.Sprintf("ALTER TABLE %s.%s ENABLE TRIGGER USER", schema, table))
}
