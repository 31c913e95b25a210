package queue

import (
	"slices"

	"calld/config"
)

// The twin's overflows: what becomes of calls that their queues do not serve.

type twinLeaving struct {
	call *twinCall
	why  Outcome
}

// refuses tells why a queue takes no call now.
func (t *twin) refuses(id string) Outcome {
	q := t.queues[id]
	if !q.schedule.At(t.now).Open {
		return Closed
	}
	free := 0
	for _, a := range q.members {
		if t.free(t.agents[a]) {
			free++
		}
	}
	callers := 0
	for _, c := range t.calls {
		if c.Queue == id && c.inLine() {
			callers++
		}
	}
	if q.cfg.MaxWaiting > 0 && callers-free >= q.cfg.MaxWaiting {
		return Full
	}
	return ""
}

func (t *twin) way(c *twinCall, why Outcome) config.Overflow {
	q := t.queues[c.Queue]
	if why == Closed && q.schedule.At(t.now).Holiday != "" {
		return q.cfg.OnHoliday
	}
	return map[Outcome]config.Overflow{Closed: q.cfg.OnClosed, Full: q.cfg.OnFull, NoAgent: q.cfg.OnNoAgent, Timeout: q.cfg.OnMaxWait}[why]
}

// passable reports whether a call may go that way.
func (t *twin) passable(c *twinCall, to config.Overflow) bool {
	been := []string{c.Queue}
	for _, x := range c.Transfers {
		if x.Kind == "overflow" {
			been = append(been, x.Queue)
		} else {
			been = []string{c.Queue}
		}
	}
	q := t.queues[to.Queue]
	return to.Number != "" || q != nil && !q.removed && !slices.Contains(been, to.Queue)
}

func (t *twin) notServed(c *twinCall, why Outcome) {
	if t.way(c, why).Message && c.Start == nil && c.Direction == In {
		t.takeMessage(c, why)
		t.direct = append(t.direct, direct{call: c.ID, message: true})
		return
	}
	if c.hurried() || !t.passable(c, t.way(c, why)) {
		t.end(c, t.now, why, "")
		return
	}
	t.leaving = append(t.leaving, twinLeaving{c, why})
}

// leadOn leads the calls on that leave, the one who came first first.
func (t *twin) leadOn() {
	list := t.leaving
	t.leaving = nil
	for _, c := range t.byTurn() {
		if i := slices.IndexFunc(list, func(x twinLeaving) bool { return x.call == c }); i >= 0 {
			t.overflow(c, list[i].why)
		}
	}
}

func (t *twin) overflow(c *twinCall, why Outcome) {
	to := t.way(c, why)
	if to.Message && c.Start == nil && c.Direction == In {
		t.takeMessage(c, why)
		t.direct = append(t.direct, direct{call: c.ID, message: true})
		return
	}
	if !t.passable(c, to) {
		t.end(c, t.now, why, "")
		return
	}
	t.transferred(c, TransferNoAnswer)
	c.Transfers = append(c.Transfers, Transfer{At: t.now, To: to.Queue + to.Number, Kind: "overflow", Queue: c.Queue, Reason: why})
	c.waitFrom = t.now
	if to.Number != "" {
		c.Phase = Transferred
		t.direct = append(t.direct, direct{call: c.ID, number: to.Number})
		return
	}
	// It counts where it goes only when it stays there.
	c.Phase = Ended
	c.Queue = to.Queue
	why = t.refuses(c.Queue)
	c.Phase = Greeting
	if why != "" {
		t.overflow(c, why)
		return
	}
	t.direct = append(t.direct, direct{call: c.ID, moved: true})
}

// overflown reports whether a queue has led the call where it is.
func (c *twinCall) overflown() bool {
	n := len(c.Transfers)
	return n > 0 && c.Transfers[n-1].Kind == "overflow"
}
