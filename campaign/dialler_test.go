package campaign_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"calld/campaign"
	"calld/campaign/campaigntest"
	"calld/config"
	"calld/exchange"
	"calld/queue"
)

// centre is a dialler with a real board, a store in memory and an Asterisk that
// only takes orders. It lives in a synctest bubble.
type centre struct {
	t     *testing.T
	cfg   *config.Config
	store *campaigntest.Store
	board *queue.Board
	d     *campaign.Dialler
	stop  func()

	mu     sync.Mutex
	orders []string // tries ordered, oldest first
	ended  []string // channels to be hung up
	refuse error    // of orders
	early  int      // so many hang-ups come before the channel
	flood  bool     // the dialler begins with more than it can hear
	asked  []string // devices
	device string   // the state of each

	deviceErr error

	restored []queue.Call // live ones that the next calld takes up

	callingOut func() // before an agent is asked to call
}

func (c *centre) Originate(_ context.Context, o exchange.Origination) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refuse != nil {
		return c.refuse
	}
	try, _ := queue.TryOf(o.ID)
	c.orders = append(c.orders, try)
	return nil
}

func (c *centre) Hangup(_ context.Context, channel string, _ int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = append(c.ended, channel)
	if c.early > 0 {
		c.early--
		return exchange.ErrNoChannel
	}
	return nil
}

func (c *centre) DeviceState(_ context.Context, device string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, device)
	return c.device, c.deviceErr
}

func (c *centre) ordered() []string {
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.orders...)
}

// newCentre has so many agents and a running campaign for the numbers.
func newCentre(t *testing.T, agents int, plan campaign.Plan, numbers ...string) *centre {
	t.Helper()
	c := &centre{t: t, cfg: &config.Config{}}
	c.cfg.Server.Timezone = time.UTC
	c.cfg.Asterisk.TrunkDial = "PJSIP/{number}@trunk"
	c.cfg.Outbound = config.Outbound{MaxLines: 100, MaxRate: 1000}
	c.cfg.Queues = []config.Queue{{ID: "q", Number: "0215881234", RingTimeout: 20 * time.Second, AutoAnswer: true}}
	for i := range agents {
		c.cfg.Agents = append(c.cfg.Agents, config.Agent{ID: fmt.Sprintf("a%d", i+1), Phone: fmt.Sprintf("800%d", i+1), Queues: []string{"q"}})
	}
	plan.ID, plan.Name = "p", "plan"
	c.store = &campaigntest.Store{
		CampaignList: []campaign.Campaign{{ID: "c", Plan: "p", DialList: "l", Queue: "q", State: campaign.Running}},
		PlanList:     []campaign.Plan{plan}, ListList: []campaign.DialList{{ID: "l"}},
	}
	for i, n := range numbers {
		e := campaign.Entry{ID: fmt.Sprintf("e%d", i), List: "l"}
		for one := range strings.SplitSeq(n, "/") {
			e.Numbers = append(e.Numbers, campaign.Number{Number: one})
		}
		c.store.Add(e)
	}
	c.run()
	for _, a := range c.cfg.Agents {
		if err := c.board.Connect(a.ID); err != nil {
			t.Fatal(err)
		}
	}
	c.d.Connected(true)
	c.d.Live(time.Now(), time.Time{}, nil)
	return c
}

// run starts a dialler with a new board, as a start of calld does.
func (c *centre) run() {
	late := &lateBoard{}
	c.d = campaign.New(campaign.Options{
		Store: c.store, Board: late, Exchange: c, Config: func() *config.Config { return c.cfg }, Context: "calld-campaign",
		CallOut: func(_ context.Context, o queue.OutCall) error {
			if c.callingOut != nil {
				c.callingOut()
			}
			_, err := late.CallOut(o)
			return err
		},
	})
	c.board = queue.New(queue.Options{Config: c.cfg, Observers: []queue.Observer{c.d}})
	late.Board = c.board
	c.board.Restore(c.restored)
	c.board.Deaf(false)
	if c.flood {
		for range 10_000 {
			c.d.Rings("of nobody", time.Now())
		}
		c.d.Connected(true)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = c.board.Run(ctx) })
	running.Go(func() {
		if err := c.d.Run(ctx); err != nil {
			c.t.Error(err)
		}
	})
	c.stop = func() { cancel(); running.Wait() }
}

