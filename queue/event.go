package queue

import (
	"time"

	"calld/hours"
)

// Kind names what an [Event] tells; the names are those of the WebSocket
// messages.
type Kind string

// The kinds of event.
const (
	CallWaiting  Kind = "call.waiting"  // a call entered, its announcement is over, or it waits again after ringing in vain
	CallRinging  Kind = "call.ringing"  // agents are being rung for it, a phone was heard to ring, or an agent answered to have a customer rung
	CallAnswered Kind = "call.answered" // an agent answered; the customer, of an outbound call
	CallChanged  Kind = "call.changed"  // the call was held, taken back (or its agent's channel has changed meanwhile) or handed to a number outside, or that one answered; or its agent consults somebody, or does not any more
	CallEnded    Kind = "call.ended"    // the call has its outcome
	AgentChanged Kind = "agent.state"   // an agent's status changed
	QueueChanged Kind = "queue.stats"   // a queue's figures changed
	// Reconfigured tells that agents, queues or calls came or went by a
	// reload, or because what a reload removed has finished its calls: what is
	// known of the board needs a fresh Snapshot.
	Reconfigured Kind = "config.reloaded"
)

// Event is one change of the board, in the order it happened.
type Event struct {
	Seq  uint64 // rises by one with each event of this board
	At   time.Time
	Kind Kind
	// Call is the call as it is after the change; nil unless Kind is one of
	// the call kinds. It is shared by all observers: read it, don't change it.
	Call *Call
	// Ring lists the agents whose ringing this event is about. For
	// CallRinging those whose pages are to be alerted (Result is Pending) or
	// who stopped being rung while the offer lasts; it is empty when the
	// offer has only been made, or a phone was heard late. For the other kinds
	// those of the offer that is over, with what became of each.
	Ring []Ring
	// Refused tells of CallWaiting why the queue does not take the call, which
	// ends or is led on with the next event: closed or full; empty: it takes it.
	Refused Outcome
	// Agent is the status after the change, for AgentChanged.
	Agent *AgentStatus
	// Queue is the figures after the change, for QueueChanged.
	Queue *QueueStatus
}

// An Observer is told each event of a board, in order. Observe is called
// with the board locked: it must return at once, must not block and must not
// call the board. Whoever needs more time keeps a bounded queue of its own.
type Observer interface {
	Observe(*Event)
}

// ObserverFunc makes a function an Observer.
type ObserverFunc func(*Event)

// Observe calls f.
func (f ObserverFunc) Observe(e *Event) { f(e) }

// AgentState is what the world sees of an agent.
type AgentState string

// The states of an agent.
const (
	Offline     AgentState = "offline"     // no page connected
	PhoneAway   AgentState = "unreachable" // logged in, but the phone can't be reached
	Available   AgentState = "available"
	Away        AgentState = "away"
	AgentRings  AgentState = "ringing"
	AgentTalks  AgentState = "talking"
	AgentWrapup AgentState = "wrapup"
)

// AgentStates lists every state, for metrics and documentation.
func AgentStates() []AgentState {
	return []AgentState{Offline, PhoneAway, Available, Away, AgentRings, AgentTalks, AgentWrapup}
}

// PhoneState is what is known of an agent's telephone.
type PhoneState string

// The states of a phone. Only an idle or unknown phone is offered a call.
const (
	PhoneUnknown     PhoneState = "unknown" // nobody can tell: calls are tried
	PhoneIdle        PhoneState = "idle"
	PhoneBusy        PhoneState = "busy" // in use by something that is not our call
	PhoneUnreachable PhoneState = "unreachable"
)

// AgentStatus is one agent as seen from outside.
type AgentStatus struct {
	ID     string     `json:"id"`
	Name   string     `json:"name"`
	Phone  string     `json:"phone"`
	Queues []string   `json:"queues"`
	State  AgentState `json:"state"`
	// Reason tells why the agent is away, as the agent gave it, or
	// "no_answer" when set away for not answering.
	Reason string     `json:"reason,omitempty"`
	Since  time.Time  `json:"since"`           // when State began
	Until  *time.Time `json:"until,omitempty"` // when wrap-up ends by itself
	Call   string     `json:"call,omitempty"`  // the call rung or talked with
	Device PhoneState `json:"device"`
	Calls  int        `json:"calls"` // answered since midnight in the server's time zone
}

// QueueStatus is one queue's live figures.
type QueueStatus struct {
	ID      string             `json:"id"`
	Name    string             `json:"name"`
	Number  string             `json:"number"`
	Waiting int                `json:"waiting"` // announcement and waiting
	Ringing int                `json:"ringing"`
	Talking int                `json:"talking"`
	Agents  map[AgentState]int `json:"agents"`
	// LongestSince is when the longest waiting caller came in; nil when none waits.
	LongestSince *time.Time `json:"longest_since,omitempty"`
	// Hours tells whether the queue takes calls now.
	Hours hours.Opening `json:"hours"`
}

// Snapshot is everything live at one moment, consistent with Seq: events
// with a higher Seq are changes to it.
type Snapshot struct {
	Seq    uint64        `json:"seq"`
	At     time.Time     `json:"at"`
	Queues []QueueStatus `json:"queues"`
	Agents []AgentStatus `json:"agents"`
	Calls  []Call        `json:"calls"`
}
