package notify

import (
	"strconv"
	"time"

	"calld/ami"
	"calld/queue"
)

// maxLate is how old an event's own time may be to be believed.
const maxLate = 2 * time.Minute

// The handlers run one after another on the AMI client's dispatcher. None of
// them waits for anything.

// fullyBooted tells how long Asterisk has been up; it comes at each log-in.
func (w *Watcher) fullyBooted(e *ami.Event) {
	var started time.Time
	if up, err := strconv.ParseUint(e.Get("Uptime"), 10, 31); err == nil {
		// The age is in whole seconds, rounded down, so this is up to a second
		// too late: a call that is gone and began in that second was cut off
		// by the restart, rather than begun and ended just after it.
		started = time.Now().Add(-time.Duration(up) * time.Second)
	} else {
		w.log.Warn("asterisk does not tell its age", "uptime", e.Get("Uptime"))
	}
	select {
	case <-w.booted: // of an older connection
	default:
	}
	w.booted <- started // only this goroutine sends
}

// dialBegin: a phone is being dialled. Originate dials without a caller
// (AMI v2 specification, DialBegin): those are no offers. Whom an outbound
// call dials is a customer.
func (w *Watcher) dialBegin(e *ami.Event) {
	caller, id := e.Get("Uniqueid"), e.Get("DestUniqueid")
	if caller == "" || id == "" || w.dialsCustomer(caller) {
		return
	}
	channel := e.Get("DestChannel")
	phone := w.template.ofDial(channel, e.Get("DialString"))
	if phone == "" {
		return
	}
	w.follow(id, leg{caller: caller, phone: phone, since: time.Now(), passing: w.template.passing(channel)})
}

func (w *Watcher) follow(id string, l leg) {
	if !w.legs.add(id, l) {
		w.log.Error("too many channels to agents: one is not followed", "unique_id", id, "phone", l.phone)
	}
}

// legOf finds the leg that an event is about. When its DialBegin was missed,
// the name of the channel tells whose phone it is.
func (w *Watcher) legOf(e *ami.Event) (id string, l leg, ok bool) {
	id = e.Get("DestUniqueid")
	if l, ok = w.legs.get(id); ok {
		return id, l, true
	}
	caller, channel := e.Get("Uniqueid"), e.Get("DestChannel")
	phone := w.template.ofChannel(channel)
	if id == "" || caller == "" || phone == "" {
		return "", leg{}, false
	}
	w.follow(id, leg{caller: caller, phone: phone, since: time.Now(), passing: w.template.passing(channel)})
	l, ok = w.legs.get(id)
	return id, l, ok
}

// dialState: 180 gives RINGING, 183 gives PROGRESS alone (chan_pjsip.c).
func (w *Watcher) dialState(e *ami.Event) {
	if s := e.Get("DialStatus"); s != "RINGING" && s != "PROGRESS" {
		return
	}
	if w.tryRings(e) || w.outState(e) {
		return
	}
	if _, l, ok := w.legOf(e); ok && !l.over {
		w.tell(e, queue.Fact{Kind: queue.PhoneRings, UniqueID: l.caller, Phone: l.phone})
	}
}

// dialEnd: any other status ends the dialling (manager_channels.c).
func (w *Watcher) dialEnd(e *ami.Event) {
	if w.tryDialled(e) || w.outEnd(e) {
		return
	}
	id, _, ok := w.legOf(e)
	status := e.Get("DialStatus")
	if !ok {
		if caller := e.Get("Uniqueid"); status == "ANSWER" && caller != "" {
			// No agent's phone: a number outside that a call was handed to.
			w.tell(e, queue.Fact{Kind: queue.PhoneAnswers, UniqueID: caller})
		}
		return
	}
	if status == "ANSWER" {
		if l, news := w.legs.answer(id); news {
			w.tell(e, queue.Fact{Kind: queue.PhoneAnswers, UniqueID: l.caller, Phone: l.phone})
		}
		return
	}
	l, silent := w.legs.stop(id)
	if !silent {
		return // it rings at another contact, or did not ring any more
	}
	f := queue.Fact{Kind: queue.PhoneDone, UniqueID: l.caller, Phone: l.phone, Result: queue.Refused}
	switch status {
	case "CANCEL", "ABORT":
		// Another phone answered or the caller left. app_dial.c cancels the
		// losers before it tells of the winner: the board will know which.
		return
	case "NOANSWER":
		f.Result = queue.NoAnswer
	case "CHANUNAVAIL":
		f.Result = queue.Unreachable
	}
	w.tell(e, f)
}

// hangup: a channel has ended; which, tells what that means.
func (w *Watcher) hangup(e *ami.Event) {
	id := e.Get("Uniqueid")
	cause, err := strconv.Atoi(e.Get("Cause"))
	if err != nil || cause < 0 {
		cause = 0
	}
	if try, ok := queue.TryOf(id); ok {
		w.tries.Gone(try, cause, e.Get("Cause-txt"), w.at(e))
	}
	l, ok := w.legs.remove(id) // whom its agent had consulted is the caller's now
	if call, out := queue.OutOf(id); out && !ok {
		if c, live := w.board.Call(call); live {
			w.legs.pass(id, c.UniqueID)
		}
	}
	switch {
	case !ok:
		w.tell(e, queue.Fact{Kind: queue.CallerGone, UniqueID: id, Cause: cause})
	case l.resumes:
		// The channel that took its place, if there is one, was heard of in no
		// event: it is looked for.
		w.Refresh()
	case l.talks && !l.passing:
		w.tell(e, queue.Fact{Kind: queue.TalkOver, UniqueID: l.caller, Phone: l.phone, Cause: cause})
	}
}

// tell gives the board a fact with its time.
func (w *Watcher) tell(e *ami.Event, f queue.Fact) {
	f.At = w.at(e)
	w.board.Heard(f)
}

// at is the time at which Asterisk says that an event was, or else now.
func (w *Watcher) at(e *ami.Event) time.Time {
	w.mu.Lock()
	offset := w.offset
	w.mu.Unlock()
	return occurred(e.Get("Timestamp"), offset, time.Now())
}

// occurred is when an event was, by its stamp of a clock that is ahead by
// offset. It is reckoned back from now, whose monotonic reading it keeps: else a
// call during which the machine's clock is set would last an hour.
func occurred(stamp string, offset time.Duration, now time.Time) time.Time {
	if s, err := strconv.ParseFloat(stamp, 64); err == nil && s > 0 && s < 1e11 {
		if late := now.Sub(time.UnixMicro(int64(s * 1e6)).Add(-offset)); late > 0 && late < maxLate {
			return now.Add(-late)
		}
	}
	return now
}

// deviceState: a phone's state changed.
func (w *Watcher) deviceState(e *ami.Event) {
	phone := w.template.ofDevice(e.Get("Device"))
	if phone == "" {
		return
	}
	w.devices.Lock()
	defer w.devices.Unlock()
	if w.heard != nil {
		w.heard[phone] = true
	}
	w.board.Phone(phone, phoneState(e.Get("State")))
}

// phoneState translates a device state (devicestate.c).
func phoneState(s string) queue.PhoneState {
	switch s {
	case "NOT_INUSE":
		return queue.PhoneIdle
	case "INUSE", "BUSY", "RINGING", "RINGINUSE", "ONHOLD":
		return queue.PhoneBusy
	case "UNAVAILABLE", "INVALID":
		return queue.PhoneUnreachable
	}
	return queue.PhoneUnknown
}