type lateBoard struct{ *queue.Board }

// only is the try that must be the only one ordered since n.
func (c *centre) only(n int) string {
	c.t.Helper()
	got := c.ordered()
	if len(got) != n+1 {
		c.t.Fatalf("%d tries were ordered, want %d", len(got), n+1)
	}
	return got[n]
}

func (c *centre) result(n int) campaign.Result {
	c.t.Helper()
	synctest.Wait()
	got := c.store.Results()
	if len(got) != n+1 {
		c.t.Fatalf("%d results, want %d: %+v", len(got), n+1, got)
	}
	return got[n]
}

// What is heard of a try comes in any order and incomplete; the result is right.
func TestFactsInAnyOrder(t *testing.T) {
	type fact func(d *campaign.Dialler, try string, now time.Time)
	busyEnd := func(d *campaign.Dialler, try string, now time.Time) { d.DialOver(try, "BUSY", now) }
	busyGone := func(d *campaign.Dialler, try string, now time.Time) { d.Gone(try, 17, "User busy", now) }
	busyReply := func(d *campaign.Dialler, try string, now time.Time) { d.Originated(try, false, 5, now) }
	answer := func(d *campaign.Dialler, try string, now time.Time) { d.DialOver(try, "ANSWER", now) }
	gone := func(d *campaign.Dialler, try string, now time.Time) { d.Gone(try, 16, "Normal Clearing", now) }
	reply := func(d *campaign.Dialler, try string, now time.Time) { d.Originated(try, true, 4, now) }
	tests := map[string]struct {
		facts []fact
		want  string
	}{
		"as usual":                         {[]fact{busyEnd, busyGone, busyReply}, "busy"},
		"the reply first":                  {[]fact{busyReply, busyGone, busyEnd}, "busy"},
		"the end alone":                    {[]fact{busyGone}, "busy"},
		"the reply alone":                  {[]fact{busyReply}, "busy"},
		"the channel was never there":      {[]fact{func(d *campaign.Dialler, try string, now time.Time) { d.Originated(try, false, 0, now) }}, "failed"},
		"an answer, and gone at once":      {[]fact{answer, reply, gone}, "customer_left"},
		"an answer, heard after the end":   {[]fact{gone, answer, reply}, "customer_left"},
		"an answer, told by the reply":     {[]fact{gone, reply}, "customer_left"},
		"an answer wins over a late no":    {[]fact{answer, func(d *campaign.Dialler, try string, now time.Time) { d.DialOver(try, "NOANSWER", now) }, gone}, "customer_left"},
		"everything twice":                 {[]fact{busyEnd, busyEnd, busyGone, busyGone, busyReply, busyReply}, "busy"},
		"its end was missed, nobody tells": {nil, "failed"},
		"no channel of it is listed": {[]fact{func(d *campaign.Dialler, _ string, now time.Time) {
			d.Live(now.Add(10*time.Second), time.Time{}, nil)
		}}, "failed"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCentre(t, 1, campaign.Plan{Mode: campaign.Progressive}, "0101")
				defer c.stop()
				try := c.only(0)
				for _, f := range tt.facts {
					f(c.d, try, time.Now())
				}
				time.Sleep(3 * time.Minute)
				if r := c.result(0); r.Kind() != tt.want {
					t.Errorf("%s, want %s: %+v", r.Kind(), tt.want, r)
				}
				if got := c.ordered(); len(got) != 1 {
					t.Errorf("%d tries", len(got))
				}
			})
		})
	}
}

