package notify

import (
	"slices"
	"strings"
	"time"
)

// Connection is one page that is connected and logged in.
type Connection struct {
	Agent   string    `json:"agent"`
	Since   time.Time `json:"since"`
	Address string    `json:"address"` // where it comes from, without the port
}

// Connections lists the pages that are logged in, by agent and then the oldest
// first.
func (h *Hub) Connections() []Connection {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := []Connection{}
	for id, clients := range h.clients.agents {
		for _, c := range clients {
			list = append(list, Connection{Agent: id, Since: c.since, Address: c.addr})
		}
	}
	slices.SortFunc(list, func(a, b Connection) int {
		if a.Agent != b.Agent {
			return strings.Compare(a.Agent, b.Agent)
		}
		return a.Since.Compare(b.Since)
	})
	return list
}
