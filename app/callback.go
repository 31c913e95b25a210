package app

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"calld/queue"
)

// callbackQueue bounds the calls back whose agents' phones are to be rung. Each
// takes one order to Asterisk, and there are no more of them than agents.
const callbackQueue = 1024

// callbackLook is how often it is looked whether calls back can get to disk.
const callbackLook = time.Second

// callbacks has the phones of agents rung whom the board asks to call somebody
// back. It does so once the call is on disk: should calld die then, the next one
// knows that the customer may have been called. While nothing gets to disk it takes
// them back, so that their agents are free for those who wait on the telephone.
type callbacks struct {
	ring    func(context.Context, *queue.Call) error
	off     func(callID, why string) // takes one back
	healthy func() error             // why nothing gets to disk; nil: it does
	log     *slog.Logger
	ready   chan *queue.Call

	mu  sync.Mutex
	new map[string]bool // begun by this board, not yet on disk; by call id
}

func newCallbacks(ring func(context.Context, *queue.Call) error, off func(callID, why string), healthy func() error, log *slog.Logger) *callbacks {
	return &callbacks{ring: ring, off: off, healthy: healthy, log: log, ready: make(chan *queue.Call, callbackQueue), new: map[string]bool{}}
}

// Observe notes the calls back that the board begins. It is a [queue.Observer].
func (b *callbacks) Observe(e *queue.Event) {
	c := e.Call
	if c == nil || c.CallbackFor == "" {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case e.Kind == queue.CallEnded:
		delete(b.new, c.ID)
	case c.Phase == queue.Ringing && c.Rings[0].Rang == nil: // no phone rings before it is ordered to
		b.new[c.ID] = true
	}
}

// durable takes a record that is on disk.
func (b *callbacks) durable(c *queue.Call) {
	if c.CallbackFor == "" || c.Phase != queue.Ringing {
		return
	}
	b.mu.Lock()
	begun := b.new[c.ID]
	delete(b.new, c.ID)
	b.mu.Unlock()
	if !begun {
		return
	}
	select {
	case b.ready <- c:
	default:
		b.log.Error("call back not made: too many are waiting for Asterisk", "call_id", c.ID)
		b.off(c.ID, "busy")
	}
}

// Run has phones rung until ctx ends.
func (b *callbacks) Run(ctx context.Context) error {
	look := time.NewTicker(callbackLook)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
			b.look()
		case c := <-b.ready:
			b.log.Info("calling back", "call_id", c.ID, "for", c.CallbackFor, "agent", c.Agent, "queue", c.Queue)
			if err := b.ring(ctx, c); err != nil {
				b.log.Warn("call back not made", "call_id", c.ID, "agent", c.Agent, "err", err)
			}
		}
	}
}

// look takes the calls back that can't get to disk now.
func (b *callbacks) look() {
	err := b.healthy()
	if err == nil {
		return
	}
	b.mu.Lock()
	late := slices.Sorted(maps.Keys(b.new))
	clear(b.new) // should one get to disk now, nobody is rung any more
	b.mu.Unlock()
	for _, id := range late {
		b.log.Warn("call back not made: it can't be written down", "call_id", id, "err", err)
		b.off(id, "store")
	}
}
