package queue_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"calld/config"
	"calld/queue"
)

func TestMaxWaitEndsTheCall(t *testing.T) {
	onDesk(t, testConfig(1, func(q *config.Queue) { q.MaxWait, q.NoAgentWait = time.Minute, 0 }), func(d *desk) {
		c := d.call("c1")
		d.pass(time.Minute - time.Millisecond - time.Nanosecond)
		c.wantNothing()
		d.pass(time.Nanosecond)
		if call := c.wantEnd(queue.Timeout); call.WaitMS != 60_000 || !call.Missed() {
			d.Errorf("the call waited %d ms, missed: %v; want 60000, true", call.WaitMS, call.Missed())
		}
	})
}

func TestMaxWaitOfZeroWaitsForEver(t *testing.T) {
	onDesk(t, testConfig(1, func(q *config.Queue) { q.MaxWait, q.NoAgentWait = 0, 0 }), func(d *desk) {
		c := d.call("c1")
		d.pass(72 * time.Hour)
		d.login("a1")
		c.wantOffer("a1")
		if c.offer.RingFor != 20*time.Second {
			d.Errorf("c1 is to ring for %s, want 20s", c.offer.RingFor)
		}
	})
}

func TestTheAnnouncementIsPlayedToItsEndBeforeACallTimesOut(t *testing.T) {
	onDesk(t, testConfig(1, func(q *config.Queue) { q.MaxWait = 10 * time.Second }), func(d *desk) {
		c := d.enter(queue.Entry{ID: "c1"})
		d.pass(15 * time.Second)
		c.wantNothing()
		c.Ready()
		c.wantEnd(queue.Timeout)
	})
}

func TestMaxWaitHoldsThoughAReloadShortenedItWhileTheCallRang(t *testing.T) {
	onDesk(t, testConfig(1, nil), func(d *desk) {
		d.login("a1")
		c := d.call("c1")
		c.wantOffer("a1")
		d.Reload(testConfig(1, func(q *config.Queue) { q.MaxWait = 40 * time.Second }))
		d.pass(20 * time.Second)
		c.reports(queue.NoAnswer)
		d.pass(10 * time.Second)
		c.wantOffer("a1")
		c.reports(queue.Refused)
		d.pass(10 * time.Second)
		c.wantEnd(queue.Timeout)
	})
}

func TestMaxWaitingCountsThoseBeyondTheFreeAgents(t *testing.T) {
	onDesk(t, testConfig(2, func(q *config.Queue) { q.MaxWaiting = 2 }), func(d *desk) {
		d.login("a1", "a2")
		var in []*caller
		for _, id := range []string{"c1", "c2", "c3", "c4"} { // two free agents, two places
			in = append(in, d.enter(queue.Entry{ID: id}))
		}
		d.enter(queue.Entry{ID: "c5"}).wantEnd(queue.Full)
		d.enter(queue.Entry{ID: "c6", Returning: true}).wantNothing() // had a place before
		in[0].Hangup(16)
		in[1].Hangup(16)
		d.enter(queue.Entry{ID: "c7"}).wantNothing()
		d.enter(queue.Entry{ID: "c8"}).wantEnd(queue.Full)
	})
}

