package config

import (
	"errors"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// node is one value of a TOML file: a table with its keys, or a leaf.
type node struct {
	file  string
	text  string // of the whole file
	md    *toml.MetaData
	prim  toml.Primitive
	value any              // of a leaf: string, int64, bool, []any, ...
	table map[string]*node // nil for a leaf
	order []string         // the keys of table as they stand in the text
}

// parseTree reads one file. Its error is a toml.ParseError, which knows the
// line.
func parseTree(file, text string) (*node, error) {
	text = strings.TrimPrefix(text, "\ufeff") // which the decoder doesn't count
	var top map[string]toml.Primitive
	md, err := toml.Decode(text, &top)
	if err != nil {
		return nil, err
	}
	// A Go map has lost the order of the text: the place at which each key,
	// or each parent of a key, is met first brings it back.
	first := map[string]int{}
	for i, key := range md.Keys() {
		for n := range key {
			prefix := key[:n+1].String()
			if _, met := first[prefix]; !met {
				first[prefix] = i
			}
		}
	}
	root := &node{file: file, text: text, md: &md}
	root.grow(nil, top, first)
	return root, nil
}

// grow makes n a table of the given entries.
func (n *node) grow(path toml.Key, entries map[string]toml.Primitive, first map[string]int) {
	n.table = make(map[string]*node, len(entries))
	place := make(map[string]int, len(entries))
	for key, prim := range entries {
		child := &node{file: n.file, text: n.text, md: n.md, prim: prim}
		childPath := append(slices.Clone(path), key)
		var sub map[string]toml.Primitive
		// Neither decoding can fail: a value that is no table leaves sub nil.
		_ = n.md.PrimitiveDecode(prim, &sub)
		if sub != nil {
			child.grow(childPath, sub, first)
		} else {
			_ = n.md.PrimitiveDecode(prim, &child.value)
		}
		n.table[key] = child
		n.order = append(n.order, key)
		place[key] = first[childPath.String()]
	}
	slices.SortFunc(n.order, func(a, b string) int { return place[a] - place[b] })
}

// line returns the 1-based line at which n stands, or 0 for the whole file.
//
// The decoder keeps the positions of values to itself and tells them only in
// errors, so it is made to decode n into something that always refuses. Of
// the position only Start will do: Line is where a multi-line string ends.
func (n *node) line() int {
	err := n.md.PrimitiveDecode(n.prim, &refusal{})
	if at, ok := errors.AsType[toml.ParseError](err); ok && at.Position.Line > 0 {
		return 1 + strings.Count(n.text[:at.Position.Start], "\n")
	}
	if len(n.order) > 0 { // a table that only its keys imply, such as queues of [queues.1]
		return n.table[n.order[0]].line()
	}
	return 0
}

// errRefused is never seen by anybody: see [node.line].
var errRefused = errors.New("config: refused")

// refusal is a value that can't be decoded into.
type refusal struct{}

// UnmarshalTOML implements [toml.Unmarshaler].
func (*refusal) UnmarshalTOML(any) error { return errRefused }

// kind names the TOML type of n for messages.
func (n *node) kind() string {
	if n.table != nil {
		return "a table"
	}
	switch n.value.(type) {
	case string:
		return "a string"
	case int64:
		return "an integer"
	case float64:
		return "a decimal number"
	case bool:
		return "a boolean"
	case []any, []map[string]any:
		return "a list"
	default:
		return "a date or time"
	}
}
