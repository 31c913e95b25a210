package notify

import "slices"

// audience says who is to get a frame: supervisors and admins, those who
// serve one of the queues, and the agents concerned.
type audience struct {
	queues []string
	agents []string // these at once: it is about them; no id twice
	but    []string // agents who have been told already
	alone  bool     // nobody but the agents
}

// listeners are the clients logged in, by what they see. They are locked with
// the hub.
type listeners struct {
	agents map[string][]*client // by agent
	queues map[string][]*client // agents by the queues they serve
	all    []*client            // those who see everything
}

func newListeners() listeners {
	return listeners{agents: map[string][]*client{}, queues: map[string][]*client{}}
}

// add takes in a client that has its rights.
func (l *listeners) add(c *client) {
	l.agents[c.rights.agent.ID] = append(l.agents[c.rights.agent.ID], c)
	if c.rights.all {
		l.all = append(l.all, c)
		return
	}
	for id := range c.rights.queues {
		l.queues[id] = append(l.queues[id], c)
	}
}

// remove forgets a client; its rights are still those it was added with.
func (l *listeners) remove(c *client) {
	without := func(m map[string][]*client, key string) {
		if m[key] = cut(m[key], c); len(m[key]) == 0 {
			delete(m, key)
		}
	}
	without(l.agents, c.rights.agent.ID)
	l.all = cut(l.all, c)
	for id := range c.rights.queues {
		without(l.queues, id)
	}
}

func cut(list []*client, c *client) []*client {
	return slices.DeleteFunc(list, func(x *client) bool { return x == c })
}

// deliver puts f on the queue of each client in the audience, once.
func (h *Hub) deliver(f frame, to audience) {
	if f.body == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	urgent := f
	urgent.urgent = true
	for _, id := range to.agents {
		if slices.Contains(to.but, id) {
			continue
		}
		for _, c := range h.clients.agents[id] {
			c.send(urgent)
		}
	}
	if to.alone {
		return
	}
	told := func(c *client) bool {
		id := c.rights.agent.ID
		return slices.Contains(to.agents, id) || slices.Contains(to.but, id)
	}
	for _, c := range h.clients.all {
		if !told(c) {
			c.send(f)
		}
	}
	for i, q := range to.queues {
		for _, c := range h.clients.queues[q] {
			if !told(c) && !c.rights.serves(to.queues[:i]) {
				c.send(f)
			}
		}
	}
}

// deliverAll puts f on the queue of every client.
func (h *Hub) deliverAll(f frame) {
	if f.body == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, clients := range h.clients.agents {
		for _, c := range clients {
			c.send(f)
		}
	}
}
