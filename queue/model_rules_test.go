package queue

import (
	"maps"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// view is what an observer knows of a board: a snapshot, and the events since.
type view struct {
	seq    uint64
	agents map[string]AgentStatus
	calls  map[string]*Call
	queues map[string]QueueStatus
}

// heardOf checks what holds of every board: the rules of the package comment,
// and that a snapshot and the events after it make a later snapshot.
func (w *world) heardOf() {
	w.steps++
	w.follow()
	w.checkAgents()
	w.checkCalls()
	w.checkNobodyIsKeptWaiting()
}

// follow takes the events into the view.
func (w *world) follow() {
	v, fresh := &w.view, w.view.agents == nil
	for _, e := range w.events {
		if e.Seq != v.seq+1 {
			w.fail("event %d follows event %d", e.Seq, v.seq)
		}
		if !e.At.Equal(w.now) {
			w.fail("event %d is dated %s", e.Seq, e.At)
		}
		v.seq = e.Seq
		switch e.Kind {
		case Reconfigured:
			fresh = true
		case AgentChanged:
			if !fresh {
				v.agents[e.Agent.ID] = *e.Agent
			}
		case QueueChanged:
			if !fresh {
				v.queues[e.Queue.ID] = *e.Queue
			}
		case CallEnded:
			if !fresh {
				delete(v.calls, e.Call.ID)
			}
		case CallWaiting, CallRinging, CallAnswered, CallChanged:
			if !fresh {
				v.calls[e.Call.ID] = e.Call
			}
		}
	}
	if !fresh && w.steps%8 > 0 {
		return
	}
	s := w.board.Snapshot()
	if s.Seq != v.seq {
		w.fail("the snapshot is of event %d, want %d", s.Seq, v.seq)
	}
	if fresh {
		*v = view{seq: s.Seq, agents: map[string]AgentStatus{}, calls: map[string]*Call{}, queues: map[string]QueueStatus{}}
		for _, a := range s.Agents {
			v.agents[a.ID] = a
		}
		for _, q := range s.Queues {
			v.queues[q.ID] = q
		}
		for _, c := range s.Calls {
			v.calls[c.ID] = &c
		}
		return
	}
	if len(s.Agents) != len(v.agents) || len(s.Calls) != len(v.calls) || len(s.Queues) != len(v.queues) {
		w.fail("the events make %d agents, %d calls, %d queues; the snapshot has %d, %d, %d",
			len(v.agents), len(v.calls), len(v.queues), len(s.Agents), len(s.Calls), len(s.Queues))
	}
	for _, a := range s.Agents {
		if known := v.agents[a.ID]; known.differs(&a) {
			w.fail("agent (-events +snapshot):\n%s", cmp.Diff(known, a))
		}
	}
	for _, c := range s.Calls {
		if known := v.calls[c.ID]; known == nil || !sameCall(known, &c) {
			w.fail("call (-events +snapshot):\n%s", cmp.Diff(known, &c, cmpopts.EquateEmpty()))
		}
	}
	for _, q := range s.Queues {
		if known := v.queues[q.ID]; !w.board.m.lines[q.ID].statsLater && !sameQueue(&known, &q) {
			w.fail("queue (-events +snapshot):\n%s", cmp.Diff(known, q))
		}
	}
}

// checkAgents checks that an agent is with one call at most, and that whoever
// is not free has a call or a timer.
func (w *world) checkAgents() {
	m := w.board.m
	held := map[string]string{}
	for _, c := range m.calls {
		if x := c.consult; x != nil && x.agent != nil {
			if held[x.agent.cfg.ID] != "" || x.agent.call != c {
				w.fail("%s is consulted by %s, and rings for %s", x.agent.cfg.ID, c.ID, held[x.agent.cfg.ID])
			}
			held[x.agent.cfg.ID] = c.ID
		}
		if c.Phase != Ringing {
			continue
		}
		for _, l := range c.offer.legs {
			if c.Rings[l.ring].Result != Pending {
				continue
			}
			id := l.agent.cfg.ID
			if held[id] != "" || l.agent.call != c {
				w.fail("%s rings for %s and %s", id, c.ID, held[id])
			}
			held[id] = c.ID
		}
	}
	for id, a := range m.agents {
		timed := func(at time.Time) bool {
			return slices.ContainsFunc(m.timers, func(t timer) bool { return t.agent == a && !t.at.After(at) })
		}
		switch s := a.state(m.now); {
		case a.call != nil && m.calls[a.call.ID] != a.call:
			w.fail("%s is held by %s, which is over", id, a.call.ID)
		case s == AgentRings && held[id] == "":
			w.fail("%s rings for nobody", id)
		case s == AgentTalks && a.call.Agent != id && held[id] == "":
			w.fail("%s talks in the call of %s", id, a.call.Agent)
		case s == AgentWrapup && !timed(a.wrapupEnd):
			w.fail("the wrap-up of %s never ends", id)
		case a.connected && a.sockets == 0 && !timed(a.graceEnd):
			w.fail("the grace of %s never ends", id)
		}
	}
}

func (w *world) checkCalls() {
	m := w.board.m
	for _, c := range m.calls {
		// A call that an agent makes is turned over in the middle of a talk; before
		// that, a consultation may have failed whose script never came.
		moved := slices.ContainsFunc(c.Transfers, Transfer.Moved)
		if out := c.ByAgent(); c.Direction == In && IsOutChannel(c.UniqueID) || out && (c.Phase == Greeting || c.Phase == Waiting || c.HeldSince != nil || moved) || !out && c.Phase == Dialling {
			w.fail("%s goes %s on channel %s and is %s", c.ID, c.Direction, c.UniqueID, c.Phase)
		}
		if c.Phase == Ended || c.Outcome != "" || c.Phase == Ringing && len(c.offer.legs) == 0 {
			w.fail("%s is live, but %s, %q", c.ID, c.Phase, c.Outcome)
		}
		if been := visited(&c.Call); len(slices.Compact(slices.Sorted(slices.Values(been)))) < len(been) {
			w.fail("%s was led to a queue twice: %v", c.ID, been)
		}
		if c.Phase != Booked && m.channels[c.UniqueID] != c {
			w.fail("%s can't be found by its channel", c.ID)
		}
	}
	for id, c := range m.channels {
		if m.calls[c.ID] != c {
			w.fail("channel %s is of %s, which is over", id, c.ID)
		}
	}
	for id, l := range m.lines {
		if !slices.IsSortedFunc(l.waiting, turn) {
			w.fail("the line of %s is out of order", id)
		}
	}
}

// visited lists the queues that a call was led through since an agent last had
// it.
func visited(c *Call) []string {
	been := []string{c.Queue}
	for _, x := range slices.Backward(c.Transfers) {
		if x.Kind != KindOverflow {
			break
		}
		been = append(been, x.Queue)
	}
	if n := len(c.Transfers); n > 0 && c.Transfers[n-1].Kind == KindOverflow && c.Transfers[n-1].Queue == c.Queue {
		been = been[1:] // a number was called for it where it was
	}
	return been
}

// checkNobodyIsKeptWaiting looks for a free agent beside a caller who could be
// served.
func (w *world) checkNobodyIsKeptWaiting() {
	m := w.board.m
	for _, a := range m.agents {
		if !a.isFree(m.now) {
			continue
		}
		for _, l := range a.lines {
			for _, c := range l.waiting {
				if c.expected() && !c.dialled() && c.goneAt.IsZero() && m.now.Before(c.lostAt.Add(ReturnGrace)) {
					break
				}
				if c.Phase != Waiting || c.expected() || !c.goneAt.IsZero() || m.now.Before(c.refusals[a].until) {
					continue
				}
				if l.cfg.MaxWait > 0 && !c.dialled() && c.waitsFrom().Add(l.cfg.MaxWait).Sub(m.now) < minRing {
					continue
				}
				if !c.dialled() && m.now.Before(c.waitsFrom().Add(time.Duration(l.cfg.Level(a.cfg.ID)-1)*l.cfg.LevelAfter)) {
					continue
				}
				if c.Sticky != "" && c.Sticky != a.cfg.ID && m.now.Before(c.waitsFrom().Add(l.cfg.StickyWait)) {
					continue
				}
				w.fail("%s is free and %s waits", a.cfg.ID, c.ID)
			}
		}
	}
}

func sameQueue(a, b *QueueStatus) bool {
	return a.ID == b.ID && a.Name == b.Name && a.Number == b.Number && a.Waiting == b.Waiting && a.Ringing == b.Ringing &&
		a.Talking == b.Talking && maps.Equal(a.Agents, b.Agents) && sameTime(a.LongestSince, b.LongestSince) &&
		a.Hours.Open == b.Hours.Open && a.Hours.Holiday == b.Hours.Holiday && sameTime(a.Hours.Until, b.Hours.Until)
}
