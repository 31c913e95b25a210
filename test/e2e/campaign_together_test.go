//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"calld/campaign"
	"calld/queue"
	"calld/test/lab"
)

// Campaigns beside callers, beside each other, and by the clock: a caller is served
// before a customer who has answered, two campaigns share the agents, and a schedule
// starts and stops one by itself, whose message is spoken and whose key reaches an agent.
func TestCampaignsTogether(t *testing.T) {
	t.Parallel()
	const late, told = "01010000001", "01020000001"
	p := onePlan(2, "recording = false")
	p.TOML = speaking
	p.Customers = func(number string) lab.Behaviour {
		return lab.Behaviour{Answer: number != late, Audio: true}
	}
	c := start(t, p)
	for _, a := range c.plan.Agents {
		c.phone(a.ID).Behave(lab.Behaviour{Answer: true, Tone: agentTone(1)})
	}
	k := &customers{c, map[string][]*lab.Leg{}}
	patient := campaign.Plan{Mode: campaign.Progressive, RingTimeout: campaign.Duration(2 * time.Minute)}

	// One agent, two callers, and a customer who answers while the second waits.
	c.login("a1")
	beside := c.campaign(patient, nil, late)
	c.begin(beside)
	c.must(k.await(late).WaitRinging(c.step()))
	first := c.call(number1, lab.CallOptions{Number: "0311112222", Audio: true})
	c.must(first.WaitTone(c.step(), agentTone(1)))
	second := c.call(number1, lab.CallOptions{Number: "0311113333", Audio: true})
	c.waitCall("0311113333", queue.Waiting)
	c.must(k.await(late).Answer(c.step()))
	c.must(first.Hangup(c.step()))
	c.must(second.WaitTone(c.step(), agentTone(1)))
	_, err := k.await(late).WaitEnded(c.step())
	c.must(err)
	c.must(second.Hangup(c.step()))
	c.waitListEnd(beside, time.Minute)
	if r := c.resultsOf(beside); len(r) != 1 || r[0].Kind() != campaign.KindAbandoned {
		t.Errorf("the customer who came after the callers: %+v", r)
	}

	// By the clock, with a message.
	now := time.Now()
	scheduled := c.campaign(campaign.Plan{Mode: campaign.Message, MessageText: "안녕하세요. 상담을 원하시면 일 번을 눌러 주세요.", MessageKey: "1", ListEnd: campaign.ListKeep},
		&campaign.Schedule{From: now.Add(time.Second), Until: now.Add(15 * time.Second)}, told)
	c.waitSpeech(k.await(told))
	c.must(k.await(told).SendDTMF("1"))
	c.must(k.await(told).WaitTone(c.step(), agentTone(1)))
	c.must(k.await(told).Hangup(c.step()))

	// Two with two agents: who is free goes to the one with fewer.
	c.login("a2")
	var both []string
	for i := range 2 {
		both = append(both, c.campaign(patient, nil, fmt.Sprintf("0103000000%d", i), fmt.Sprintf("0103000001%d", i), fmt.Sprintf("0103000002%d", i), fmt.Sprintf("0103000003%d", i)))
		c.begin(both[i])
	}
	talks := c.waitTalks(2)
	if talks[0].Campaign == talks[1].Campaign { // the first began alone
		c.must(k.await(talks[0].Callee).Hangup(c.step()))
		c.waitGone(talks[0].ID)
	}
	for range 2 {
		talks = c.waitTalks(2)
		if talks[0].Campaign == talks[1].Campaign {
			t.Errorf("both agents have customers of one campaign: %+v", talks)
		}
		for _, call := range talks {
			c.must(k.await(call.Callee).Hangup(c.step()))
		}
		for _, call := range talks {
			c.waitGone(call.ID)
		}
	}
	for _, id := range both {
		c.cli("campaigns", "force-stop", id)
		c.waitState(id, campaign.Stopped, campaign.ByForceStop)
	}
	for _, want := range []campaign.State{campaign.Running, campaign.Stopping, campaign.Stopped} {
		c.waitState(scheduled, want, campaign.BySchedule)
	}
	if r := c.resultsOf(scheduled); len(r) != 1 || !r[0].Heard || r[0].AgentResult != campaign.AgentAnswered {
		t.Errorf("who pressed the key: %+v", r)
	}
}

// campaign sets a campaign up over the REST API, and returns its id.
func (c *centre) campaign(plan campaign.Plan, when *campaign.Schedule, numbers ...string) string {
	c.t.Helper()
	create := func(path string, body any) string {
		var made struct{ ID string }
		if status := c.post("/api/v1/"+path, body, &made); status >= http.StatusBadRequest {
			c.t.Fatalf("%s: status %d", path, status)
		}
		return made.ID
	}
	plan.Name, plan.MaxAbandonRate = "plan of "+numbers[0], 0.03
	list := create("dial-lists", map[string]string{"name": "list of " + numbers[0]})
	var entries []map[string]any
	for _, n := range numbers {
		entries = append(entries, map[string]any{"numbers": []string{n}})
	}
	create("dial-lists/"+list+"/entries", entries)
	body := map[string]any{"name": "봄 " + numbers[0], "plan": create("plans", plan), "dial_list": list, "queue": "123456"}
	if when != nil {
		body["schedule"] = when
	}
	return create("campaigns", body)
}

// begin starts a campaign.
func (c *centre) begin(campaignID string) {
	c.t.Helper()
	c.cli("campaigns", "start", campaignID)
}

// resultsOf reads the results of a campaign from the running server.
func (c *centre) resultsOf(campaignID string) []campaign.Result {
	c.t.Helper()
	var page struct{ Results []campaign.Result }
	c.ask("/api/v1/campaigns/"+campaignID+"/results", &page)
	return page.Results
}

// waitState waits until calld has told that a campaign came to be in a state.
func (c *centre) waitState(campaignID string, s campaign.State, why string) {
	c.t.Helper()
	line := fmt.Sprintf("campaign=%s state=%s why=%s", campaignID, s, why)
	c.eventually(line, func() error {
		if !strings.Contains(c.out.String(), line) {
			return fmt.Errorf("it is not told")
		}
		return nil
	})
}

// waitTalks waits until so many calls are talks.
func (c *centre) waitTalks(n int) []queue.Call {
	c.t.Helper()
	var talks []queue.Call
	c.eventually(fmt.Sprint(n, " talks"), func() error {
		talks = slices.DeleteFunc(c.calls(), func(k queue.Call) bool { return k.Phase != queue.Talking })
		if len(talks) != n {
			return fmt.Errorf("there are %d", len(talks))
		}
		return nil
	})
	return talks
}

// waitGone waits until a call is over.
func (c *centre) waitGone(call string) {
	c.t.Helper()
	c.eventually("the end of "+call, func() error {
		for _, k := range c.calls() {
			if k.ID == call {
				return fmt.Errorf("it is %s", k.Phase)
			}
		}
		return nil
	})
}
