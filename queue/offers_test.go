package queue_test

import (
	"testing"
	"time"

	"calld/config"
	"calld/queue"
)

func inOrder(o config.Order) func(*config.Queue) {
	return func(q *config.Queue) { q.Order = o }
}

// twoQueues has queues q1 and q2, and agents by the queues they serve.
func twoQueues(agents ...[]string) *config.Config {
	c := testConfig(len(agents), nil)
	q := c.Queues[0]
	q.ID, q.Number = "q2", "0215885678"
	c.Queues = append(c.Queues, q)
	for i := range agents {
		c.Agents[i].Queues = agents[i]
	}
	return c
}

func all(q *config.Queue) { q.Queueing = config.All }

// A list of dial strings has to fit into one AGI command.
func TestAllRings64AtTheMostAndTheOthersNext(t *testing.T) {
	onDesk(t, testConfig(70, all), func(d *desk) {
		for i := range 70 {
			d.login("a" + string(rune('1'+i)))
		}
		c := d.call("c1")
		first, _, err := c.Next(d.Context())
		if err != nil || len(first.Agents) != 64 {
			d.Fatalf("the first offer is %+v, %v; want 64 agents", first, err)
		}
		c.Dialled(queue.DialReport{Offer: first.ID, Result: queue.Refused})
		second, _, err := c.Next(d.Context())
		if err != nil || len(second.Agents) != 6 || second.Agents[0].ID != "a"+string(rune('1'+64)) {
			d.Fatalf("the second offer is %+v, %v; want the 6 others", second, err)
		}
	})
}

func TestOrderListedRingsTheFirstInTheFile(t *testing.T) {
	onDesk(t, testConfig(3, nil), func(d *desk) {
		d.login("a3", "a2", "a1")
		d.call("c1").wantOffer("a1")
		d.call("c2").wantOffer("a2")
		d.call("c3").wantOffer("a3")
	})
}

func TestOrderLongestIdleRingsWhoHasBeenFreeTheLongest(t *testing.T) {
	onDesk(t, testConfig(3, inOrder(config.LongestIdle)), func(d *desk) {
		d.login("a3", "a2", "a1")
		d.call("c1").talk("a3", time.Second)
		d.call("c2").talk("a2", time.Second)
		d.call("c3").talk("a1", time.Second)
		d.call("c4").wantOffer("a3")
	})
}

func TestRingingInVainIsNoWork(t *testing.T) {
	onDesk(t, testConfig(2, inOrder(config.LongestIdle)), func(d *desk) {
		d.login("a2", "a1")
		c := d.call("c1")
		c.wantOffer("a2")
		c.reports(queue.Refused)
		c.wantOffer("a1")
		c.Hangup(16)
		d.call("c2").wantOffer("a2")
	})
}

func TestIdleTimeBeginsWhenTheTalkEndsThoughThePhoneIsBusyAMomentLonger(t *testing.T) {
	onDesk(t, testConfig(2, inOrder(config.LongestIdle)), func(d *desk) {
		d.login("a1", "a2")
		c := d.call("c1")
		c.wantOffer("a1")
		d.Phone(d.phone("a1"), queue.PhoneBusy)
		c.hears(queue.PhoneAnswers, "a1", "")
		d.pass(time.Minute)
		c.reports(queue.RingAnswer)
		d.pass(time.Millisecond)
		d.Phone(d.phone("a1"), queue.PhoneIdle)
		d.call("c2").wantOffer("a2")
	})
}

func TestOrderFewestCallsRingsWhoAnsweredTheFewestToday(t *testing.T) {
	onDesk(t, testConfig(2, inOrder(config.FewestCalls)), func(d *desk) {
		d.login("a1", "a2")
		if err := d.RestoreCalls("a1", 2); err != nil {
			d.Fatal(err)
		}
		d.call("c1").talk("a2", time.Second)
		d.call("c2").talk("a2", time.Second)
		d.call("c3").talk("a1", time.Second) // as many: the longest idle
		d.call("c4").talk("a2", time.Second)
		d.pass(24 * time.Hour)
		if n := d.agent("a1").Calls; n != 0 {
			d.Errorf("after midnight a1 has answered %d calls today, want 0", n)
		}
	})
}

