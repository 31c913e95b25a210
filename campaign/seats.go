package campaign

import (
	"slices"
	"time"

	"calld/pacing"
	"calld/queue"
)

// seat is an agent as the board tells.
type seat struct{ queue.AgentStatus }

func (s *seat) free() bool {
	return s.State == queue.Available && s.Device != queue.PhoneBusy && s.Phone != ""
}

// busy: the agent will be free later.
func (s *seat) busy() bool {
	return s.State == queue.AgentRings || s.State == queue.AgentTalks || s.State == queue.AgentWrapup
}

// Observe takes an event of the board: see [queue.Observer]. While no campaign
// runs it costs nothing.
func (d *Dialler) Observe(e *queue.Event) {
	if e.Kind != queue.QueueChanged && !d.idle.Load() {
		d.hear(func() { d.observed(e) })
	}
}

// listenNoMore has the board not listened to while there is no campaign and no try.
func (d *Dialler) listenNoMore() {
	if len(d.runs) == 0 && len(d.tries) == 0 {
		d.idle.Store(true)
	}
}

// listen has the board listened to again. What it told meanwhile is in its
// snapshot: the board tells an event before it shows its effect to anybody else.
func (d *Dialler) listen() {
	if d.idle.Swap(false) {
		d.sync()
	}
}

func (d *Dialler) observed(e *queue.Event) {
	if e.Seq <= d.seq {
		return // the snapshot has it
	}
	d.seq = e.Seq
	switch e.Kind {
	case queue.Reconfigured:
		d.sync()
	case queue.AgentChanged:
		d.agentChanged(*e.Agent, e.At)
	case queue.CallWaiting, queue.CallRinging, queue.CallAnswered, queue.CallChanged, queue.CallEnded:
		d.called(e.Call)
	case queue.QueueChanged:
	}
}

// sync takes the board as it is.
func (d *Dialler) sync() {
	s := d.o.Board.Snapshot()
	d.seq = s.Seq
	known := map[string]bool{}
	for _, a := range s.Agents {
		known[a.ID] = true
		d.agentChanged(a, s.At)
	}
	for id := range d.agents {
		if !known[id] {
			delete(d.agents, id)
			d.shares.release(id)
		}
	}
	calls := map[string]bool{}
	for i := range s.Calls {
		calls[s.Calls[i].ID] = true
		d.called(&s.Calls[i])
	}
	for id := range d.live {
		if !calls[id] {
			d.forgetCall(id)
		}
	}
	for id, t := range d.tries {
		if o, over := d.o.Board.OutcomeOf(id); over && t.entered && !t.left {
			t.left = true
			if t.r.AgentResult == "" {
				t.r.AgentResult = resultOf(o, nil)
			}
		}
	}
}

// agentChanged notes an agent's state, and tells the pacer of ends of talks and
// of after-call work.
func (d *Dialler) agentChanged(a queue.AgentStatus, at time.Time) {
	was := d.agents[a.ID]
	d.agents[a.ID] = &seat{a}
	if was == nil || was.State == a.State {
		return
	}
	if r := d.runs[d.shares.of[a.ID]]; r != nil && r.pacer != nil {
		took := at.Sub(was.Since)
		switch was.State {
		case queue.AgentTalks:
			r.learn(pacing.Fact{Kind: pacing.TalkEnded, At: at, Took: took})
			if a.State != queue.AgentWrapup {
				r.learn(pacing.Fact{Kind: pacing.WrapUpEnded, At: at})
			}
		case queue.AgentWrapup:
			r.learn(pacing.Fact{Kind: pacing.WrapUpEnded, At: at, Took: took})
		case queue.Offline, queue.PhoneAway, queue.Available, queue.Away, queue.AgentRings:
		}
	}
	if s := d.agents[a.ID]; was.busy() && !s.busy() || !s.free() && !s.busy() {
		d.shares.release(a.ID)
	}
}

// sharers lists the agents who work, in a fixed order.
func (d *Dialler) sharers() []sharer {
	list := make([]sharer, 0, len(d.agents))
	for _, s := range d.agents {
		if s.free() || s.busy() {
			list = append(list, sharer{id: s.ID, queues: s.Queues, free: s.free()})
		}
	}
	slices.SortFunc(list, func(a, b sharer) int {
		if a.id < b.id {
			return -1
		}
		return 1
	})
	return list
}

// called notes a live call of anybody: its customer is not dialled meanwhile.
func (d *Dialler) called(c *queue.Call) {
	if t := d.tries[c.ID]; t != nil {
		d.onBoard(t, c)
		return
	}
	if c.Phase == queue.Ended {
		d.forgetCall(c.ID)
		return
	}
	customer := c.Caller
	if c.Direction == queue.Out {
		customer = c.Callee
	}
	number := d.sameNumber(customer)
	if _, known := d.live[c.ID]; !known && number != "" {
		d.live[c.ID] = number
		d.inUse[number]++
	}
}

func (d *Dialler) forgetCall(id string) {
	if number, ok := d.live[id]; ok {
		delete(d.live, id)
		d.putBack(number)
	}
}

// putBack ends the use of a number.
func (d *Dialler) putBack(number string) {
	if d.inUse[number]--; d.inUse[number] <= 0 {
		delete(d.inUse, number)
	}
}
