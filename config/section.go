package config

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// section reads one table key by key. It remembers the keys it was asked
// for, so that [section.done] can tell which ones nobody knows. A value that
// is wrong is reported and read as its default, so that one mistake makes
// one fault.
type section struct {
	l     *loader
	path  toml.Key
	node  *node // nil when the table is not in any file
	known []string
}

func (s *section) get(key string) *node {
	s.known = append(s.known, key)
	s.describe(key, facts{})
	if s.node == nil {
		return nil
	}
	return s.node.table[key]
}

// has reports whether the file sets key.
func (s *section) has(key string) bool { return s.node != nil && s.node.table[key] != nil }

// place makes a Fault that points at key or, when the file doesn't have it,
// at the table that lacks it.
func (s *section) place(key, text string) Fault {
	f := Fault{File: s.l.main, Key: append(slices.Clone(s.path), key).String(), Text: text}
	if s.has(key) {
		n := s.node.table[key]
		f.File, f.Line = n.file, n.line()
	} else if s.node != nil && len(s.path) > 0 {
		f.File, f.Line = s.node.file, s.node.line()
	}
	return f
}

// where tells the place of a key that is in a file.
func (s *section) where(key string) string {
	f := s.place(key, "")
	return f.File + ":" + strconv.Itoa(f.Line)
}

func (s *section) fault(key, format string, args ...any) {
	s.l.faults = append(s.l.faults, s.place(key, fmt.Sprintf(format, args...)))
}

func (s *section) warn(key, format string, args ...any) {
	s.l.warnings = append(s.l.warnings, s.place(key, fmt.Sprintf(format, args...)))
}

// missing reports a key that has to be set.
func (s *section) missing(key, mend string) {
	s.describe(key, facts{required: true})
	if !s.l.partial { // it may stand in the file that can't be read
		s.fault(key, "is missing; %s", mend)
	}
}

func (s *section) mistyped(key, want string) {
	s.fault(key, "must be %s, not %s", want, s.node.table[key].kind())
}

// A check says what is wrong with a string and how to mend it.
type check func(string) error

// str reads a string. The checks are for what the file says: the default
// need not pass them.
func (s *section) str(key, def string, checks ...check) string {
	n := s.get(key)
	s.describe(key, facts{value: "string", def: strconv.Quote(def)})
	if n == nil {
		return def
	}
	v, ok := n.value.(string)
	if !ok {
		s.mistyped(key, "a string in quotes")
		return def
	}
	for _, check := range checks {
		if err := check(v); err != nil {
			s.fault(key, "%v", err)
			return def
		}
	}
	return v
}

// enum reads one of a list of words.
func enum[T ~string](s *section, key string, def T, words ...T) T {
	list := make([]string, len(words))
	for i, w := range words {
		list[i] = string(w)
	}
	v := T(s.str(key, string(def), oneOf(list)))
	s.describe(key, facts{value: "`" + strings.Join(list, "`, `") + "`"})
	return v
}

// oneOf is for one of a list of words.
func oneOf(list []string) check {
	return func(v string) error {
		if slices.Contains(list, v) {
			return nil
		}
		return fmt.Errorf("must be one of %s, not %q%s", strings.Join(list, ", "), v, didYouMean(v, list))
	}
}

func (s *section) boolean(key string, def bool) bool {
	n := s.get(key)
	s.describe(key, facts{value: "`true`, `false`", def: strconv.FormatBool(def)})
	if n == nil {
		return def
	}
	v, ok := n.value.(bool)
	if !ok {
		s.mistyped(key, "true or false")
		return def
	}
	return v
}

// integer reads a whole number from least to most.
func (s *section) integer(key string, def, least, most int) int {
	n := s.get(key)
	s.describe(key, facts{value: fmt.Sprintf("%d to %d", least, most), def: strconv.Itoa(def)})
	if n == nil {
		return def
	}
	v, ok := n.value.(int64)
	if !ok {
		s.mistyped(key, "a whole number")
		return def
	}
	if v < int64(least) || v > int64(most) {
		s.fault(key, "must be from %d to %d, not %d", least, most, v)
		return def
	}
	return int(v)
}

// decimal reads a number from least to most.
func (s *section) decimal(key string, def, least, most float64) float64 {
	n := s.get(key)
	s.describe(key, facts{value: fmt.Sprintf("%g to %g", least, most), def: strconv.FormatFloat(def, 'g', -1, 64)})
	if n == nil {
		return def
	}
	var v float64
	switch x := n.value.(type) {
	case int64:
		v = float64(x)
	case float64:
		v = x
	default:
		s.mistyped(key, "a number")
		return def
	}
	if !(v >= least && v <= most) { // so that NaN is refused too
		s.fault(key, "must be from %g to %g, not %g", least, most, v)
		return def
	}
	return v
}

