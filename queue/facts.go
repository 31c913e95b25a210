package queue

import (
	"cmp"
	"slices"
	"time"
)

// FactKind says what was heard from the telephone exchange.
type FactKind int

// The kinds of fact.
const (
	PhoneRings      FactKind = iota + 1 // an agent's phone rings (180, or 183 with early audio)
	PhoneAnswers                        // an agent's phone answered
	PhoneDone                           // an agent's phone stopped ringing without an answer: Result says how
	TalkOver                            // the channel of the agent who talks ended
	CallerGone                          // the caller's channel ended; that of the agent who calls, of an outbound call
	CustomerAnswers                     // the customer whom an outbound call dials answered
	NotReached                          // the phone of an agent who makes a call was not reached; what it did may be told only after this
)

// Fact is one thing heard from the telephone exchange about a call. Facts may
// be repeated, late, or about calls long over: the board takes what is news.
type Fact struct {
	Kind FactKind
	// UniqueID is the exchange's id of the caller's channel.
	UniqueID string
	// Phone is the agent's number; empty for CallerGone, and for outbound calls.
	Phone string
	// At is when it was, with a monotonic clock reading where there is one.
	At     time.Time
	Result RingResult // for PhoneDone; CallerLeft when the ringing was cancelled, for whatever reason
	Cause  int        // hang-up cause (Q.850) for TalkOver and CallerGone; 0: not known
}

// heard takes a fact.
func (m *machine) heard(f Fact) {
	at := f.At
	if at.IsZero() || at.After(m.now) {
		at = m.now
	}
	c := m.channels[f.UniqueID]
	if x := m.consults[f.UniqueID]; x != nil && (c == nil || f.Kind != CallerGone) { // else it is being turned over
		m.heardConsult(at, x, f)
		return
	}
	if c == nil {
		m.heardFirst(at, f)
		return
	}
	if c.ByAgent() {
		m.heardOut(at, c, f)
		return
	}
	if f.Kind == CallerGone {
		m.heardGone(at, c, causeText(f.Cause, c.customer()))
		return
	}
	if f.Kind == PhoneAnswers && c.Phase == Transferred {
		m.outsideAnswers(at, c)
		return
	}
	l := c.legOf(f.Phone)
	if l == nil {
		return
	}
	if at.Before(c.offer.at) {
		at = c.offer.at
	}
	switch f.Kind {
	case PhoneRings:
		m.rings(at, c, l)
	case PhoneAnswers:
		m.answered(at, c, l)
	case PhoneDone:
		if c.Phase == Ringing && c.Rings[l.ring].Result == Pending {
			m.legOver(at, c, l, f.Result)
			m.emitCall(CallRinging, c, []Ring{c.Rings[l.ring]})
			m.callDue(c) // the guard may have waited for this agent alone
		}
	case TalkOver:
		if c.talker() == l {
			m.talkerGone(at, c, f.Cause)
		}
	case CallerGone, CustomerAnswers, NotReached:
	}
}

// talkerGone takes the end of the channel of the agent who talks or holds.
func (m *machine) talkerGone(at time.Time, c *call, cause int) {
	switch {
	case c.HeldSince != nil && c.consult != nil:
		m.consulterGone(c)
		return
	case c.HeldSince != nil:
		m.end(at, c, Answered, causeText(cause, "agent"))
		return
	}
	m.heardGone(at, c, causeText(cause, "agent"))
}

// heardGone takes the end of the caller's channel or of the talking agent's.
// While a script serves the call it knows more, such as an answer that the
// event stream missed, or who hung up: when the caller does, Asterisk ends the
// agent's channel first. So it is given a moment to report.
func (m *machine) heardGone(at time.Time, c *call, why string) {
	if !c.goneAt.IsZero() {
		return
	}
	c.goneWhy = why
	if c.expected() {
		c.goneAt = at
		m.gone(c)
		return
	}
	m.awaitReport(at, c)
}

