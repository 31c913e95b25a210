package config

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// Table is one table of the file as the reference has it. Its texts are Markdown.
type Table struct {
	// Names are those of the tables that have just these keys, with ID where
	// the file has an id; empty: what stands before the first table.
	Names []string
	Text  string
	Keys  []Key
}

// Key is one key of a table.
type Key struct {
	Name    string
	Value   string // what it may be
	Default string // as the file would have it, or in words
	Example string // as the file would have it; empty: the default is one
	Text    string
	// Restart marks what a running server can't change.
	Restart bool
}

// everyTable is a file in which each table is read that has keys of its own.
const everyTable = `
[queues.ID]
on_closed = {}
on_holiday = {}
on_full = {}
on_no_agent = {}
on_max_wait = {}
recording_notice = {}
waiting_announcement = {}
callback = { offer = {}, confirm = {} }
message = { offer = {}, prompt = {} }
[agents.ID]
[calendars.ID]
[tokens.ID]
[webhooks.ID]
`

// facts are what the reader knows of a key.
type facts struct {
	value    string // Markdown
	def      string // as the file would have it
	required bool
}

// describe keeps what a key is read as. A key is told of more than once: what
// is told later counts.
func (s *section) describe(key string, f facts) {
	if s.l.described == nil {
		return
	}
	path := append(slices.Clone(s.path), key).String()
	known := s.l.described[path]
	s.l.described[path] = facts{cmp.Or(f.value, known.value), cmp.Or(f.def, known.def), f.required || known.required}
}

// Reference lists every key: what the reader takes, with the meanings that are
// written for it. The error names the keys that have only one of the two.
func Reference() ([]Table, error) {
	tree, err := parseTree("", everyTable)
	if err != nil {
		return nil, err
	}
	// The faults of keys that are missing mean nothing here.
	l := &loader{described: map[string]facts{}}
	restart := map[string]bool{}
	for _, s := range serverSettings(l.config(tree)) {
		restart[s.key] = s.restart
	}
	var list []Table
	var wrong []string
	left := maps.Clone(l.described)
	for _, m := range meanings() {
		t := Table{Names: m.names, Text: m.text}
		for _, k := range m.keys {
			path := under(m.names[0], k.name)
			read := l.described[path]
			for _, name := range m.names {
				if same, ok := left[under(name, k.name)]; !ok || same != read {
					wrong = append(wrong, under(name, k.name)+" is not read so")
				}
				delete(left, under(name, k.name))
			}
			key := Key{
				Name: k.name, Value: cmp.Or(k.value, read.value), Default: cmp.Or(k.def, read.def),
				Example: k.example, Text: k.text, Restart: restart[path],
			}
			if k.unit != "" {
				key.Value += " " + k.unit
			}
			if read.required {
				key.Default = ""
			}
			if key.Value == "" {
				wrong = append(wrong, path+": nobody says what it may be")
			}
			t.Keys = append(t.Keys, key)
		}
		list = append(list, t)
	}
	for path := range left {
		// What leads to keys is described by these.
		if !slices.ContainsFunc(list, func(t Table) bool { return within(t.Names, path) }) {
			wrong = append(wrong, path+" has no meaning")
		}
	}
	if slices.Sort(wrong); len(wrong) > 0 {
		return nil, fmt.Errorf("config: the reference is not that of the reader: %s", strings.Join(wrong, "; "))
	}
	return list, nil
}

func under(table, key string) string {
	if table == "" {
		return toml.Key{key}.String()
	}
	return table + "." + key
}

// within reports whether one of the tables is path or below it.
func within(tables []string, path string) bool {
	return slices.ContainsFunc(tables, func(name string) bool { return strings.HasPrefix(name+".", path+".") })
}
