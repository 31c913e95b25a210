package queue

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// The twin's keys: who waits may leave a message, or be called back.

func (t *twin) takeMessage(c *twinCall, why Outcome) {
	c.Phase, c.Unserved = Messaging, why
	t.transferred(c, TransferNoAnswer)
}

func (t *twin) messageLeft(c *twinCall, r MessageReport) {
	if c.Phase != Messaging {
		return
	}
	at, cause := t.now, ""
	if !c.gone.IsZero() {
		at = c.gone
	}
	if r.Length > 0 {
		c.Record, c.MessageMS = r.Record, r.Length.Milliseconds()
	}
	if r.CallerGone {
		cause = by(r.Cause, "caller")
	}
	t.end(c, at, c.Unserved, cause)
}

// failed ends a call whose script can't go on.
func (t *twin) failed(c *twinCall) {
	if c.Phase == Booked {
		c.script = 0
		return
	}
	t.end(c, t.now, Failed, "agi")
}

func (t *twin) mayBook(c *twinCall) bool {
	return t.queues[c.Queue].cfg.Callback.Key != "" && c.inLine() && c.Direction == In && c.Start == nil && len(c.Caller) > 1
}

func (t *twin) book(c *twinCall) {
	c.Phase, c.Key, c.gone, c.why, c.drop = Booked, "1", time.Time{}, "", false
	c.Callback = &Booking{Number: c.Caller, At: t.now, Until: t.now.Add(t.queues[c.Queue].cfg.Callback.Expires)}
	t.transferred(c, TransferNoAnswer)
}

// mayCallBack reports whether the customer may be called, should an agent be free.
func (t *twin) mayCallBack(c *twinCall) bool {
	b := c.Callback
	return c.script == 0 && b.Call == "" && !t.deaf && t.queues[c.Queue].schedule.At(t.now).Open &&
		(b.Next == nil || t.past(*b.Next)) && !t.past(b.Until) && !t.onTheLine(c)
}

func (t *twin) onTheLine(c *twinCall) bool {
	for _, d := range t.calls {
		if d != c && d.Phase != Booked && t.numberOf(d) == within(c.Caller) {
			return true
		}
	}
	return false
}

func (t *twin) numberOf(c *twinCall) string {
	if c.Direction == Out {
		return within(c.Callee)
	}
	return within(c.Caller)
}

// within is a number as it is written within the country.
func within(number string) string {
	if rest, ok := strings.CutPrefix(number, "+82"); ok {
		return "0" + rest
	}
	return number
}

func (t *twin) callBack(c *twinCall, agent string) {
	b, q := c.Callback, t.queues[c.Queue]
	b.Asked++
	b.Next, b.Call = nil, fmt.Sprintf("%s-%d", c.ID, b.Asked)
	o := OutCall{ID: b.Call, Agent: agent, Queue: c.Queue, Number: b.Number}
	if c.Record != "" { // r.wav
		o.Record = b.Call + ".wav"
	}
	t.ringFirst(o, t.agents[agent], q)
	t.calls[b.Call].CallbackFor = c.ID
	q.last = agent
}

// hungUp looks at what the end of a call means to those who are to be called back.
func (t *twin) hungUp(out *twinCall) {
	c := t.calls[out.CallbackFor]
	if c == nil || c.Phase != Booked || c.Callback.Call != out.ID {
		return
	}
	b, cfg, r := c.Callback, t.queues[c.Queue].cfg, out.Rings[0]
	b.Call = ""
	switch {
	case c.again:
		t.end(c, t.now, CalledBack, "called_again")
		return
	case r.Result == RingAnswer:
		next := t.now.Add(cfg.Callback.Retry)
		b.Tries, b.Next = b.Tries+1, &next
		if b.Tries >= cfg.Callback.Attempts {
			b.Next = nil
			t.end(c, t.now, Abandoned, "callback_no_success")
			return
		}
	case t.agents[r.Agent] != nil:
		a := t.agents[r.Agent]
		c.let[r.Agent]++
		c.alone[r.Agent] = t.now.Add(max(minRing, cfg.RetryPause))
		if r.Result != CutShort && (r.Result != NoAnswer || r.Rang != nil) {
			a.misses++
			if cfg.AwayAfter > 0 && a.misses >= cfg.AwayAfter {
				a.away, a.reason, a.misses = true, "no_answer", 0
			}
		}
	}
	if t.past(b.Until) {
		t.end(c, t.now, Abandoned, "callback_expired")
	}
}

