package queue

import (
	"slices"
	"time"

	"calld/config"
)

// reasonNoAnswer is the away reason of an agent set away for not answering.
const reasonNoAnswer = "no_answer"

// agent is a person who may take calls.
type agent struct {
	cfg     config.Agent
	lines   []*line // the queues served
	removed bool    // taken out of the configuration: finishes the call in hand

	sockets   int       // page connections; counted on while removed
	connected bool      // sockets > 0, or in the grace after the last one dropped; false while removed
	graceEnd  time.Time // meaningful while connected with no sockets
	away      bool
	reason    string
	keepAway  bool // away and reason come from before a restart: the first log-in keeps them
	device    PhoneState
	call      *call     // rung or talked with; nil when neither
	wrapupEnd time.Time // after-call work ends; zero when there is none
	idleSince time.Time // since when the agent could have taken a call
	misses    int       // offers in a row that were not answered
	calls     int       // answered today

	since time.Time // when the state that is shown began
	shown AgentState
	told  bool // last has been published
	last  AgentStatus
	dirty bool
}

// state tells what the world sees.
func (a *agent) state(now time.Time) AgentState {
	switch {
	case a.call != nil && a.call.consult != nil && a.call.consult.agent == a && a.call.Consult.Answered == nil:
		return AgentRings
	case a.call != nil && (a.call.Phase == Talking || a.call.Phase == Dialling):
		return AgentTalks
	case a.call != nil:
		return AgentRings
	case !a.connected:
		return Offline
	case now.Before(a.wrapupEnd):
		return AgentWrapup
	case a.away:
		return Away
	case a.device == PhoneUnreachable:
		return PhoneAway
	}
	return Available
}

// isFree reports whether the agent may be offered a call.
func (a *agent) isFree(now time.Time) bool {
	return a.state(now) == Available && a.device != PhoneBusy && !a.removed && a.cfg.Phone != ""
}

func (a *agent) status(now time.Time) AgentStatus {
	s := AgentStatus{
		ID: a.cfg.ID, Name: a.cfg.Name, Phone: a.cfg.Phone, Queues: slices.Clone(a.cfg.Queues),
		State: a.state(now), Since: a.since, Device: a.device, Calls: a.calls,
	}
	switch {
	case s.State == Away:
		s.Reason = a.reason
	case s.State == AgentWrapup:
		until := a.wrapupEnd
		s.Until = &until
	case a.call != nil:
		s.Call = a.call.ID
	}
	return s
}

func (s *AgentStatus) differs(t *AgentStatus) bool {
	return s.State != t.State || s.Reason != t.Reason || s.Call != t.Call || s.Device != t.Device ||
		s.Calls != t.Calls || s.Name != t.Name || s.Phone != t.Phone || !slices.Equal(s.Queues, t.Queues) ||
		!s.Since.Equal(t.Since) || (s.Until == nil) != (t.Until == nil) || s.Until != nil && !s.Until.Equal(*t.Until)
}

// setSince marks the agent as changed and notes since when the shown state
// stands.
func (m *machine) setSince(a *agent) {
	if s := a.state(m.now); s != a.shown || a.since.IsZero() {
		a.shown, a.since = s, m.now
	}
	m.touch(a)
}

// changed is called after any input that may have changed the agent's state.
func (m *machine) changed(a *agent) {
	before := a.shown
	m.setSince(a)
	if a.shown == Available && before != Available && before != AgentRings { // ringing in vain is no work
		a.idleSince = m.now
	}
	if !a.isFree(m.now) {
		m.left(a)
		return
	}
	for _, l := range a.lines {
		m.mark(l)
	}
}

// missedOne counts an offer not taken; after limit in a row the agent is set
// away.
func (a *agent) missedOne(limit int) {
	a.misses++
	if limit > 0 && a.misses >= limit {
		a.away, a.reason, a.misses = true, reasonNoAnswer, 0
	}
}

// freeAgent takes the agent off its call.
func (m *machine) freeAgent(a *agent, wrapup time.Duration) {
	a.call = nil
	if wrapup > 0 && a.connected {
		a.wrapupEnd = m.now.Add(wrapup)
		m.at(a.wrapupEnd, timer{agent: a})
	}
	m.changed(a)
}

// agentDue looks at what time changes of an agent.
func (m *machine) agentDue(a *agent) {
	if a.connected && a.sockets == 0 && !m.now.Before(a.graceEnd) {
		m.logOff(a)
		return
	}
	m.changed(a)
}

// connect counts a page connection; the first one logs the agent in.
func (m *machine) connect(a *agent) {
	a.sockets++
	if a.connected {
		m.touch(a)
		return
	}
	a.connected = true
	a.misses = 0
	if !a.keepAway {
		a.away, a.reason = false, ""
	}
	a.keepAway = false
	for _, l := range a.lines {
		l.emptySince = time.Time{}
	}
	m.changed(a)
}

func (m *machine) disconnect(a *agent) {
	if a.sockets > 0 {
		a.sockets--
	}
	if a.sockets == 0 && a.connected {
		a.graceEnd = m.now.Add(Grace)
		m.at(a.graceEnd, timer{agent: a})
	}
}

// closePage takes back a connect of an agent who is forgotten; false when there was
// none.
func (m *machine) closePage(agentID string) bool {
	n := m.pages[agentID]
	if m.pages[agentID] = n - 1; n <= 1 {
		delete(m.pages, agentID)
	}
	return n > 0
}

// logOff makes the agent offline at once; a call in hand goes on.
func (m *machine) logOff(a *agent) {
	a.connected = false
	a.wrapupEnd = time.Time{}
	a.away, a.reason = false, ""
	m.changed(a)
	for _, l := range a.lines {
		m.checkEmpty(l)
	}
}

// checkEmpty notes since when nobody is logged in to a queue.
func (m *machine) checkEmpty(l *line) {
	if slices.ContainsFunc(l.agents, func(a *agent) bool { return a.connected }) {
		l.emptySince = time.Time{}
		return
	}
	if l.emptySince.IsZero() {
		l.emptySince = m.now
	}
	for _, c := range l.waiting {
		m.watch(c)
	}
}

func (m *machine) setAway(a *agent, away bool, reason string) {
	if !away {
		reason = ""
		a.misses = 0
		a.wrapupEnd = time.Time{}
	}
	a.away, a.reason = away, reason
	m.changed(a)
}

func (m *machine) endWrapup(a *agent) {
	a.wrapupEnd = time.Time{}
	m.changed(a)
}

func (m *machine) setDevice(a *agent, s PhoneState) {
	if a.device == s {
		return
	}
	a.device = s
	m.changed(a)
}

// setDeaf tells whether events from the exchange are missing. Without them a
// busy phone can't be told from a free one, so it is tried; one that was
// unreachable stays so until the exchange says otherwise.
func (m *machine) setDeaf(deaf bool) {
	if m.deaf == deaf {
		return
	}
	m.deaf = deaf
	if !deaf {
		m.hearsSince = m.now
		for _, c := range m.sortedCalls() {
			if c.Phase == Ringing {
				m.at(m.now.Add(ringGuard), timer{call: c})
			}
			if c.Phase == Booked {
				m.mark(c.line)
			}
		}
		return
	}
	for _, a := range m.sortedAgents() {
		if a.device == PhoneBusy {
			m.setDevice(a, PhoneUnknown)
		}
	}
	for _, c := range m.sortedCalls() {
		switch {
		case c.dropped:
			m.end(c.goneAt, c, Failed, "asterisk_stopped")
		case c.Phase == Ringing:
			m.alert(c)
		}
	}
}
