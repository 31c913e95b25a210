package notify

import (
	"sync"
	"sync/atomic"

	"calld/queue"
)

// snapshots lets clients that want a snapshot at the same time share one:
// when a thousand pages come back at once, the board is held up for two
// snapshots and not for a thousand.
type snapshots struct {
	board *queue.Board
	begun atomic.Uint64 // how many have been begun

	mu     sync.Mutex
	last   queue.Snapshot
	number uint64 // of last, from 1
}

// take returns a snapshot that was begun after take was called. It is shared:
// read it, don't change it.
func (s *snapshots) take() queue.Snapshot {
	before := s.begun.Load()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.number > before {
		return s.last
	}
	s.number = s.begun.Add(1)
	s.last = s.board.Snapshot()
	return s.last
}

// welcome makes the first frame of a client, and the board's seq that it
// stands for: older events are no news.
func (h *Hub) welcome(r *rights) (w Welcome, seq uint64) {
	h.mu.Lock()
	snapshots, asterisk := h.snapshots, h.asterisk
	h.mu.Unlock()
	s := snapshots.take()
	w = Welcome{
		Type: TypeWelcome, At: s.At, Role: r.agent.Role, WebPhone: r.agent.WebPhone, Asterisk: asterisk,
		Queues: []queue.QueueStatus{}, Agents: []queue.AgentStatus{}, Calls: []queue.Call{},
	}
	if h.offers != nil {
		w.Offers = h.offers()
		if r.masked {
			w.Offers = w.Offers.masked()
		}
	}
	for i := range s.Queues {
		if r.seesQueue(s.Queues[i].ID) {
			w.Queues = append(w.Queues, s.Queues[i])
		}
	}
	for i := range s.Agents {
		if r.seesAgent(&s.Agents[i]) {
			w.Agents = append(w.Agents, s.Agents[i])
		}
		if s.Agents[i].ID == r.agent.ID {
			w.Agent = s.Agents[i]
		}
	}
	for i := range s.Calls {
		switch {
		case !r.seesCall(&s.Calls[i]):
		case r.masked:
			w.Calls = append(w.Calls, s.Calls[i].Masked())
		default:
			w.Calls = append(w.Calls, s.Calls[i])
		}
	}
	return w, s.Seq
}
