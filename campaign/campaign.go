package campaign

import "time"

// State says what a campaign does.
type State string

// The states of a campaign.
const (
	Stopped  State = "stopped"
	Running  State = "running"
	Pausing  State = "pausing" // dials nobody more; its calls go on
	Paused   State = "paused"
	Stopping State = "stopping" // as pausing, to end stopped
)

// Campaign dials a list by a plan for the agents of a queue.
type Campaign struct {
	ID       string `json:"id" readOnly:"true"`
	Name     string `json:"name"`
	Plan     string `json:"plan"`
	DialList string `json:"dial_list"`
	Queue    string `json:"queue"`
	// Schedule, if set, starts and stops the campaign by itself.
	Schedule *Schedule `json:"schedule,omitempty"`
	Next     string    `json:"next_campaign,omitempty"` // started when this one's list is at its end
	State    State     `json:"state" readOnly:"true"`
	// Since is when State began; Why tells what led to it: "admin", "schedule",
	// "list_end", "force_stop", "restart".
	Since    time.Time `json:"since" readOnly:"true"`
	Why      string    `json:"why,omitempty" readOnly:"true"`
	Revision uint64    `json:"revision" readOnly:"true"`
	Changed  time.Time `json:"changed" readOnly:"true"`
}

// Schedule is when a campaign runs by itself, in the server's time zone.
type Schedule struct {
	From  time.Time `json:"from"`           // first start
	Until time.Time `json:"until,omitzero"` // the end; the zero time: none
	Hours []Hours   `json:"hours,omitempty"`
}
