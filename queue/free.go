package queue

import "fmt"

// Free takes an agent off the call in hand, at a supervisor's wish, when its
// channel is gone and nothing tells so: a talk, or a call that the agent makes,
// ends as failed with the cause "freed", a ringing is withdrawn from this agent, after-call work ends. An
// agent with none of these stays as it was. The error is [ErrUnknownAgent].
func (b *Board) Free(agentID string) error {
	err := fmt.Errorf("%w: %q", ErrUnknownAgent, agentID)
	b.do(func(m *machine) {
		if a := m.agents[agentID]; a != nil { // one that a reload has removed may be stuck too
			m.free(a)
			err = nil
		}
	})
	return err
}

func (m *machine) free(a *agent) {
	c := a.call
	switch {
	case c == nil:
		m.endWrapup(a)
	case c.consult != nil && c.consult.agent == a:
		m.freed++
		m.consultOver(c, TransferFailed, CutShort)
	case c.Phase == Talking, c.ByAgent():
		m.freed++
		m.end(m.now, c, Failed, "freed")
		m.endWrapup(a)
	case c.Phase == Ringing:
		m.freed++
		m.withdraw(a)
	}
}

// withdraw stops the ringing of an agent; the call rings on at others, or its
// script tells how it went on.
func (m *machine) withdraw(a *agent) {
	c := a.call
	if c.ByAgent() {
		m.end(m.now, c, Failed, "agent_"+string(CutShort))
		return
	}
	for _, l := range c.offer.legs {
		if l.agent == a {
			m.legOver(m.now, c, l, CutShort)
			m.emitCall(CallRinging, c, []Ring{c.Rings[l.ring]})
		}
	}
	m.callDue(c) // the guard may have waited for this agent alone
}
