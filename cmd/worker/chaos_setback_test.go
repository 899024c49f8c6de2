package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/store/storetest"
)

// Ensure a database that is set back to a copy some seconds old, as after the restore of
// a backup or a failover to a replica that was behind, has nobody written to twice when
// first looks are switched on, and delivers every lead under one webhook-id.
func TestChaosDatabaseSetBack(t *testing.T) {
	t.Parallel()
	takePlace(t)
	people := sized(12, 24)
	pool := storetest.New(t)
	o := newOutside(t, pool, 300*time.Millisecond)
	o.environ["WRITE_GAP_MIN"], o.environ["WRITE_GAP_MAX"] = "50ms", "100ms"
	o.populate(people)
	o.seed(t, pool)
	p := o.spawn(t)
	wait(t, "some messages", func() bool { return len(o.unipile.Sent()) >= people/3 })
	p.kill(t)
	pool.Close()
	copied := copyDatabase(t, o.environ["DATABASE_URL"])

	// The seconds that will be forgotten.
	p = o.spawn(t)
	wait(t, "more messages", func() bool { return len(o.unipile.Sent()) >= people && o.receiver.Accepted() >= 2 })
	p.kill(t)

	// The runbook: restore, wait until the provider shows what it has, look, go on.
	o.environ["DATABASE_URL"] = copied
	restored, err := pgxpool.New(t.Context(), copied)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(restored.Close)
	out, err := o.call(t, "accounts", "look-first", "--all", "--for", "48h")
	if err != nil || !strings.Contains(out, "all accounts") {
		t.Fatalf("look-first said %q: %v", out, err)
	}
	<-time.After(time.Second)
	o.spawn(t)
	o.untilDelivered(t, restored, people)
	o.assertExactlyOnce(t, people)
	o.assertDelivered(t, people)
}

// copyDatabase makes a copy of a database that nobody is connected to.
func copyDatabase(t *testing.T, from string) (url string) {
	t.Helper()
	config, err := pgx.ParseConfig(from)
	if err != nil {
		t.Fatal(err)
	}
	server, err := pgx.Connect(t.Context(), storetest.ServerURL(t))
	if err != nil {
		t.Fatal(err)
	}
	name := config.Database + "_old" // names are cut at 63 bytes
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		_, err := server.Exec(ctx, "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)")
		if err != nil {
			t.Error(err)
		}
		_ = server.Close(ctx)
	})
	// What a killed worker left is not gone at once.
	wait(t, "a copy of the database", func() bool {
		_, err = server.Exec(t.Context(), "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()+
			" TEMPLATE "+pgx.Identifier{config.Database}.Sanitize())
		return err == nil
	})
	return strings.Replace(from, "/"+config.Database, "/"+name, 1)
}