// awaitReport gives the script a moment to tell how the call ended.
func (m *machine) awaitReport(goneAt time.Time, c *call) {
	c.goneAt, c.goneBy = goneAt, m.now.Add(goneWait)
	m.at(c.goneBy, timer{call: c})
}

// Channel is one live channel of the exchange, as the sweeper saw it.
type Channel struct {
	UniqueID string
	// TalksTo is the phone number of the agent whose channel shares a bridge
	// with this one; empty when none does.
	TalksTo string
	// Rings tells that a channel to an agent's phone was dialled for this one
	// and still lives.
	Rings bool
	// Bridged tells that it shares a bridge with another channel.
	Bridged bool
	// HeldBy names the agent's channel that waits while this one is held; empty
	// when none does.
	HeldBy string
	// Number is the consultation number that the channel has called and still
	// waits with; empty when there is none. It has been there since Since.
	Number string
	Since  time.Time
}

// restore puts the calls that were live when the last calld ended on the
// board. Their scripts are gone: those waiting are expected to come back,
// those ringing and talking are followed by events until they end.
func (m *machine) restore(calls []Call) (unknown []Call) {
	for i := range calls {
		rec := calls[i].clone()
		if _, over := m.ended[rec.ID]; over || m.calls[rec.ID] != nil {
			continue // its script was faster
		}
		l := m.lines[rec.Queue]
		if l == nil {
			unknown = append(unknown, rec)
			continue
		}
		m.arrival++
		rec.forgetConsult()
		c := &call{Call: rec, line: l, arrival: m.arrival, refusals: map[*agent]refusal{}}
		c.VIP = m.callers.VIP.Has(&m.numbering, c.CustomerNumber())
		m.calls[c.ID] = c
		if c.Phase == Booked {
			m.restoreBooked(c, calls)
			continue
		}
		m.channels[c.UniqueID] = c
		if c.ByAgent() {
			m.restoreOut(c)
		} else if c.Phase == Transferred {
			c.line.talking++
			m.restoreOutside(c)
		} else if !m.restoreLegs(c) {
			m.restoreInLine(c)
		}
		if c.overflown() != "" {
			c.waitFrom = c.Transfers[len(c.Transfers)-1].At
		}
		m.touchLine(l)
		m.watch(c)
		m.lost(c)
	}
	m.reshaped = true
	return unknown
}

// restoreInLine takes up a call whose caller talks with nobody.
func (m *machine) restoreInLine(c *call) {
	if c.Phase == Messaging { // it is asked for again
		c.line.messages++
		c.Unserved = cmp.Or(c.Unserved, Abandoned) // a record of an older calld does not tell
		return
	}
	c.Phase = Waiting
	c.line.insert(c)
}

// restoreLegs takes up a round of ringing or a talk that was under way;
// false when there was none, or its agent has another call.
func (m *machine) restoreLegs(c *call) bool {
	want := Pending
	if c.Phase == Talking {
		want = RingAnswer
	}
	if c.Phase != Talking && c.Phase != Ringing {
		return false
	}
	m.offers++
	o := &offer{id: m.offers, at: m.now, ringFor: c.line.cfg.RingTimeout, alerted: true}
	for i := range c.Rings {
		r := &c.Rings[i]
		a := m.agents[r.Agent]
		if r.Result != want || want == RingAnswer && i != lastAnswer(c.Rings) {
			continue
		}
		if a == nil || a.call != nil {
			if want == Pending {
				now := m.now
				r.Result, r.End = CutShort, &now
			}
			continue
		}
		a.call = c
		o.legs = append(o.legs, &leg{agent: a, phone: a.cfg.Phone, ring: i, told: true})
		m.setSince(a)
	}
	if len(o.legs) == 0 && c.Phase == Ringing {
		return false
	}
	c.offer = o
	if c.Phase == Talking {
		c.talkFrom = answeredAt(c)
		c.line.talking++
		return true
	}
	c.line.ringing++
	m.at(m.now.Add(o.ringFor+ringGuard), timer{call: c})
	return true
}

