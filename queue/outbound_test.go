package queue_test

import (
	"errors"
	"testing"
	"time"

	"calld/config"
	"calld/queue"
)

// outCall is an outbound call on a desk.
type outCall struct {
	*caller
}

// order has agent a1 call a customer.
func (d *desk) order(id string) outCall {
	d.Helper()
	call, err := d.CallOut(queue.OutCall{ID: id, Agent: "a1", Queue: "q1", Number: "01012345678", Record: "r.wav"})
	if err != nil {
		d.Fatalf("CallOut: %v", err)
	}
	if call.Phase != queue.Ringing || call.Direction != queue.Out || call.UniqueID != queue.OutChannel(id) || call.Agent != "a1" {
		d.Errorf("ordered: %+v", call)
	}
	return outCall{&caller{d: d, entry: queue.Entry{ID: id, UniqueID: call.UniqueID}}}
}

// pickUp gives the call a script.
func (c *outCall) pickUp() {
	c.d.Helper()
	t, _, err := c.d.PickUp(c.entry.ID, "PJSIP/801-1")
	if err != nil {
		c.d.Fatalf("PickUp: %v", err)
	}
	c.Ticket = t
}

// live is the call's record while it lives.
func (c *outCall) live() queue.Call {
	call, _ := c.d.Call(c.entry.ID)
	return call
}

// A call that an agent makes has one record, whichever source speaks.
func TestAnOutboundCallIsRecordedWhicheverSourceSpeaks(t *testing.T) {
	hears := func(kind queue.FactKind) func(*outCall) {
		return func(c *outCall) { c.hears(kind, "", "") }
	}
	pickUp := func(c *outCall) { c.pickUp() }
	report := func(c *outCall) {
		c.Reached(queue.ReachReport{Result: queue.DialAnswered, Talked: 30 * time.Second, Cause: 16})
	}
	gone := func(c *outCall) {
		c.Reached(queue.ReachReport{Result: queue.DialAnswered, Talked: 30 * time.Second, AgentGone: true, Cause: 16})
	}
	seen := func(c *outCall) {
		c.d.Reconcile(time.Now(), time.Time{}, []queue.Channel{{UniqueID: queue.OutChannel("c1"), Bridged: true}})
	}
	wait := func(c *outCall) { c.d.pass(3 * time.Second) }
	nothing := func(*outCall) {}
	type step = func(*outCall)
	tests := []struct {
		name            string
		agent, customer []step // who answers
		over            []step
		cause           string
	}{
		{name: "both", agent: []step{hears(queue.PhoneAnswers), pickUp}, customer: []step{hears(queue.CustomerAnswers)}, over: []step{report}, cause: "16 customer"},
		{name: "both, the script first", agent: []step{pickUp, hears(queue.PhoneAnswers)}, customer: []step{hears(queue.CustomerAnswers)}, over: []step{report, hears(queue.CallerGone)}, cause: "16 customer"},
		{name: "the agent hangs up", agent: []step{pickUp}, customer: []step{hears(queue.CustomerAnswers)}, over: []step{hears(queue.CallerGone), gone}, cause: "16 agent"},
		{name: "the script alone", agent: []step{pickUp}, customer: []step{nothing}, over: []step{report}, cause: "16 customer"},
		{name: "the sweeper saw the answer", agent: []step{pickUp}, customer: []step{seen}, over: []step{report}, cause: "16 customer"},
		{name: "the script reports nothing", agent: []step{pickUp}, customer: []step{hears(queue.CustomerAnswers)}, over: []step{hears(queue.CallerGone), wait}, cause: "16 agent"},
		{name: "the script is lost", agent: []step{pickUp}, customer: []step{hears(queue.CustomerAnswers), func(c *outCall) { c.Detach() }}, over: []step{hears(queue.CallerGone)}, cause: "16 agent"},
		{name: "the script comes back", agent: []step{pickUp}, customer: []step{func(c *outCall) { c.Detach() }, seen}, over: []step{pickUp, report}, cause: "16 customer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			onDesk(t, testConfig(1, func(q *config.Queue) { q.Wrapup = time.Minute }), func(d *desk) {
				d.login("a1")
				c := d.order("c1")
				d.wantState("a1", queue.AgentRings)
				c.hears(queue.PhoneRings, "", "")
				d.pass(5 * time.Second)
				for _, s := range tt.agent {
					s(&c)
				}
				d.wantState("a1", queue.AgentTalks)
				if got := c.live(); got.Phase != queue.Dialling || got.Start != nil {
					t.Errorf("when the agent has answered: %+v", got)
				}
				d.pass(10 * time.Second)
				start := time.Now()
				for _, s := range tt.customer {
					s(&c)
				}
				d.pass(30 * time.Second)
				over := time.Now()
				for _, s := range tt.over {
					s(&c)
				}
				call := c.wantEnd(queue.Answered)
				wantResults(t, call, "a1 answered")
				if call.Cause != tt.cause || call.Agent != "a1" || !call.Start.Equal(start) || !call.End.Equal(over) ||
					call.TalkMS != 30_000 || call.WaitMS != 15_000 || call.Record == "" || call.Missed() {
					t.Errorf("from %s to %s, want %s to %s: %+v", call.Start, call.End, start, over, call)
				}
				d.wantState("a1", queue.AgentWrapup)
				if a := d.agent("a1"); a.Calls != 1 {
					t.Errorf("a1 has %d calls today, want 1", a.Calls)
				}
			})
		})
	}
}

