package webhook

import (
	"slices"
	"time"

	"calld/config"
	"calld/queue"
)

// TypeTest is the type of the event that [Service.Test] sends.
const TypeTest = "webhook.test"

// typeMissed follows call.ended of a call that nobody took, as on the
// WebSocket.
const typeMissed = "call.missed"

// Event is the body of a delivery: the WebSocket's message of that type
// without what concerns a page alone.
type Event struct {
	Type string    `json:"type"`
	At   time.Time `json:"at"`
	// Call and Rings are there in the events of calls. Rings are those whose
	// ringing the event is about.
	Call  *queue.Call  `json:"call,omitempty"`
	Rings []queue.Ring `json:"rings,omitzero"`
	// By is who answered, in call.answered.
	By *Person `json:"by,omitempty"`
	// Agent is there in agent.state.
	Agent *queue.AgentStatus `json:"agent,omitempty"`
}

// Person is an agent by id and name.
type Person struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// outgoing is an event with whom it concerns.
type outgoing struct {
	event  *Event
	queues []string
	group  string
}

// outgoings makes what webhooks may be told of an event of the board.
func outgoings(e *queue.Event, name func(agentID string) string) []outgoing {
	switch e.Kind {
	case queue.AgentChanged:
		return []outgoing{{
			event:  &Event{Type: string(e.Kind), At: e.At, Agent: e.Agent},
			queues: e.Agent.Queues, group: "agent " + e.Agent.ID,
		}}
	case queue.CallWaiting, queue.CallRinging, queue.CallAnswered, queue.CallChanged, queue.CallEnded:
	default:
		return nil
	}
	o := outgoing{
		event:  &Event{Type: string(e.Kind), At: e.At, Call: e.Call, Rings: e.Ring},
		queues: []string{e.Call.Queue}, group: e.Call.ID,
	}
	if o.event.Rings == nil {
		o.event.Rings = []queue.Ring{}
	}
	for i := range e.Call.Transfers { // who had the call hears how it goes on
		if id := e.Call.Transfers[i].Queue; id != "" {
			o.queues = append(o.queues, id)
		}
	}
	if e.Kind == queue.CallAnswered {
		o.event.By = &Person{ID: e.Call.Agent, Name: name(e.Call.Agent)}
	}
	if !e.Call.Missed() {
		return []outgoing{o}
	}
	missed := *o.event
	missed.Type = typeMissed
	return []outgoing{o, {event: &missed, queues: o.queues, group: o.group}}
}

// wants reports whether a webhook is to be told.
func (o *outgoing) wants(w *config.Webhook) bool {
	return slices.Contains(w.Events, o.event.Type) && (len(w.Queues) == 0 ||
		slices.ContainsFunc(o.queues, func(id string) bool { return slices.Contains(w.Queues, id) }))
}
