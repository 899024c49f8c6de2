package config

import (
	"fmt"
	"io"
	"reflect"
	"strings"
)

// Variable is one environment variable as the documentation shows it.
type Variable struct {
	Name, Doc, Default, Example string
}

// Variables lists all of them in the order of the struct, those of retention last.
func Variables() []Variable {
	var list []Variable
	for field := range reflect.TypeFor[Config]().Fields() {
		if v := variable(field); v.Name != "" {
			list = append(list, v)
		}
	}
	for _, kind := range retentionKinds() {
		list = append(list, Variable{Name: kind.Variable, Doc: kind.Doc(), Default: kind.DefaultText(), Example: kind.Example})
	}
	return list
}

func variable(f reflect.StructField) Variable {
	return Variable{
		Name: f.Tag.Get("env"), Doc: f.Tag.Get("doc"), Default: f.Tag.Get("envDefault"), Example: f.Tag.Get("example"),
	}
}

// WriteMarkdown writes the table of docs/configuration.md, which a test keeps current.
func WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	b.WriteString("| variable | what it sets | default | example |\n|---|---|---|---|\n")
	for _, v := range Variables() {
		def := "-"
		if v.Default != "" {
			def = "`" + v.Default + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | `%s` |\n", v.Name, v.Doc, def, v.Example)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func lookup(name string) Variable {
	for _, v := range Variables() {
		if v.Name == name {
			return v
		}
	}
	panic("config: no variable " + name)
}
