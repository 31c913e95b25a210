package notify

import (
	"slices"
	"strings"

	"calld/config"
	"calld/queue"
)

// numberMark stands for the customer's number in a QueueOffers.CRMURL.
const numberMark = "{number}"

// rights is what an agent may see. It is never changed: a reload makes a new
// one.
type rights struct {
	agent  config.Agent
	all    bool // supervisors and admins see everything
	queues map[string]bool
	masked bool // no customer's number
}

func (h *Hub) newRights(a config.Agent) *rights {
	r := &rights{
		agent: a, all: a.Role != config.RoleAgent, queues: make(map[string]bool, len(a.Queues)),
		masked: h.masks != nil && h.masks(a.Role),
	}
	for _, q := range a.Queues {
		r.queues[q] = true
	}
	return r
}

// seesCall: agents see the calls of their queues, and any that they were rung
// for or talk with.
func (r *rights) seesCall(c *queue.Call) bool {
	return r.all || r.serves(queuesOf(c)) || c.Agent == r.agent.ID ||
		slices.ContainsFunc(c.Rings, func(x queue.Ring) bool { return x.Agent == r.agent.ID })
}

// seesAgent: agents see themselves and those who share a queue with them.
func (r *rights) seesAgent(a *queue.AgentStatus) bool {
	return r.all || a.ID == r.agent.ID || r.serves(a.Queues)
}

// serves tells whether one of the queues is the agent's.
func (r *rights) serves(queues []string) bool {
	return slices.ContainsFunc(queues, func(q string) bool { return r.queues[q] })
}

func (r *rights) seesQueue(id string) bool { return r.all || r.queues[id] }

// masked is what is offered to who is to see no customer's number: links into the
// CRM that have it in their address are none.
func (o Offers) masked() Offers {
	queues := make(map[string]QueueOffers, len(o.Queues))
	for id, q := range o.Queues {
		if strings.Contains(q.CRMURL, numberMark) {
			q.CRMURL = ""
		}
		queues[id] = q
	}
	o.Queues = queues
	return o
}