func TestNoAgentWait(t *testing.T) {
	half := func(q *config.Queue) { q.NoAgentWait = 30 * time.Second }
	tests := []struct {
		name string
		do   func(*desk) *caller
		ends bool
	}{
		{"nobody ever logged in", func(d *desk) *caller { return d.call("c1") }, true},
		{"the last logs out while a call waits", func(d *desk) *caller {
			d.login("a1", "a2")
			_ = d.SetState("a1", true, "")
			_ = d.SetState("a2", true, "")
			c := d.call("c1")
			_ = d.Logout("a1")
			d.pass(20 * time.Second)
			_ = d.Logout("a2")
			return c
		}, true},
		{"the last logs out while it rings", func(d *desk) *caller {
			d.login("a1")
			c := d.call("c1")
			c.wantOffer("a1")
			_ = d.Logout("a1")
			c.reports(queue.Refused)
			return c
		}, true},
		{"somebody is away", func(d *desk) *caller {
			d.login("a1")
			_ = d.SetState("a1", true, "lunch")
			return d.call("c1")
		}, false},
		{"somebody logs in in time", func(d *desk) *caller {
			c := d.call("c1")
			d.pass(20 * time.Second)
			_ = d.RestoreAway("a2", "lunch")
			d.login("a2")
			return c
		}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			onDesk(t, testConfig(2, half), func(d *desk) {
				c := tt.do(d)
				d.pass(30*time.Second - 2*time.Millisecond)
				c.wantNothing()
				d.pass(2 * time.Millisecond)
				if tt.ends {
					c.wantEnd(queue.NoAgent)
				} else {
					c.wantNothing()
				}
			})
		})
	}
}

func TestTheCallerHangsUp(t *testing.T) {
	tests := []struct {
		name    string
		do      func(*desk) *caller
		outcome queue.Outcome
		cause   string
		rings   []string
	}{
		{"in the announcement", func(d *desk) *caller {
			c := d.enter(queue.Entry{ID: "c1"})
			c.Hangup(16)
			return c
		}, queue.Abandoned, "16 caller", nil},
		{"while waiting", func(d *desk) *caller {
			c := d.call("c1")
			c.Hangup(0)
			return c
		}, queue.Abandoned, "caller", nil},
		{"while ringing", func(d *desk) *caller {
			d.login("a1")
			c := d.call("c1")
			c.wantOffer("a1")
			c.Dialled(queue.DialReport{Offer: c.offer.ID, Result: queue.NoAnswer, CallerGone: true, Cause: 16})
			return c
		}, queue.Abandoned, "16 caller", []string{"a1 caller_left"}},
		{"in the talk", func(d *desk) *caller {
			d.login("a1")
			c := d.call("c1")
			c.wantOffer("a1")
			c.hears(queue.PhoneAnswers, "a1", "")
			c.Dialled(queue.DialReport{Offer: c.offer.ID, Result: queue.RingAnswer, CallerGone: true, Cause: 16})
			return c
		}, queue.Answered, "16 caller", []string{"a1 answered"}},
		{"while waiting, and only the event tells", func(d *desk) *caller {
			c := d.call("c1")
			c.hears(queue.CallerGone, "", "")
			d.login("a1")
			c.wantNothing() // no offer for a caller who has gone
			d.pass(3 * time.Second)
			return c
		}, queue.Abandoned, "16 caller", nil},
		{"while ringing, and only the event tells", func(d *desk) *caller {
			d.login("a1")
			c := d.call("c1")
			c.wantOffer("a1")
			c.hears(queue.CallerGone, "", "")
			c.hears(queue.PhoneDone, "a1", queue.CallerLeft)
			d.wantState("a1", queue.Available)
			d.pass(3 * time.Second)
			return c
		}, queue.Abandoned, "16 caller", []string{"a1 caller_left"}},
		{"in the talk, and the script's report comes first", func(d *desk) *caller {
			d.login("a1")
			c := d.call("c1")
			c.wantOffer("a1")
			c.Dialled(queue.DialReport{Offer: c.offer.ID, Result: queue.RingAnswer, CallerGone: true, Cause: 16})
			c.hears(queue.PhoneAnswers, "a1", "")
			c.hears(queue.CallerGone, "", "")
			return c
		}, queue.Answered, "16 caller", []string{"a1 answered"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			onDesk(t, testConfig(1, nil), func(d *desk) {
				call := tt.do(d).wantEnd(tt.outcome)
				if call.Cause != tt.cause {
					d.Errorf("cause %q, want %q", call.Cause, tt.cause)
				}
				wantResults(d, call, tt.rings...)
				if n := len(d.take(queue.CallEnded)); n != 1 {
					d.Errorf("%d events tell the end, want 1", n)
				}
			})
		})
	}
}

