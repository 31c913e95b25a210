//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"calld/campaign"
	"calld/queue"
	"calld/store"
	"calld/test/lab"
)

// calld is killed while customers talk, ring and are about to be dialled. The talks go
// on, what rings is taken up, and nobody is dialled twice or forgotten.
func TestKilledInACampaign(t *testing.T) {
	t.Parallel()
	const talks, leaves, rings, refuses, claimed = "01011110001", "01011110002", "01022220001", "01022220002", "01033330001"
	numbers := []string{talks, leaves, rings, refuses}
	for i := range 6 {
		numbers = append(numbers, fmt.Sprintf("0104444000%d", i))
	}
	numbers = append(numbers, claimed)
	p := onePlan(4, `recording = false`)
	p.Customers = func(number string) lab.Behaviour {
		switch {
		case strings.HasPrefix(number, "0101111"):
			return lab.Behaviour{Answer: true, Tone: callerTone(1)}
		case strings.HasPrefix(number, "0102222"):
			return lab.Behaviour{Tone: callerTone(2)}
		}
		return lab.Behaviour{Answer: true, Talk: 300 * time.Millisecond}
	}
	var id string
	p.Prepare = func(c *centre) {
		id = seed(t, c.dataFile(), fixture{
			plan:    campaign.Plan{Mode: campaign.Progressive, RingTimeout: campaign.Duration(2 * time.Minute)},
			numbers: numbers,
		})[0]
	}
	c := start(t, p)
	agents := []string{"a1", "a2", "a3", "a4"}
	for _, a := range agents {
		c.phone(a).Behave(lab.Behaviour{Answer: true, Tone: agentTone(1)})
	}
	c.waitGrownUp()
	for _, a := range agents {
		c.login(a)
	}
	k := &customers{c, map[string][]*lab.Leg{}}
	for _, n := range []string{talks, leaves} {
		c.waitTalk(n)
		c.must(k.await(n).WaitTone(c.step(), agentTone(1)))
	}
	for _, n := range []string{rings, refuses} {
		c.must(k.await(n).WaitRinging(c.step()))
	}
	c.waitWritten()
	with := c.waitTalk(talks).Agent

	c.kill()
	c.must(k.await(leaves).Hangup(c.step()))
	c.must(k.await(refuses).Reject(c.step(), 486))
	c.claim(id, claimed)
	c.must(k.await(talks).WaitTone(c.step(), agentTone(1)))
	c.serve()
	for _, a := range agents {
		c.login(a)
	}
	c.must(k.await(talks).WaitTone(c.step(), agentTone(1)))
	c.must(k.await(rings).Answer(c.step()))
	c.must(k.await(rings).WaitTone(c.step(), agentTone(1)))
	if got := c.waitTalk(talks).Agent; got != with {
		t.Errorf("the talk of %s is now with %s", with, got)
	}
	c.must(k.await(rings).Hangup(c.step()))
	c.must(k.await(talks).Hangup(c.step()))

	results := map[string]campaign.Result{}
	for _, r := range c.results(id, time.Minute) {
		if _, twice := results[r.Number]; twice {
			t.Errorf("%s has two results", r.Number)
		}
		results[r.Number] = r
	}
	for _, n := range numbers {
		r, ok := results[n]
		kind, why, calls := "answered", "", 1
		switch n {
		case refuses: // nobody was there to hear it
			kind, why = "failed", campaign.WhyRestart
		case claimed:
			kind, why, calls = "failed", campaign.WhyRestart, 0
		case leaves:
			why = r.Why // as soon as calld was back, or just too late
		}
		if !ok || r.Kind() != kind || r.Why != why {
			t.Errorf("%s: %s %q, want %s %q: %+v", n, r.Kind(), r.Why, kind, why, r)
		}
		if got := k.calledOften(n); got != calls {
			t.Errorf("%s was called %d times, want %d", n, got, calls)
		}
		if kind == "answered" && (r.AgentResult != campaign.AgentAnswered || r.Agent == "" || r.Bridged == nil) {
			t.Errorf("%s: no agent: %+v", n, r)
		}
	}
	if r := results[talks]; r.Agent != with || r.End.Sub(*r.Bridged) <= 0 {
		t.Errorf("the talk: %+v", r)
	}
}

// waitTalk waits until a customer whom a campaign has called talks with an agent.
func (c *centre) waitTalk(number string) queue.Call {
	c.t.Helper()
	var got queue.Call
	c.eventually("a talk with "+number, func() error {
		for _, k := range c.calls() {
			if k.Callee == number && k.Phase == queue.Talking {
				got = k
				return nil
			}
		}
		return fmt.Errorf("calls are %+v", c.calls())
	})
	return got
}

// claim has a number claimed for a try, while calld is down: as when it was killed
// before it could have the number dialled.
func (c *centre) claim(campaignID, number string) {
	c.t.Helper()
	st, err := store.Open(c.dataFile(), store.Options{})
	c.must(err)
	defer st.Close()
	k, err := st.Campaign(campaignID)
	c.must(err)
	now := time.Now()
	due, _, err := st.Due(k.DialList, now, 100, nil)
	c.must(err)
	for _, e := range due {
		if e.Numbers[0].Number == number {
			c.must(st.Claim(c.ctx, campaign.Result{
				ID: queue.NewCallID(now), Campaign: campaignID, Plan: k.Plan, List: k.DialList, Entry: e.ID, Queue: k.Queue,
				Number: number, Try: 1, Mode: campaign.Progressive, Dialled: &now,
			}))
			return
		}
	}
	c.t.Fatalf("%s is not open", number)
}
