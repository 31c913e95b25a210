package centre

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// LogGroup is all lines of a log at level WARN and above with one message.
type LogGroup struct {
	Level, Message string
	Count          int
	First, Last    string // the whole lines
}

var logLine = regexp.MustCompile(`\blevel=(WARN|ERROR) msg=("(?:[^"\\]|\\.)*"|\S+)`)

// GroupLog groups the warnings and errors of calld's log, and what is no line of
// a log at all, such as a panic. The most frequent come first.
func GroupLog(text []byte) []LogGroup {
	groups := map[string]*LogGroup{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		level, message := "", ""
		if m := logLine.FindStringSubmatch(line); m != nil {
			level, message = m[1], strings.Trim(m[2], `"`)
		} else if line != "" && !strings.HasPrefix(line, "time=") {
			level, message = "?", "(no line of the log)"
		}
		if level == "" {
			continue
		}
		g := groups[level+message]
		if g == nil {
			g = &LogGroup{Level: level, Message: message, First: line}
			groups[level+message] = g
		}
		g.Count++
		g.Last = line
	}
	var all []LogGroup
	for _, g := range groups {
		all = append(all, *g)
	}
	slices.SortFunc(all, func(a, b LogGroup) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Message, b.Message))
	})
	return all
}