func TestOrderRoundRobinRingsTheNextAfterTheLastRung(t *testing.T) {
	onDesk(t, testConfig(3, inOrder(config.RoundRobin)), func(d *desk) {
		d.login("a1", "a2", "a3")
		d.call("c1").talk("a1", time.Second)
		d.call("c2").talk("a2", time.Second)
		d.Reload(testConfig(4, inOrder(config.RoundRobin))) // the turn is kept
		d.call("c3").talk("a3", time.Second)
		d.call("c4").talk("a1", time.Second)
	})
}

func TestOrderRandomRingsEverybodySooner(t *testing.T) {
	onDesk(t, testConfig(3, inOrder(config.Random)), func(d *desk) {
		d.login("a1", "a2", "a3")
		rung := map[string]int{}
		for range 60 {
			c := d.enter(queue.Entry{ID: queue.NewCallID(time.Now())})
			c.Ready()
			o, _, err := c.Next(d.Context())
			if err != nil {
				d.Fatal(err)
			}
			rung[o.Agents[0].ID]++
			c.Hangup(16)
		}
		for _, id := range []string{"a1", "a2", "a3"} {
			if rung[id] < 8 {
				d.Errorf("of 60 calls %s was rung for %d", id, rung[id])
			}
		}
	})
}

func TestAllRingsEveryFreeAgent(t *testing.T) {
	onDesk(t, testConfig(4, all), func(d *desk) {
		d.login("a4", "a2", "a1", "a3")
		if err := d.SetState("a3", true, "lunch"); err != nil {
			d.Fatal(err)
		}
		c := d.call("c1")
		c.wantOffer("a1", "a2", "a4")
		c.hears(queue.PhoneAnswers, "a2", "")
		d.wantState("a1", queue.Available)
		d.wantState("a2", queue.AgentTalks)
		wantResults(d, c.now(), "a1 answered_elsewhere", "a2 answered", "a4 answered_elsewhere")
		d.call("c2").wantOffer("a1", "a4")
	})
}

func TestAgentsCancelledBeforeTheAnswerIsHeardAreToldItWasElsewhere(t *testing.T) {
	onDesk(t, testConfig(2, all), func(d *desk) {
		d.login("a1", "a2")
		c := d.call("c1")
		c.wantOffer("a1", "a2")
		c.hears(queue.PhoneDone, "a1", queue.CallerLeft)
		c.hears(queue.PhoneAnswers, "a2", "")
		wantResults(d, c.now(), "a1 answered_elsewhere", "a2 answered")
	})
}

func TestAllDoesNotRingAFreedAgentIntoARunningOffer(t *testing.T) {
	onDesk(t, testConfig(2, all), func(d *desk) {
		d.login("a1")
		c := d.call("c1")
		c.wantOffer("a1")
		d.login("a2")
		c.wantNothing()
		d.call("c2").wantOffer("a2")
	})
}

func TestAnAgentIsReservedAcrossQueues(t *testing.T) {
	onDesk(t, twoQueues([]string{"q1", "q2"}), func(d *desk) {
		d.login("a1")
		first, second := d.callTo("c1", "q1"), d.callTo("c2", "q2")
		first.wantOffer("a1")
		second.wantNothing()
		first.reports(queue.Refused)
		second.wantOffer("a1") // c1 leaves a1 alone for a while
		first.wantNothing()
	})
}

func TestTheLongestWaitingIsServedFirstAcrossQueues(t *testing.T) {
	onDesk(t, twoQueues([]string{"q1", "q2"}, []string{"q2"}), func(d *desk) {
		one, two, three := d.callTo("c1", "q2"), d.callTo("c2", "q1"), d.callTo("c3", "q2")
		d.login("a1")
		one.wantOffer("a1")
		d.login("a2")
		three.wantOffer("a2") // a2 does not serve the queue of c2
		two.wantNothing()
		one.hears(queue.PhoneAnswers, "a1", "")
		one.reports(queue.RingAnswer)
		two.wantOffer("a1")
	})
}

