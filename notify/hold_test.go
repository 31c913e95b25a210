package notify_test

import (
	"testing"
	"testing/synctest"
	"time"

	"calld/ami/amitest"
	"calld/queue"
)

// TestAHoldGoesOnOnAnotherChannel: outside a bridge Asterisk moves the old
// channel's place to the new one, whose ids are its own.
func TestAHoldGoesOnOnAnotherChannel(t *testing.T) {
	for name, holds := range map[string]struct {
		whom string
		want string
	}{
		"this customer": {"PJSIP/trunk-1", "PJSIP/8002-2"},
		"another one":   {"PJSIP/trunk-9", "ended"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newExchange(t, "PJSIP/{phone}")
				ticket := x.ring()
				x.dial("8002-1", "begin")
				x.dial("8002-1", "ANSWER")
				x.hold(ticket, "PJSIP/8002-1", 1)
				x.watcher.Resuming("8002")
				x.waits("PJSIP/8002-2", "8002-2", holds.whom)
				x.hangup("8002-1", "16")
				time.Sleep(time.Minute)
				synctest.Wait()
				if got := x.heldBy(); got != holds.want {
					t.Errorf("held by %q, want %q", got, holds.want)
				}
				x.hangup("8002-2", "16") // now the agent hangs up
				if got := x.heldBy(); got != "ended" {
					t.Errorf("after the end of the new channel: held by %q", got)
				}
			})
		})
	}
}

// The first channel of a call that an agent has made is like a leg once the
// customer is turned over.
func TestAHoldOfAnOutboundCallGoesOnOnAnotherChannel(t *testing.T) {
	for name, phone := range map[string]struct {
		resuming bool
		want     string
	}{
		"taken up": {true, "PJSIP/8001-2"},
		"hung up":  {false, "ended"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newExchange(t, "PJSIP/{phone}")
				id := queue.OutChannel("c1")
				if _, err := x.board.CallOut(queue.OutCall{ID: "c1", Agent: "a8001", Queue: "q1", Number: "010"}); err != nil {
					t.Fatal(err)
				}
				if _, _, err := x.board.PickUp("c1", "PJSIP/8001-1"); err != nil {
					t.Fatal(err)
				}
				x.board.Heard(queue.Fact{Kind: queue.CustomerAnswers, UniqueID: id})
				if err := x.board.Hold("c1", "PJSIP/8001-1"); err != nil {
					t.Fatal(err)
				}
				if _, err := x.board.Enter(queue.Entry{ID: "c1", Queue: "q1", Channel: "PJSIP/trunk-1", UniqueID: "in", Returning: true}); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second)
				if phone.resuming {
					x.watcher.Resuming("8001")
				}
				x.waits("PJSIP/8001-2", "8001-2", "PJSIP/trunk-1")
				x.emit("Hangup", "Channel", "PJSIP/8001-1", "Uniqueid", id, "Linkedid", id, "Cause", "16")
				time.Sleep(time.Minute)
				synctest.Wait()
				if got := x.heldBy(); got != phone.want {
					t.Errorf("held by %q, want %q", got, phone.want)
				}
				x.hangup("8001-2", "16")
				if got := x.heldBy(); got != "ended" {
					t.Errorf("after the end of the new channel: held by %q", got)
				}
			})
		})
	}
}

// hold has the customer of the call held, whose script had an offer of that id.
func (x *exchange) hold(ticket *queue.Ticket, agent string, offer uint64) {
	x.t.Helper()
	if err := x.board.Hold("c1", agent); err != nil {
		x.t.Fatal(err)
	}
	ticket.Dialled(queue.DialReport{Offer: offer, Result: queue.RingAnswer, Cause: 16})
	if got := x.heldBy(); got != agent {
		x.t.Fatalf("held by %q, want %q", got, agent)
	}
	time.Sleep(time.Second) // the hold is older than what is listed
}

// waits has Asterisk list a channel that holds another, beside the caller's.
func (x *exchange) waits(name, id, whom string) {
	x.mu.Lock()
	x.channels = [][]string{channel("PJSIP/trunk-1", "in", ""), {"Channel", name, "Uniqueid", id, "Linkedid", id, "Context", "hold", "BridgeId", ""}}
	x.mu.Unlock()
	x.srv.Answer("Getvar", func(r *amitest.Request) {
		if r.Get("Channel") != name || r.Get("Variable") != "HELD" {
			r.Error("No such channel")
			return
		}
		r.Success("Variable", "HELD", "Value", whom)
	})
}

// heldBy names the agent's channel that holds the call, or "ended".
func (x *exchange) heldBy() string {
	c, ok := x.board.Call("c1")
	if !ok {
		return "ended"
	}
	return c.HeldChannel
}