// A customer who answers is given to an agent; the next is dialled when the talk is
// over, and the campaign stops at the end of its list.
func TestAnsweredCustomerGetsAnAgent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre(t, 1, campaign.Plan{Mode: campaign.Progressive, Script: "안녕하세요 {name}"}, "0101", "0102")
		defer c.stop()
		try := c.only(0)
		time.Sleep(time.Second)
		c.d.Rings(try, time.Now())
		c.d.DialOver(try, "ANSWER", time.Now())
		g, ok := c.d.Met(t.Context(), try)
		if !ok || g.Grace != campaign.Grace || g.Call.Callee != "0101" || g.Call.Caller != "0215881234" {
			t.Fatalf("%+v, %v", g, ok)
		}
		e := g.Call
		e.Channel, e.UniqueID, e.AnswerBy = "PJSIP/trunk-1", queue.TryChannel(try), time.Now().Add(g.Grace)
		ticket, err := c.board.Enter(e)
		if err != nil {
			t.Fatal(err)
		}
		offer, _, err := ticket.Next(t.Context())
		if err != nil || len(offer.Agents) != 1 || offer.Headers["Call-Info"] == "" {
			t.Fatalf("%+v, %v", offer, err)
		}
		time.Sleep(100 * time.Millisecond)
		c.board.Heard(queue.Fact{Kind: queue.PhoneAnswers, UniqueID: e.UniqueID, Phone: "8001"})
		time.Sleep(time.Minute)
		if got := c.ordered(); len(got) != 1 {
			t.Fatalf("%d were dialled while the only agent talks", len(got))
		}
		ticket.Dialled(queue.DialReport{Offer: offer.ID, Result: queue.RingAnswer, CallerGone: true, Cause: 16})
		c.d.Gone(try, 16, "Normal Clearing", time.Now())
		r := c.result(0)
		if r.Kind() != "answered" || r.Agent != "a1" || r.Bridged == nil || r.Rang == nil || r.AgentDial == nil || r.Call != try {
			t.Errorf("%+v", r)
		}
		time.Sleep(time.Second)
		second := c.only(1)
		c.d.Gone(second, 17, "", time.Now())
		time.Sleep(10 * time.Second)
		if got, _ := c.store.Campaign("c"); got.State != campaign.Stopped || got.Why != campaign.ByListEnd {
			t.Errorf("%+v", got)
		}
		s, err := c.d.Stats(t.Context(), "c")
		if err != nil || s.Day.Dialled != 2 || s.Day.Connected != 1 || s.Day.Abandoned != 0 || s.Reason != campaign.NotRunning || s.Remaining != 0 {
			t.Errorf("%+v, %v", s, err)
		}
	})
}

// Without an agent in time the customer is abandoned.
func TestCustomerIsAbandoned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre(t, 1, campaign.Plan{Mode: campaign.Progressive}, "0101")
		defer c.stop()
		try := c.only(0)
		if err := c.board.SetState("a1", true, "lunch"); err != nil {
			t.Fatal(err)
		}
		g, _ := c.d.Met(t.Context(), try)
		e := g.Call
		e.UniqueID, e.AnswerBy = queue.TryChannel(try), time.Now().Add(g.Grace)
		ticket, err := c.board.Enter(e)
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		_, outcome, err := ticket.Next(t.Context())
		if waited := time.Since(begin); err != nil || outcome != queue.Timeout || waited != campaign.Grace {
			t.Errorf("%s after %s, %v", outcome, waited, err)
		}
		c.d.Gone(try, 16, "", time.Now())
		if r := c.result(0); r.Kind() != "abandoned" || r.AgentResult != campaign.AgentAbandoned {
			t.Errorf("%+v", r)
		}
	})
}

// After a kill those alive are taken up, the others settled; nobody is dialled
// before Asterisk has told, nobody twice.
func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre(t, 2, campaign.Plan{Mode: campaign.Progressive, MaxTries: 2, Retry: campaign.Retry{Failed: campaign.Duration(time.Hour)}}, "0101", "0102", "0103")
		time.Sleep(time.Second) // calls are spaced
		tries := c.ordered()
		if len(tries) != 2 {
			t.Fatalf("%d tries", len(tries))
		}
		c.stop()
		c.run()
		defer func() { c.stop() }()
		for _, a := range c.cfg.Agents {
			if err := c.board.Connect(a.ID); err != nil {
				t.Fatal(err)
			}
		}
		c.d.Connected(true)
		time.Sleep(time.Minute)
		if got := c.ordered(); len(got) != 2 || len(c.store.Results()) != 0 {
			t.Fatalf("before the channels are known: %d tries, %d results", len(got), len(c.store.Results()))
		}
		s, err := c.d.Stats(t.Context(), "c")
		if err != nil || s.Reason != campaign.AsteriskAway {
			t.Errorf("%+v, %v", s, err)
		}
		c.d.Live(time.Now(), time.Time{}, map[string]bool{tries[0]: false})
		time.Sleep(5 * time.Second)
		if r := c.result(0); r.ID != tries[1] || r.Why != campaign.WhyRestart || r.Kind() != "failed" {
			t.Errorf("%+v", r)
		}
		third := c.only(2)
		c.d.Gone(tries[0], 17, "", time.Now())
		c.d.Gone(third, 17, "", time.Now())
		time.Sleep(5 * time.Second)
		seen := map[string]bool{}
		for _, r := range c.store.Results() {
			if seen[r.Number] {
				t.Errorf("%s twice", r.Number)
			}
			seen[r.Number] = true
		}
		if len(seen) != 3 {
			t.Errorf("results of %v", seen)
		}
	})
}

