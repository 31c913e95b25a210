package queue_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"calld/config"
	"calld/hours"
	"calld/queue"
)

// overflowing has q1, which is open from 9 to 18, and q2 and q3 for the others;
// a2 serves q2.
func overflowing(change func(q1, q2 *config.Queue)) *config.Config {
	cfg := testConfig(2, func(q *config.Queue) {
		q.Announcement = false
		q.NoAgentWait = 0
	})
	q1 := &cfg.Queues[0]
	for _, id := range []string{"q2", "q3"} {
		q := *q1
		q.ID, q.Number = id, "02"+id
		cfg.Queues = append(cfg.Queues, q)
	}
	cfg.Agents[0].Queues, cfg.Agents[1].Queues = []string{"q1"}, []string{"q2"}
	change(&cfg.Queues[0], &cfg.Queues[1])
	return cfg
}

// closed is never open.
func closed() []hours.Span { return []hours.Span{{From: 9 * 60, To: 10 * 60}} }

// next takes what the script is to do, which must be there.
func (c *caller) next() (*queue.Offer, queue.Outcome) {
	c.d.Helper()
	if !c.Pending() {
		c.d.Fatalf("%s: nothing to do", c.CallID())
	}
	o, outcome, err := c.Next(c.d.Context())
	if err != nil {
		c.d.Fatal(err)
	}
	return o, outcome
}

func told(texts ...string) config.Notice { return config.Notice{Text: texts} }

// TestAClosedQueueLeadsToAnother: the call is one in the other queue, which its
// agents take; the record tells the way.
func TestAClosedQueueLeadsToAnother(t *testing.T) {
	cfg := overflowing(func(q1, _ *config.Queue) {
		q1.Hours = closed()
		q1.OnClosed = config.Overflow{Notice: told("closed"), Queue: "q2"}
	})
	onDesk(t, cfg, func(d *desk) {
		d.login("a1", "a2")
		c := d.enter(queue.Entry{ID: "c1"})
		o, _ := c.next()
		if !o.Moved {
			d.Fatalf("offer %+v, want a move", o)
		}
		if diff := cmp.Diff([]config.Notice{told("closed")}, c.Notices()); diff != "" {
			d.Errorf("notices (-want +got):\n%s", diff)
		}
		if q, ok := c.Queue(); !ok || q.ID != "q2" {
			d.Errorf("Queue = %s, %v", q.ID, ok)
		}
		c.wantPhase(queue.Greeting)
		d.wantState("a2", queue.Available) // not before the caller has heard it
		c.Ready()
		c.talk("a2", 10*time.Second)
		got := d.take(queue.CallEnded)[0].Call
		want := []queue.Transfer{{To: "q2", Kind: queue.KindOverflow, Result: queue.TransferAnswered, Queue: "q1", Reason: queue.Closed}}
		want[0].At = got.Begin
		if diff := cmp.Diff(want, got.Transfers); diff != "" {
			d.Errorf("transfers (-want +got):\n%s", diff)
		}
		if got.Missed() || got.Queue != "q2" || got.FirstQueue() != "q1" || got.Outcome != queue.Answered {
			d.Errorf("call %+v", got)
		}
	})
}

