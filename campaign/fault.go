package campaign

import (
	"fmt"
	"strings"
)

// Fault is one thing that is wrong with what somebody set up or loaded.
type Fault struct {
	Field string `json:"field"` // as in JSON, such as hours[0].from
	Text  string `json:"text"`  // what is wrong and the mend
}

func (f Fault) String() string { return f.Field + ": " + f.Text }

// Faults is everything that is wrong, as an error.
type Faults []Fault //nolint:errname // they are the words for who has to mend them, and several

func (fs Faults) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.String()
	}
	return strings.Join(lines, "; ")
}

func (fs *Faults) add(field, format string, args ...any) {
	*fs = append(*fs, Fault{field, fmt.Sprintf(format, args...)})
}
