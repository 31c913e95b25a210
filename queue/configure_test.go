package queue_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"calld/config"
	"calld/queue"
)

func TestARemovedAgentFinishesItsCall(t *testing.T) {
	onDesk(t, testConfig(2, nil), func(d *desk) {
		d.login("a1")
		c := d.call("c1")
		c.wantOffer("a1")
		c.hears(queue.PhoneAnswers, "a1", "")
		cfg := testConfig(2, nil)
		cfg.Agents = cfg.Agents[1:]
		d.Reload(cfg)
		d.wantState("a1", queue.AgentTalks)
		if err := d.Connect("a1"); !errors.Is(err, queue.ErrUnknownAgent) {
			d.Errorf("Connect: %v, want ErrUnknownAgent", err)
		}
		d.take()
		c.reports(queue.RingAnswer)
		if call := c.wantEnd(queue.Answered); call.Agent != "a1" {
			d.Errorf("agent %q, want a1", call.Agent)
		}
		if slices.ContainsFunc(d.Snapshot().Agents, func(a queue.AgentStatus) bool { return a.ID == "a1" }) {
			d.Error("a1 is still there")
		}
		if events := d.take(queue.Reconfigured); len(events) != 1 {
			d.Errorf("%d events ask for a fresh snapshot, want 1", len(events))
		}
	})
}

// whilePagesClose is for an agent who has two pages, of whom none, one or both close
// while the agent is removed; want is what the agent then is.
func whilePagesClose(t *testing.T, agent string, cfg *config.Config, story func(d *desk, closed int, want queue.AgentState)) {
	t.Helper()
	for name, tt := range map[string]struct {
		closed int // pages, of two, while removed
		want   queue.AgentState
	}{
		"all pages stay":     {0, queue.Available},
		"one page stays":     {1, queue.Available},
		"every page is gone": {2, queue.Offline},
	} {
		t.Run(name, func(t *testing.T) {
			onDesk(t, cfg, func(d *desk) {
				d.login(agent, agent)
				story(d, tt.closed, tt.want)
			})
		})
	}
}

// closePages closes so many pages of an agent.
func (d *desk) closePages(agent string, n int) {
	d.Helper()
	for range n {
		if err := d.Disconnect(agent); err != nil {
			d.Fatal(err)
		}
	}
}

// Its pages stay open for the call, and so it is logged in with those of them
// that are left.
func TestAnAgentComesBackDuringATalk(t *testing.T) {
	noWrapup := func(q *config.Queue) { q.Wrapup = 0 }
	whilePagesClose(t, "a1", testConfig(2, noWrapup), func(d *desk, closed int, want queue.AgentState) {
		c := d.call("c1")
		c.wantOffer("a1")
		c.hears(queue.PhoneAnswers, "a1", "")
		cfg := testConfig(2, noWrapup)
		all := cfg.Agents
		cfg.Agents = all[1:]
		d.Reload(cfg)
		d.closePages("a1", closed)
		back := *cfg
		back.Agents = all
		d.Reload(&back)
		d.wantState("a1", queue.AgentTalks)
		c.reports(queue.RingAnswer)
		c.wantEnd(queue.Answered)
		d.wantState("a1", want)
		if want == queue.Available { // a page that comes and goes takes no other's place
			if err := errors.Join(d.Connect("a1"), d.Disconnect("a1")); err != nil {
				d.Fatal(err)
			}
			time.Sleep(2 * queue.Grace)
			d.wantState("a1", queue.Available)
		}
	})
}

func TestARemovedAgentWhoIsFreeGoesAtOnce(t *testing.T) {
	onDesk(t, testConfig(2, nil), func(d *desk) {
		d.login("a1", "a2")
		d.Reload(testConfig(1, nil))
		if n := len(d.Snapshot().Agents); n != 1 {
			d.Errorf("%d agents, want 1", n)
		}
		if err := d.Disconnect("a2"); err != nil { // its page is told
			d.Error(err)
		}
		d.Reload(testConfig(2, nil))
		d.wantState("a2", queue.Offline)
		if err := d.Disconnect("a3"); !errors.Is(err, queue.ErrUnknownAgent) {
			d.Errorf("Disconnect of nobody: %v, want ErrUnknownAgent", err)
		}
	})
}

// Two reloads may follow each other before the pages of who was removed are closed.
func TestAnAgentComesBackAtOnce(t *testing.T) {
	whilePagesClose(t, "a2", testConfig(2, nil), func(d *desk, closed int, want queue.AgentState) {
		d.Reload(testConfig(1, nil))
		d.closePages("a2", closed)
		d.Reload(testConfig(2, nil))
		d.wantState("a2", want)
		if want == queue.Offline {
			return
		}
		d.closePages("a2", 2-closed)
		time.Sleep(2 * queue.Grace) // and goes as ever
		d.wantState("a2", queue.Offline)
	})
}

func TestARemovedQueueFinishesItsCalls(t *testing.T) {
	onDesk(t, twoQueues([]string{"q1", "q2"}), func(d *desk) {
		d.login("a1")
		talks, waits := d.callTo("c1", "q2"), d.callTo("c2", "q2")
		talks.wantOffer("a1")
		talks.hears(queue.PhoneAnswers, "a1", "")
		cfg := testConfig(1, nil)
		d.Reload(cfg)
		if _, err := d.Enter(queue.Entry{ID: "c3", Queue: "q2"}); !errors.Is(err, queue.ErrUnknownQueue) {
			d.Errorf("Enter: %v, want ErrUnknownQueue", err)
		}
		if _, ok := d.QueueForNumber("0215885678"); ok {
			d.Error("the number of q2 is still known")
		}
		talks.reports(queue.RingAnswer)
		waits.talk("a1", time.Second) // by the agents it had
		if q := d.Snapshot().Queues; len(q) != 1 || q[0].ID != "q1" {
			d.Errorf("queues %+v, want q1 alone", q)
		}
		d.callTo("c4", "q1").wantOffer("a1")
	})
}

func TestAReloadChangesWhoIsRung(t *testing.T) {
	onDesk(t, testConfig(2, nil), func(d *desk) {
		d.login("a2")
		cfg := testConfig(2, nil)
		cfg.Agents[1].Queues = nil
		d.Reload(cfg)
		c := d.call("c1")
		c.wantNothing()
		d.Reload(testConfig(2, nil)) // a2 serves it again: at once
		c.wantOffer("a2")
		if q, ok := d.QueueForNumber("0215881234"); !ok || q.ID != "q1" {
			d.Errorf("QueueForNumber = %q, %v", q.ID, ok)
		}
	})
}

func TestANewPhoneIsRungAndTheOldOnesStateForgotten(t *testing.T) {
	onDesk(t, testConfig(1, nil), func(d *desk) {
		d.login("a1")
		d.Phone(d.phone("a1"), queue.PhoneUnreachable)
		cfg := testConfig(1, nil)
		cfg.Agents[0].Phone = "999"
		d.Reload(cfg)
		c := d.call("c1")
		c.wantOffer("a1")
		if p := c.offer.Agents[0].Phone; p != "999" {
			d.Errorf("phone %s is rung, want 999", p)
		}
	})
}

func TestUsersWithoutPhoneAreNotRung(t *testing.T) {
	cfg := testConfig(1, func(q *config.Queue) { q.NoAgentWait = 0 })
	cfg.Agents[0].Phone = ""
	onDesk(t, cfg, func(d *desk) {
		d.login("a1")
		c := d.call("c1")
		c.wantNothing()
		d.wantState("a1", queue.Available)
	})
}