// What becomes of a call whose customer, or agent, is not reached: none is a
// missed call, and no after-call work follows.
func TestAnOutboundCallIsNotReached(t *testing.T) {
	reach := func(r queue.ReachReport) func(*outCall) {
		return func(c *outCall) { c.pickUp(); c.Reached(r) }
	}
	done := func(r queue.RingResult) func(*outCall) {
		return func(c *outCall) { c.hears(queue.PhoneDone, "", r) }
	}
	tests := map[string]struct {
		step    func(*outCall)
		outcome queue.Outcome
		cause   string
		ring    string
	}{
		"busy":             {reach(queue.ReachReport{Result: queue.DialBusy, Cause: 17}), queue.Failed, "17 busy", "answered"},
		"no answer":        {reach(queue.ReachReport{Result: queue.DialNoAnswer}), queue.Failed, "no_answer", "answered"},
		"the agent left":   {reach(queue.ReachReport{Result: queue.DialNoAnswer, AgentGone: true}), queue.Abandoned, "agent", "answered"},
		"agent refuses":    {done(queue.Refused), queue.Failed, "agent_refused", "refused"},
		"refused early":    {done(queue.NoAnswer), queue.Failed, "agent_refused", "refused"},
		"agent's phone":    {done(queue.Unreachable), queue.Failed, "agent_unreachable", "unreachable"},
		"not ordered":      {func(c *outCall) { c.d.CallOff("c1", "asterisk") }, queue.Failed, "asterisk", "cut_short"},
		"freed":            {func(c *outCall) { c.d.Free("a1") }, queue.Failed, "freed", "cut_short"},
		"freed, dialling":  {func(c *outCall) { c.pickUp(); c.d.Free("a1") }, queue.Failed, "freed", "answered"},
		"rang to the end":  {func(c *outCall) { c.d.pass(20 * time.Second); c.hears(queue.CallerGone, "", "") }, queue.Failed, "agent_no_answer", "no_answer"},
		"nobody tells":     {func(c *outCall) { c.d.pass(31 * time.Second) }, queue.Failed, "agent_no_answer", "no_answer"},
		"script never":     {func(c *outCall) { c.hears(queue.PhoneAnswers, "", ""); c.d.pass(queue.LostAfter) }, queue.Failed, "lost", "answered"},
		"channel vanished": {func(c *outCall) { c.d.pass(6 * time.Second); c.d.Reconcile(time.Now(), time.Time{}, nil) }, queue.Failed, "lost", "cut_short"},
		"asterisk restarted": {func(c *outCall) {
			c.d.pass(6 * time.Second)
			c.d.Reconcile(time.Now(), time.Now().Add(-time.Second), nil)
		}, queue.Failed, "asterisk_restarted", "cut_short"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			onDesk(t, testConfig(1, func(q *config.Queue) { q.Wrapup, q.AwayAfter = time.Minute, 1 }), func(d *desk) {
				d.login("a1")
				c := d.order("c1")
				tt.step(&c)
				d.wantState("a1", queue.Available)
				if got, _ := d.OutcomeOf("c1"); got != tt.outcome {
					t.Fatalf("outcome %q, want %q", got, tt.outcome)
				}
				ended := d.take(queue.CallEnded)
				if len(ended) != 1 {
					t.Fatalf("%d ends", len(ended))
				}
				call := *ended[0].Call
				wantResults(t, call, "a1 "+tt.ring)
				if call.Cause != tt.cause || call.Missed() || call.Start != nil || call.Record != "" {
					t.Errorf("cause %q, want %q: %+v", call.Cause, tt.cause, call)
				}
			})
		})
	}
}

