package campaign

import (
	"fmt"
	"time"
)

// Bounds of what an entry may carry.
const (
	MaxNumbers   = 8
	MaxVariables = 32
	MaxText      = 256 // bytes of a name, a key, a variable's name or value
)

// DialList is a list of customers to be dialled.
type DialList struct {
	ID       string `json:"id" readOnly:"true"`
	Name     string `json:"name"`
	Timezone string `json:"timezone,omitempty"` // of entries that name none; empty: the server's
	Entries  int    `json:"entries" readOnly:"true"`
	Open     int    `json:"open" readOnly:"true"` // entries that may still be dialled
	// States counts the entries by their state.
	States   map[EntryState]int `json:"states" readOnly:"true"`
	Revision uint64             `json:"revision" readOnly:"true"` // rises with each change, but not with entries
	Changed  time.Time          `json:"changed" readOnly:"true"`
}

// Barred is a number that no campaign may dial.
type Barred struct {
	Number string    `json:"number"` // as it is dialled
	Note   string    `json:"note,omitempty"`
	By     string    `json:"by"` // who barred it
	At     time.Time `json:"at"`
}

// DuplicateError refuses an entry of which the list has a part already.
type DuplicateError struct {
	Field string // key, or number1 to number8
	Value string
	Entry string // the id of the entry that has it
}

func (e *DuplicateError) Error() string {
	return fmt.Sprintf("campaign: %s %s is that of entry %s of this list", e.Field, e.Value, e.Entry)
}

// EntryState says whether an entry is still to be dialled.
type EntryState string

// The states of an entry.
const (
	EntryOpen     EntryState = "open"     // to be dialled at Due or later
	EntryDialling EntryState = "dialling" // claimed: a try is under way
	EntryReached  EntryState = "reached"  // an agent talked with the customer, or the message was heard
	EntryUsedUp   EntryState = "used_up"  // no number may be tried again
	EntryBlocked  EntryState = "blocked"  // all numbers are on the do-not-call list
	EntrySkipped  EntryState = "skipped"  // an agent skipped it in preview
)

// EntryStates lists every state of an entry.
func EntryStates() []EntryState {
	return []EntryState{EntryOpen, EntryDialling, EntryReached, EntryUsedUp, EntryBlocked, EntrySkipped}
}

// Entry is one customer of a dial list.
type Entry struct {
	ID        string            `json:"id"` // unique within calld, in the order of loading
	List      string            `json:"list"`
	Key       string            `json:"key,omitempty"` // the customer's id elsewhere
	Name      string            `json:"name,omitempty"`
	Timezone  string            `json:"timezone,omitempty"`
	Numbers   []Number          `json:"numbers"`
	Variables map[string]string `json:"variables,omitempty"`

	State EntryState `json:"state"`
	Due   time.Time  `json:"due,omitzero"`  // not before; the zero time: now
	Try   string     `json:"try,omitempty"` // the id of the try under way, claimed before it is dialled
	// Tried are the times of the latest tries, for the limit per 24 hours. The
	// dialler adds those of the same numbers in other lists.
	Tried []time.Time `json:"tried,omitempty"`
	Last  *Result     `json:"last,omitempty"`
}

// Number is one telephone number of an entry.
type Number struct {
	Number string    `json:"number"`
	Tries  int       `json:"tries"`
	Last   string    `json:"last,omitempty"` // the latest result, as Result.Kind tells
	Due    time.Time `json:"due,omitzero"`   // not before
	Done   bool      `json:"done,omitempty"` // never again
}