// TestOverflowsEnd: what a queue that does not serve a call does with it, to the
// end of the way.
func TestOverflowsEnd(t *testing.T) {
	holiday := hours.DateOf(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)) // when time begins in a bubble
	for name, tc := range map[string]struct {
		change  func(q1, q2 *config.Queue)
		wait    time.Duration
		outcome queue.Outcome
		ways    []string
		notices []config.Notice
	}{
		"closed, and nothing else": {
			change:  func(q1, _ *config.Queue) { q1.Hours = closed() },
			outcome: queue.Closed,
		},
		"closed, and told so": {
			change: func(q1, _ *config.Queue) {
				q1.Hours, q1.OnClosed = closed(), config.Overflow{Notice: told("closed")}
			},
			outcome: queue.Closed, notices: []config.Notice{told("closed")},
		},
		"a holiday": {
			change: func(q1, _ *config.Queue) {
				q1.Hours, q1.Holidays = closed(), []hours.Date{holiday}
				q1.OnClosed, q1.OnHoliday = config.Overflow{Queue: "q2"}, config.Overflow{Notice: told("holiday")}
			},
			outcome: queue.Closed, notices: []config.Notice{told("holiday")},
		},
		"in a circle": {
			change: func(q1, q2 *config.Queue) {
				q1.Hours, q1.OnClosed = closed(), config.Overflow{Notice: told("one"), Queue: "q2"}
				q2.Hours, q2.OnClosed = closed(), config.Overflow{Notice: told("two"), Queue: "q1"}
			},
			outcome: queue.Closed, ways: []string{"q1 closed q2 no_answer"}, notices: []config.Notice{told("one"), told("two")},
		},
		"the time is over, in each queue anew": {
			change: func(q1, q2 *config.Queue) {
				q1.MaxWait, q1.OnMaxWait = 30*time.Second, config.Overflow{Queue: "q2"}
				q2.MaxWait, q2.OnMaxWait = 40*time.Second, config.Overflow{Notice: told("sorry")}
			},
			wait: 70 * time.Second, outcome: queue.Timeout, ways: []string{"q1 timeout q2 no_answer"}, notices: []config.Notice{told("sorry")},
		},
		"nobody is there": {
			change: func(q1, q2 *config.Queue) {
				q1.NoAgentWait, q1.OnNoAgent = 5*time.Second, config.Overflow{Queue: "q2"}
				q2.NoAgentWait = 10 * time.Second
			},
			wait: 15 * time.Second, outcome: queue.NoAgent, ways: []string{"q1 no_agent q2 no_answer"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			onDesk(t, overflowing(tc.change), func(d *desk) {
				c := d.enter(queue.Entry{ID: "c1", Ready: true})
				var outcome queue.Outcome
				for outcome == "" {
					var o *queue.Offer
					if o, outcome = c.nextWithin(tc.wait); o != nil {
						c.Ready()
					}
				}
				events := d.take(queue.CallWaiting, queue.CallEnded)
				got := events[len(events)-1].Call
				if refused := events[0].Refused; (refused != "") != (tc.wait == 0) || refused != "" && refused != tc.outcome {
					d.Errorf("told on entry that the queue refuses the call: %q", refused)
				}
				if outcome != tc.outcome || got.Outcome != tc.outcome || !got.Missed() || got.WaitMS != tc.wait.Milliseconds() {
					d.Errorf("told %s; call %+v; want %s after %s", outcome, got, tc.outcome, tc.wait)
				}
				var ways []string
				for _, x := range got.Transfers {
					ways = append(ways, x.Queue+" "+string(x.Reason)+" "+x.To+" "+x.Result)
				}
				if diff := cmp.Diff(tc.ways, ways); diff != "" {
					d.Errorf("ways (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(tc.notices, c.Notices()); diff != "" {
					d.Errorf("notices (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// nextWithin lets time pass until there is something to do.
func (c *caller) nextWithin(d time.Duration) (*queue.Offer, queue.Outcome) {
	c.d.Helper()
	for range d / time.Second {
		if c.Pending() {
			break
		}
		c.d.pass(time.Second)
	}
	return c.next()
}

// TestANumberOutside: what it does with the call is the call's end.
func TestANumberOutside(t *testing.T) {
	for name, tc := range map[string]struct {
		result queue.RingResult
		gone   bool
		want   queue.Outcome
		way    string
		cause  string
	}{
		"answers":         {queue.RingAnswer, false, queue.Answered, queue.TransferAnswered, "16 target"},
		"does not answer": {queue.NoAnswer, false, queue.Full, queue.TransferNoAnswer, "number_no_answer"},
		"is busy":         {queue.Refused, false, queue.Full, queue.TransferBusy, "number_busy"},
		"is unreachable":  {queue.Unreachable, false, queue.Full, queue.TransferFailed, "number_failed"},
		"caller leaves":   {queue.CallerLeft, true, queue.Abandoned, queue.TransferCallerLeft, "16 caller"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := overflowing(func(q1, _ *config.Queue) {
				q1.MaxWaiting, q1.OnFull = 1, config.Overflow{Number: "0299"}
			})
			onDesk(t, cfg, func(d *desk) {
				d.call("c1").wantNothing()
				c := d.call("c2")
				o, _ := c.next()
				if o.Outside == nil || o.Outside.Number != "0299" || o.Outside.CallerID != cfg.Queues[0].Number {
					d.Fatalf("offer %+v", o)
				}
				c.wantPhase(queue.Transferred)
				d.pass(20 * time.Second)
				r := queue.DialReport{Offer: o.ID, Result: tc.result, CallerGone: tc.gone, Cause: 16}
				if tc.result == queue.RingAnswer {
					r.Talked = 15 * time.Second
				}
				c.Dialled(r)
				got := d.take(queue.CallEnded)[0].Call
				if got.Outcome != tc.want || got.Transfers[0].Result != tc.way || got.Cause != tc.cause || got.Missed() != (tc.result != queue.RingAnswer) {
					d.Errorf("call %+v", got)
				}
				if tc.result == queue.RingAnswer && (got.WaitMS != 5001 || got.TalkMS != 15_000 || got.Agent != "") {
					d.Errorf("waited %d, talked %d, agent %q", got.WaitMS, got.TalkMS, got.Agent)
				}
			})
		})
	}
}

// TestTheQueueOpensAndCloses: what is told of a queue follows the clock.
func TestTheQueueOpensAndCloses(t *testing.T) {
	cfg := overflowing(func(q1, _ *config.Queue) {
		q1.Hours = []hours.Span{{Days: [7]bool{true, true, true, true, true, true, true}, From: 60, To: 120}}
	})
	onDesk(t, cfg, func(d *desk) {
		open := func() (open []bool) {
			for _, e := range d.take(queue.QueueChanged) {
				if e.Queue.ID == "q1" {
					open = append(open, e.Queue.Hours.Open)
				}
			}
			return open
		}
		open()
		d.pass(time.Hour)
		if got := open(); !cmp.Equal(got, []bool{true}) {
			d.Errorf("after an hour: %v", got)
		}
		d.pass(59 * time.Minute)
		c := d.call("late")
		open()
		d.pass(time.Minute)
		if got := open(); len(got) == 0 || got[len(got)-1] {
			d.Errorf("after another hour: %v", got)
		}
		c.wantPhase(queue.Waiting) // who has come in time is served
	})
}
