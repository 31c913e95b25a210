package notify

import (
	"encoding/json"

	"calld/queue"
)

// frame is one thing for a client's writer to send: text, or a welcome that
// the writer makes when it comes to it.
type frame struct {
	// body is a JSON object. It is shared by all clients that get it.
	body []byte
	// board is the seq of the board's event it tells of; 0 for all else.
	board uint64
	// answer marks acks and errors, which carry no seq.
	answer  bool
	welcome *rights
	pong    []byte // answers a ping
	urgent  bool   // not to wait for company
}

// plain tells whether the frame may wait to be written with others.
func (f *frame) plain() bool {
	return !f.urgent && !f.answer && f.welcome == nil && f.pong == nil
}

// encode makes the JSON of a frame. What frames are made of can always be
// encoded, save a time beyond the year 9999 or odd data from Push.
func (h *Hub) encode(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		h.count.unencodable.Add(1)
		h.log.Error("a frame can't be encoded", "err", err)
		return nil
	}
	return body
}

// route hands out one event of the board.
func (h *Hub) route(e *queue.Event) {
	switch e.Kind {
	case queue.Reconfigured:
		h.refresh()
	case queue.AgentChanged:
		body := h.encode(AgentChange{Type: TypeAgentState, At: e.At, Agent: *e.Agent})
		h.deliver(frame{body: body, board: e.Seq}, func(r *rights) bool { return r.seesAgent(e.Agent) })
	case queue.QueueChanged:
		body := h.encode(QueueChange{Type: TypeQueueStats, At: e.At, Queue: *e.Queue})
		h.deliver(frame{body: body, board: e.Seq}, func(r *rights) bool { return r.seesQueue(e.Queue.ID) })
	default:
		h.routeCall(e)
	}
}

// deliver puts f on the queue of every client that may see it.
func (h *Hub) deliver(f frame, sees func(*rights) bool) {
	if f.body == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, clients := range h.agents {
		for _, c := range clients {
			if sees(c.rights) {
				c.send(f)
			}
		}
	}
}

// routeCall hands out a change of a call. The agents it rings come first:
// their phones ring already.
func (h *Hub) routeCall(e *queue.Event) {
	change := CallChange{Type: Type(e.Kind), At: e.At, Call: *e.Call, Rings: e.Ring}
	if change.Rings == nil {
		change.Rings = []queue.Ring{}
	}
	if e.Kind != queue.CallEnded {
		h.callers.know(e.Call, &h.count)
	}
	var rung map[string]bool
	switch e.Kind {
	case queue.CallRinging:
		rung = h.alert(e, change)
	case queue.CallAnswered:
		change.By = &Person{ID: e.Call.Agent}
		if a, ok := h.auth.Agent(e.Call.Agent); ok {
			change.By.Name = a.Name
		}
	case queue.CallEnded:
		h.callers.forget(e.Call.ID)
	default:
	}
	sees := func(r *rights) bool { return r.seesCall(e.Call) && !rung[r.agent.ID] }
	h.deliver(frame{body: h.encode(change), board: e.Seq}, sees)
	if e.Call.Missed() {
		change.Type = TypeMissed
		h.deliver(frame{body: h.encode(change), board: e.Seq}, sees)
	}
}

// alert tells the agents newly rung who calls, and returns who they are.
func (h *Hub) alert(e *queue.Event, change CallChange) map[string]bool {
	rung := map[string]bool{}
	for _, r := range e.Ring {
		if r.Result == queue.Pending {
			rung[r.Agent] = true
		}
	}
	if len(rung) == 0 {
		return rung
	}
	change.Alert = &Alert{
		WaitedMS: e.At.Sub(e.Call.Begin).Milliseconds(),
		Earlier:  h.callers.alerted(e.Call.ID, rung),
	}
	h.deliverTo(rung, frame{body: h.encode(change), board: e.Seq, urgent: true})
	return rung
}

// deliverTo puts f on the queues of the given agents' clients.
func (h *Hub) deliverTo(agents map[string]bool, f frame) {
	if f.body == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for id := range agents {
		for _, c := range h.agents[id] {
			c.send(f)
		}
	}
}
