package notify

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"calld/mask"
	"calld/queue"
)

const (
	// lookupQueue bounds the customers whose earlier calls wait to be looked
	// up. Beyond it alerts go without, counted.
	lookupQueue = 256
	// lookupWait bounds one look-up.
	lookupWait = 2 * time.Second
)

// callers knows the earlier calls of those who call now. They are looked up
// as a call comes in, beside the path of events, so that they are usually
// there when an agent is alerted; otherwise they follow.
type callers struct {
	earlier EarlierCalls
	known   map[string]*caller // by call id; forgotten with the call
	wanted  chan lookup
	found   chan lookup
}

type caller struct {
	done    bool
	earlier []EarlierCall
	alerted []string // agents alerted without them
}

type lookup struct {
	call, queue, number string
	earlier             []EarlierCall
}

func newCallers(earlier EarlierCalls) callers {
	return callers{
		earlier: earlier,
		known:   map[string]*caller{},
		wanted:  make(chan lookup, lookupQueue),
		found:   make(chan lookup, lookupQueue),
	}
}

// know has the earlier calls of c's customer looked up, once.
func (k *callers) know(c *queue.Call, count *counters) {
	if k.known[c.ID] != nil {
		return
	}
	number := c.CustomerNumber()
	who := &caller{earlier: []EarlierCall{}}
	k.known[c.ID] = who
	if k.earlier == nil || number == "" {
		who.done = true
		return
	}
	select {
	case k.wanted <- lookup{call: c.ID, queue: c.Queue, number: number}:
	default:
		count.lookupsDropped.Add(1)
		who.done = true
	}
}

// alerted returns the earlier calls of the caller, for agents being alerted;
// nil when they have to be told later.
func (k *callers) alerted(callID string, agents []string) []EarlierCall {
	who := k.known[callID]
	if who.done {
		return who.earlier
	}
	for _, id := range agents {
		if !slices.Contains(who.alerted, id) {
			who.alerted = append(who.alerted, id)
		}
	}
	return nil
}

func (k *callers) forget(callID string) { delete(k.known, callID) }

func (k *callers) forgetAll() { clear(k.known) }

// look looks up what is wanted until ctx ends.
func (k *callers) look(ctx context.Context, log *slog.Logger, count *counters) {
	for {
		var l lookup
		select {
		case <-ctx.Done():
			return
		case l = <-k.wanted:
		}
		one, cancel := context.WithTimeout(ctx, lookupWait)
		list, err := k.earlier(one, l.queue, l.number)
		cancel()
		if err != nil {
			count.lookupsFailed.Add(1)
			log.Warn("earlier calls can't be looked up", "call_id", l.call, "err", err)
		}
		l.earlier = append([]EarlierCall{}, list...) // never null
		select {
		case <-ctx.Done():
			return
		case k.found <- l:
		}
	}
}

// earlierFound takes the result of a look-up.
func (h *Hub) earlierFound(l lookup) {
	who := h.callers.known[l.call]
	if who == nil || who.done {
		return // the call is over
	}
	who.done, who.earlier = true, l.earlier
	if len(who.alerted) > 0 {
		found := Earlier{Type: TypeEarlier, At: time.Now(), Call: l.call, Earlier: l.earlier}
		f := h.frame(found, func() any { found.Earlier = maskedEarlier(l.earlier, l.number); return found })
		h.deliver(f, audience{agents: who.alerted, alone: true})
		who.alerted = nil
	}
}

// maskedEarlier is what was noted about a customer for who is to see no number.
func maskedEarlier(list []EarlierCall, number string) []EarlierCall {
	masked := slices.Clone(list) // null stays: not known yet
	for i := range masked {
		masked[i].Memo, masked[i].Disposition = mask.Text(list[i].Memo, number), mask.Text(list[i].Disposition, number)
	}
	return masked
}
