package report

import (
	"time"

	"calld/queue"
)

// Span is how long an agent was in a state: From included, To not.
type Span struct {
	Agent  string
	State  queue.AgentState
	Reason string // of being away
	Queue  string // of after-call work: that of the call
	From   time.Time
	To     time.Time
}
