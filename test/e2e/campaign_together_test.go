//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
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

	// Two with two agents, again and again.
	c.login("a2")
	var both []string
	for i := range 2 {
		both = append(both, c.campaign(patient, nil, fmt.Sprintf("0103000000%d", i), fmt.Sprintf("0103000001%d", i), fmt.Sprintf("0103000002%d", i)))
	}
	for _, id := range both {
		c.begin(id)
	}
	for range 3 {
		var talks []queue.Call
		c.eventually("a talk of each campaign", func() error {
			talks = nil
			of := map[string]bool{}
			for _, call := range c.calls() {
				if call.Phase == queue.Talking {
					talks, of[call.Campaign] = append(talks, call), true
				}
			}
			if len(talks) != 2 || !of[both[0]] || !of[both[1]] {
				return fmt.Errorf("talks are %+v", talks)
			}
			return nil
		})
		for _, call := range talks {
			c.must(k.await(call.Callee).Hangup(c.step()))
		}
		for _, call := range talks {
			c.waitGone(call.ID)
		}
	}
	for _, id := range both {
		c.waitListEnd(id, time.Minute)
		for _, r := range c.resultsOf(id) {
			if r.AgentResult != campaign.AgentAnswered {
				t.Errorf("campaign %s: %+v", id, r)
			}
		}
	}
	for _, want := range []string{"running", "stopping", "stopped"} {
		line := "campaign=" + scheduled + " state=" + want + " why=" + campaign.BySchedule
		c.eventually(line, func() error {
			if !strings.Contains(c.out.String(), line) {
				return fmt.Errorf("it is not told")
			}
			return nil
		})
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
