package queue

import (
	"errors"
	"fmt"
	"time"
)

// The errors of a consultation, besides those of [Board.Transfer].
var (
	// ErrConsulting means that the agent consults somebody already.
	ErrConsulting = errors.New("queue: the agent consults somebody already")
	// ErrNotConsulting means that the agent consults nobody.
	ErrNotConsulting = errors.New("queue: the agent consults nobody")
	// ErrNotAnswered means that who is consulted has not answered yet.
	ErrNotAnswered = errors.New("queue: who is consulted has not answered")
)

// Consult is a talk that the agent who holds a customer has, or is about to
// have, with whom the call may be handed to.
type Consult struct {
	At time.Time `json:"at"` // when it was asked for
	// One of the two is consulted.
	Agent  string `json:"agent,omitempty"`
	Number string `json:"number,omitempty"`
	// Rang is when the phone was first heard to ring, Answered when it answered.
	Rang     *time.Time `json:"rang,omitempty"`
	Answered *time.Time `json:"answered,omitempty"`
}

func (x *Consult) clone() *Consult {
	if x == nil {
		return nil
	}
	d := *x
	d.Rang, d.Answered = cloneTime(x.Rang), cloneTime(x.Answered)
	return &d
}

// consult is what the board knows of a consultation beside its record. Its Dial
// runs on the channel of the agent who holds.
type consult struct {
	id      uint64
	to      Target
	channel string // the unique id of that channel
	agent   *agent // who is consulted; nil: a number outside
	ringFor time.Duration
	taken   bool // a script has begun with it
	left    bool // the agent's channel has ended
	// due is when something should have happened: a script come, the ringing
	// ended, or the script told of the end. Zero: nothing is due.
	due  time.Time
	done chan<- Transfer // gets the answer, or why there is none
	end  chan ConsultEnd
}

// ConsultEnd tells a script what else than its Dial has ended a consultation.
type ConsultEnd int

// How a consultation ends.
const (
	// HandedOver: who was consulted has been given the customer. The agent's
	// channel has nothing left to do.
	HandedOver ConsultEnd = iota + 1
	// CallOver: the call is over, the agent's channel to be hung up.
	CallOver
)

// Consult tells that the agent's channel, of that unique id, is about to be
// taken to the script of consultations: out of the talk, whose customer is held
// from then on, or from where it waits while the customer is held. The customer
// of a call that the agent has made is turned over by it, as by [Board.Hold]. An agent who
// is to be consulted is reserved at once. What came of the ringing is sent on the
// channel, once: [TransferAnswered], or why nobody answered.
//
// The consultation ends by [Board.Complete], [Board.Cancel], when either of the
// two hangs up, or with the call. When the agent does, the customer goes to
// who has answered, as by Complete; before that, back to the agent, or in line.
//
// The errors are those of [Board.Transfer], and [ErrConsulting].
func (b *Board) Consult(callID, channel, uniqueID string, to Target) (<-chan Transfer, error) {
	done := make(chan Transfer, 1)
	err := b.withTalk(callID, func(m *machine, c *call) error {
		switch {
		case c.consult != nil:
			return fmt.Errorf("%w: %s", ErrConsulting, callID)
		case to.Agent != "" && to.Agent == c.Agent: // whom another call may have freed
			return fmt.Errorf("%w: %q talks on the call", ErrTargetBusy, to.Agent)
		}
		if err := m.checkTarget(c, &to); err != nil {
			return err
		}
		if c.HeldSince == nil {
			m.order(c, order{kind: orderHold, channel: channel})
		}
		m.beginConsult(c, uniqueID, to, done)
		return nil
	})
	return done, err
}

func (m *machine) beginConsult(c *call, uniqueID string, to Target, done chan<- Transfer) {
	m.offers++
	x := &consult{
		id: m.offers, to: to, channel: uniqueID, ringFor: outsideRing, due: m.now.Add(OrderWait),
		done: done, end: make(chan ConsultEnd, 1),
	}
	c.consult = x
	c.Consult = &Consult{At: m.now, Agent: to.Agent, Number: to.Number}
	m.consults[uniqueID] = c
	m.at(x.due, timer{call: c})
	if to.Agent == "" {
		m.emitCall(CallChanged, c, nil)
		return
	}
	x.agent, x.ringFor = m.agents[to.Agent], c.line.cfg.RingTimeout
	x.agent.call = c
	m.setSince(x.agent)
	m.emitCall(CallRinging, c, []Ring{{Agent: to.Agent, At: m.now}})
}

