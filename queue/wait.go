package queue

import (
	"slices"
	"time"
)

// Place is how a call stands in its queue.
type Place struct {
	Position int           // 1: the next to be served
	Expected time.Duration // about how long it will wait yet; 0: nobody can tell
}

// Place tells how the call stands; false when it does not wait.
func (t *Ticket) Place() (p Place, ok bool) {
	t.do(func(m *machine, c *call) {
		i := slices.Index(c.line.waiting, c)
		if i < 0 {
			return
		}
		p, ok = Place{Position: i + 1, Expected: c.line.expectedWait(m.now, i+1)}, true
	})
	return p, ok
}

// Load tells how many callers of a queue have no agent yet, and about how long
// one who came now would wait: 0 when that can't be told or an agent is free.
func (b *Board) Load(queueID string) (waiting int, expected time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.m.lines[queueID]
	if l == nil {
		return 0, 0
	}
	return len(l.waiting), l.expectedWait(b.now(), len(l.waiting)+1)
}

// handlingWeight is the weight of the latest call in line.handling.
const handlingWeight = 0.1

// handled takes a finished talk into the average.
func (l *line) handled(talk time.Duration) {
	d := talk + l.cfg.Wrapup
	if l.handling == 0 {
		l.handling = d
		return
	}
	l.handling += time.Duration(handlingWeight * float64(d-l.handling))
}

// expectedWait is for the call at a place in line.
func (l *line) expectedWait(now time.Time, position int) time.Duration {
	working := 0
	for _, a := range l.agents {
		switch a.state(now) {
		case AgentRings, AgentTalks, AgentWrapup:
			working++
		case Available:
			if a.isFree(now) {
				return 0
			}
		case Offline, PhoneAway, Away:
		}
	}
	return expectedWait(position, working, l.handling)
}

// expectedWait is how long it takes until so many agents, each of whom becomes
// free once in the time that a call takes on average, have become free as often
// as the position tells. It is 0 when nobody works, or no call is over yet.
func expectedWait(position, working int, handling time.Duration) time.Duration {
	if working == 0 {
		return 0
	}
	return handling * time.Duration(position) / time.Duration(working)
}
