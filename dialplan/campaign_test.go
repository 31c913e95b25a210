package dialplan

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"calld/agi"
	"calld/agi/agitest"
	"calld/queue"

	"github.com/google/go-cmp/cmp"
)

// dialler is who has customers dialled; it notes what the script tells.
type dialler struct {
	customer *Customer // nil: the try is over
	goOn     bool
	told     []string // guarded by the bubble: read after synctest.Wait
}

func (d *dialler) Met(_ context.Context, try string) (Customer, bool) {
	d.told = append(d.told, "met "+try)
	if d.customer == nil {
		return Customer{}, false
	}
	return *d.customer, true
}

func (d *dialler) Screened(_ context.Context, _, verdict, cause string) bool {
	d.told = append(d.told, "screened "+verdict+" "+cause)
	return d.goOn
}

func (d *dialler) Heard(context.Context, string) { d.told = append(d.told, "heard") }

// met prepares the channel of a customer whom a campaign has dialled and who has
// answered, and the script.
func (c *centre) met(d *dialler) (*agitest.Caller, *Outbound) {
	c.t.Helper()
	if d.customer != nil {
		d.customer.Entry = queue.Entry{
			ID: "t1", Queue: "plain", Caller: "1000", Callee: "01012345678", Campaign: "7", Customer: &queue.Customer{Entry: "e1"}, Ready: true,
		}
	}
	k := agitest.New(c.t, agi.Env{NetworkScript: "outbound", Channel: "PJSIP/trunk-1", UniqueID: queue.TryChannel("t1")})
	k.SetVar("CHANNEL(state)", "Up")
	return k, &Outbound{Board: c.board, Campaigns: d, Announcer: c.announcer, Config: c.script.Config, Log: slog.New(slog.DiscardHandler)}
}

const (
	namesCustomer = "MSet(__CALLD_ID=t1,CALLERID(num)=01012345678,CALLERID(name)=)"
	customersRing = "Dial(PJSIP/801,2,gim(jazz))"
	isAnswered    = "SET VARIABLE CALLD_RESULT ANSWERED"
)