// takePlace gives a customer who calls again the place of the call before.
func (t *twin) takePlace(c *twinCall) {
	for _, b := range t.inOrder() {
		if b.Phase != Booked || b.Queue != c.Queue || within(b.Caller) != within(c.Caller) {
			continue
		}
		place := b.Begin
		if b.Place != nil {
			place = *b.Place
		}
		if place.Before(c.Begin) {
			c.Place = &place
		}
		if b.again = true; b.Callback.Call == "" {
			t.end(b, t.now, CalledBack, "called_again")
		}
	}
}

func (t *twin) restoreBooked(c *twinCall, calls []Call) {
	call := c.Callback.Call
	c.Callback.Call = ""
	for _, d := range calls {
		if d.CallbackFor == c.ID && d.Start != nil {
			t.end(c, t.now, CalledBack, "reached")
			return
		}
		if d.ID == call && call != "" {
			c.Callback.Call = call
		}
	}
}

// calledBack lists the calls back that the last input has begun, as offers.
func (w *world) calledBack() (offers []made) {
	for _, e := range w.events {
		if e.Kind != CallRinging || e.Call.CallbackFor == "" || w.twin.calls[e.Call.ID] != nil {
			continue
		}
		if c := w.board.m.calls[e.Call.ID]; c != nil && c.Phase == Ringing {
			o := &Offer{ID: c.offer.id, Agents: []OfferedAgent{{ID: c.Agent}}}
			offers = append(offers, made{e.Call.CallbackFor, o})
		}
	}
	return offers
}

// pickBooked chooses a caller who is to be called back; sometimes, or when there
// is none, another.
func (w *world) pickBooked(n int) string {
	for _, c := range w.twin.inOrder() {
		if c.Phase == Booked && n%4 > 0 {
			return c.ID
		}
	}
	return w.pick(n)
}

// unbook has somebody cancel a call-back.
func (w *world) unbook(call string) {
	var err error
	w.say("cancel the call-back of %s", call)
	w.do(func() { err = w.board.CancelCallback(call) }, func() {
		var want error
		switch c := w.twin.calls[call]; {
		case c == nil:
			want = ErrUnknownCall
		case c.Phase != Booked:
			want = ErrNotBooked
		case c.Callback.Call != "":
			want = ErrCallingBack
		default:
			w.twin.end(c, w.twin.now, CalledBack, "callback_cancelled")
		}
		if !errors.Is(err, want) {
			w.fail("%s: %v, want %v", call, err, want)
		}
	})
}

// applyKey has a caller press a key, or a message end.
func (w *world) applyKey(o op, s *script) {
	t := w.twin
	c := t.calls[s.call]
	served := c != nil && c.script == s.id
	var got bool
	agree := func(want bool) {
		if got != want {
			w.fail("the key of %s does something: %v, want %v", s.call, got, want)
		}
	}
	switch {
	case served && c.Phase == Messaging:
		r := MessageReport{
			Record: "m.wav", Length: time.Duration(max(0, o.n[1]%9000-3000)) * time.Millisecond,
			CallerGone: o.n[2]%2 == 0, Cause: oneOf(o.n[3], 0, 16),
		}
		w.say("script %d of %s: %+v", s.id, s.call, r)
		w.do(func() { s.ticket.MessageLeft(r) }, w.served(s, func(c *twinCall) { t.messageLeft(c, r) }))
	case o.n[1]%3 == 0:
		w.say("script %d of %s: a message", s.id, s.call)
		w.do(func() { got = s.ticket.LeaveMessage("2") }, func() {
			c := t.calls[s.call]
			ok := c != nil && c.script == s.id && c.inLine() && c.Start == nil && c.Direction == In
			if agree(ok); ok {
				c.Key = "2"
				t.takeMessage(c, Abandoned)
			}
		})
	default:
		w.say("script %d of %s: call back", s.id, s.call)
		w.do(func() { got = s.ticket.Book("1") }, func() {
			c := t.calls[s.call]
			ok := c != nil && c.script == s.id && t.mayBook(c)
			if agree(ok); ok {
				t.book(c)
			}
		})
		if got && o.n[2]%4 > 0 {
			w.say("script %d of %s ends", s.id, s.call)
			w.do(s.ticket.Detach, w.served(s, t.detach))
		}
	}
}
