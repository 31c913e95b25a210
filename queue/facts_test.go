package queue_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"calld/config"
	"calld/queue"
)

// The talk of one call with one agent, told by the script, the exchange, or
// both in any order, always makes the same record.
func TestATalkIsRecordedWhicheverSourceSpeaks(t *testing.T) {
	const ring, talk = 5 * time.Second, 30 * time.Second
	answers := func(c *caller) { c.hears(queue.PhoneAnswers, "a1", "") }
	talkOver := func(c *caller) { c.hears(queue.TalkOver, "a1", "") }
	report := func(c *caller) {
		c.Dialled(queue.DialReport{Offer: c.offer.ID, Result: queue.RingAnswer, Phone: c.d.phone("a1"), Talked: talk, Cause: 16})
	}
	noAnswer := func(c *caller) { c.reports(queue.NoAnswer) }
	callerGone := func(c *caller) { c.hears(queue.CallerGone, "", "") }
	nothing := func(*caller) {}
	type step = func(*caller)
	tests := []struct {
		name     string
		answered step   // when the agent answers
		over     []step // when the talk is over
	}{
		{"both, the event first", answers, []step{talkOver, report}},
		{"both, the script first", answers, []step{report, talkOver}},
		{"both, everything twice", func(c *caller) { answers(c); answers(c) }, []step{report, report, talkOver, talkOver}},
		{"the script alone", nothing, []step{report}},
		{"the script, then late events", nothing, []step{report, answers, talkOver, callerGone}},
		{"the script first knows no answer", answers, []step{noAnswer}},
		{"the events alone", answers, []step{talkOver, func(c *caller) { c.d.pass(3 * time.Second) }}},
		{"the events alone, the script lost", func(c *caller) { answers(c); c.Detach() }, []step{talkOver}},
		{"the sweeper saw the answer", func(c *caller) {
			c.d.Reconcile(time.Now(), time.Time{}, []queue.Channel{{UniqueID: "uc1", TalksTo: c.d.phone("a1")}})
		}, []step{report}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			onDesk(t, testConfig(1, nil), func(d *desk) {
				d.login("a1")
				c := d.call("c1")
				c.wantOffer("a1")
				d.pass(ring)
				answered := time.Now()
				tt.answered(c)
				d.pass(talk)
				over := time.Now()
				for _, s := range tt.over {
					s(c)
				}
				call := c.wantEnd(queue.Answered)
				wantResults(d, call, "a1 answered")
				if call.Agent != "a1" || !call.Start.Equal(answered) || !call.End.Equal(over) || call.TalkMS != talk.Milliseconds() {
					d.Errorf("agent %q from %s to %s, %d ms; want a1, %s, %s", call.Agent, call.Start, call.End, call.TalkMS, answered, over)
				}
				if n := len(d.take(queue.CallEnded)); n != 1 {
					d.Errorf("%d events tell the end, want 1", n)
				}
				d.wantState("a1", queue.Available)
				if a := d.agent("a1"); a.Calls != 1 {
					d.Errorf("a1 answered %d calls, want 1", a.Calls)
				}
			})
		})
	}
}

func TestRingingInVainIsRecordedWhicheverSourceSpeaks(t *testing.T) {
	done := func(c *caller) { c.hears(queue.PhoneDone, "a1", queue.Refused) }
	report := func(c *caller) { c.reports(queue.Refused) }
	tests := []struct {
		name  string
		steps []func(*caller)
	}{
		{"both, the event first", []func(*caller){done, report}},
		{"both, the script first", []func(*caller){report, done}},
		{"the script alone", []func(*caller){report}},
		{"everything twice", []func(*caller){done, done, report, report}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			onDesk(t, testConfig(2, func(q *config.Queue) { q.AwayAfter = 2 }), func(d *desk) {
				d.login("a1", "a2")
				c := d.call("c1")
				c.wantOffer("a1")
				for _, s := range tt.steps {
					s(c)
				}
				c.wantOffer("a2")
				wantResults(d, c.now(), "a1 refused", "a2 ")
				d.wantState("a1", queue.Available) // one miss, not two
			})
		})
	}
}

func TestAnAgentIsFreeAsSoonAsItsPhoneIsDone(t *testing.T) {
	onDesk(t, testConfig(2, all), func(d *desk) {
		d.login("a1", "a2")
		c := d.call("c1")
		c.wantOffer("a1", "a2")
		c.hears(queue.PhoneDone, "a1", queue.Refused)
		c.wantNothing() // the script still rings a2
		d.call("c2").wantOffer("a1")
		d.wantState("a2", queue.AgentRings)
	})
}

func TestPagesAreAlertedWhenThePhoneRings(t *testing.T) {
	onDesk(t, testConfig(2, all), func(d *desk) {
		d.login("a1", "a2")
		c := d.call("c1")
		c.wantOffer("a1", "a2")
		want := func(agents ...string) {
			d.Helper()
			if diff := cmp.Diff(agents, d.alerted()); diff != "" {
				d.Errorf("alerted (-want +got):\n%s", diff)
			}
		}
		want()
		d.pass(100 * time.Millisecond)
		c.hears(queue.PhoneRings, "a2", "")
		want("a2")
		c.hears(queue.PhoneRings, "a2", "")
		want()
		d.pass(899*time.Millisecond - time.Nanosecond) // call took one
		want()
		d.pass(time.Nanosecond)
		want("a1") // not heard to ring for a second
		c.hears(queue.PhoneRings, "a1", "")
		want()
		if c.now().Rings[0].Rang == nil {
			d.Error("the record does not tell when the phone of a1 rang")
		}
	})
}

