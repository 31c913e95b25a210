package queue_test

import (
	"errors"
	"testing"
	"time"

	"calld/config"
	"calld/queue"
)

func TestAnAgentStaysLoggedInForAGraceAfterTheLastPageDropped(t *testing.T) {
	onDesk(t, testConfig(1, nil), func(d *desk) {
		d.login("a1", "a1")
		_ = d.Disconnect("a1")
		d.pass(time.Minute)
		d.wantState("a1", queue.Available) // one page is left
		_ = d.Disconnect("a1")
		d.pass(15*time.Second - time.Nanosecond)
		d.wantState("a1", queue.Available)
		d.login("a1") // back in time
		d.pass(time.Minute)
		d.wantState("a1", queue.Available)
		_ = d.Disconnect("a1")
		d.pass(10 * time.Second)
		d.login("a1")
		_ = d.Disconnect("a1") // the grace begins anew
		d.pass(15*time.Second - time.Nanosecond)
		d.wantState("a1", queue.Available)
		d.pass(time.Nanosecond)
		d.wantState("a1", queue.Offline)
	})
}

func TestAnAgentInTheGraceIsStillRung(t *testing.T) {
	onDesk(t, testConfig(1, nil), func(d *desk) {
		d.login("a1")
		_ = d.Disconnect("a1")
		c := d.call("c1")
		c.wantOffer("a1")
		d.pass(15 * time.Second)
		d.wantState("a1", queue.AgentRings) // it is rung to the end
		c.reports(queue.Refused)
		d.wantState("a1", queue.Offline)
	})
}

func TestLoggingOutInATalkEndsWithTheTalk(t *testing.T) {
	onDesk(t, testConfig(1, func(q *config.Queue) { q.Wrapup = time.Minute }), func(d *desk) {
		d.login("a1")
		c := d.call("c1")
		c.wantOffer("a1")
		c.hears(queue.PhoneAnswers, "a1", "")
		_ = d.Logout("a1")
		d.wantState("a1", queue.AgentTalks)
		c.reports(queue.RingAnswer)
		d.wantState("a1", queue.Offline)
	})
}

func TestLoggingInMakesAvailable(t *testing.T) {
	onDesk(t, testConfig(1, nil), func(d *desk) {
		d.login("a1")
		_ = d.SetState("a1", true, "lunch")
		if a := d.agent("a1"); a.State != queue.Away || a.Reason != "lunch" {
			d.Errorf("a1 is %s %q, want away lunch", a.State, a.Reason)
		}
		_ = d.Logout("a1")
		d.login("a1")
		d.wantState("a1", queue.Available)
	})
}

func TestAwayIsKeptOverARestart(t *testing.T) {
	onDesk(t, testConfig(1, nil), func(d *desk) {
		_ = d.RestoreAway("a1", "lunch")
		d.wantState("a1", queue.Offline)
		d.login("a1")
		if a := d.agent("a1"); a.State != queue.Away || a.Reason != "lunch" {
			d.Errorf("a1 is %s %q, want away lunch", a.State, a.Reason)
		}
		_ = d.Logout("a1")
		d.login("a1") // but only once
		d.wantState("a1", queue.Available)
	})
}

func TestAwayInATalkTakesEffectAfterIt(t *testing.T) {
	onDesk(t, testConfig(1, nil), func(d *desk) {
		d.login("a1")
		c := d.call("c1")
		c.wantOffer("a1")
		c.hears(queue.PhoneAnswers, "a1", "")
		_ = d.SetState("a1", true, "lunch")
		d.wantState("a1", queue.AgentTalks)
		c.reports(queue.RingAnswer)
		d.wantState("a1", queue.Away)
		d.call("c2").wantNothing()
	})
}

func TestAfterCallWork(t *testing.T) {
	tests := []struct {
		name string
		do   func(*desk)
		want queue.AgentState
	}{
		{"lasts its time", func(d *desk) { d.pass(30*time.Second - time.Nanosecond) }, queue.AgentWrapup},
		{"ends by itself", func(d *desk) { d.pass(30 * time.Second) }, queue.AgentRings},
		{"ended early by the agent", func(d *desk) { _ = d.EndWrapup("a1") }, queue.AgentRings},
		{"ended early by becoming available", func(d *desk) { _ = d.SetState("a1", false, "") }, queue.AgentRings},
		{"is kept when the agent says away meanwhile", func(d *desk) { _ = d.SetState("a1", true, "lunch") }, queue.AgentWrapup},
		{"then away", func(d *desk) {
			_ = d.SetState("a1", true, "lunch")
			d.pass(30 * time.Second)
		}, queue.Away},
		{"is over with the log-out", func(d *desk) {
			_ = d.Logout("a1")
			d.login("a1")
		}, queue.AgentRings},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			onDesk(t, testConfig(1, func(q *config.Queue) { q.Wrapup = 30 * time.Second }), func(d *desk) {
				d.login("a1")
				d.call("c1").talk("a1", time.Second)
				d.wantState("a1", queue.AgentWrapup)
				if until := d.agent("a1").Until; until == nil || time.Until(*until) != 30*time.Second {
					d.Errorf("wrap-up until %v, want in 30 s", until)
				}
				next := d.enter(queue.Entry{ID: "c2"})
				next.Ready()
				next.wantNothing()
				tt.do(d)
				d.wantState("a1", tt.want)
			})
		})
	}
}

func TestWhoseAgentCanBeRung(t *testing.T) {
	tests := []struct {
		phone queue.PhoneState
		state queue.AgentState
		rung  bool
	}{
		{queue.PhoneUnknown, queue.Available, true},
		{queue.PhoneIdle, queue.Available, true},
		{queue.PhoneBusy, queue.Available, false},
		{queue.PhoneUnreachable, queue.PhoneAway, false},
	}
	for _, tt := range tests {
		t.Run(string(tt.phone), func(t *testing.T) {
			onDesk(t, testConfig(1, nil), func(d *desk) {
				d.login("a1")
				d.Phone(d.phone("a1"), tt.phone)
				d.wantState("a1", tt.state)
				c := d.call("c1")
				if tt.rung != c.Pending() {
					d.Errorf("rung: %v, want %v", c.Pending(), tt.rung)
				}
				d.Phone(d.phone("a1"), queue.PhoneIdle)
				c.wantOffer("a1")
			})
		})
	}
}

func TestWithoutEventsABusyPhoneIsTriedAndAnUnreachableOneIsNot(t *testing.T) {
	onDesk(t, testConfig(2, nil), func(d *desk) {
		d.login("a1", "a2")
		d.Phone(d.phone("a1"), queue.PhoneUnreachable)
		d.Phone(d.phone("a2"), queue.PhoneBusy)
		c := d.call("c1")
		c.wantNothing()
		d.Deaf(true)
		c.wantOffer("a2")
	})
}

func TestUnknownAgentsAreRefused(t *testing.T) {
	onDesk(t, testConfig(1, nil), func(d *desk) {
		for _, err := range []error{
			d.Connect("x"), d.Disconnect("x"), d.Logout("x"), d.SetState("x", true, ""),
			d.EndWrapup("x"), d.RestoreAway("x", ""), d.RestoreCalls("x", 1),
		} {
			if !errors.Is(err, queue.ErrUnknownAgent) {
				d.Errorf("error %v, want ErrUnknownAgent", err)
			}
		}
	})
}
