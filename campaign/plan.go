package campaign

import (
	"time"

	"calld/pacing"
)

// Mode says how a campaign comes to its next customer.
type Mode string

// The modes.
const (
	Preview     Mode = "preview"     // an agent sees the customer first, and dials or skips
	Progressive Mode = "progressive" // one line for each free agent
	Power       Mode = "power"       // a fixed number of lines for each free agent
	Predictive  Mode = "predictive"  // as many as the limit of abandoned calls allows
	Message     Mode = "message"     // plays an announcement; a key may lead to an agent
)

// AMD says what is done about answering machines (Asterisk's AMD application).
type AMD string

// The ways to meet answering machines.
const (
	AMDOff            AMD = "off"               // everybody who answers is a customer
	AMDHumans         AMD = "humans_only"       // only who is found human reaches an agent
	AMDHumansOrUnsure AMD = "humans_and_unsure" // so does who is found neither human nor machine
)

// ListEnd says what a campaign does when nothing is left to dial.
type ListEnd string

// What a campaign does at the end of its list.
const (
	ListStop ListEnd = "stop"         // it stops, and starts the next campaign, if it has one
	ListKeep ListEnd = "keep_running" // it waits for new entries
)

// Plan is a strategy: how customers are dialled. A campaign reads it when it
// starts; a plan in use by a running campaign can't be changed.
type Plan struct {
	ID   string `json:"id" readOnly:"true"`
	Name string `json:"name"`
	Mode Mode   `json:"mode"`
	// Method paces a predictive campaign: risk (with late rings given up when
	// HangUpLate) or lite; empty: risk.
	Method     pacing.Method `json:"method,omitempty"`
	HangUpLate bool          `json:"hang_up_late,omitempty"`
	PowerRatio float64       `json:"power_ratio,omitempty"` // lines for each free agent, 1 to 20; power alone
	// MaxAbandonRate is the largest abandoned share of the answered calls of a
	// day; 0: 0.03.
	MaxAbandonRate float64  `json:"max_abandon_rate,omitempty"`
	RingTimeout    Duration `json:"ring_timeout" required:"false"` // how long a customer is rung, 15 s to 120 s; 0: 25 s
	CallerID       string   `json:"caller_id,omitempty"`           // the number shown; empty: the queue's
	AMD            AMD      `json:"amd,omitempty"`                 // empty: off
	MaxTries       int      `json:"max_tries" required:"false"`    // for each number, 1 to 20; 0: 1
	Retry          Retry    `json:"retry" required:"false"`
	// MaxTries24h bounds the tries of one customer within 24 hours, by all campaigns
	// and of all numbers of the entry together; 0: no limit.
	MaxTries24h int     `json:"max_tries_24h,omitempty"`
	Hours       []Hours `json:"hours,omitempty"` // in the customer's time zone; none: always
	ListEnd     ListEnd `json:"list_end,omitempty"`
	MaxLines    int     `json:"max_lines,omitempty"` // channels at once, 0: as the configuration allows
	MaxRate     float64 `json:"max_rate,omitempty"`  // dials per second, 0: as the configuration allows
	// Sound is played to a customer whom no agent takes in time (abandoned):
	// a sound file of Asterisk, without its extension; empty: none.
	AbandonSound string `json:"abandon_sound,omitempty"`
	// Message is what a campaign of mode message plays: a sound file, or text
	// to be spoken. Key, if set, is the digit that leads to an agent.
	MessageSound string `json:"message_sound,omitempty"`
	MessageText  string `json:"message_text,omitempty"`
	MessageKey   string `json:"message_key,omitempty"`
	// Script is what the agent reads to the customer. {name} and {variable}
	// stand for the entry's.
	Script   string    `json:"script,omitempty"`
	Revision uint64    `json:"revision" readOnly:"true"` // rises with each change
	Changed  time.Time `json:"changed" readOnly:"true"`
}

// Retry is how long a number rests after each result. 0: it is not tried
// again.
type Retry struct {
	Busy       Duration `json:"busy,omitempty"`
	NoAnswer   Duration `json:"no_answer,omitempty"`
	Congestion Duration `json:"congestion,omitempty"`
	Failed     Duration `json:"failed,omitempty"`
	Machine    Duration `json:"machine,omitempty"`
	Abandoned  Duration `json:"abandoned,omitempty"`
}

// Hours is a time of the week when customers may be called. The end is not
// part of it; 24:00 is the end of the day.
type Hours struct {
	Days []string `json:"days"` // mon tue wed thu fri sat sun
	From string   `json:"from"` // 09:00
	To   string   `json:"to"`   // 20:00
}

// Duration is written as in the configuration: "25s", "10m".
type Duration time.Duration

// MarshalText writes the duration.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads it.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	*d = Duration(v)
	return err
}