// span is the range of a duration.
type span struct {
	least, most time.Duration
	// zero tells what 0 does where 0 is allowed besides the range.
	zero string
}

// String is the span as the reference has it.
func (in span) String() string {
	s := fmt.Sprintf("`%q` to `%q`", formatDuration(in.least), formatDuration(in.most))
	if in.zero != "" {
		s += "; `\"0s\"` " + in.zero
	}
	return s
}

// duration reads a duration within a span.
func (s *section) duration(key string, def time.Duration, in span) time.Duration {
	n := s.get(key)
	s.describe(key, facts{value: in.String(), def: strconv.Quote(formatDuration(def))})
	if n == nil {
		return def
	}
	text, ok := n.value.(string)
	if !ok {
		s.mistyped(key, `a duration in quotes such as "20s"`)
		return def
	}
	d, err := parseDuration(text)
	if err != nil {
		s.fault(key, `%q is not a duration; write it like "20s", "10m" or "1h30m"`, text)
		return def
	}
	switch {
	case d == 0 && in.zero != "", d >= in.least && d <= in.most:
		return d
	case in.zero != "":
		s.fault(key, "must be from %s to %s, or 0s %s, not %s",
			formatDuration(in.least), formatDuration(in.most), in.zero, text)
	default:
		s.fault(key, "must be from %s to %s, not %s", formatDuration(in.least), formatDuration(in.most), text)
	}
	return def
}

// list reads a list of strings.
func (s *section) list(key string, def []string) []string {
	n := s.get(key)
	s.describe(key, facts{value: "list of strings", def: texts(key, def).value})
	if n == nil {
		return def
	}
	values, ok := n.value.([]any)
	if !ok {
		s.mistyped(key, `a list such as ["a", "b"]`)
		return def
	}
	list := make([]string, 0, len(values))
	for _, v := range values {
		text, ok := v.(string)
		if !ok {
			s.fault(key, "must be a list of strings in quotes")
			return def
		}
		list = append(list, text)
	}
	return list
}

// table reads a table below this one.
func (s *section) table(key string) *section {
	sub := &section{l: s.l, path: append(slices.Clone(s.path), key)}
	n := s.get(key)
	switch {
	case n == nil:
	case n.table == nil:
		s.mistyped(key, "a table such as ["+sub.path.String()+"]")
	default:
		sub.node = n
	}
	return sub
}

// each reads a table of tables in the order of the text.
func (s *section) each(key string, read func(id string, sub *section)) {
	all := s.table(key)
	if all.node == nil {
		return
	}
	for _, id := range all.node.order {
		if sub := all.table(id); sub.node != nil {
			read(id, sub)
		}
	}
}

// done reports the keys that were never asked for.
func (s *section) done() {
	if s.node == nil {
		return
	}
	for _, key := range s.node.order {
		if slices.Contains(s.known, key) {
			continue
		}
		if mend := didYouMean(key, s.known); mend != "" {
			s.fault(key, "unknown key%s", mend)
		} else {
			s.fault(key, "unknown key; the keys here are %s", strings.Join(s.known, ", "))
		}
	}
}

// didYouMean is the end of a message about an unknown word: the known one
// that is nearest, or nothing when none is near.
func didYouMean(word string, known []string) string {
	best, bestDistance := "", 3
	for _, k := range known {
		// A third of the word may be wrong, so that "on" is not taken for "id".
		limit := max(1, len([]rune(k))/3)
		if d := distance(word, k); d < bestDistance && d <= limit {
			best, bestDistance = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %s?", best)
}

// distance counts the runes to insert, delete or replace to make b of a,
// without looking at case nor at - and _.
func distance(a, b string) int {
	plain := func(s string) []rune { return []rune(strings.ToLower(strings.ReplaceAll(s, "-", "_"))) }
	x, y := plain(a), plain(b)
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		diagonal := row[0]
		row[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			next := min(row[j]+1, row[j+1]+1, diagonal+cost)
			diagonal, row[j+1] = row[j+1], next
		}
	}
	return row[len(y)]
}

// byPlace orders faults as a reader of the files meets them.
func byPlace(files []string) func(a, b Fault) int {
	return func(a, b Fault) int {
		return cmp.Or(
			cmp.Compare(slices.Index(files, a.File), slices.Index(files, b.File)),
			cmp.Compare(a.Line, b.Line),
		)
	}
}
