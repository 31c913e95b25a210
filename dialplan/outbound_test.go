package dialplan

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"calld/agi"
	"calld/agi/agitest"
	"calld/queue"

	"github.com/google/go-cmp/cmp"
)

// order has 홍길동 call a customer for a queue, and prepares the phone that has
// answered.
func (c *centre) order(queueID, record string) *agitest.Caller {
	c.t.Helper()
	c.board.Deaf(false)
	c.logIn("홍길동")
	call, err := c.board.CallOut(queue.OutCall{ID: "out-1", Agent: "홍길동", Queue: queueID, Number: "01012345678", Record: record})
	if err != nil {
		c.t.Fatal(err)
	}
	k := agitest.New(c.t, agi.Env{NetworkScript: "outbound", Channel: "PJSIP/801-1", UniqueID: call.UniqueID})
	k.SetVar(VarID, call.ID)
	return k
}

func (c *centre) outbound() *Outbound {
	return &Outbound{Board: c.board, Config: c.script.Config, Log: slog.New(slog.DiscardHandler)}
}

// The script shows the queue's number, dials, and reports how that ended.
func TestOutbound(t *testing.T) {
	const source = "CHANNEL(hangupsource)"
	const called = "CALLERID(num)=1000,CALLERID(name)=,_CALLD_NUMBER=01012345678"
	tests := map[string]struct {
		record  string
		dial    map[string]string
		said    []string
		outcome queue.Outcome
		cause   string
	}{
		"the customer hangs up": {
			"",
			map[string]string{"DIALSTATUS": "ANSWER", "ANSWEREDTIME_MS": "2000", "HANGUPCAUSE": "16", source: "PJSIP/trunk-1"},
			[]string{"MSet(" + called + ")", "Dial(PJSIP/01012345678@trunk,45,gi)", "SET VARIABLE CALLD_RESULT ANSWERED"},
			queue.Answered, "16 customer",
		},
		"recorded": {
			"2026/a.wav",
			map[string]string{"DIALSTATUS": "ANSWER", "HANGUPCAUSE": "16", source: "PJSIP/trunk-1"},
			[]string{
				"MSet(" + called + ",_CALLD_RECORD=/rec/2026/a.wav)", "Dial(PJSIP/01012345678@trunk,45,gib(calld-customer^s^1))",
				"SET VARIABLE CALLD_RESULT ANSWERED",
			},
			queue.Answered, "16 customer",
		},
		"busy": {
			"",
			map[string]string{"DIALSTATUS": "BUSY", "HANGUPCAUSE": "17"},
			[]string{"MSet(" + called + ")", "Dial(PJSIP/01012345678@trunk,45,gi)", "SET VARIABLE CALLD_RESULT FAILED"},
			queue.Failed, "17 busy",
		},
		"the agent gives up": {
			"",
			map[string]string{"DIALSTATUS": "CANCEL", source: "PJSIP/801-1"},
			[]string{"MSet(" + called + ")", "Dial(PJSIP/01012345678@trunk,45,gi)", "SET VARIABLE CALLD_RESULT ABANDONED"},
			queue.Abandoned, "agent",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inCentre(t, func(c *centre) {
				k := c.order("plain", tt.record)
				dials(k, tt.dial)
				k.Dial(c.outbound())
				k.Wait()
				if diff := cmp.Diff(tt.said, said(k)); diff != "" {
					t.Errorf("commands (-want +got):\n%s", diff)
				}
				got := c.wantEnd(k, tt.outcome, tt.cause)
				if got.Channel != "PJSIP/801-1" {
					t.Errorf("channel %q", got.Channel)
				}
			})
		})
	}
}

// The agent hangs up while the customer's phone rings.
func TestOutboundHangup(t *testing.T) {
	inCentre(t, func(c *centre) {
		k := c.order("plain", "")
		k.Hold("EXEC Dial")
		k.Dial(c.outbound())
		k.Expect("GET", "FULL", "VARIABLE")
		k.Expect("EXEC", "MSet")
		k.Expect("EXEC", "Dial")
		k.SetVar("DIALSTATUS", "CANCEL")
		k.SetVar("CHANNEL(hangupsource)", "PJSIP/801-1")
		k.Hangup(16)
		c.wantEnd(k, queue.Abandoned, "16 agent")
	})
}

