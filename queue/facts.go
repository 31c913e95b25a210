package queue

import "time"

// FactKind says what was heard from the telephone exchange.
type FactKind int

// The kinds of fact.
const (
	PhoneRings   FactKind = iota + 1 // an agent's phone rings (180, or 183 with early audio)
	PhoneAnswers                     // an agent's phone answered
	PhoneDone                        // an agent's phone stopped ringing without an answer: Result says how
	TalkOver                         // the channel of the agent who talks ended
	CallerGone                       // the caller's channel ended
)

// Fact is one thing heard from the telephone exchange about a call. Facts may
// be repeated, late, or about calls long over: the board takes what is news.
type Fact struct {
	Kind FactKind
	// UniqueID is the exchange's id of the caller's channel.
	UniqueID string
	// Phone is the agent's number; empty for CallerGone.
	Phone  string
	At     time.Time
	Result RingResult // for PhoneDone
	Cause  int        // hang-up cause (Q.850) for TalkOver and CallerGone; 0: not known
}

// heard takes a fact.
func (m *machine) heard(now time.Time, f Fact) {
	c := m.channels[f.UniqueID]
	if c == nil {
		return
	}
	at := f.At
	if at.IsZero() || at.After(now) {
		at = now
	}
	if f.Kind == CallerGone {
		m.heardGone(now, at, c, f.Cause)
		return
	}
	l := c.legOf(f.Phone)
	if l == nil {
		return
	}
	switch f.Kind {
	case PhoneRings:
		m.rings(at, c, l)
	case PhoneAnswers:
		m.answered(at, c, l)
	case PhoneDone:
		if c.Phase == Ringing && c.Rings[l.ring].Result == Pending {
			m.legOver(at, c, l, f.Result)
			m.emitCall(now, CallRinging, c, []Ring{c.Rings[l.ring]})
		}
	case TalkOver:
		if c.Phase == Talking && c.talker() == l {
			m.end(at, c, Answered, causeText(f.Cause, "agent"))
		}
	case CallerGone:
	}
}

// heardGone takes the end of the caller's channel. While a script serves the
// call it knows more, such as an answer that the event stream missed: it is
// given a moment to report first.
func (m *machine) heardGone(now, at time.Time, c *call, code int) {
	c.goneWhy = causeText(code, "caller")
	if c.Phase == Talking || c.expected() {
		c.goneAt = at
		m.gone(now, c)
		return
	}
	if c.goneAt.IsZero() {
		c.goneAt = at
		m.at(now.Add(goneWait), timer{call: c})
	}
}

// Channel is one live channel of the exchange, as the sweeper saw it.
type Channel struct {
	UniqueID string
	// TalksTo is the phone number of the agent whose channel shares a bridge
	// with this one; empty when none does.
	TalksTo string
}

// restore puts the calls that were live when the last calld ended on the
// board. Their scripts are gone: those waiting are expected to come back,
// those ringing and talking are followed by events until they end.
func (m *machine) restore(now time.Time, calls []Call) (unknown []Call) {
	for i := range calls {
		rec := calls[i].clone()
		l := m.lines[rec.Queue]
		if l == nil || m.calls[rec.ID] != nil {
			unknown = append(unknown, rec)
			continue
		}
		m.arrival++
		c := &call{Call: rec, line: l, arrival: m.arrival, lostAt: now, refusals: map[*agent]refusal{}}
		m.calls[c.ID] = c
		m.channels[c.UniqueID] = c
		if !m.restoreLegs(now, c) {
			c.Phase = Waiting
			l.insert(c)
		}
		m.touchLine(l)
		m.watch(now, c)
		m.at(now.Add(ReturnGrace), timer{call: c})
		m.at(now.Add(LostAfter), timer{call: c})
	}
	return unknown
}

// restoreLegs takes up a round of ringing or a talk that was under way;
// false when there was none, or its agent has another call.
func (m *machine) restoreLegs(now time.Time, c *call) bool {
	want := Pending
	if c.Phase == Talking {
		want = RingAnswer
	}
	if c.Phase != Talking && c.Phase != Ringing {
		return false
	}
	m.offers++
	o := &offer{id: m.offers, at: now, ringFor: c.line.cfg.RingTimeout, alerted: true}
	for i := range c.Rings {
		r := &c.Rings[i]
		a := m.agents[r.Agent]
		if r.Result != want || a == nil || a.call != nil {
			continue
		}
		a.call = c
		o.legs = append(o.legs, &leg{agent: a, phone: a.cfg.Phone, ring: i, told: true})
		m.setSince(now, a)
	}
	if len(o.legs) == 0 && c.Phase == Ringing {
		return false
	}
	c.offer = o
	if c.Phase == Talking {
		c.line.talking++
		return true
	}
	c.line.ringing++
	m.at(now.Add(o.ringFor+ringGuard), timer{call: c})
	return true
}

// reconcile compares the calls with the exchange's live channels, as listed
// at asOf, and ends those whose channel is gone. started is when the exchange
// was started: calls from before it failed.
func (m *machine) reconcile(now, asOf, started time.Time, channels []Channel) (ended int) {
	live := make(map[string]string, len(channels))
	for _, ch := range channels {
		live[ch.UniqueID] = ch.TalksTo
	}
	for _, c := range m.sortedCalls() {
		talksTo, ok := live[c.UniqueID]
		switch {
		case ok && c.Phase == Ringing && talksTo != "":
			if l := c.legOf(talksTo); l != nil { // the answer went by unheard
				m.answered(asOf, c, l)
			}
			continue
		case ok || !c.Begin.Before(asOf):
			continue
		case c.Begin.Before(started):
			m.end(now, c, Failed, "asterisk_restarted")
		case c.expected():
			m.gone(now, c)
		case c.goneAt.IsZero():
			// A script still serves it: it will report, or the next sweep
			// comes back to it after goneWait.
			c.goneAt = now
			m.at(now.Add(goneWait), timer{call: c})
			continue
		default:
			continue
		}
		ended++
	}
	m.freed += uint64(ended)
	return ended
}