// The day's figures and what a machine was found by are those of before a kill.
func TestRestartKeepsTheDay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre(t, 2, campaign.Plan{Mode: campaign.Progressive, AMD: campaign.AMDHumans}, "0101", "0102")
		time.Sleep(time.Second) // calls are spaced
		tries := c.ordered()
		c.d.Gone(tries[0], 17, "", time.Now())
		c.d.DialOver(tries[1], "ANSWER", time.Now())
		if c.d.Screened(t.Context(), tries[1], campaign.AMDMachine, "LONGGREETING-1500-1500") {
			t.Error("a machine is to reach an agent")
		}
		time.Sleep(2 * time.Second)
		c.stop()
		c.run()
		defer func() { c.stop() }()
		c.d.Live(time.Now(), time.Time{}, nil)
		time.Sleep(2 * time.Second)
		if r := c.result(1); r.ID != tries[1] || r.Kind() != campaign.KindMachine || r.AMDCause != "LONGGREETING-1500-1500" {
			t.Errorf("%+v", r)
		}
		s, err := c.d.Stats(t.Context(), "c")
		if want := map[string]int{"busy": 1, campaign.KindMachine: 1}; err != nil || s.Day.Dialled != 2 || !maps.Equal(s.Day.Results, want) {
			t.Errorf("%+v, %v", s.Day, err)
		}
	})
}

// A forced stop ends a call whose channel comes about a moment later, too.
func TestForceStopBeforeTheChannel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre(t, 1, campaign.Plan{Mode: campaign.Progressive}, "0101", "0102")
		defer c.stop()
		try := c.only(0)
		c.mu.Lock()
		c.early = 2
		c.mu.Unlock()
		if err := c.d.ForceStop(t.Context(), "c"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(4 * time.Second)
		c.mu.Lock()
		tried := len(c.ended)
		c.mu.Unlock()
		if tried != 3 {
			t.Errorf("%d hang-ups were ordered, want 3", tried)
		}
		c.d.Gone(try, 16, "", time.Now())
		time.Sleep(10 * time.Second)
		if r := c.result(0); r.Why != campaign.WhyForceStop || r.Kind() != campaign.WhyGivenUp {
			t.Errorf("%+v", r)
		}
		if got, _ := c.store.Campaign("c"); got.State != campaign.Stopped {
			t.Errorf("%+v", got)
		}
	})
}

// Killed between the end of a call and the writing of its result: the history tells what
// it was, and the customer is not dialled again.
func TestRestartAfterTheCall(t *testing.T) {
	for _, mode := range []campaign.Mode{campaign.Progressive, campaign.Preview} {
		synctest.Test(t, func(t *testing.T) {
			c := newCentre(t, 1, campaign.Plan{Mode: mode, MaxTries: 2, Retry: campaign.Retry{Failed: campaign.Duration(time.Minute)}}, "0101")
			time.Sleep(time.Second)
			if mode == campaign.Preview {
				c.shown("a1")
			}
			claims, err := c.store.Claims()
			if err != nil || len(claims) != 1 {
				t.Fatalf("%+v, %v", claims, err)
			}
			try := claims[0].ID
			c.stop()
			start := time.Now()
			end := start.Add(time.Minute)
			c.store.Calls = map[string]queue.Call{try: {
				ID: try, Queue: "q", Direction: queue.Out, Phase: queue.Ended, Outcome: queue.Answered, Agent: "a1", Callee: "0101",
				Begin: start, Start: &start, End: &end, Cause: "16 customer",
			}}
			time.Sleep(time.Hour)
			c.run()
			defer func() { c.stop() }()
			c.d.Connected(true)
			c.d.Live(time.Now(), time.Time{}, nil)
			time.Sleep(10 * time.Minute)
			r := c.result(0)
			if r.ID != try || r.Kind() != "answered" || r.Agent != "a1" || r.AgentResult != campaign.AgentAnswered || !r.End.Equal(end) {
				t.Errorf("%+v", r)
			}
			if e, _ := c.store.Entry("e0"); e.State != campaign.EntryReached {
				t.Errorf("%+v", e)
			}
		})
	}
}

