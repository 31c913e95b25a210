package notify_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"calld/queue"
)

// The events of an outbound call: of the agent's phone, dialled without a
// caller, and of the customer whom that dials.
func TestOutboundEventsBecomeFacts(t *testing.T) {
	id := queue.OutChannel("c1")
	agent := []string{"DestChannel", "PJSIP/8001-1", "DestUniqueid", id, "DestLinkedid", id}
	customer := []string{"Channel", "PJSIP/8001-1", "Uniqueid", id, "Linkedid", id, "DestChannel", "PJSIP/trunk-2", "DestUniqueid", "out"}
	type event struct {
		name  string
		pairs []string
	}
	of := func(name string, who []string, more ...string) event {
		return event{name, append(append([]string{}, who...), more...)}
	}
	begin, rings, answers := of("DialBegin", agent, "DialString", "8001"), of("DialState", agent, "DialStatus", "RINGING"), of("DialEnd", agent, "DialStatus", "ANSWER")
	dials := of("DialBegin", customer, "DialString", "010@trunk")
	hangup := of("Hangup", nil, "Channel", "PJSIP/8001-1", "Uniqueid", id, "Cause", "16")
	failure := func(reason string) event {
		return of("OriginateResponse", nil, "ActionID", id, "Response", "Failure", "Reason", reason, "Uniqueid", "<null>")
	}
	for name, test := range map[string]struct {
		events []event
		want   string
	}{
		"nothing yet":             {[]event{begin}, "ringing 8001:"},
		"it rings":                {[]event{begin, rings}, "ringing 8001:(rang)"},
		"the agent answers":       {[]event{begin, rings, answers, dials, of("DialState", customer, "DialStatus", "RINGING")}, "dialling 8001:answered(rang)"},
		"the customer answers":    {[]event{begin, answers, dials, of("DialEnd", customer, "DialStatus", "ANSWER")}, "talking 8001:answered"},
		"the customer is busy":    {[]event{begin, answers, dials, of("DialEnd", customer, "DialStatus", "BUSY")}, "dialling 8001:answered"},
		"the agent refuses":       {[]event{begin, rings, of("DialEnd", agent, "DialStatus", "BUSY")}, "ended failed agent_refused"},
		"the agent is away":       {[]event{begin, of("DialEnd", agent, "DialStatus", "CHANUNAVAIL")}, "ended failed agent_unreachable"},
		"the agent hangs up":      {[]event{begin, answers, hangup}, "ended abandoned 16 agent"},
		"no phone at all":         {[]event{failure("0")}, "ended failed agent_unreachable"},
		"refused, as told before": {[]event{failure("0"), begin, of("DialEnd", agent, "DialStatus", "NOANSWER"), hangup}, "ended failed agent_refused"},
		"refused after ringing":   {[]event{failure("0"), begin, rings, of("DialEnd", agent, "DialStatus", "BUSY")}, "ended failed agent_refused"},
		"gone before it rang":     {[]event{failure("0"), hangup}, "ended failed agent_unreachable"},
		"answers at once":         {[]event{of("OriginateResponse", nil, "ActionID", id, "Response", "Success", "Reason", "4"), begin, answers, dials}, "dialling 8001:answered"},
		"refused, as told late":   {[]event{failure("5")}, "ended failed agent_refused"},
		"another's failure":       {[]event{of("OriginateResponse", nil, "ActionID", "x", "Response", "Failure", "Reason", "0")}, "ringing 8001:"},
		"success":                 {[]event{of("OriginateResponse", nil, "ActionID", id, "Response", "Success", "Reason", "4")}, "ringing 8001:"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newExchange(t, "PJSIP/{phone}")
				if _, err := x.board.CallOut(queue.OutCall{ID: "c1", Agent: "a8001", Queue: "q1", Number: "010"}); err != nil {
					t.Fatal(err)
				}
				for _, e := range test.events {
					x.emit(e.name, e.pairs...)
				}
				time.Sleep(time.Second) // what may be overtaken has come
				synctest.Wait()
				got := x.results()
				x.mu.Lock()
				if len(x.ended) > 0 {
					got += fmt.Sprintf(" %s", x.ended[0])
				}
				x.mu.Unlock()
				if got != test.want {
					t.Errorf("the board has %q, want %q", got, test.want)
				}
			})
		})
	}
}

// What was missed of an outbound call is seen in the channels, and none of
// them is taken for an agent's phone that rings for a caller.
func TestOutboundResync(t *testing.T) {
	id := queue.OutChannel("c1")
	synctest.Test(t, func(t *testing.T) {
		x := newExchange(t, "PJSIP/{phone}")
		if _, err := x.board.CallOut(queue.OutCall{ID: "c1", Agent: "a8001", Queue: "q1", Number: "010"}); err != nil {
			t.Fatal(err)
		}
		x.mu.Lock()
		x.channels = [][]string{
			{"Channel", "PJSIP/8001-1", "Uniqueid", id, "Linkedid", id, "BridgeId", "b1"},
			{"Channel", "PJSIP/trunk-2", "Uniqueid", "out", "Linkedid", id, "BridgeId", "b1"},
		}
		x.mu.Unlock()
		x.srv.Cut()
		x.boot(time.Hour)
		if got, want := x.results(), "talking 8001:answered"; got != want {
			t.Errorf("the board has %q, want %q", got, want)
		}
		if n := x.watcher.Stats().Legs; n != 0 {
			t.Errorf("%d legs are followed, want none", n)
		}
	})
}
