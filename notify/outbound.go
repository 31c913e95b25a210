package notify

import (
	"strconv"

	"calld/ami"
	"calld/queue"
)

// Outbound calls are known by the unique id of their first channel, the
// agent's: it is dialled by Originate, without a caller, and itself dials the
// customer.

// dialsCustomer reports whether a channel is that of an agent who makes a call,
// so that whom it dials is the customer: not somebody to be consulted.
func (w *Watcher) dialsCustomer(uniqueID string) bool {
	return queue.IsOutChannel(uniqueID) && !w.board.Consults(uniqueID)
}

// outState takes a DialState of an outbound call; false when it is of another.
func (w *Watcher) outState(e *ami.Event) bool {
	agent, customer := queue.IsOutChannel(e.Get("DestUniqueid")), w.dialsCustomer(e.Get("Uniqueid"))
	if agent {
		w.tell(e, queue.Fact{Kind: queue.PhoneRings, UniqueID: e.Get("DestUniqueid")})
	}
	return agent || customer
}

// outEnd takes a DialEnd of an outbound call; false when it is of another. Why
// a customer was not reached, the script tells.
func (w *Watcher) outEnd(e *ami.Event) bool {
	answered := e.Get("DialStatus") == "ANSWER"
	if id := e.Get("Uniqueid"); w.dialsCustomer(id) {
		if answered {
			w.tell(e, queue.Fact{Kind: queue.CustomerAnswers, UniqueID: id})
		}
		return true
	}
	id := e.Get("DestUniqueid")
	if !queue.IsOutChannel(id) {
		return false
	}
	if answered {
		w.tell(e, queue.Fact{Kind: queue.PhoneAnswers, UniqueID: id})
		return true
	}
	f := queue.Fact{Kind: queue.PhoneDone, UniqueID: id, Result: queue.Refused}
	switch e.Get("DialStatus") {
	case "NOANSWER":
		f.Result = queue.NoAnswer
	case "CHANUNAVAIL":
		f.Result = queue.Unreachable
	case "CANCEL", "ABORT":
		f.Result = queue.CallerLeft
	}
	w.tell(e, f)
	return true
}

// originated tells that an agent's phone was not reached: of one that can't be
// rung at all there is no other event. Reasons are those of pbx.c,
// pbx_dial_reason: control frames, or 0 for a phone that could not be called. It
// is also 0 for one that ends the ringing by itself (dial.c, monitor_dial, keeps
// no cause of that), and this event may overtake the DialEnd that tells so.
func (w *Watcher) originated(e *ami.Event) {
	id := e.Get("ActionID")
	if try, ok := queue.TryOf(id); ok {
		reason, err := strconv.Atoi(e.Get("Reason"))
		if err != nil {
			reason = 0 // could not be called
		}
		w.tries.Originated(try, e.Get("Response") == "Success", reason, w.at(e))
		return
	}
	if !queue.IsOutChannel(id) || e.Get("Response") != "Failure" {
		return
	}
	f := queue.Fact{Kind: queue.PhoneDone, UniqueID: id, Result: queue.Refused}
	switch e.Get("Reason") {
	case "0":
		f = queue.Fact{Kind: queue.NotReached, UniqueID: id}
	case "3": // it rang, to the end
		f.Result = queue.NoAnswer
	}
	w.tell(e, f)
}