// Consults reports whether a channel, by its unique id, is that of an agent who
// consults.
func (b *Board) Consults(uniqueID string) (yes bool) {
	b.do(func(m *machine) { yes = m.consults[uniqueID] != nil })
	return yes
}

// Complete hands the customer to who is consulted: the customer's script is
// told to join that one's channel. Should it be gone by then, the customer comes
// back as from a target that does not answer. The errors are those of [Board.Unhold],
// [ErrNotConsulting] and [ErrNotAnswered].
func (b *Board) Complete(callID, channel string) error {
	return b.withTalk(callID, func(m *machine, c *call) error {
		switch {
		case c.consult == nil:
			return fmt.Errorf("%w: %s", ErrNotConsulting, callID)
		case c.HeldSince == nil || c.Consult.Answered == nil || c.consult.left || channel == "":
			return fmt.Errorf("%w: %s", ErrNotAnswered, callID)
		}
		m.complete(c, channel)
		return nil
	})
}

// Cancel ends a consultation: the agent and the customer are joined again. The
// errors are those of [Board.Unhold] and [ErrNotConsulting].
func (b *Board) Cancel(callID string) error {
	return b.withTalk(callID, func(m *machine, c *call) error {
		if c.consult == nil {
			return fmt.Errorf("%w: %s", ErrNotConsulting, callID)
		}
		return m.unhold(c)
	})
}

// complete gives the call to who is consulted, on the channel named.
func (m *machine) complete(c *call, channel string) {
	x := c.consult
	m.out = append(m.out, effect{consult: x.end, how: HandedOver})
	rings := m.endConsult(m.now, c, TransferAnswered, RingAnswer)
	m.leave(c)
	m.offers++
	c.line.talking++
	c.talkFrom = m.now
	c.joining = true
	m.tell(c.ticket, instruction{offer: &Offer{ID: m.offers, Bridge: channel}})
	if x.agent == nil {
		c.Phase, c.outside = Transferred, m.offers
		m.emitCall(CallChanged, c, nil)
		return
	}
	c.Phase, c.Agent = Talking, x.agent.cfg.ID
	c.Rings = append(c.Rings, rings...)
	c.offer = &offer{id: m.offers, at: m.now, ringFor: x.ringFor, alerted: true}
	c.offer.legs = []*leg{{agent: x.agent, phone: x.agent.cfg.Phone, ring: len(c.Rings) - 1, told: true}}
	m.take(m.now, x.agent, c)
	m.emitCall(CallAnswered, c, rings)
}

// notJoined takes a customer back who was handed to somebody consulted who had
// hung up in that moment.
func (m *machine) notJoined(c *call) {
	x := &c.Transfers[len(c.Transfers)-1]
	x.Result = TransferFailed
	m.dropOrder(c, TransferFailed)
	m.leave(c)
	m.giveBack(c, m.agents[x.From])
}

// consultAnswers tells that who is consulted has answered.
func (m *machine) consultAnswers(at time.Time, c *call) {
	x := c.consult
	if c.Consult.Answered != nil {
		return
	}
	at = later(at, c.Consult.At)
	c.Consult.Answered = &at
	if !x.left {
		x.due = time.Time{}
	}
	m.answerTo(x, m.consultation(c, TransferAnswered))
	var rings []Ring
	if x.agent != nil {
		m.setSince(x.agent)
		rings = []Ring{c.consultRing(at, RingAnswer)}
	}
	m.emitCall(CallChanged, c, rings)
}

// consultation is what a consultation leaves on record.
func (m *machine) consultation(c *call, result string) Transfer {
	return Transfer{At: c.Consult.At, To: c.consult.to.String(), Kind: Consultative, From: c.Agent, Queue: c.Queue, Result: result}
}

// answerTo tells whoever asked for the consultation, once.
func (m *machine) answerTo(x *consult, t Transfer) {
	if x.done != nil {
		m.out = append(m.out, effect{done: x.done, transfer: t})
		x.done = nil
	}
}