// Who may call out, and why not.
func TestWhoMayCallOut(t *testing.T) {
	phoneless := func(d *desk) {
		cfg := testConfig(1, nil)
		cfg.Agents[0].Phone = ""
		d.Reload(cfg)
	}
	tests := map[string]struct {
		before func(*desk)
		order  queue.OutCall
		want   error
	}{
		"available":         {func(*desk) {}, queue.OutCall{}, nil},
		"away":              {func(d *desk) { d.SetState("a1", true, "점심") }, queue.OutCall{}, nil},
		"offline":           {func(d *desk) { d.Logout("a1") }, queue.OutCall{}, queue.ErrAgentOffline},
		"phone busy":        {func(d *desk) { d.Phone("801", queue.PhoneBusy) }, queue.OutCall{}, queue.ErrAgentBusy},
		"phone away":        {func(d *desk) { d.Phone("801", queue.PhoneUnreachable) }, queue.OutCall{}, queue.ErrPhoneAway},
		"away, phone too":   {func(d *desk) { d.SetState("a1", true, ""); d.Phone("801", queue.PhoneUnreachable) }, queue.OutCall{}, queue.ErrPhoneAway},
		"no phone":          {phoneless, queue.OutCall{}, queue.ErrNoPhone},
		"rung":              {func(d *desk) { d.call("in").wantOffer("a1") }, queue.OutCall{}, queue.ErrAgentBusy},
		"calls already":     {func(d *desk) { d.order("out") }, queue.OutCall{}, queue.ErrAgentBusy},
		"after-call work":   {func(d *desk) { d.call("in").talk("a1", time.Second); d.wantState("a1", queue.AgentWrapup) }, queue.OutCall{}, nil},
		"asterisk away":     {func(d *desk) { d.Deaf(true) }, queue.OutCall{}, queue.ErrDeaf},
		"nobody":            {func(*desk) {}, queue.OutCall{Agent: "x"}, queue.ErrUnknownAgent},
		"no queue":          {func(*desk) {}, queue.OutCall{Queue: "x"}, queue.ErrUnknownQueue},
		"another's queue":   {func(*desk) {}, queue.OutCall{Queue: "q2"}, queue.ErrNotServed},
		"a removed queue":   {func(d *desk) { d.call("in"); d.Reload(&config.Config{Agents: testConfig(1, nil).Agents}) }, queue.OutCall{}, queue.ErrUnknownQueue},
		"a removed agent":   {func(d *desk) { d.order("out"); d.Reload(&config.Config{Queues: testConfig(1, nil).Queues}) }, queue.OutCall{}, queue.ErrUnknownAgent},
		"phone not told of": {func(d *desk) { d.Phone("801", queue.PhoneUnknown) }, queue.OutCall{}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := testConfig(1, func(q *config.Queue) { q.Wrapup = time.Minute })
			other := cfg.Queues[0]
			other.ID, other.Number = "q2", "2"
			cfg.Queues = append(cfg.Queues, other)
			onDesk(t, cfg, func(d *desk) {
				d.login("a1")
				tt.before(d)
				o := queue.OutCall{ID: "c1", Agent: "a1", Queue: "q1", Number: "010"}
				if tt.order.Agent != "" {
					o.Agent = tt.order.Agent
				}
				if tt.order.Queue != "" {
					o.Queue = tt.order.Queue
				}
				if _, err := d.CallOut(o); !errors.Is(err, tt.want) {
					t.Errorf("CallOut: %v, want %v", err, tt.want)
				}
			})
		})
	}
}

// A script finds no call that is over, unknown, or of the other direction.
func TestPickUpErrors(t *testing.T) {
	onDesk(t, testConfig(1, nil), func(d *desk) {
		d.login("a1")
		d.order("over")
		d.CallOff("over", "x")
		d.call("in")
		for id, want := range map[string]error{"over": queue.ErrEnded, "in": queue.ErrDirection, "x": queue.ErrUnknownCall} {
			if _, _, err := d.PickUp(id, "PJSIP/801-1"); !errors.Is(err, want) {
				t.Errorf("PickUp %s: %v, want %v", id, err, want)
			}
		}
	})
	onDesk(t, testConfig(1, nil), func(d *desk) {
		d.login("a1")
		d.order("out")
		if _, err := d.Enter(queue.Entry{ID: "out", Queue: "q1", UniqueID: "u"}); !errors.Is(err, queue.ErrDirection) {
			t.Errorf("Enter: %v, want %v", err, queue.ErrDirection)
		}
	})
}

// Who waits to be called back is so when a reload has removed the queue: the agent's phone rings for as long as the queue had it.
func TestRingForOfARemovedQueue(t *testing.T) {
	cfg := testConfig(1, func(q *config.Queue) {
		q.Callback = config.Callback{Key: "1", Expires: time.Hour, Attempts: 3, Retry: time.Minute}
	})
	onDesk(t, cfg, func(d *desk) {
		d.Deaf(false)
		c := d.enter(queue.Entry{ID: "c1", Queue: "q1", Caller: "01012345678", UniqueID: "u1", Ready: true})
		if !c.Book("1") {
			d.Fatal("not booked")
		}
		c.Detach()
		removed := *cfg
		removed.Queues = nil
		d.Reload(&removed)
		d.login("a1")
		rung := d.take(queue.CallRinging)
		if len(rung) != 1 || rung[0].Call.CallbackFor != "c1" {
			t.Fatalf("rung: %+v", rung)
		}
		if got, err := d.RingFor(rung[0].Call.ID); got != 20*time.Second || err != nil {
			t.Errorf("RingFor: %s, %v", got, err)
		}
		d.CallOff(rung[0].Call.ID, "x")
		if _, err := d.RingFor(rung[0].Call.ID); !errors.Is(err, queue.ErrEnded) {
			t.Errorf("RingFor of an ended call: %v, want %v", err, queue.ErrEnded)
		}
	})
}