// The agent holds the customer: the customer's channel, which is recorded
// already, gets a script, and the agent's ends.
func TestOutboundIsTurnedOver(t *testing.T) {
	inCentre(t, func(c *centre) {
		t := c.t
		k := c.order("plain", "2026/01/01/out-1.wav")
		k.Hold("EXEC Dial")
		k.Dial(c.outbound())
		k.Expect("GET", "FULL", "VARIABLE")
		k.Expect("EXEC", "MSet")
		k.Expect("EXEC", "Dial")
		c.board.Heard(queue.Fact{Kind: queue.CustomerAnswers, UniqueID: queue.OutChannel("out-1")})
		time.Sleep(time.Minute)
		if err := c.board.Hold("out-1", "PJSIP/801-1"); err != nil {
			t.Fatal(err)
		}
		k.SetVar("DIALSTATUS", "ANSWER")
		k.Redirect(HoldContext, "s", 1)
		k.Wait()
		if got := k.Var(VarResult); got != "ANSWERED" {
			t.Errorf("the agent's channel has %s %q: its script would come back", VarResult, got)
		}
		customer := c.returning("1000")
		customer.SetVar(VarID, "out-1")
		customer.SetVar("CHANNEL(state)", "Up")
		customer.SetVar("MIXMONITOR_FILENAME", "/rec/2026/01/01/out-1.wav")
		customer.Dial(c.script)
		synctest.Wait()
		if got, _ := c.board.Call("out-1"); got.HeldSince == nil || got.ByAgent() {
			t.Errorf("the call is %+v", got)
		}
		if err := c.board.Unhold("out-1"); err != nil {
			t.Fatal(err)
		}
		c.wantEnd(customer, queue.Answered, "agent")
		wantSaid(t, customer, "SET VARIABLE CALLD_TRY ", "StartMusicOnHold(jazz)", "StopMusicOnHold()", "Bridge(PJSIP/801-1)",
			"SET VARIABLE CALLD_RESULT ANSWERED")
	})
}

// A script that was lost while it dialled comes back when that is over, and
// only tells how.
func TestOutboundComesBack(t *testing.T) {
	inCentre(t, func(c *centre) {
		k := c.order("plain", "")
		k.On("EXEC Dial", func(*agitest.Command) string { k.Drop(); return "200 result=0" })
		k.Dial(c.outbound())
		k.Wait()
		synctest.Wait()
		if call, ok := c.board.Call("out-1"); !ok || call.Phase != queue.Dialling {
			t.Fatalf("the call whose script was lost: %v %+v", ok, call)
		}
		time.Sleep(5 * time.Second)
		back := agitest.New(c.t, agi.Env{NetworkScript: "outbound", Channel: "PJSIP/801-1", UniqueID: queue.OutChannel("out-1")})
		back.SetVar(VarID, "out-1")
		back.SetVar("DIALSTATUS", "NOANSWER")
		back.Dial(c.outbound())
		c.wantEnd(back, queue.Failed, "no_answer")
		if diff := cmp.Diff([]string{"SET VARIABLE CALLD_RESULT FAILED"}, said(back)); diff != "" {
			t.Errorf("commands (-want +got):\n%s", diff)
		}
	})
}

// A phone whose call is over, or was never heard of, is told so.
func TestOutboundWithoutCall(t *testing.T) {
	for id, want := range map[string]string{"out-1": "FAILED", "nothing": ResultUnknown, "": ResultUnknown} {
		inCentre(t, func(c *centre) {
			k := c.order("plain", "")
			c.board.CallOff("out-1", "asterisk")
			k.SetVar(VarID, id)
			k.Dial(c.outbound())
			k.Wait()
			if diff := cmp.Diff([]string{"SET VARIABLE CALLD_RESULT " + want}, said(k)); diff != "" {
				t.Errorf("%q: commands (-want +got):\n%s", id, diff)
			}
		})
	}
}

func TestCustomerResult(t *testing.T) {
	tests := []struct {
		status string
		cause  int
		want   queue.DialResult
	}{
		{"ANSWER", 16, queue.DialAnswered},
		{"BUSY", 0, queue.DialBusy},
		{"CHANUNAVAIL", 17, queue.DialBusy},
		{"NOANSWER", 0, queue.DialNoAnswer},
		{"CHANUNAVAIL", 19, queue.DialNoAnswer},
		{"CANCEL", 0, queue.DialNoAnswer},
		{"CHANUNAVAIL", 1, queue.DialUnallocated},
		{"CONGESTION", 28, queue.DialUnallocated},
		{"NOANSWER", 21, queue.DialRejected}, // 603
		{"CONGESTION", 34, queue.DialCongestion},
		{"CONGESTION", 0, queue.DialCongestion},
		{"CHANUNAVAIL", 0, queue.DialFailed},
		{"CHANUNAVAIL", 20, queue.DialFailed},
		{"INVALIDARGS", 0, queue.DialFailed},
		{"", 0, queue.DialFailed},
	}
	for _, tt := range tests {
		if got := queue.DialResultOf(tt.status, tt.cause); got != tt.want {
			t.Errorf("customerResult(%q, %d) = %q, want %q", tt.status, tt.cause, got, tt.want)
		}
	}
}
