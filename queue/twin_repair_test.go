package queue

import (
	"slices"
	"time"

	"calld/config"
)

// The twin's ways to take up what was missed: while it was deaf, before it lived,
// and what the admin has changed.

func (t *twin) reconcile(asOf, started time.Time, channels []Channel) (ended int) {
	for _, c := range t.inOrder() {
		if c.Phase == Booked {
			continue
		}
		i := slices.IndexFunc(channels, func(ch Channel) bool { return ch.UniqueID == c.UniqueID })
		if i >= 0 && c.HeldSince != nil && c.HeldSince.Before(asOf) && channels[i].HeldBy != "" {
			c.HeldChannel = channels[i].HeldBy
		}
		switch {
		case c.agents():
			ended += t.reconcileOut(c, asOf, started, channels, i)
		case i >= 0 && channels[i].TalksTo != "":
			t.found(c, asOf, channels[i].TalksTo)
		case i >= 0:
			if !channels[i].Rings && c.script == 0 && c.Phase == Ringing && c.lost.Before(asOf) {
				t.roundLost(c)
				c.lost = t.now
			} else if !channels[i].Rings && !t.holds(c, channels) && c.HeldSince != nil && c.HeldSince.Before(asOf) {
				t.end(c, t.now, Answered, "agent")
				ended++
			}
		case !c.Begin.Before(asOf):
		case c.Begin.Before(started):
			ended++
			t.end(c, t.now, Failed, "asterisk_restarted")
		case !c.gone.IsZero():
		case c.script == 0:
			ended++
			t.leave(c)
		default:
			c.gone, c.goneBy = t.now, t.now.Add(goneWait)
		}
	}
	t.freed += uint64(ended)
	return ended
}

func (t *twin) found(c *twinCall, asOf time.Time, phone string) {
	if c.inLine() && c.script == 0 {
		for id, a := range t.agents {
			if a.cfg.Phone == phone && !a.removed {
				c.Phase = Ringing
				c.offer = &twinOffer{at: asOf, first: len(c.Rings), phones: []string{phone}}
				c.Rings = append(c.Rings, Ring{Agent: id, At: asOf})
			}
		}
	}
	if i := t.ringOf(c, phone); i >= 0 {
		t.answer(c, i, asOf)
	}
}

// restore takes the calls of a board that ended.
func (t *twin) restore(calls []Call) {
	for _, rec := range calls {
		if t.queues[rec.Queue] == nil {
			continue
		}
		t.arrived++
		c := &twinCall{Call: rec.clone(), order: t.arrived, lost: t.now, alone: map[string]time.Time{}, let: map[string]int{}}
		consultRestored(&c.Call)
		t.calls[c.ID] = c
		t.rank(c)
		if c.overflown() {
			c.waitFrom = c.Transfers[len(c.Transfers)-1].At
		}
		if c.agents() {
			t.restoreOut(c)
			continue
		}
		if c.Phase == Booked {
			t.restoreBooked(c, calls)
			continue
		}
		first, legs := len(c.Rings), 0
		if c.Phase == Ringing || c.Phase == Talking {
			// The last round: those still pending, or who answered.
			want := Pending
			if c.Phase == Talking {
				want = RingAnswer
			}
			c.offer = &twinOffer{at: t.now, limit: t.queues[c.Queue].cfg.RingTimeout}
			answered := -1
			for i, r := range c.Rings {
				if r.Result == RingAnswer && want == RingAnswer {
					answered, c.talkFrom = i, *r.End
				}
			}
			if want == RingAnswer && answered < 0 {
				c.talkFrom = *c.Start
			}
			for i := range c.Rings {
				if c.Rings[i].Result != want || want == RingAnswer && i != answered {
					continue
				}
				a := t.agents[c.Rings[i].Agent]
				if a == nil || a.call != "" {
					if want == Pending {
						now := t.now
						c.Rings[i].Result, c.Rings[i].End = CutShort, &now
					}
					continue
				}
				a.call = c.ID
				first = min(first, i)
				legs++
			}
			c.offer.first = first
			for _, r := range c.Rings[first:] {
				phone := notRung
				if a := t.agents[r.Agent]; a != nil && a.call == c.ID {
					phone = a.cfg.Phone
				}
				c.offer.phones = append(c.offer.phones, phone)
			}
		}
		if c.Phase == Transferred {
			last := c.Transfers[len(c.Transfers)-1]
			c.waitFrom = last.At
			if last.Result == TransferAnswered {
				c.talkFrom = last.At
			}
		} else if c.Phase != Talking && c.Phase != Messaging && legs == 0 {
			c.Phase, c.offer = Waiting, nil
		}
	}
}

func (t *twin) reload(cfg *config.Config) {
	t.callers = cfg.Callers
	for _, c := range t.calls {
		t.rank(c)
	}
	for _, q := range t.queues {
		q.removed = true
	}
	for _, qc := range cfg.Queues {
		q := t.queues[qc.ID]
		if q == nil {
			q = &twinQueue{}
			t.queues[qc.ID] = q
		}
		q.cfg, q.removed, q.members, q.schedule = qc, false, nil, cfg.Schedule(&qc)
	}
	for _, a := range t.agents {
		a.removed = true
	}
	for _, ac := range cfg.Agents {
		a := t.agents[ac.ID]
		if a == nil {
			a = &twinAgent{device: PhoneUnknown, state: Offline, since: t.now, idle: t.now, sockets: t.pages[ac.ID]}
			a.loggedIn = a.sockets > 0
			t.pages[ac.ID] = 0
			t.agents[ac.ID] = a
		}
		if a.cfg.Phone != ac.Phone {
			a.device = PhoneUnknown
		}
		if a.out {
			a.loggedIn, a.out = a.sockets > 0, false
		}
		a.cfg, a.removed = ac, false
		for _, id := range ac.Queues {
			if q := t.queues[id]; q != nil && !q.removed && ac.Phone != "" {
				q.members = append(q.members, ac.ID)
			}
		}
	}
	for _, a := range t.agents {
		if a.removed {
			a.loggedIn, a.out = false, true
		}
	}
}