// While the store fails nobody is dialled; what has ended is written later.
func TestStoreFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre(t, 1, campaign.Plan{Mode: campaign.Progressive}, "0101", "0102")
		defer c.stop()
		try := c.only(0)
		c.store.Fail(errors.New("disk full"))
		c.d.Gone(try, 17, "", time.Now())
		time.Sleep(time.Minute)
		s, err := c.d.Stats(t.Context(), "c")
		if err != nil || s.Reason != campaign.StoreFailing || len(c.ordered()) != 1 {
			t.Errorf("%+v, %v", s, err)
		}
		c.store.Fail(nil)
		time.Sleep(time.Minute)
		if got := c.ordered(); len(got) != 2 || len(c.store.Results()) == 0 {
			t.Errorf("%d tries, %d results", len(got), len(c.store.Results()))
		}
	})
}

// The next number of an entry is dialled at once, and a barred one not at all.
func TestNotDialled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre(t, 1, campaign.Plan{Mode: campaign.Progressive}, "0101/0102")
		defer c.stop()
		c.d.Gone(c.only(0), 17, "", time.Now())
		time.Sleep(5 * time.Second)
		second := c.only(1)
		c.d.Gone(second, 17, "", time.Now())
		time.Sleep(5 * time.Second)
		if got, _ := c.store.Entry("e0"); got.State != campaign.EntryUsedUp {
			t.Errorf("%+v", got)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		c := newCentre(t, 1, campaign.Plan{Mode: campaign.Progressive})
		defer c.stop()
		c.store.Barred = map[string]bool{"0101": true}
		if err := c.store.SetState(t.Context(), "c", campaign.Stopped, "", time.Now()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		c.store.Add(campaign.Entry{ID: "e", List: "l", Numbers: []campaign.Number{{Number: "0101"}}})
		if err := c.d.Start(t.Context(), "c"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		if got, _ := c.store.Entry("e"); len(c.ordered()) != 0 || got.State != campaign.EntryBlocked {
			t.Errorf("%d ordered: %+v", len(c.ordered()), got)
		}
	})
}

// A start that can't work is refused by field.
func TestStartIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre(t, 0, campaign.Plan{Mode: campaign.Power})
		defer c.stop()
		// It could not go on, for its plan has no ratio.
		if err := c.d.Stop(t.Context(), "c"); err != nil {
			t.Fatal(err)
		}
		c.d.Connected(false)
		err := c.d.Start(t.Context(), "c")
		var faults campaign.Faults
		if !errors.As(err, &faults) {
			t.Fatal(err)
		}
		fields := map[string]bool{}
		for _, f := range faults {
			fields[f.Field] = true
		}
		for _, want := range []string{"plan.power_ratio", "dial_list", "queue", "asterisk"} {
			if !fields[want] {
				t.Errorf("no fault of %s in %v", want, faults)
			}
		}
		if got, _ := c.store.Campaign("c"); got.State == campaign.Running {
			t.Error("it runs")
		}
	})
}

// That Asterisk is back is known, however much else was heard in that moment and left out.
func TestConnectedInAFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre(t, 1, campaign.Plan{Mode: campaign.Progressive}, "0101", "0102")
		defer func() { c.stop() }()
		c.stop() // it may have dialled one of them
		c.flood = true
		before := len(c.ordered())
		c.run()
		if err := c.board.Connect("a1"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		c.d.Live(time.Now(), time.Time{}, nil)
		time.Sleep(time.Minute)
		if got := len(c.ordered()); got <= before {
			t.Error("nobody is dialled")
		}
	})
}