func TestWithoutEventsPagesAreAlertedAtTheOffer(t *testing.T) {
	onDesk(t, testConfig(2, nil), func(d *desk) {
		d.login("a1", "a2")
		first := d.call("c1")
		first.wantOffer("a1")
		d.Deaf(true) // while it rings
		if got := d.alerted(); !cmp.Equal(got, []string{"a1"}) {
			d.Errorf("alerted: %v, want a1", got)
		}
		d.call("c2").wantOffer("a2")
		if got := d.alerted(); !cmp.Equal(got, []string{"a2"}) {
			d.Errorf("alerted: %v, want a2", got)
		}
		d.pass(5 * time.Second)
		if got := d.alerted(); got != nil {
			d.Errorf("alerted again: %v", got)
		}
	})
}

func TestANewBoardIsDeaf(t *testing.T) {
	var alerted int
	b := queue.New(queue.Options{Config: testConfig(1, nil), Observers: []queue.Observer{queue.ObserverFunc(func(e *queue.Event) {
		if e.Kind == queue.CallRinging {
			alerted += len(e.Ring)
		}
	})}})
	if err := b.Connect("a1"); err != nil {
		t.Fatal(err)
	}
	ticket, err := b.Enter(queue.Entry{ID: "c1", Queue: "q1"})
	if err != nil {
		t.Fatal(err)
	}
	ticket.Ready()
	if alerted != 1 {
		t.Errorf("%d pages alerted at the offer, want 1", alerted)
	}
}

func TestFiguresArePublishedAtMostEveryQuarterOfASecond(t *testing.T) {
	onDesk(t, testConfig(2, nil), func(d *desk) {
		d.pass(time.Second)
		d.take()
		started := time.Now()
		for range 100 {
			c := d.enter(queue.Entry{ID: queue.NewCallID(time.Now())})
			d.pass(5 * time.Millisecond)
			c.Hangup(16)
			d.pass(5 * time.Millisecond)
		}
		d.pass(250 * time.Millisecond)
		figures := d.take(queue.QueueChanged)
		for i := 1; i < len(figures); i++ {
			if gap := figures[i].At.Sub(figures[i-1].At); gap < 250*time.Millisecond {
				d.Errorf("figures %s after the last", gap)
			}
		}
		if len(figures) < 5 || !figures[0].At.Equal(started) {
			d.Fatalf("%d times in 1.25 s, first %s after the change; want at least 5, at once", len(figures), figures[0].At.Sub(started))
		}
		if last := figures[len(figures)-1].Queue; last.Waiting != 0 || last.LongestSince != nil {
			d.Errorf("the last figures are %+v, want an empty queue", last)
		}
		d.pass(time.Minute)
		if again := d.take(queue.QueueChanged); len(again) > 0 {
			d.Errorf("figures without a change: %+v", again)
		}
	})
}

// TestACallThatIsOverIsNotTakenUp: its script came back before the store was read.
func TestACallThatIsOverIsNotTakenUp(t *testing.T) {
	onDesk(t, testConfig(1, nil), func(d *desk) {
		c := d.call("c1")
		live := d.Snapshot().Calls
		c.Hangup(16)
		c.wantEnd(queue.Abandoned)
		if unknown := d.Restore(live); len(unknown) > 0 || len(d.Snapshot().Calls) > 0 {
			d.Errorf("taken up again: %+v", d.Snapshot().Calls)
		}
	})
}

// restarted is a new board that takes over the calls of d, as after a crash.
func (d *desk) restarted(cfg *config.Config) (*desk, []queue.Call) {
	calls := d.Snapshot().Calls
	n := &desk{TB: d.TB}
	n.Board = queue.New(queue.Options{Config: cfg, Seed: 1, Observers: []queue.Observer{queue.ObserverFunc(n.observe)}})
	unknown := n.Restore(calls)
	n.Deaf(false)
	go n.Run(d.Context())
	return n, unknown
}

