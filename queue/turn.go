package queue

import (
	"cmp"
	"slices"
	"time"
)

// Whose turn it is: which caller is served first, and by which agents. A lead
// is bounded and counts against the time at which callers came. So the order of
// two callers never changes by waiting, and nobody is overtaken by those who
// came later than the lead of these: nobody waits for ever.

const (
	// VIPLead is how much earlier than they did VIPs count as having come.
	VIPLead = time.Hour
	// WeightLead is the same of the callers of a queue, for each unit of its
	// weight.
	WeightLead = time.Minute
)

// place is the moment by which a call stands in its line.
func (c *call) place() time.Time {
	at := c.Begin
	if c.Place != nil {
		at = *c.Place
	}
	if c.VIP {
		return at.Add(-VIPLead)
	}
	return at
}

// turn compares two calls, of any queues: negative when a is served first.
func turn(a, b *call) int {
	if a.dialled() != b.dialled() {
		if b.dialled() {
			return -1
		}
		return 1
	}
	lead := func(c *call) time.Duration { return time.Duration(c.line.cfg.Weight) * WeightLead }
	return cmp.Or(a.place().Add(-lead(a)).Compare(b.place().Add(-lead(b))), cmp.Compare(a.arrival, b.arrival))
}

// CustomerNumber is the customer's number; empty when withheld.
func (c *Call) CustomerNumber() string {
	if c.Direction == Out {
		return c.Callee
	}
	return c.Caller
}

// rankCallers marks the VIPs among the live calls anew.
func (m *machine) rankCallers() {
	for _, c := range m.calls {
		c.VIP = m.callers.VIP.Has(&m.numbering, c.CustomerNumber())
	}
	for _, l := range m.lines {
		slices.SortFunc(l.waiting, turn)
	}
}

// staff is who of a line could be rung at one moment.
type staff struct {
	free []*agent
	// levels are those at which somebody works, the first of them first; nil
	// when callers don't wait for a level.
	levels []int
}

func (l *line) staff(now time.Time) staff {
	s := staff{free: l.free(now)}
	if l.cfg.LevelAfter <= 0 || len(s.free) == 0 {
		return s
	}
	for _, a := range l.agents {
		if a.works(now) {
			s.levels = append(s.levels, l.cfg.Level(a.cfg.ID))
		}
	}
	slices.Sort(s.levels)
	s.levels = slices.Compact(s.levels)
	return s
}

// works reports whether calls can be expected to be taken by the agent, now or
// soon.
func (a *agent) works(now time.Time) bool {
	switch a.state(now) {
	case Available, AgentRings, AgentTalks, AgentWrapup:
		return true
	case Offline, PhoneAway, Away:
	}
	return false
}

// suits reports whether a free agent may be rung for c now.
func (m *machine) suits(c *call, a *agent, s staff) bool {
	if c.cooling(a, m.now) {
		return false
	}
	if known := m.known(c); known == a {
		return true
	} else if known != nil && known.works(m.now) && m.now.Before(c.stickyUntil()) {
		return false
	}
	if s.levels == nil || c.dialled() { // who has a moment only
		return true
	}
	before := slices.Index(s.levels, c.line.cfg.Level(a.cfg.ID)) // levels whose turn comes first
	return !m.now.Before(c.waitsFrom().Add(time.Duration(before) * c.line.cfg.LevelAfter))
}

// known is the agent to whom the caller is to come first; nil when there is
// none, or that one has let the call ring.
func (m *machine) known(c *call) *agent {
	if c.Sticky == "" || c.Start != nil {
		return nil
	}
	a := m.agents[c.Sticky]
	if a == nil || c.refusals[a].times > 0 || !slices.Contains(c.line.agents, a) {
		return nil
	}
	return a
}

// stickyUntil is until when the call is kept for the agent who is known.
func (c *call) stickyUntil() time.Time { return c.waitsFrom().Add(c.line.cfg.StickyWait) }

// watchTurn sets the timers of when other agents may be rung for a call.
func (m *machine) watchTurn(c *call) {
	if c.Sticky != "" && c.line.cfg.StickyWait > 0 {
		m.at(c.stickyUntil(), timer{call: c})
	}
	if c.line.cfg.LevelAfter <= 0 {
		return
	}
	last := 1
	for _, level := range c.line.cfg.Levels {
		last = max(last, level)
	}
	for i := 1; i < last; i++ {
		m.at(c.waitsFrom().Add(time.Duration(i)*c.line.cfg.LevelAfter), timer{call: c})
	}
}

// left has the lines of an agent who does not work any more looked at: callers
// may have waited for that one, or for others of the level.
func (m *machine) left(a *agent) {
	for _, l := range a.lines {
		if l.cfg.LevelAfter > 0 || l.cfg.StickyWait > 0 {
			m.mark(l)
		}
	}
}
