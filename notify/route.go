package notify

import (
	"encoding/json"
	"slices"

	"calld/config"
	"calld/queue"
)

// frame is one thing for a client's writer to send: text, or a welcome that
// the writer makes when it comes to it.
type frame struct {
	// body is a JSON object. It is shared by all clients that get it.
	body []byte
	// masked is the body for who is to see no customer's number, shared as well.
	masked []byte
	// board is the seq of the board's event it tells of; 0 for all else.
	board uint64
	// answer marks acks and errors, which carry no seq.
	answer  bool
	welcome *rights
	pong    []byte // answers a ping
	urgent  bool   // not to wait for company
	figures string // the queue whose figures it tells, and nothing else
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

// frame makes a frame of what may hold a customer's number; masked is the same
// without it.
func (h *Hub) frame(v any, masked func() any) frame {
	f := frame{body: h.encode(v)}
	if h.masks != nil && h.masks(config.RoleAgent) {
		f.masked = h.encode(masked())
	}
	return f
}

// route hands out one event of the board.
func (h *Hub) route(e *queue.Event) {
	switch e.Kind {
	case queue.Reconfigured:
		h.refresh()
	case queue.AgentChanged:
		body := h.encode(AgentChange{Type: TypeAgentState, At: e.At, Agent: *e.Agent})
		h.deliver(frame{body: body, board: e.Seq}, audience{queues: e.Agent.Queues, agents: []string{e.Agent.ID}})
	case queue.QueueChanged:
		body := h.encode(QueueChange{Type: TypeQueueStats, At: e.At, Queue: *e.Queue})
		h.deliver(frame{body: body, board: e.Seq, figures: e.Queue.ID}, audience{queues: []string{e.Queue.ID}})
	default:
		h.routeCall(e)
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
	to := audience{queues: queuesOf(e.Call), agents: concerned(e)}
	switch e.Kind {
	case queue.CallRinging:
		to.but = h.alert(e, change)
	case queue.CallAnswered:
		change.By = &Person{ID: e.Call.Agent}
		if a, ok := h.auth.Agent(e.Call.Agent); ok {
			change.By.Name = a.Name
		}
	case queue.CallEnded:
		h.callers.forget(e.Call.ID)
	default:
	}
	h.deliver(h.callFrame(e.Seq, change), to)
	if e.Call.Missed() {
		change.Type = TypeMissed
		h.deliver(h.callFrame(e.Seq, change), to)
	}
}

// callFrame makes the frame of a change of a call.
func (h *Hub) callFrame(seq uint64, change CallChange) frame {
	f := h.frame(change, func() any {
		number := change.Call.CustomerNumber()
		change.Call = change.Call.Masked()
		if change.Alert != nil {
			alert := *change.Alert
			alert.Earlier = maskedEarlier(alert.Earlier, number)
			change.Alert = &alert
		}
		return change
	})
	f.board = seq
	return f
}

// queuesOf lists the queue of a call and those that it was handed over from:
// their pages have it too, and must hear how it goes on.
func queuesOf(c *queue.Call) []string {
	ids := []string{c.Queue}
	for i := range c.Transfers {
		if id := c.Transfers[i].Queue; id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// concerned lists the agents who talk on a call, were rung for it or consulted.
func concerned(e *queue.Event) []string {
	c := e.Call
	ids := make([]string, 0, len(c.Rings)+len(c.Transfers)+2)
	add := func(id string) {
		if id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	add(c.Agent)
	for i := range c.Rings {
		add(c.Rings[i].Agent)
	}
	if c.Consult != nil {
		add(c.Consult.Agent)
	}
	for i := range c.Transfers {
		if x := &c.Transfers[i]; x.Kind == queue.Consultative {
			add(x.To) // who has heard of the call, and must hear of its end
		}
	}
	return ids
}

// alert tells the agents newly rung who calls, and returns who they are.
func (h *Hub) alert(e *queue.Event, change CallChange) []string {
	var rung []string
	for i := range e.Ring {
		if e.Ring[i].Result == queue.Pending {
			rung = append(rung, e.Ring[i].Agent)
		}
	}
	if len(rung) == 0 {
		return nil
	}
	change.Alert = &Alert{
		WaitedMS: e.At.Sub(e.Call.Begin).Milliseconds(),
		Earlier:  h.callers.alerted(e.Call.ID, rung),
	}
	h.deliver(h.callFrame(e.Seq, change), audience{agents: rung, alone: true})
	return rung
}
