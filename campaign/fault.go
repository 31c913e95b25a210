package campaign

import (
	"fmt"
	"strings"
)

// FaultCode is the stable name of a kind of fault: programs may rely on it, and
// pages have their own words for it. It is one of a closed list.
type FaultCode string

// The codes of faults.
const (
	FaultMissing      FaultCode = "missing"
	FaultUnknown      FaultCode = "unknown"        // none of the values that there are
	FaultRange        FaultCode = "range"          // not from Least to Most
	FaultOtherMode    FaultCode = "other_mode"     // belongs to another mode or method
	FaultConflict     FaultCode = "conflict"       // stands beside what excludes it
	FaultTwice        FaultCode = "twice"          // stands there already
	FaultTooLong      FaultCode = "too_long"       // has more than Most characters
	FaultTooManyBytes FaultCode = "too_many_bytes" // has more than Most bytes
	FaultTooMany      FaultCode = "too_many"       // are more than Most
	FaultNotText      FaultCode = "not_text"       // was read in another encoding than it was written in
	FaultInvisible    FaultCode = "invisible"      // has characters that can't be seen
	FaultNumber       FaultCode = "number"         // can't be dialled
	FaultTime         FaultCode = "time"           // is no time of day
	FaultOrder        FaultCode = "order"          // ends before it begins
	FaultZone         FaultCode = "zone"           // is no time zone
	FaultSound        FaultCode = "sound"          // is no name of a sound file
	FaultKey          FaultCode = "key"            // is no key of a telephone
	FaultNotFound     FaultCode = "not_found"      // what it names is not there
	FaultItself       FaultCode = "itself"         // names what it is a field of
	FaultDuplicate    FaultCode = "duplicate"      // the list has it already
)

// The codes of what keeps a campaign from starting, beside those above.
const (
	FaultNobodyLeft   FaultCode = "nobody_left"   // the list has nobody left to dial
	FaultNoAgents     FaultCode = "no_agents"     // no agent with a phone serves the queue
	FaultAsterisk     FaultCode = "asterisk_away" // Asterisk can't be asked
	FaultTrunkUnknown FaultCode = "trunk_unknown" // Asterisk has no such endpoint
	FaultTrunkAway    FaultCode = "trunk_away"    // Asterisk can't reach it
	FaultFailed       FaultCode = "failed"        // the server's own: its log tells more
)

// The codes of what is wrong with a file, or a line of one.
const (
	FaultTooLarge     FaultCode = "too_large"
	FaultEmptyFile    FaultCode = "empty_file"
	FaultNoColumn     FaultCode = "no_column"      // the heading has none for the numbers
	FaultColumnTwice  FaultCode = "column_twice"   // the heading has two of a name
	FaultColumnNoName FaultCode = "column_no_name" // a cell has no name above it
	FaultCharset      FaultCode = "charset"        // the encoding is not known
	FaultQuote        FaultCode = "quote"          // a quote is not closed, or in the middle of a cell
	FaultJSON         FaultCode = "json"           // it is no JSON of the form that is wanted
)

// Fault is one thing that is wrong with what somebody set up or loaded.
type Fault struct {
	Field string    `json:"field"` // as in JSON, such as hours[0].from
	Code  FaultCode `json:"code"`  // what kind it is
	Text  string    `json:"text"`  // what is wrong and the mend
	// Least and Most are the bounds that were not kept, as they are written in the
	// field; empty where the code has none.
	Least string `json:"least,omitempty"`
	Most  string `json:"most,omitempty"`
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

func (fs *Faults) add(field string, code FaultCode, format string, args ...any) {
	*fs = append(*fs, Fault{Field: field, Code: code, Text: fmt.Sprintf(format, args...)})
}

// exceeds adds a fault of something that is more than most.
func (fs *Faults) exceeds(field string, code FaultCode, most int, format string) {
	*fs = append(*fs, Fault{Field: field, Code: code, Text: fmt.Sprintf(format, most), Most: fmt.Sprint(most)})
}
