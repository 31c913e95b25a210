//go:build e2e

package e2e

import (
	"net/http"
	"testing"

	"calld/queue"
)

// An agent who is made over the API takes calls at once, also of a server that
// was started anew, and finishes the talk in hand when removed.
func TestAgentMadeOverTheAPI(t *testing.T) {
	t.Parallel()
	c := start(t, plan{
		Queues:      []queuePlan{{ID: "q1", Name: "하나", Number: number1}},
		Agents:      []agentPlan{{ID: "a1", Queues: []string{"q1"}, Phone: "8001"}},
		LaterAgents: []agentPlan{{ID: "a2", Queues: []string{"q1"}, Phone: "8002"}},
	})
	made := map[string]any{"id": "a2", "password": "pw-a2", "phone": "8002", "queues": []string{"q1"}}
	if status := c.post("/api/v1/agents", made, nil); status != http.StatusCreated {
		t.Fatalf("status %d", status)
	}
	c.kill()
	c.serve()
	c.plan.Agents = append(c.plan.Agents, c.plan.LaterAgents...) // for the phone
	page := c.loginAll("a2")[0]
	k := c.talk(1, "a2")
	req, err := http.NewRequestWithContext(c.step(), http.MethodDelete, "http://calld/api/v1/agents/a2", http.NoBody)
	c.must(err)
	resp, err := c.admin.Do(req)
	c.must(err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		t.Fatalf("removed: %s", resp.Status)
	}
	c.hearEachOther(1, k)
	c.hangUp(k)
	c.waitClosed(page, removedCode)
	if got := c.waitHistory(1)[0]; got.Outcome != queue.Answered || got.Agent != "a2" {
		t.Errorf("call = %+v", got)
	}
}
