package campaign

import (
	"slices"
	"time"

	"calld/config"
	"calld/pacing"
	"calld/queue"
)

const (
	// settleWait is how long after one sign of a call's end the others are waited
	// for: they come in any order.
	settleWait = time.Second
	// boardWait is how long after the channel's end the board may take to tell how
	// the call ended.
	boardWait = 10 * time.Second
	// overdue is how long after the ringing time is over a try whose end was missed
	// is given up, should the channels not tell.
	overdue = 2 * time.Minute
)

// try is one try under way. What is heard of it comes in any order; an answer
// wins over everything else.
type try struct {
	r      Result
	run    *run
	entry  Entry  // as it was claimed
	number string // as it is dialled
	same   string // as numbers are compared

	placing bool // being written down and ordered
	shown   *shown
	ordered bool // Asterisk has, or may have, the order
	adopted bool // of an earlier calld: whether its channel lives is not known yet

	status   string    // of DialEnd
	reason   int       // of OriginateResponse; -1: none yet
	replied  time.Time // OriginateResponse
	gone     time.Time // the channel's end
	settling bool      // the result is being written

	screening bool // AMD has not told yet
	told      bool // the pacer knows that the customer has answered
	entered   bool // is or was on the board
	left      bool // its call on the board is over
	rung      bool // an agent rings
	stopped   string
}

// sameNumber is a number as numbers are compared; "" when there is none.
func (d *Dialler) sameNumber(number string) string {
	n, err := config.DialNumber(number)
	if err != nil {
		return ""
	}
	return d.o.Config().Outbound.Numbering.Same(n)
}

func (t *try) answered() bool { return t.r.Answered != nil }

// ringing: it is not known yet whether a customer answers.
func (t *try) ringing() bool { return !t.told && t.gone.IsZero() && t.shown == nil && !t.settling }

// waiting: an answered customer who has no agent yet.
func (t *try) waiting() bool {
	return t.told && t.gone.IsZero() && !t.left && !t.rung && t.r.Bridged == nil && !t.settling
}

func (t *try) answer(at time.Time) {
	if t.r.Answered != nil && !at.Before(*t.r.Answered) {
		return
	}
	if t.r.Dialled != nil {
		at = later(at, *t.r.Dialled)
	}
	t.r.Answered = &at
	t.r.DialResult = queue.DialAnswered
}

// The following are told what Asterisk says of the channels of tries, by the
// try's id. They may be called from any goroutine and return at once.

// Rings tells that a customer's phone rings.
func (d *Dialler) Rings(id string, at time.Time) {
	d.heardOf(id, func(t *try) {
		if t.r.Rang == nil {
			t.r.Rang = &at
		}
	})
}

// DialOver tells how the ringing ended: a DIALSTATUS.
func (d *Dialler) DialOver(id, status string, at time.Time) {
	d.heardOf(id, func(t *try) {
		if status == "ANSWER" {
			d.hasAnswered(t, at)
		} else {
			t.status = status
		}
	})
}

// Gone tells that the channel has ended, with the hang-up cause (Q.850).
func (d *Dialler) Gone(id string, cause int, text string, at time.Time) {
	d.heardOf(id, func(t *try) {
		if t.gone.IsZero() {
			t.gone, t.r.HangupCause, t.r.HangupText = at, cause, text
		}
	})
}

// Originated tells what became of the order: whether the customer has
// answered, or else the reason, as Asterisk counts them.
func (d *Dialler) Originated(id string, answered bool, reason int, at time.Time) {
	d.heardOf(id, func(t *try) {
		t.replied, t.reason = at, reason
		if answered {
			d.hasAnswered(t, at)
		}
	})
}

