package api

import (
	"net/http"
	"slices"
	"testing"

	"calld/queue"
)

// book has a caller of a queue ask to be called back. The call is booked-ID, ID
// being the queue's.
func (c *centre) book(queueID string) {
	c.t.Helper()
	ticket, err := c.board.Enter(queue.Entry{ID: "booked-" + queueID, Queue: queueID, Caller: "01044445555", UniqueID: "ub" + queueID, Ready: true})
	if err != nil {
		c.t.Fatal(err)
	}
	if !ticket.Book("1") {
		c.t.Fatal("the caller can't be called back")
	}
	ticket.Detach()
}

// TestCancelCallback: supervisors and the agents of the queue cancel what a caller has
// booked, and it is written down.
func TestCancelCallback(t *testing.T) {
	const booked = "POST /api/v1/calls/booked-billing/callback/cancel"
	for _, by := range []string{"other", "sup", "관리자"} {
		t.Run(by, func(t *testing.T) {
			c := newCentre(t)
			c.book("billing")
			wantProblem(t, c.ask("홍길동", booked, ""), http.StatusNotFound, CodeNotFound)
			wantProblem(t, c.ask(by, "POST /api/v1/calls/live-billing/callback/cancel", ""), http.StatusConflict, CodeNotBooked)
			if r := c.ask(by, booked, ""); r.Code != http.StatusNoContent {
				t.Fatalf("status %d: %s", r.Code, r.Body)
			}
			if o, ok := c.board.OutcomeOf("booked-billing"); !ok || o != queue.CalledBack {
				t.Errorf("outcome %q, %v", o, ok)
			}
			wantProblem(t, c.ask(by, booked, ""), http.StatusNotFound, CodeNotFound)
			if trail, want := c.trail(), by+" callback_cancel billing booked-billing ok"; !slices.Contains(trail, want) {
				t.Errorf("audit trail %q lacks %q", trail, want)
			}
		})
	}
}

// TestCancelCallbackTooLate: once an agent's phone rings, the call back is that agent's to end.
func TestCancelCallbackTooLate(t *testing.T) {
	c := newCentre(t)
	before, err := c.board.Enter(queue.Entry{ID: "live-billing", Queue: "billing", UniqueID: "ubilling"}) // who is first in line
	if err != nil {
		t.Fatal(err)
	}
	before.Hangup(16)
	c.board.Deaf(false)
	c.book("billing")
	if err := c.board.Connect("other"); err != nil {
		t.Fatal(err)
	}
	c.board.Phone("802", queue.PhoneIdle)
	if b, ok := c.board.Call("booked-billing"); !ok || b.Callback.Call == "" {
		t.Fatalf("nobody is asked for %+v", b)
	}
	wantProblem(t, c.ask("other", "POST /api/v1/calls/booked-billing/callback/cancel", ""), http.StatusConflict, CodeCallingBack)
}