func TestACallThatIsOverCantEnterAgain(t *testing.T) {
	onDesk(t, testConfig(1, nil), func(d *desk) {
		d.call("c1").Hangup(16)
		if _, err := d.Enter(queue.Entry{ID: "c1", Queue: "q1", UniqueID: "uc1"}); !errors.Is(err, queue.ErrEnded) {
			d.Errorf("Enter: %v, want ErrEnded", err)
		}
		if _, err := d.Enter(queue.Entry{ID: "c2", Queue: "q9", UniqueID: "uc2"}); !errors.Is(err, queue.ErrUnknownQueue) {
			d.Errorf("Enter: %v, want ErrUnknownQueue", err)
		}
	})
}

func TestALostScriptKeepsThePlaceAndHoldsUpYoungerCallers(t *testing.T) {
	onDesk(t, testConfig(2, nil), func(d *desk) {
		first, second := d.call("c1"), d.call("c2")
		first.Detach()
		d.login("a1")
		second.wantNothing()
		d.pass(10*time.Second - 2*time.Millisecond)
		second.wantNothing()
		first = first.comeBack()
		first.wantOffer("a1")
		second.wantNothing()
		first.Detach() // lost again, while it rings: a ringing call holds nobody up
		d.login("a2")
		second.wantOffer("a2")
	})
}

func TestYoungerCallersAreServedWhenTheLostOneStaysAway(t *testing.T) {
	onDesk(t, testConfig(1, nil), func(d *desk) {
		first, second := d.call("c1"), d.call("c2")
		first.Detach()
		d.login("a1")
		d.pass(10*time.Second - 2*time.Millisecond)
		second.wantNothing()
		d.pass(2 * time.Millisecond)
		second.wantOffer("a1")
		d.pass(2*time.Minute - 10*time.Second)
		if call := first.wantEnd(queue.Failed); call.Cause != "lost" {
			d.Errorf("cause %q, want lost", call.Cause)
		}
	})
}

func TestACallerOfAnotherQueueIsNotHeldUp(t *testing.T) {
	onDesk(t, twoQueues([]string{"q1", "q2"}), func(d *desk) {
		first, second := d.callTo("c1", "q1"), d.callTo("c2", "q2")
		first.Detach()
		d.login("a1")
		second.wantOffer("a1")
	})
}

func TestAReturningCallerTakesItsPlaceByWhenItBegan(t *testing.T) {
	onDesk(t, testConfig(1, nil), func(d *desk) {
		younger := d.call("c2")
		older := d.enter(queue.Entry{ID: "c1", Begin: time.Now().Add(-time.Minute), Returning: true})
		older.Ready()
		d.login("a1")
		older.wantOffer("a1")
		younger.wantNothing()
		older.hears(queue.PhoneAnswers, "a1", "")
		if ms := older.now().WaitMS; ms < 60_000 {
			d.Errorf("it waited %d ms, want a minute", ms)
		}
	})
}

func TestAnotherScriptSupersedesTheFirst(t *testing.T) {
	onDesk(t, testConfig(1, nil), func(d *desk) {
		old := d.call("c1")
		young := old.comeBack()
		if _, _, err := old.Next(d.Context()); !errors.Is(err, queue.ErrSuperseded) {
			d.Errorf("Next: %v, want ErrSuperseded", err)
		}
		old.Hangup(16) // says nothing any more
		old.Detach()
		d.login("a1")
		young.wantOffer("a1")
	})
}

func TestACallThatRangComesBackToItsPlace(t *testing.T) {
	onDesk(t, testConfig(2, nil), func(d *desk) {
		d.login("a1")
		c := d.call("c1")
		c.wantOffer("a1")
		c.Detach()
		younger := d.call("c2")
		c = c.comeBack()
		wantResults(d, c.now(), "a1 cut_short", "a1 ")
		c.wantOffer("a1") // nobody knows for how long the phone has been silent
		younger.wantNothing()
	})
}

