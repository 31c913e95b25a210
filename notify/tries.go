package notify

import (
	"time"

	"calld/ami"
	"calld/queue"
)

// Tries is told of the channels of customers whom campaigns dial, by the try
// that [queue.TryChannel] is made of. Its methods must return at once.
type Tries interface {
	// Rings tells that the customer's phone rings.
	Rings(try string, at time.Time)
	// DialOver tells the DIALSTATUS with which the ringing ended.
	DialOver(try, status string, at time.Time)
	// Gone tells that the channel has ended, by a hang-up cause (Q.850).
	Gone(try string, cause int, text string, at time.Time)
	// Originated tells what became of the order: answered, or a reason of pbx.c.
	Originated(try string, answered bool, reason int, at time.Time)
	// Live tells which channels there were, and which of them have been answered.
	Live(asOf, started time.Time, tries map[string]bool)
	// Connected tells whether Asterisk's events come.
	Connected(up bool)
}

// noTries is nobody to tell.
type noTries struct{}

func (noTries) Rings(string, time.Time)                    {}
func (noTries) DialOver(string, string, time.Time)         {}
func (noTries) Gone(string, int, string, time.Time)        {}
func (noTries) Originated(string, bool, int, time.Time)    {}
func (noTries) Live(time.Time, time.Time, map[string]bool) {}
func (noTries) Connected(bool)                             {}

// tryRings takes a DialState of a customer whom a campaign dials; false when it is
// of another. Such a customer is dialled by Originate, without a caller.
func (w *Watcher) tryRings(e *ami.Event) bool {
	try, ok := queue.TryOf(e.Get("DestUniqueid"))
	if ok {
		w.tries.Rings(try, w.at(e))
	}
	return ok
}

// tryDialled is tryRings for a DialEnd.
func (w *Watcher) tryDialled(e *ami.Event) bool {
	try, ok := queue.TryOf(e.Get("DestUniqueid"))
	if ok {
		w.tries.DialOver(try, e.Get("DialStatus"), w.at(e))
	}
	return ok
}