func TestCallsAreTakenUpAfterARestart(t *testing.T) {
	onDesk(t, testConfig(3, nil), func(d *desk) {
		d.login("a1", "a2")
		talks, rings, waits, hears := d.call("c1"), d.call("c2"), d.call("c3"), d.enter(queue.Entry{ID: "c4"})
		talks.wantOffer("a1")
		talks.hears(queue.PhoneAnswers, "a1", "")
		rings.wantOffer("a2")
		started := *talks.now().Start
		d.pass(time.Second)

		d, unknown := d.restarted(testConfig(3, nil))
		if len(unknown) > 0 {
			d.Errorf("unknown: %+v", unknown)
		}
		for _, c := range []*caller{talks, rings, waits, hears} {
			c.d = d
		}
		d.wantState("a1", queue.AgentTalks)
		d.wantState("a2", queue.AgentRings)
		talks.wantPhase(queue.Talking)
		rings.wantPhase(queue.Ringing)
		waits.wantPhase(queue.Waiting)
		hears.wantPhase(queue.Waiting)

		d.login("a3")
		young := d.call("c5")
		young.wantNothing() // c3 and c4 are expected back
		hears = hears.comeBack()
		hears.wantNothing()
		waits = waits.comeBack()
		waits.wantOffer("a3")

		talks.hears(queue.TalkOver, "a1", "") // its script is lost: nobody else will tell
		if call := talks.wantEnd(queue.Answered); !call.Start.Equal(started) || call.Agent != "a1" {
			d.Errorf("the talk is recorded as %+v, want from %s with a1", call, started)
		}
		rings.hears(queue.PhoneAnswers, "a2", "")
		d.wantState("a2", queue.AgentTalks)
		rings.hears(queue.CallerGone, "", "")
		rings.wantEnd(queue.Answered)
	})
}

func TestRestoreKnowsWhatItCantTakeUp(t *testing.T) {
	onDesk(t, twoQueues([]string{"q1", "q2"}, []string{"q1"}), func(d *desk) {
		d.login("a1", "a2")
		first := d.callTo("c1", "q1")
		first.wantOffer("a1")
		second := d.callTo("c2", "q1")
		second.wantOffer("a2")
		d.callTo("c3", "q2")
		cfg := testConfig(1, nil) // a2 and q2 are gone
		d, unknown := d.restarted(cfg)
		if len(unknown) != 1 || unknown[0].ID != "c3" {
			d.Errorf("unknown: %+v, want c3", unknown)
		}
		again := first.now()
		if more := d.Restore([]queue.Call{again}); len(more) > 0 {
			d.Errorf("a call on the board is unknown: %+v", more)
		}
		second.d = d
		second.wantPhase(queue.Waiting)
		wantResults(d, second.now(), "a2 cut_short")
		if n := len(d.Snapshot().Calls); n != 2 {
			d.Errorf("%d calls, want 2", n)
		}
	})
}

func TestACallerFoundTalkingAfterARestartIsTakenUp(t *testing.T) {
	onDesk(t, testConfig(1, nil), func(d *desk) {
		c := d.call("c1")
		d, _ = d.restarted(testConfig(1, nil)) // it was offered, but that was not written any more
		c.d = d
		d.Reconcile(time.Now(), time.Time{}, []queue.Channel{{UniqueID: "uc1", TalksTo: d.phone("a1")}})
		d.wantState("a1", queue.AgentTalks)
		d.pass(20 * time.Second)
		c.hears(queue.CallerGone, "", "")
		if call := c.wantEnd(queue.Answered); call.TalkMS != 20_000 {
			d.Errorf("the talk lasted %d ms, want 20000", call.TalkMS)
		}
	})
}

func TestReconcileEndsTheCallsWhoseChannelIsGone(t *testing.T) {
	onDesk(t, testConfig(1, nil), func(d *desk) {
		d.login("a1")
		talks := d.call("c1")
		talks.wantOffer("a1")
		talks.hears(queue.PhoneAnswers, "a1", "")
		served, lost, lives := d.call("c2"), d.call("c3"), d.call("c4")
		lost.Detach()
		asOf := time.Now()
		d.pass(time.Millisecond)
		young := d.call("c5")
		if n := d.Reconcile(asOf, time.Time{}, []queue.Channel{{UniqueID: "uc4"}}); n != 1 {
			d.Errorf("Reconcile ended %d, want 1", n)
		}
		lost.wantEnd(queue.Abandoned)
		lives.wantPhase(queue.Waiting)
		young.wantPhase(queue.Waiting) // came after the list was made
		served.wantPhase(queue.Waiting)
		talks.wantPhase(queue.Talking)
		d.pass(3 * time.Second) // their scripts may report
		served.wantEnd(queue.Abandoned)
		talks.wantEnd(queue.Answered)
		d.wantState("a1", queue.AgentRings)
		if n := d.Freed(); n != 3 {
			d.Errorf("Freed = %d, want 3", n)
		}
	})
}

func TestARestartOfTheExchangeFailsItsCalls(t *testing.T) {
	onDesk(t, testConfig(1, nil), func(d *desk) {
		d.login("a1")
		talks, waits := d.call("c1"), d.call("c2")
		talks.wantOffer("a1")
		talks.hears(queue.PhoneAnswers, "a1", "")
		d.pass(time.Minute)
		if n := d.Reconcile(time.Now(), time.Now().Add(-time.Second), nil); n != 2 {
			d.Errorf("Reconcile ended %d, want 2", n)
		}
		if call := talks.wantEnd(queue.Failed); call.Missed() || call.Cause != "asterisk_restarted" {
			d.Errorf("the talk: missed %v, cause %q", call.Missed(), call.Cause)
		}
		if call := waits.wantEnd(queue.Failed); !call.Missed() {
			d.Error("the caller who waited is not missed")
		}
		d.wantState("a1", queue.Available)
	})
}
