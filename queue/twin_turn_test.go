package queue

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"calld/config"
)

// The twin's rules of whose turn it is, told from the documentation.

// byTurn lists the live calls, who is to be served first first.
func (t *twin) byTurn() []*twinCall {
	counts := func(c *twinCall) time.Time {
		at := c.Begin
		if c.Place != nil {
			at = *c.Place
		}
		since := at.Add(-time.Duration(t.queues[c.Queue].cfg.Weight) * time.Minute)
		if c.VIP {
			since = since.Add(-time.Hour)
		}
		return since
	}
	return slices.SortedFunc(maps.Values(t.calls), func(a, b *twinCall) int {
		if a.hurried() != b.hurried() {
			if b.hurried() {
				return -1
			}
			return 1
		}
		return cmp.Or(counts(a).Compare(counts(b)), cmp.Compare(a.order, b.order))
	})
}

func (t *twin) isVIP(number string) bool { return listed(t.callers.VIP, number) }

func (t *twin) isBlocked(number string) bool {
	return listed(t.callers.Blocked, number) && !t.isVIP(number)
}

func listed(list config.Numbers, number string) bool {
	number = within(number)
	return slices.ContainsFunc(list, func(e string) bool {
		begin, pattern := strings.CutSuffix(e, "*")
		return number != "" && (e == number || pattern && strings.HasPrefix(number, begin))
	})
}

// rank tells anew whether a customer is a VIP.
func (t *twin) rank(c *twinCall) {
	c.VIP = t.isVIP(c.Caller)
	if c.Direction == Out {
		c.VIP = t.isVIP(c.Callee)
	}
}

func level(q config.Queue, id string) int {
	if l, ok := q.Levels[id]; ok {
		return l
	}
	return 1
}

// working reports whether an agent has a call, or will take one soon.
func (t *twin) working(id string) bool {
	s := t.agents[id].state
	return s != Offline && s != Away && s != PhoneAway
}

// known is the agent who is to get the call first, "" when there is none.
func (t *twin) known(c *twinCall) string {
	if c.Start == nil && slices.Contains(t.queues[c.Queue].members, c.Sticky) && c.let[c.Sticky] == 0 {
		return c.Sticky
	}
	return ""
}

// inTurn reports whether an agent may be rung for the call already.
func (t *twin) inTurn(c *twinCall, id string) bool {
	q, known := t.queues[c.Queue], t.known(c)
	if id == known {
		return true
	}
	if known != "" && t.working(known) && !t.past(c.since().Add(q.cfg.StickyWait)) {
		return false
	}
	if c.hurried() {
		return true
	}
	lower := map[int]bool{}
	for _, m := range q.members {
		if level(q.cfg, m) < level(q.cfg, id) && t.working(m) {
			lower[level(q.cfg, m)] = true
		}
	}
	return t.past(c.since().Add(time.Duration(len(lower)) * q.cfg.LevelAfter))
}

// nextLevel is how often those who are next have let the call ring, and their
// level.
func (t *twin) nextLevel(c *twinCall, able []string) (refusals, lowest int) {
	refusals, lowest = 1<<30, 1<<30
	for _, id := range able {
		n, l := c.let[id], level(t.queues[c.Queue].cfg, id)
		if n < refusals || n == refusals && l < lowest {
			refusals, lowest = n, l
		}
	}
	return refusals, lowest
}