func TestACallThatComesBackFromATalkIsAnswered(t *testing.T) {
	tests := []struct {
		name  string
		do    func(*desk) *caller
		cause string
		agent string
	}{
		{"heard", func(d *desk) *caller {
			c := d.call("c1")
			c.wantOffer("a1")
			c.hears(queue.PhoneAnswers, "a1", "")
			c.Detach()
			return c
		}, "agent", "a1"},
		{"its ringing was heard", func(d *desk) *caller {
			c := d.call("c1")
			c.wantOffer("a1")
			c.Detach()
			return c
		}, "agent", "a1"},
		{"it was thought to wait", func(d *desk) *caller {
			_ = d.Logout("a1")
			c := d.call("c1")
			c.Detach()
			return c
		}, "unrecorded", ""},
		{"nothing was known of it", func(d *desk) *caller {
			return &caller{d: d, entry: queue.Entry{ID: "c1", Queue: "q1"}}
		}, "unrecorded", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			onDesk(t, testConfig(1, nil), func(d *desk) {
				d.login("a1")
				c := tt.do(d)
				c.entry.Answered = true
				call := c.comeBack().wantEnd(queue.Answered)
				if call.Missed() || call.Cause != tt.cause || call.Agent != tt.agent {
					d.Errorf("missed %v, cause %q, agent %q; want false, %q, %q", call.Missed(), call.Cause, call.Agent, tt.cause, tt.agent)
				}
			})
		})
	}
}

func TestAFailedScriptEndsTheCall(t *testing.T) {
	onDesk(t, testConfig(1, nil), func(d *desk) {
		d.login("a1")
		c := d.call("c1")
		c.wantOffer("a1")
		c.Fail("agi: protocol error")
		call := c.wantEnd(queue.Failed)
		wantResults(d, call, "a1 cut_short")
		if call.Cause != "agi: protocol error" {
			d.Errorf("cause %q", call.Cause)
		}
		d.wantState("a1", queue.Available)
	})
}

func TestNextWaitsForAnInstructionOrItsContext(t *testing.T) {
	onDesk(t, testConfig(1, nil), func(d *desk) {
		c := d.enter(queue.Entry{ID: "c1"})
		hungUp := errors.New("hung up")
		ctx, cancel := context.WithCancelCause(d.Context())
		failed := make(chan error, 1)
		go func() {
			_, _, err := c.Next(ctx)
			failed <- err
		}()
		synctest.Wait()
		cancel(hungUp)
		if err := <-failed; !errors.Is(err, hungUp) {
			d.Errorf("Next: %v, want the cause of the context", err)
		}
		offers := make(chan *queue.Offer, 1)
		go func() {
			o, _, _ := c.Next(d.Context())
			offers <- o
		}()
		d.login("a1")
		c.Ready()
		if o := <-offers; o == nil || o.Agents[0].ID != "a1" {
			d.Errorf("Next: %+v, want an offer to a1", o)
		}
	})
}

func TestTheExpectedWait(t *testing.T) {
	onDesk(t, testConfig(2, func(q *config.Queue) { q.Wrapup = 10 * time.Second }), func(d *desk) {
		want := func(waiting int, wait time.Duration) {
			d.Helper()
			if n, w := d.Load("q1"); n != waiting || w != wait {
				d.Errorf("Load = %d, %s; want %d, %s", n, w, waiting, wait)
			}
		}
		want(0, 0)
		d.login("a1")
		d.call("c1").talk("a1", 50*time.Second)
		c := d.call("c2")
		want(1, 2*time.Minute) // the second in line: one talk of 50 s and wrap-up, one agent at work
		if p, ok := c.Place(); !ok || p != (queue.Place{Position: 1, Expected: time.Minute}) {
			d.Errorf("Place = %+v, %v", p, ok)
		}
		c.wantNothing()
		d.call("c3")
		want(2, 3*time.Minute)
		d.login("a2")
		want(1, time.Minute)
		if p, ok := c.Place(); ok {
			d.Errorf("a call that rings has the place %+v", p)
		}
	})
}