// restoreOutside takes up a call that was handed to a number outside. When that
// answered is not on record: then the talk with it counts from the transfer.
func (m *machine) restoreOutside(c *call) {
	if n := len(c.Transfers); n > 0 {
		c.waitFrom = c.Transfers[n-1].At
		if c.Transfers[n-1].Result == TransferAnswered {
			c.talkFrom = c.waitFrom
		}
	}
}

// lastAnswer is the index of the ring of who answered last; -1: nobody has.
func lastAnswer(rings []Ring) int {
	for i, r := range slices.Backward(rings) {
		if r.Result == RingAnswer {
			return i
		}
	}
	return -1
}

// answeredAt is when the agent who talks answered.
func answeredAt(c *call) (at time.Time) {
	if c.Start != nil {
		at = *c.Start
	}
	if i := lastAnswer(c.Rings); i >= 0 && c.Rings[i].End != nil {
		at = *c.Rings[i].End
	}
	return at
}

// reconcile compares the calls with the exchange's live channels, as listed
// at asOf, and ends those whose channel is gone. started is when the exchange
// was started: calls from before it failed.
func (m *machine) reconcile(asOf, started time.Time, channels []Channel) (ended int) {
	live := make(map[string]Channel, len(channels))
	for _, ch := range channels {
		live[ch.UniqueID] = ch
	}
	if !m.met {
		m.met = true
		m.meetStrangers(channels)
	}
	m.partStrangers(live)
	for _, c := range m.sortedCalls() {
		if c.Phase == Booked {
			continue // has no channel
		}
		ch, ok := live[c.UniqueID]
		if c.ByAgent() {
			if m.reconcileOut(asOf, started, c, ch, ok) {
				ended++
			}
			continue
		}
		if _, there := live[OutChannel(c.ID)]; there && c.FirstAgent() {
			ch.Rings = true // no phone's channel was dialled for this one
		}
		if ch.HeldBy != "" && ch.HeldBy != c.HeldChannel && c.HeldSince != nil && c.HeldSince.Before(asOf) {
			c.HeldChannel = ch.HeldBy // the agent's phone went over to another channel
			m.emitCall(CallChanged, c, nil)
		}
		switch {
		case ok && ch.TalksTo != "":
			m.found(asOf, c, ch.TalksTo)
			continue
		case ok && !ch.Rings && c.expected() && c.Phase == Ringing && c.lostAt.Before(asOf):
			// The phones fell silent while nobody listened. The caller is on
			// the way back: that place is kept as if the script had been lost now.
			m.lostRound(c)
			m.lost(c)
			continue
		case ok && !ch.Rings && c.HeldSince != nil && c.HeldSince.Before(asOf):
			m.end(m.now, c, Answered, "agent") // who hung up while nobody listened
		case ok || !c.Begin.Before(asOf):
			continue
		case c.Begin.Before(started):
			m.end(m.now, c, Failed, "asterisk_restarted")
		case !c.goneAt.IsZero():
			continue // it is about to end
		case c.expected():
			m.gone(c)
		default:
			// A script still serves it: it will report, or the next sweep
			// comes back to it after goneWait.
			m.awaitReport(m.now, c)
			continue
		}
		ended++
	}
	m.freed += uint64(ended)
	return ended
}

// found tells that the caller was seen talking with the agent of that phone.
// The answer went by unheard; when calld was down meanwhile, the offer too.
func (m *machine) found(asOf time.Time, c *call, phone string) {
	if a := m.phones[phone]; a != nil && c.expected() && (c.Phase == Greeting || c.Phase == Waiting) {
		m.offers++
		c.Rings = append(c.Rings, Ring{Agent: a.cfg.ID, At: asOf})
		c.offer = &offer{id: m.offers, at: asOf, legs: []*leg{{agent: a, phone: phone, ring: len(c.Rings) - 1, told: true}}}
		c.line.remove(c)
		m.mark(c.line) // it may have held a place
		c.line.ringing++
		c.Phase = Ringing
	}
	if c.Phase != Ringing {
		return
	}
	if l := c.legOf(phone); l != nil {
		m.answered(asOf, c, l)
	}
}
