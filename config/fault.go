package config

import (
	"fmt"
	"strings"
)

// Fault is one thing wrong with a configuration: where it is and how to mend
// it.
type Fault struct {
	File string
	Line int    // 1-based; 0 when the fault has no line, such as a file that can't be read
	Key  string // dotted path of the key, such as queues.123456.number
	Text string // what is wrong and the mend
}

func (f Fault) String() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d", f.Line)
	}
	b.WriteString(": ")
	if f.Key != "" {
		b.WriteString(f.Key + ": ")
	}
	b.WriteString(f.Text)
	return b.String()
}

// Faults is every fault of a configuration, as the error of [Load].
type Faults []Fault //nolint:errname // they are the words of the configuration, and several

func (fs Faults) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}
