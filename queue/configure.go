package queue

import (
	"cmp"
	"maps"
	"slices"

	"calld/config"
)

// configure puts a new configuration in force. What was removed finishes the
// calls it has.
func (m *machine) configure(cfg *config.Config) {
	m.loc, m.callers, m.numbering = cfg.Server.Timezone, cfg.Callers, cfg.Outbound.Numbering
	clear(m.numbers)
	keep := map[string]bool{}
	for _, q := range cfg.Queues {
		keep[q.ID] = true
		l := m.lines[q.ID]
		if l == nil {
			l = &line{}
			m.lines[q.ID] = l
		}
		l.cfg, l.removed = q, false
		m.numbers[q.Number] = l
		m.setHours(l, cfg)
	}
	for _, l := range m.sortedLines() {
		if keep[l.cfg.ID] {
			continue
		}
		l.removed = true
		if l.done() {
			m.dropLine(l)
		}
	}
	m.rankCallers()
	m.configureAgents(cfg)
	for _, l := range m.sortedLines() {
		m.checkEmpty(l)
		m.mark(l)
	}
	for _, c := range m.sortedCalls() {
		m.watch(c)
	}
	m.reshaped = true
}

func (m *machine) configureAgents(cfg *config.Config) {
	clear(m.phones)
	keep := map[string]bool{}
	for _, ac := range cfg.Agents {
		keep[ac.ID] = true
		a := m.agents[ac.ID]
		if a == nil {
			a = &agent{device: PhoneUnknown, since: m.now, idleSince: m.now, shown: Offline, sockets: m.pages[ac.ID]}
			a.connected = a.sockets > 0
			m.agents[ac.ID] = a
			delete(m.pages, ac.ID)
		}
		if a.cfg.Phone != ac.Phone {
			a.device = PhoneUnknown
		}
		if a.removed { // its pages have stayed, for the call it has
			a.connected = a.sockets > 0
		}
		a.cfg, a.removed = ac, false
		if ac.Phone != "" {
			m.phones[ac.Phone] = a
		}
	}
	for _, a := range m.sortedAgents() {
		if !keep[a.cfg.ID] {
			a.removed, a.connected = true, false
			m.setSince(a)
		}
	}
	// A removed queue keeps its members until its last call is over.
	for _, l := range m.lines {
		if !l.removed {
			l.agents = nil
		} else {
			l.agents = slices.DeleteFunc(l.agents, func(a *agent) bool { return a.removed && a.call == nil })
		}
	}
	for _, a := range m.agents {
		a.lines = slices.DeleteFunc(a.lines, func(l *line) bool { return !l.removed })
	}
	for _, ac := range cfg.Agents {
		a := m.agents[ac.ID]
		for _, id := range ac.Queues {
			if l := m.lines[id]; l != nil && !l.removed && ac.Phone != "" {
				l.agents = append(l.agents, a)
				a.lines = append(a.lines, l)
			}
		}
		m.changed(a)
	}
}

// dropLine forgets a removed queue whose last call is over.
func (m *machine) dropLine(l *line) {
	delete(m.lines, l.cfg.ID)
	m.reshaped = true
	for _, a := range l.agents {
		a.lines = slices.DeleteFunc(a.lines, func(x *line) bool { return x == l })
	}
}

// forget drops a removed agent. The pages that are still open count when a reload
// brings the agent back before they are closed.
func (m *machine) forget(a *agent) {
	if m.agents[a.cfg.ID] == a {
		delete(m.agents, a.cfg.ID)
		if a.sockets > 0 {
			m.pages[a.cfg.ID] = a.sockets
		}
		m.reshaped = true
	}
	for _, l := range m.lines {
		l.agents = slices.DeleteFunc(l.agents, func(x *agent) bool { return x == a })
	}
}

// The sorted lists make decisions independent of Go's map order.

func (m *machine) sortedLines() []*line {
	return slices.SortedFunc(maps.Values(m.lines), func(a, b *line) int { return cmp.Compare(a.cfg.ID, b.cfg.ID) })
}

func (m *machine) sortedAgents() []*agent {
	return slices.SortedFunc(maps.Values(m.agents), func(a, b *agent) int { return cmp.Compare(a.cfg.ID, b.cfg.ID) })
}

func (m *machine) sortedCalls() []*call {
	return slices.SortedFunc(maps.Values(m.calls), func(a, b *call) int {
		if a.before(b) {
			return -1
		}
		return 1
	})
}

func (m *machine) snapshot() Snapshot {
	s := Snapshot{Seq: m.seq, Queues: []QueueStatus{}, Agents: []AgentStatus{}, Calls: []Call{}}
	for _, l := range m.sortedLines() {
		s.Queues = append(s.Queues, l.status(m.now))
	}
	for _, a := range m.sortedAgents() {
		s.Agents = append(s.Agents, a.status(m.now))
	}
	for _, c := range m.sortedCalls() {
		s.Calls = append(s.Calls, c.clone())
	}
	return s
}