// consultRing is the ringing of the agent who is consulted, as it would be on
// record.
func (c *call) consultRing(at time.Time, result RingResult) Ring {
	x := c.Consult
	if x.Answered != nil {
		at, result = *x.Answered, RingAnswer
	}
	return Ring{Agent: x.Agent, At: x.At, Rang: cloneTime(x.Rang), End: &at, Result: result}
}

// endConsult takes a consultation off the call and puts it on record. It
// returns the ringing of the agent who was consulted.
func (m *machine) endConsult(at time.Time, c *call, result string, ring RingResult) (rings []Ring) {
	x, t := c.consult, m.consultation(c, result)
	c.Transfers = append(c.Transfers, t)
	m.answerTo(x, t)
	if a := x.agent; a != nil {
		r := c.consultRing(at, ring)
		rings = []Ring{r}
		switch r.Result {
		case NoAnswer, Refused, Unreachable:
			a.missedOne(c.line.cfg.AwayAfter)
		case Pending, RingAnswer, Elsewhere, CallerLeft, CutShort:
		}
	}
	delete(m.consults, x.channel)
	c.consult, c.Consult = nil, nil
	if a := x.agent; a != nil && a.call == c && result != TransferAnswered {
		m.freeAgent(a, 0)
	}
	return rings
}

// consultOver ends a consultation after which the customer is held still.
func (m *machine) consultOver(c *call, result string, ring RingResult) {
	m.emitCall(CallChanged, c, m.endConsult(m.now, c, result, ring))
}

// consulterGone takes the end of the channel of the agent who consults. Who is
// consulted is left on a channel that only the script knows: its word is waited for.
func (m *machine) consulterGone(c *call) {
	x := c.consult
	if c.Consult.Answered == nil {
		m.comeBack(c)
		return
	}
	if !x.left {
		x.left, x.due = true, m.now.Add(goneWait)
		m.at(x.due, timer{call: c})
	}
}

// comeBack takes the customer back from an agent who hung up before anybody
// else could take the call.
func (m *machine) comeBack(c *call) {
	m.endConsult(m.now, c, TransferCancelled, CutShort)
	m.leave(c)
	m.giveBack(c, m.agents[c.Agent])
}

// consultDue looks at what time changes of a consultation.
func (m *machine) consultDue(c *call) {
	x := c.consult
	switch {
	case x.due.IsZero() || m.now.Before(x.due):
	case x.left:
		m.freed++
		m.comeBack(c)
	case !x.taken:
		m.freed++
		m.consultOver(c, TransferFailed, CutShort)
	default: // a Dial that nobody has answered would have returned
		m.consultAnswers(m.now, c)
	}
}

// heardConsult takes a fact about the channel of an agent who consults.
func (m *machine) heardConsult(at time.Time, c *call, f Fact) {
	if f.Kind == CallerGone {
		m.talkerGone(at, c, f.Cause)
		return
	}
	switch a := c.consult.agent; {
	case a != nil && f.Phone != a.cfg.Phone: // a number's channel may look like some phone's
	case f.Kind == PhoneAnswers:
		m.consultAnswers(at, c)
	case f.Kind == PhoneRings && c.Consult.Rang == nil:
		at = later(at, c.Consult.At)
		c.Consult.Rang = &at
		m.emitCall(CallChanged, c, nil)
	}
}

// consulted takes the script's report of a consultation.
func (m *machine) consulted(c *call, r ConsultReport) {
	x := c.consult
	if r.Result == RingAnswer {
		m.consultAnswers(m.now, c)
	}
	answered := c.Consult.Answered != nil
	switch {
	case r.AgentGone && c.HeldSince == nil:
		m.consultOver(c, TransferCancelled, CutShort) // the talk is about to end
	case r.AgentGone && answered && r.Channel != "" && !c.expected():
		m.complete(c, r.Channel)
	case r.AgentGone:
		m.comeBack(c)
	case answered:
		m.consultOver(c, TransferCancelled, RingAnswer)
	default:
		early := m.now.Before(c.Consult.At.Add(x.ringFor - refusalMargin))
		if r.Result == NoAnswer && early || r.Result == Unreachable && c.Consult.Rang != nil {
			r.Result = Refused // see legOver
		}
		m.consultOver(c, resultOf(r.Result), r.Result)
	}
}
