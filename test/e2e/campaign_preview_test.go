//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"testing"

	"calld/campaign"
	"calld/queue"
	"calld/test/lab"
)

// Agents see customers before they call them; one is skipped, another called. calld is killed
// in the middle of that talk: it goes on, and its result comes with its end.
func TestPreviewCampaign(t *testing.T) {
	t.Parallel()
	p := onePlan(2, `recording = false`)
	p.Customers = func(string) lab.Behaviour { return lab.Behaviour{Answer: true, Tone: callerTone(1)} }
	var id string
	p.Prepare = func(c *centre) {
		id = seed(t, c.dataFile(), fixture{campaign.Plan{Mode: campaign.Preview}, []string{"01011110001", "01011110002", "01011110003"}})[0]
	}
	c := start(t, p)
	c.phone("a1").Behave(lab.Behaviour{Answer: true, Tone: agentTone(1)})
	c.waitGrownUp()
	c.loginAll("a1", "a2")
	see := func(agent string) (s campaign.Shown) {
		t.Helper()
		if status := c.as(agent, http.MethodPost, "/api/v1/campaigns/"+id+"/preview", &s); status != http.StatusOK {
			t.Fatalf("%s is shown nobody: %d", agent, status)
		}
		return s
	}
	act := func(agent, try, act string) {
		t.Helper()
		if status := c.as(agent, http.MethodPost, "/api/v1/previews/"+try+"/"+act, nil); status != http.StatusNoContent {
			t.Fatalf("%s can't %s: %d", agent, act, status)
		}
	}
	calls, skips := see("a1"), see("a2")
	if calls.Number == skips.Number {
		t.Fatalf("both agents are shown %s", calls.Number)
	}
	act("a2", skips.Try, "skip")
	last := see("a2")
	act("a1", calls.Try, "dial")
	k := &customers{c, map[string][]*lab.Leg{}}
	if got := c.waitTalk(calls.Number); got.ID != calls.Try || got.Agent != "a1" {
		t.Errorf("the talk is %+v", got)
	}
	c.must(k.await(calls.Number).WaitTone(c.step(), agentTone(1)))
	c.waitWritten()

	c.kill()
	c.must(k.await(calls.Number).WaitTone(c.step(), agentTone(1)))
	c.serve()
	c.login("a1")
	c.login("a2")
	c.waitTalk(calls.Number)
	c.must(k.await(calls.Number).Hangup(c.step()))
	c.waitAgent("a1", queue.Available)
	c.waitCalls(0)
	got := map[string]campaign.Result{}
	c.eventually("three results", func() error {
		var page struct{ Results []campaign.Result }
		c.ask("/api/v1/campaigns/"+id+"/results", &page)
		for _, r := range page.Results {
			got[r.ID] = r
		}
		if len(got) < 3 {
			return fmt.Errorf("there are %+v", page.Results)
		}
		return nil
	})
	if r := got[calls.Try]; r.Kind() != "answered" || r.Agent != "a1" || r.AgentResult != campaign.AgentAnswered || r.Why != "" || r.Bridged == nil {
		t.Errorf("called: %+v", r)
	}
	if r := got[skips.Try]; r.Kind() != campaign.WhySkipped || r.Dialled != nil {
		t.Errorf("skipped: %+v", r)
	}
	if r := got[last.Try]; r.Why != campaign.WhyRestart || r.Dialled != nil {
		t.Errorf("shown when calld was killed: %+v", r)
	}
	for number, want := range map[string]int{calls.Number: 1, skips.Number: 0, last.Number: 0} {
		if n := k.calledOften(number); n != want {
			t.Errorf("%s was called %d times, want %d", number, n, want)
		}
	}
}
