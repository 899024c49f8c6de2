package config

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"github.com/bravorevos/workers/integrations/webhook"
)

// Load reads the environment, given as os.Environ gives it, and checks all of it:
// the error lists every problem with the name of the variable and the way out. A
// variable that is empty counts as not set.
func Load(environ []string) (Config, error) {
	c, found := load(environ)
	return c, found.err()
}

// LoadDatabase is [Load] for a command that works on the database alone: problems
// of variables that are of no concern to it, unless it names them, are left for others
// to report.
func LoadDatabase(environ []string, also ...string) (Config, error) {
	c, found := load(environ)
	concern := append([]string{"DATABASE_URL", "POLL_ONLY", "DATABASE_MAX_CONNECTIONS"}, also...)
	found = slices.DeleteFunc(found, func(p problem) bool { return !slices.Contains(concern, p.variable) })
	return c, found.err()
}

func load(environ []string) (c Config, found problems) {
	values := env.ToMap(environ)
	for name, value := range values {
		values[name] = strings.TrimSpace(value) // a newline from a secrets file
	}
	err := env.ParseWithOptions(&c, env.Options{
		Environment: values,
		FuncMap: map[reflect.Type]env.ParserFunc{
			reflect.TypeFor[[]time.Duration]():   list(time.ParseDuration),
			reflect.TypeFor[[]webhook.Opening](): func(v string) (any, error) { return webhook.ParseOpenings(v) },
		},
	})
	found.addUnparsed(err)
	c.Retention = loadRetention(values, &found)
	c.check(&found)
	return c, found
}

// list parses what commas part, with or without blanks after them.
func list[T any](parse func(string) (T, error)) env.ParserFunc {
	return func(values string) (any, error) {
		var all []T
		for value := range strings.SplitSeq(values, ",") {
			one, err := parse(strings.TrimSpace(value))
			if err != nil {
				return nil, err
			}
			all = append(all, one)
		}
		return all, nil
	}
}

// problem is what is wrong with a variable, and the way out. It never holds the
// variable's value, which may be a secret that was pasted into the wrong place.
type problem struct{ variable, text string }

// problems holds one problem a variable.
type problems []problem

// add takes a variable's first problem: those after it mostly follow from it.
func (ps *problems) add(variable, text string) {
	if !slices.ContainsFunc(*ps, func(p problem) bool { return p.variable == variable }) {
		*ps = append(*ps, problem{variable, text})
	}
}

func (ps *problems) addMissing(variable string) {
	ps.add(variable, "is not set. "+lookup(variable).Doc)
}

// addUnparsed names the variables whose values are not of their type.
func (ps *problems) addUnparsed(err error) {
	if err == nil {
		return
	}
	aggregate, ok := errors.AsType[env.AggregateError](err)
	if !ok {
		panic(fmt.Sprintf("config: the struct cannot be filled: %T", err)) // not for a value's sake
	}
	for _, e := range aggregate.Errors {
		parse, ok := errors.AsType[env.ParseError](e)
		if !ok {
			panic(fmt.Sprintf("config: the struct cannot be filled: %T", e))
		}
		field, _ := reflect.TypeFor[Config]().FieldByName(parse.Name)
		v := variable(field)
		if parse.Type == reflect.TypeFor[[]webhook.Opening]() {
			ps.add(v.Name, "is not a list of networks and receivers: "+parse.Err.Error()) // which repeats no value
			continue
		}
		ps.add(v.Name, fmt.Sprintf("is not a %s, for example %s", kindName(parse.Type), v.Example))
	}
}

func kindName(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[time.Duration]():
		return "duration"
	case reflect.TypeFor[[]time.Duration]():
		return "list of durations"
	case reflect.TypeFor[bool]():
		return "boolean"
	default:
		return "number"
	}
}

// err lists the problems in the order of the documentation.
func (ps *problems) err() error {
	if len(*ps) == 0 {
		return nil
	}
	place := map[string]int{}
	for i, v := range Variables() {
		place[v.Name] = i
	}
	slices.SortFunc(*ps, func(a, b problem) int { return cmp.Compare(place[a.variable], place[b.variable]) })
	var b strings.Builder
	fmt.Fprintf(&b, "the environment has %d problem(s):", len(*ps))
	for _, p := range *ps {
		fmt.Fprintf(&b, "\n  %s %s", p.variable, p.text)
	}
	return errors.New(b.String())
}