// What is done with a customer who has answered, up to the agent.
func TestCustomerOfACampaign(t *testing.T) {
	tests := map[string]struct {
		customer Customer
		goOn     bool
		amd      string // what AMD finds
		digit    string // pressed while the message plays
		late     string // pressed after it
		told     []string
		said     []string
		agent    bool
	}{
		"given to an agent at once": {
			Customer{Grace: 2 * time.Second},
			false, "", "", "",
			[]string{"met t1"},
			[]string{
				namesCustomer,
				"SET VARIABLE _CALLD_HEADER_1 Alert-Info", "SET VARIABLE _CALLD_HEADER_VALUE_1 info=alert-autoanswer",
				"SET VARIABLE _CALLD_HEADER_2 Call-Info", "SET VARIABLE _CALLD_HEADER_VALUE_2 <sip:calld>;answer-after=0",
				"SET VARIABLE _CALLD_HEADER_3 ", "Dial(PJSIP/801,2,gib(calld-headers^s^1)m(jazz))", isAnswered,
			},
			true,
		},
		"with variables": {
			Customer{Variables: map[string]string{"plan": "A", "city": "서울"}},
			false, "", "", "",
			[]string{"met t1"},
			[]string{"SET VARIABLE CALLD_VAR_city 서울", "SET VARIABLE CALLD_VAR_plan A", namesCustomer, customersRing, isAnswered},
			true,
		},
		"found human": {
			Customer{AMD: true},
			true, "HUMAN", "", "",
			[]string{"met t1", "screened HUMAN cause"},
			[]string{"AMD()", namesCustomer, customersRing, isAnswered},
			true,
		},
		"found a machine": {
			Customer{AMD: true},
			false, "MACHINE", "", "",
			[]string{"met t1", "screened MACHINE cause"},
			[]string{"AMD()", isAnswered},
			false,
		},
		"AMD says nothing": {
			Customer{AMD: true},
			false, "", "", "",
			[]string{"met t1", "screened NOTSURE "},
			[]string{"AMD()", isAnswered},
			false,
		},
		"a message": {
			Customer{Message: true, Sound: "offer"},
			false, "", "", "",
			[]string{"met t1", "heard"},
			[]string{"STREAM FILE offer  0", isAnswered},
			false,
		},
		"a spoken message": {
			Customer{Message: true, Text: "안내"},
			false, "", "", "",
			[]string{"met t1", "heard"},
			[]string{"STREAM FILE ko/안내  0", isAnswered},
			false,
		},
		"the key while it plays": {
			Customer{Message: true, Sound: "offer", Key: "1"},
			false, "", "1", "",
			[]string{"met t1", "heard"},
			[]string{"STREAM FILE offer 1 0", namesCustomer, customersRing, isAnswered},
			true,
		},
		"the key after it": {
			Customer{Message: true, Sound: "offer", Key: "1"},
			false, "", "", "1",
			[]string{"met t1", "heard"},
			[]string{"STREAM FILE offer 1 0", "WAIT FOR DIGIT 5000", namesCustomer, customersRing, isAnswered},
			true,
		},
		"another key": {
			Customer{Message: true, Sound: "offer", Key: "1"},
			false, "", "", "2",
			[]string{"met t1", "heard"},
			[]string{"STREAM FILE offer 1 0", "WAIT FOR DIGIT 5000", isAnswered},
			false,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inCentre(t, func(c *centre) {
				c.logIn("홍길동")
				customer := tt.customer
				d := &dialler{customer: &customer, goOn: tt.goOn}
				k, script := c.met(d)
				k.On("EXEC AMD", func(*agitest.Command) string {
					if tt.amd != "" {
						k.SetVar("AMDSTATUS", tt.amd)
						k.SetVar("AMDCAUSE", "cause")
					}
					return ""
				})
				pressed := func(digit string) string {
					if digit == "" {
						return "200 result=0 endpos=8000"
					}
					return "200 result=" + map[string]string{"1": "49", "2": "50"}[digit] + " endpos=800"
				}
				k.On("STREAM FILE", func(*agitest.Command) string { return pressed(tt.digit) })
				k.On("WAIT FOR DIGIT", func(*agitest.Command) string { return pressed(tt.late) })
				dials(k, answered)
				k.Dial(script)
				wantSaid(c.t, k, tt.said...)
				synctest.Wait()
				if diff := cmp.Diff(tt.told, d.told); diff != "" {
					t.Errorf("told (-want +got):\n%s", diff)
				}
				if !tt.agent {
					if len(c.ended) != 0 {
						t.Errorf("calls: %+v", c.ended)
					}
					return
				}
				got := c.wantEnd(k, queue.Answered, "16 agent")
				if got.ID != "t1" || got.Agent != "홍길동" || got.Direction != queue.Out || got.Campaign != "7" || got.Callee != "01012345678" {
					t.Errorf("call = %+v", got)
				}
			})
		})
	}
}

// Whom no agent takes within the grace hears the plan's sound.
func TestCustomerIsAbandoned(t *testing.T) {
	inCentre(t, func(c *centre) {
		k, script := c.met(&dialler{customer: &Customer{Grace: 2 * time.Second, AbandonSound: "sorry"}})
		begin := time.Now()
		k.Dial(script)
		k.Wait()
		if waited := time.Since(begin); waited != 2*time.Second {
			c.t.Errorf("abandoned after %s", waited)
		}
		wantSaid(c.t, k, namesCustomer, "StartMusicOnHold(jazz)", "StopMusicOnHold()", "STREAM FILE sorry  0", "SET VARIABLE CALLD_RESULT TIMEOUT")
		c.wantEnd(k, queue.Timeout, "")
	})
}