// Live tells which channels of tries there were at a time, and which of them
// have been answered: the others are gone. started is when Asterisk was.
func (d *Dialler) Live(asOf, started time.Time, channels map[string]bool) {
	d.hear(func() {
		d.met = true
		for id, t := range d.tries {
			up, there := channels[id]
			switch {
			case there:
				t.adopted = false
				if up {
					d.hasAnswered(t, asOf)
				}
			case t.placing, t.shown != nil, t.r.Dialled != nil && t.r.Dialled.Add(orderTime).After(asOf) && !t.adopted:
			case t.gone.IsZero():
				t.gone = asOf
				if t.adopted || t.r.Dialled != nil && t.r.Dialled.Before(started) {
					t.r.Why = WhyRestart
				}
				t.adopted = false
			}
		}
	})
}

// Connected tells whether Asterisk can be asked.
func (d *Dialler) Connected(up bool) {
	d.connected.Store(up)
	d.hear(func() { d.up = up })
}

func (d *Dialler) heardOf(id string, f func(*try)) {
	d.hear(func() {
		if t := d.tries[id]; t != nil && !t.settling {
			t.adopted = false
			f(t)
			d.look(t, d.now())
		}
	})
}

// hasAnswered takes the answer of a customer or a machine.
func (d *Dialler) hasAnswered(t *try, at time.Time) {
	t.answer(at)
	if t.run.plan.amd() && t.r.AMD == "" && !t.entered {
		t.screening = true
	}
	d.tellAnswer(t)
}

// tellAnswer lets the pacer know of an answer, once it is known to be of a
// customer.
func (d *Dialler) tellAnswer(t *try) {
	if t.told || t.screening || !t.answered() || t.turnedAway() {
		return
	}
	t.told = true
	t.run.learn(pacing.Fact{Kind: pacing.Answered, At: *t.r.Answered, Took: t.took(*t.r.Answered)})
}

// turnedAway reports whether AMD has found nobody to be given to an agent. The
// event of the answer may come after that.
func (t *try) turnedAway() bool {
	switch t.r.AMD {
	case "", AMDHuman, AMDHangup:
		return false
	case AMDUnsure:
		return t.run.plan.AMD != AMDHumansOrUnsure
	}
	return true
}

func (t *try) took(until time.Time) time.Duration {
	if t.r.Dialled == nil {
		return 0
	}
	return max(0, until.Sub(*t.r.Dialled))
}

// onBoard takes what the board tells of the customer's call.
func (d *Dialler) onBoard(t *try, c *queue.Call) {
	t.adopted = false
	t.entered, t.r.Call = true, c.ID
	if t.r.Mode == Preview {
		if t.shown == nil { // of an earlier calld
			t.shown = &shown{agent: t.r.Agent, call: c.ID}
		}
		t.shown.channel = c.UniqueID
		d.previewCalled(t, c)
		return
	}
	t.rung = c.Phase == queue.Ringing
	if len(c.Rings) > 0 && t.r.AgentDial == nil {
		at := c.Rings[0].At
		t.r.AgentDial = &at
	}
	for i := range c.Rings {
		if c.Rings[i].Result == queue.Pending {
			d.shares.took(c.Rings[i].Agent, t.run.c.ID, d.sharers())
		}
	}
	if c.Start != nil && t.r.Bridged == nil {
		at := *c.Start
		t.r.Bridged, t.r.AgentResult, t.r.Agent = &at, AgentAnswered, c.Agent
		d.hasAnswered(t, at)
		t.run.learn(pacing.Fact{Kind: pacing.Served, At: at})
	}
	if c.Phase == queue.Ended && !t.left {
		t.left = true
		if t.r.AgentResult == "" {
			t.r.AgentResult = resultOf(c.Outcome, c.Rings)
		}
		d.look(t, d.now())
	}
}

// resultOf reads how the call of a customer ended to whom no agent talked.
func resultOf(o queue.Outcome, rings []queue.Ring) AgentResult {
	switch o {
	case queue.Answered:
		return AgentAnswered
	case queue.Abandoned:
		return CustomerLeft
	case queue.Timeout, queue.Full, queue.Closed, queue.NoAgent, queue.Blocked, queue.CalledBack, queue.Failed:
	}
	for _, r := range slices.Backward(rings) {
		switch r.Result {
		case queue.NoAnswer, queue.CutShort:
			return AgentNoAnswer
		case queue.Refused, queue.Unreachable:
			return AgentBusy
		case queue.Pending, queue.RingAnswer, queue.Elsewhere, queue.CallerLeft:
		}
	}
	return AgentAbandoned
}

