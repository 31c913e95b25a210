package api

import (
	"context"
	"sync"
	"time"

	"calld/queue"
	"calld/store"
)

const (
	// hearingTime is for how long all parts of a recording that somebody asks
	// for are one listening: a player asks for many.
	hearingTime = 10 * time.Minute
	// maxHearings bounds the listenings remembered. Over it each part is
	// written down by itself.
	maxHearings = 4096
)

// hearing is one person, or program, at one recording.
type hearing struct{ by, call string }

// hearings are the latest listenings.
type hearings struct {
	mu    sync.Mutex
	until map[hearing]time.Time
}

// known reports whether it goes on from a listening that is written down.
func (h *hearings) known(x hearing, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return now.Before(h.until[x])
}

// add remembers one that was written down.
func (h *hearings) add(x hearing, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.until == nil {
		h.until = map[hearing]time.Time{}
	}
	if len(h.until) >= maxHearings {
		for old, until := range h.until {
			if !now.Before(until) {
				delete(h.until, old)
			}
		}
	}
	if len(h.until) < maxHearings {
		h.until[x] = now.Add(hearingTime)
	}
}

// noteHearing writes down who is given which recording, before a byte of it
// goes out.
func (a *API) noteHearing(ctx context.Context, c queue.Call) error {
	now := time.Now()
	x := hearing{who(ctx).id, c.ID}
	if a.heard.known(x, now) {
		return nil
	}
	entry := store.Audit{At: now, By: x.by, Action: "recording", Target: c.Agent, Call: c.ID, Result: "ok"}
	if _, err := a.store.AddAudit(ctx, entry); err != nil {
		return a.storeError(err)
	}
	a.heard.add(x, now)
	return nil
}