func TestACallerWhoHearsTheAnnouncementKeepsItsPlaceButHoldsNobodyUp(t *testing.T) {
	onDesk(t, testConfig(1, nil), func(d *desk) {
		first := d.enter(queue.Entry{ID: "c1"})
		d.pass(time.Second)
		second := d.call("c2")
		third := d.call("c3")
		d.login("a1")
		second.wantOffer("a1")
		first.Ready()
		second.Hangup(16)
		first.wantOffer("a1")
		third.wantNothing()
	})
}

func TestWhatBecomesOfARing(t *testing.T) {
	second := time.Second
	tests := []struct {
		name    string
		maxWait time.Duration
		after   time.Duration
		report  queue.RingResult
		want    queue.RingResult
		held    bool // against the agent
	}{
		{"rings until the limit: no answer", 0, 20 * second, queue.NoAnswer, queue.NoAnswer, true},
		{"reported a little early: still no answer", 0, 19100 * time.Millisecond, queue.NoAnswer, queue.NoAnswer, true},
		{"ends early by itself: refused", 0, 5 * second, queue.NoAnswer, queue.Refused, true},
		{"busy: refused", 0, 20 * time.Millisecond, queue.Refused, queue.Refused, true},
		{"no phone: unreachable", 0, 20 * time.Millisecond, queue.Unreachable, queue.Unreachable, true},
		{"cut short by max_wait: nobody's fault", 30 * second, 10 * second, queue.NoAnswer, queue.CutShort, false},
		{"refused in a ring that max_wait would cut short", 30 * second, 2 * second, queue.NoAnswer, queue.Refused, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := testConfig(1, func(q *config.Queue) { q.MaxWait, q.AwayAfter, q.NoAgentWait = tt.maxWait, 1, 0 })
			onDesk(t, cfg, func(d *desk) {
				c := d.call("c1")
				d.pass(20*time.Second - time.Millisecond)
				d.login("a1")
				c.wantOffer("a1")
				d.pass(tt.after - time.Millisecond) // login took one
				c.reports(tt.report)
				state := queue.Available
				if tt.held {
					state = queue.Away
				}
				d.wantState("a1", state)
				if call, ok := d.Call("c1"); ok {
					wantResults(d, call, "a1 "+string(tt.want))
				} else {
					wantResults(d, c.wantEnd(queue.Timeout), "a1 "+string(tt.want))
				}
			})
		})
	}
}

func TestTheNextAgentIsRungAndTheFirstLeftAloneForAWhile(t *testing.T) {
	onDesk(t, testConfig(2, nil), func(d *desk) {
		d.login("a1", "a2")
		c := d.call("c1")
		c.wantOffer("a1")
		d.pass(20 * time.Second)
		c.reports(queue.NoAnswer)
		c.wantOffer("a2")
		d.pass(time.Second)
		c.reports(queue.Refused)
		c.wantNothing()
		d.wantState("a1", queue.Available)
		d.pass(9*time.Second - time.Millisecond)
		c.wantNothing()
		d.pass(time.Millisecond) // retry_pause after a1 let it ring
		c.wantOffer("a1")
	})
}

func TestWhoLetItRingComesAfterWhoDidNot(t *testing.T) {
	onDesk(t, testConfig(2, nil), func(d *desk) {
		d.login("a1")
		c := d.call("c1")
		c.wantOffer("a1")
		c.reports(queue.Refused)
		d.pass(5 * time.Second)
		d.login("a2")
		c.wantOffer("a2")
		d.pass(15 * time.Second)
		c.hears(queue.PhoneDone, "a2", queue.CutShort)
		c.reports(queue.CutShort)
		c.wantOffer("a1") // a2 is left alone for two seconds after a cut
		d.pass(15 * time.Second)
		c.reports(queue.CutShort)
		c.wantOffer("a2") // a1 is listed first, but let it ring once
	})
}

func TestTheSameAgentIsRungAtOnceForAnotherCaller(t *testing.T) {
	onDesk(t, testConfig(1, nil), func(d *desk) {
		d.login("a1")
		first, second := d.call("c1"), d.call("c2")
		first.wantOffer("a1")
		first.reports(queue.Refused)
		second.wantOffer("a1")
	})
}