// look ends a try of which enough is known, or asks to be called again.
func (d *Dialler) look(t *try, now time.Time) {
	if t.settling || t.placing || t.adopted {
		return
	}
	if t.shown != nil {
		d.lookShown(t, now)
		return
	}
	var due time.Time
	switch {
	case !t.gone.IsZero() && t.entered && !t.left:
		due = t.gone.Add(boardWait)
	case !t.gone.IsZero() && (t.answered() || !t.replied.IsZero()):
		due = t.gone
	case !t.gone.IsZero():
		due = t.gone.Add(settleWait)
	case !t.replied.IsZero() && !t.answered():
		due = t.replied.Add(settleWait) // there was never a channel
	case !t.answered() && t.r.Dialled != nil:
		due = t.r.Dialled.Add(t.run.plan.ringTimeout() + overdue)
	default:
		return
	}
	if now.Before(due) {
		d.wake(due)
		return
	}
	d.finish(t, now)
}

// finish writes what became of a try.
func (d *Dialler) finish(t *try, now time.Time) {
	end := now
	if !t.gone.IsZero() {
		end = t.gone
	}
	end = later(end, t.r.begin())
	t.r.End = &end
	if t.r.Why == "" {
		t.r.Why = t.stopped
	}
	switch {
	case t.answered():
		t.r.DialResult = queue.DialAnswered
		if t.r.AgentResult == "" && !t.r.Machine() && !t.r.Heard {
			t.r.AgentResult = CustomerLeft
		}
	case t.r.Why == WhyRestart:
		t.r.DialResult = queue.DialFailed
	default:
		t.r.DialResult = queue.DialResultOf(t.dialStatus(), t.r.HangupCause)
	}
	d.learnEnd(t, end)
	d.settle(t)
}

// begin is the earliest time that the result knows.
func (r *Result) begin() time.Time {
	if r.Dialled != nil {
		return *r.Dialled
	}
	return time.Time{}
}

// dialStatus is what DialEnd has told, or else what the answer to the order
// means (pbx.c, pbx_dial_reason: control frames; 0 is a call that could not be made).
func (t *try) dialStatus() string {
	const (
		reasonHangup     = 1
		reasonNoAnswer   = 3
		reasonBusy       = 5
		reasonCongestion = 8
	)
	if t.status != "" || t.replied.IsZero() {
		return t.status
	}
	switch t.reason {
	case reasonNoAnswer, reasonHangup:
		return "NOANSWER"
	case reasonBusy:
		return "BUSY"
	case reasonCongestion:
		return "CONGESTION"
	}
	return "CHANUNAVAIL"
}

// learnEnd tells the pacer and the day how a try ended.
func (d *Dialler) learnEnd(t *try, end time.Time) {
	r := t.run
	d.counts.ended(t.r.Kind())
	r.day.ended(&t.r)
	switch {
	case t.r.Dialled == nil:
	case t.told && t.r.Bridged == nil && t.r.AgentResult != CustomerLeft && r.plan.Mode != Message:
		r.learn(pacing.Fact{Kind: pacing.Abandoned, At: end})
	case t.told:
	case t.r.Machine(): // people who do not answer themselves
		r.learn(pacing.Fact{Kind: pacing.Unanswered, At: end, Took: t.took(*t.r.Answered)})
	case t.r.Kind() == WhyGivenUp:
		r.learn(pacing.Fact{Kind: pacing.GivenUp, At: end, Took: t.took(end)})
	case t.r.DialResult == queue.DialFailed || t.r.DialResult == queue.DialCongestion:
		r.learn(pacing.Fact{Kind: pacing.Failed, At: end, Took: t.took(end)})
	default:
		r.learn(pacing.Fact{Kind: pacing.Unanswered, At: end, Took: t.took(end)})
	}
}
