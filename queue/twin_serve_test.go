package queue

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"calld/config"
)

// able lists the agents of a call's queue who could be rung for it, as the
// file lists them.
func (t *twin) able(c *twinCall) (able []string) {
	for _, id := range t.queues[c.Queue].members {
		if t.free(t.agents[id]) && t.past(c.alone[id]) && t.inTurn(c, id) {
			able = append(able, id)
		}
	}
	return able
}

// mayRing reports whether the call could be offered to somebody.
func (t *twin) mayRing(c *twinCall) bool {
	if c.Phase == Booked && (!t.mayCallBack(c) || len(t.able(c)) == 0) {
		return false
	}
	if c.Phase != Booked && (c.Phase != Waiting || c.script == 0 || !c.gone.IsZero() || len(t.able(c)) == 0) {
		return false
	}
	if by, ok := t.patience(c); ok && by.Sub(t.now) < minRing && !c.hurried() && c.Phase != Booked {
		return false
	}
	for _, older := range t.byTurn() {
		if older == c {
			break
		}
		if older.Queue == c.Queue && !older.hurried() && older.inLine() && older.script == 0 && older.gone.IsZero() && !t.past(older.lost.Add(ReturnGrace)) {
			return false
		}
	}
	return true
}

// choices lists the sets of agents that may be rung for a call.
func (t *twin) choices(c *twinCall) (sets [][]string) {
	q, able := t.queues[c.Queue], t.able(c)
	if slices.Contains(able, t.known(c)) {
		return [][]string{{t.known(c)}}
	}
	fewest, lowest := t.nextLevel(c, able)
	if q.cfg.Queueing == config.All && !c.hurried() && c.Phase != Booked {
		return [][]string{slices.DeleteFunc(able, func(id string) bool { return level(q.cfg, id) > lowest })}
	}
	able = slices.DeleteFunc(able, func(id string) bool { return c.let[id] > fewest || level(q.cfg, id) != lowest })
	place := func(id string) int { return slices.Index(q.members, id) }
	slices.SortStableFunc(able, func(a, b string) int {
		idle := t.agents[a].idle.Compare(t.agents[b].idle)
		switch q.cfg.Order {
		case config.LongestIdle:
			return idle
		case config.FewestCalls:
			return cmp.Or(cmp.Compare(t.today(t.agents[a]), t.today(t.agents[b])), idle)
		case config.RoundRobin:
			after, n := place(q.last)+1, len(q.members)
			return cmp.Compare((place(a)-after+n)%n, (place(b)-after+n)%n)
		default:
			return 0
		}
	})
	for _, id := range able {
		sets = append(sets, []string{id})
		if q.cfg.Order != config.Random {
			break
		}
	}
	return sets
}

// today counts the calls an agent answered since midnight.
func (t *twin) today(a *twinAgent) (n int) {
	y, m, d := t.now.Date()
	midnight := time.Date(y, m, d, 0, 0, 0, 0, t.now.Location())
	for _, at := range a.answers {
		if !at.Before(midnight) {
			n++
		}
	}
	return n
}

// made is an offer that the board has made.
type made struct {
	call string
	*Offer
}

// serve makes the offers that must be made, choosing agents as the board did.
func (t *twin) serve(offers []made) error {
	t.look()
	for _, d := range t.direct {
		i := slices.IndexFunc(offers, func(o made) bool { return directOf(o) == d })
		if i < 0 {
			return fmt.Errorf("%+v has not come", d)
		}
		o := offers[i]
		offers = slices.Delete(offers, i, i+1)
		c := t.calls[d.call]
		switch {
		case c == nil, d.moved, d.message:
		case d.bridge != "" && c.Phase == Transferred:
			c.outside = o.ID
		case d.bridge != "":
			if c.offer == nil { // a talk of an earlier board
				c.offer = &twinOffer{first: len(c.Rings)}
			}
			c.offer.id = o.ID
		case d.number != "":
			c.outside = o.ID
		default:
			c.offer.id = o.ID
			if o.RingFor != c.offer.limit {
				return fmt.Errorf("%s is to ring for %s, want %s", c.ID, o.RingFor, c.offer.limit)
			}
		}
	}
	t.direct = nil
	for {
		calls := t.byTurn()
		i := slices.IndexFunc(calls, t.mayRing)
		switch {
		case i < 0 && len(offers) == 0:
			return nil
		case i < 0:
			return fmt.Errorf("%s is offered to %v, but nobody can be served", offers[0].call, offers[0].Agents)
		case len(offers) == 0:
			return fmt.Errorf("%s is not offered, but one of %v could take it", calls[i].ID, t.choices(calls[i]))
		}
		c, o := calls[i], offers[0]
		offers = offers[1:]
		var ids []string
		for _, a := range o.Agents {
			ids = append(ids, a.ID)
		}
		sets := t.choices(c)
		if o.call != c.ID || !slices.ContainsFunc(sets, func(s []string) bool { return slices.Equal(s, ids) }) {
			return fmt.Errorf("%s is offered to %v, want %s to one of %v", o.call, ids, c.ID, sets)
		}
		if c.Phase == Booked {
			t.callBack(c, ids[0])
			t.look()
			continue
		}
		t.ring(c, ids)
		c.offer.id = o.ID
		if o.RingFor != c.offer.limit {
			return fmt.Errorf("%s is to ring for %s, want %s", c.ID, o.RingFor, c.offer.limit)
		}
		t.queues[c.Queue].last = ids[len(ids)-1]
		t.look()
	}
}

// ring has agents rung for a call.
func (t *twin) ring(c *twinCall, ids []string) {
	limit, cut := t.queues[c.Queue].cfg.RingTimeout, false
	if by, ok := t.patience(c); ok && by.Sub(t.now) < limit && !c.hurried() {
		limit, cut = by.Sub(t.now), true
	} else if c.hurried() && t.queues[c.Queue].cfg.AutoAnswer {
		limit = min(limit, max(time.Second, by.Sub(t.now)))
	}
	c.Phase = Ringing
	c.offer = &twinOffer{at: t.now, limit: limit, cut: cut, first: len(c.Rings)}
	for _, id := range ids {
		a := t.agents[id]
		a.call = c.ID
		c.Rings = append(c.Rings, Ring{Agent: id, At: t.now})
		c.offer.phones = append(c.offer.phones, a.cfg.Phone)
	}
}

func directOf(o made) direct {
	d := direct{call: o.call, bridge: o.Bridge, moved: o.Moved, message: o.Message}
	if o.Outside != nil {
		d.number = o.Outside.Number
	}
	if len(o.Agents) == 1 {
		d.agent = o.Agents[0].ID
	}
	return d
}