// A customer who hangs up is told of as far as it had come.
func TestCustomerHangsUp(t *testing.T) {
	before := [][]string{{"GET", "FULL", "VARIABLE"}, {"STREAM", "FILE"}}
	tests := map[string]struct {
		customer Customer
		before   [][]string
		during   []string
		told     []string
		ended    int
	}{
		"during AMD":         {Customer{AMD: true}, before[:1], []string{"EXEC", "AMD"}, []string{"met t1", "screened HANGUP "}, 0},
		"during the message": {Customer{Message: true, Sound: "offer", Key: "1"}, before[:1], []string{"STREAM", "FILE"}, []string{"met t1"}, 0},
		"after the message":  {Customer{Message: true, Sound: "offer", Key: "1"}, before, []string{"WAIT", "FOR", "DIGIT"}, []string{"met t1", "heard"}, 0},
		"waiting":            {Customer{Grace: 2 * time.Second}, [][]string{before[0], {"EXEC", "MSet"}}, []string{"EXEC", "StartMusicOnHold"}, []string{"met t1"}, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inCentre(t, func(c *centre) {
				customer := tt.customer
				d := &dialler{customer: &customer}
				k, script := c.met(d)
				k.Hold(tt.during[0] + " " + tt.during[1])
				k.Dial(script)
				for _, words := range tt.before {
					k.Expect(words...)
				}
				k.Expect(tt.during...)
				k.Hangup(16)
				k.Wait()
				synctest.Wait()
				if diff := cmp.Diff(tt.told, d.told); diff != "" {
					t.Errorf("told (-want +got):\n%s", diff)
				}
				if len(c.ended) != tt.ended || tt.ended > 0 && c.ended[0].Outcome != queue.Abandoned {
					t.Errorf("calls: %+v", c.ended)
				}
			})
		})
	}
}

// A customer whose try is over, or whose message can't be spoken, is let go.
func TestCustomerCantBeServed(t *testing.T) {
	tests := map[string]struct {
		customer *Customer
		queue    string
	}{
		"the try is over":    {nil, ""},
		"the queue is gone":  {&Customer{}, "gone"},
		"no message to play": {&Customer{Message: true, Text: "mute"}, "plain"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inCentre(t, func(c *centre) {
				k, script := c.met(&dialler{customer: tt.customer})
				if tt.customer != nil {
					tt.customer.Entry.Queue = tt.queue
				}
				k.Dial(script)
				wantSaid(c.t, k, "SET VARIABLE CALLD_RESULT "+ResultUnknown)
				if len(c.ended) != 0 {
					t.Errorf("calls: %+v", c.ended)
				}
			})
		})
	}
}

// A customer whom an agent hands over to a queue that records is recorded there.
func TestCustomerIsRecordedWhereHandedOver(t *testing.T) {
	inCentre(t, func(c *centre) {
		c.logIn("홍길동")
		k, script := c.met(&dialler{customer: &Customer{}})
		talks := 0
		k.On("EXEC Dial", func(*agitest.Command) string {
			if talks++; talks == 1 {
				c.board.Heard(queue.Fact{Kind: queue.PhoneAnswers, UniqueID: queue.TryChannel("t1"), Phone: "801"})
				if _, err := c.board.Transfer("t1", queue.Target{Queue: "spoken"}); err != nil {
					c.t.Error(err)
				}
			}
			for name, value := range answered {
				k.SetVar(name, value)
			}
			return "200 result=0"
		})
		k.Dial(script)
		got := c.wantEnd(k, queue.Answered, "16 agent")
		if got.Record != "2000/01/01/t1.wav" {
			c.t.Errorf("recorded as %q", got.Record)
		}
		if all := strings.Join(said(k), "\n"); talks != 2 || strings.Count(all, "MixMonitor(/rec/2000/01/01/t1.wav,b)") != 1 {
			c.t.Errorf("%d talks:\n%s", talks, all)
		}
	})
}

// A script that was lost in the middle of a talk comes back at its end, greets nobody
// again, and tells with whom and how long.
func TestCustomerComesBack(t *testing.T) {
	inCentre(t, func(c *centre) {
		c.logIn("홍길동")
		d := &dialler{customer: &Customer{AMD: true, Message: true, Sound: "offer"}}
		k, script := c.met(d)
		k.SetVar(VarID, "t1")
		for name, value := range answered {
			k.SetVar(name, value)
		}
		k.Dial(script)
		got := c.wantEnd(k, queue.Answered, "agent")
		if got.ID != "t1" || got.Agent != "홍길동" {
			c.t.Errorf("call = %+v", got)
		}
		wantSaid(c.t, k, strings.Replace(namesCustomer, "t1", "ID", 1), isAnswered)
		if diff := cmp.Diff([]string{"met t1"}, d.told); diff != "" {
			c.t.Errorf("told (-want +got):\n%s", diff)
		}
	})
}