func TestAwayAfterSoManyMissesInARow(t *testing.T) {
	miss := func(d *desk, id string) {
		c := d.call(id)
		c.wantOffer("a1")
		c.reports(queue.Refused)
		c.Hangup(16)
	}
	onDesk(t, testConfig(1, nil), func(d *desk) {
		d.login("a1")
		miss(d, "c1")
		miss(d, "c2")
		d.call("c3").talk("a1", time.Second) // an answer starts the count again
		miss(d, "c4")
		miss(d, "c5")
		d.wantState("a1", queue.Available)
		miss(d, "c6")
		if a := d.agent("a1"); a.State != queue.Away || a.Reason != "no_answer" {
			d.Errorf("a1 is %s %q, want away no_answer", a.State, a.Reason)
		}
		if err := d.SetState("a1", false, ""); err != nil {
			d.Fatal(err)
		}
		miss(d, "c7")
		miss(d, "c8")
		d.wantState("a1", queue.Available)
	})
}

func TestRingForEndsWithMaxWaitAndIsNeverTooShort(t *testing.T) {
	cfg := testConfig(2, func(q *config.Queue) { q.MaxWait = 30 * time.Second })
	onDesk(t, cfg, func(d *desk) {
		d.login("a1")
		first, second := d.call("c1"), d.call("c2")
		first.wantOffer("a1")
		d.pass(18 * time.Second)
		first.reports(queue.Refused)
		second.wantOffer("a1")
		if want := 12*time.Second - time.Millisecond; second.offer.RingFor != want {
			d.Errorf("18 s after entering, c2 is to ring for %s, want %s", second.offer.RingFor, want)
		}
		d.pass(10500 * time.Millisecond)
		d.login("a2") // 1.5 s before the end of c1: not worth ringing
		first.wantNothing()
		d.pass(1500 * time.Millisecond)
		first.wantEnd(queue.Timeout)
	})
}

func TestAgentsAreTakenBackFromASilentScript(t *testing.T) {
	onDesk(t, testConfig(1, nil), func(d *desk) {
		d.login("a1")
		c, next := d.call("c1"), d.call("c2")
		c.wantOffer("a1")
		d.pass(30*time.Second - 3*time.Millisecond)
		d.wantState("a1", queue.AgentRings)
		d.pass(3 * time.Millisecond)
		next.wantOffer("a1")
		c.wantNothing()
		if n := d.Freed(); n != 1 {
			d.Errorf("Freed = %d, want 1", n)
		}
		c.Dialled(queue.DialReport{Offer: c.offer.ID, Result: queue.RingAnswer, Phone: d.phone("a1"), Talked: 25 * time.Second})
		call := c.wantEnd(queue.Answered)
		if call.Missed() || call.Agent != "a1" || call.TalkMS != 25_000 {
			d.Errorf("the talk was recorded as %+v", call)
		}
	})
}

func TestWithoutEventsASilentScriptMeansATalk(t *testing.T) {
	onDesk(t, testConfig(2, nil), func(d *desk) {
		d.Deaf(true)
		d.login("a1")
		c, next := d.call("c1"), d.call("c2")
		c.wantOffer("a1")
		d.pass(5 * time.Minute)
		next.wantNothing()
		d.Deaf(false)
		d.Reconcile(time.Now(), time.Time{}, []queue.Channel{{UniqueID: "uc1", TalksTo: d.phone("a1")}, {UniqueID: "uc2"}})
		d.wantState("a1", queue.AgentTalks)
		c.wantPhase(queue.Talking)
		if n := d.Freed(); n != 0 {
			d.Errorf("Freed = %d, want 0", n)
		}
	})
}

func TestAnAgentWhoAnswersAnOldOfferIsTakenOffTheNewOne(t *testing.T) {
	onDesk(t, testConfig(1, nil), func(d *desk) {
		d.login("a1")
		old, next := d.call("c1"), d.call("c2")
		old.wantOffer("a1")
		d.pass(31 * time.Second)
		next.wantOffer("a1")
		old.hears(queue.PhoneAnswers, "a1", "") // the events lagged
		old.wantPhase(queue.Talking)
		if got := d.agent("a1").Call; got != "c1" {
			d.Errorf("a1 is with %q, want c1", got)
		}
		wantResults(d, next.now(), "a1 cut_short")
	})
}
