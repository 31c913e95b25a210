package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"calld/config"
	"calld/store"
)

const (
	// backoffMin is the pause after a first failure; it doubles with each.
	backoffMin = time.Second
	// eventBackoff bounds the pause of one event, receiverBackoff that of a
	// receiver which takes none at all.
	eventBackoff    = 10 * time.Minute
	receiverBackoff = time.Minute
	// downAfter is how many failures in a row mean that it is the receiver
	// that fails, and not its handling of one event.
	downAfter = 3
	logEvery  = 10 * time.Minute // between two log lines of one lasting failure
)

// DropReason says why an event was not delivered.
type DropReason string

// The reasons for dropping events.
const (
	Overflow DropReason = "overflow" // MaxPending waited already, or the disk took no more
	Expired  DropReason = "expired"  // not taken for GiveUp
	Gone     DropReason = "gone"     // the receiver answered 410
)

// DropReasons lists every reason, for metrics and documentation.
func DropReasons() []DropReason { return []DropReason{Overflow, Expired, Gone} }

// Health is how a webhook does. The counts are since the start of calld.
type Health struct {
	Name      string                `json:"name"`
	URL       string                `json:"url" doc:"Without its password."`
	Events    []string              `json:"events"`
	Queues    []string              `json:"queues" doc:"Empty: all."`
	Disabled  bool                  `json:"disabled" doc:"The receiver answered 410 Gone: it is sent nothing until its configuration changes, a test succeeds or calld starts again."`
	Pending   int                   `json:"pending" doc:"Events that are not delivered yet."`
	Oldest    *time.Time            `json:"oldest" doc:"When the oldest pending event happened; null when none is pending."`
	Delivered uint64                `json:"delivered"`
	Failed    uint64                `json:"failed" doc:"Tries that failed."`
	Dropped   map[DropReason]uint64 `json:"dropped" doc:"Events given up, by reason: overflow, expired, gone."`
	LastError string                `json:"last_error" doc:"Of the latest try that failed; empty when none has."`
	ErrorAt   *time.Time            `json:"last_error_at"`
	SuccessAt *time.Time            `json:"last_success_at"`
}

// item is an event that waits; its body is in the store.
type item struct {
	seq     uint64
	group   string
	durable bool // in the store
	sending bool
	tries   int
	next    time.Time // not to be tried before
}

// happened is when the event happened, by its number.
func (i *item) happened() time.Time { return time.Unix(0, int64(i.seq)) }

// receiver is one webhook with what waits for it.
type receiver struct {
	s    *Service
	name string
	wake chan struct{}  // capacity 1
	hook config.Webhook // changed under the mutexes of both Service and receiver

	mu       sync.Mutex // no I/O under it
	items    []*item    // by seq
	sending  int
	streak   int       // failures since the last success
	pause    time.Time // nothing is tried before
	disabled bool
	counts   Health // only the counts and times
	logged   time.Time
}

func newReceiver(s *Service, w config.Webhook) *receiver {
	return &receiver{
		s: s, name: w.Name, hook: w, wake: make(chan struct{}, 1),
		counts: Health{Dropped: map[DropReason]uint64{Overflow: 0, Expired: 0, Gone: 0}},
	}
}

// configure puts new settings in force. Whatever the receiver was left alone
// for may be mended.
func (r *receiver) configure(w config.Webhook) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.hook.URL != w.URL || r.hook.Secret != w.Secret {
		r.disabled = false
		r.recovered()
	}
	r.hook = w
	r.wakeUp()
}

func (r *receiver) wakeUp() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// add takes an event that is being written. Those that it has to make room for
// are returned; a disabled webhook takes nothing.
func (r *receiver) add(seq uint64, group string) (instead []store.Posted, taken bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.disabled {
		r.counts.Dropped[Gone]++
		return nil, false
	}
	for len(r.items) >= MaxPending {
		instead = append(instead, store.Posted{To: r.name, Seq: r.items[0].seq})
		r.items = slices.Delete(r.items, 0, 1)
		r.counts.Dropped[Overflow]++
	}
	r.items = append(r.items, &item{seq: seq, group: group})
	return instead, true
}

// written marks an event that is on disk; false when it is not wanted any more.
func (r *receiver) written(seq uint64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, ok := r.find(seq)
	if ok {
		r.items[i].durable = true
		r.wakeUp()
	}
	return ok
}

// lost forgets an event that could not be written.
func (r *receiver) lost(seq uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.remove(seq) {
		r.counts.Dropped[Overflow]++
	}
}

func (r *receiver) find(seq uint64) (int, bool) {
	return slices.BinarySearchFunc(r.items, seq, func(i *item, seq uint64) int {
		switch {
		case i.seq < seq:
			return -1
		case i.seq > seq:
			return 1
		}
		return 0
	})
}

func (r *receiver) remove(seq uint64) bool {
	i, ok := r.find(seq)
	if ok {
		r.items = slices.Delete(r.items, i, i+1)
	}
	return ok
}

// clear forgets all events and returns what stands in the store.
func (r *receiver) clear() []store.Posted {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.forget(func(*item) bool { return true })
}

// forget takes out events and returns what stands in the store.
func (r *receiver) forget(which func(*item) bool) []store.Posted {
	var entries []store.Posted
	r.items = slices.DeleteFunc(r.items, func(i *item) bool {
		if !which(i) {
			return false
		}
		entries = append(entries, store.Posted{To: r.name, Seq: i.seq})
		return true
	})
	return entries
}

// run delivers until ctx ends.
func (r *receiver) run(ctx context.Context) {
	var deliveries sync.WaitGroup
	defer deliveries.Wait()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		i, wait, expired := r.pick(time.Now())
		if len(expired) > 0 {
			r.s.o.Log.Error("events for a webhook given up", "webhook", r.name, "events", len(expired), "after", GiveUp.String())
			r.unpost(ctx, expired)
		}
		if i != nil {
			deliveries.Go(func() { r.deliver(ctx, i) })
			continue
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		case <-timer.C:
		}
	}
}

// pick takes the first event that may be sent now; without one, it tells for
// how long there will be none. Those that are too old are taken out.
func (r *receiver) pick(now time.Time) (next *item, wait time.Duration, expired []store.Posted) {
	r.mu.Lock()
	defer r.mu.Unlock()
	wait = time.Hour
	old := func(i *item) bool { return i.durable && !i.sending && now.Sub(i.happened()) > GiveUp }
	if len(r.items) > 0 && old(r.items[0]) {
		expired = r.forget(old)
		r.counts.Dropped[Expired] += uint64(len(expired))
	}
	atOnce := AtOnce
	if r.streak > 0 {
		atOnce = 1
	}
	switch {
	case r.disabled || r.sending >= atOnce:
		return nil, wait, expired
	case now.Before(r.pause):
		return nil, r.pause.Sub(now), expired
	}
	var busy map[string]bool // groups whose turn it is not
	for _, i := range r.items {
		if i.durable && !i.sending && !busy[i.group] && !now.Before(i.next) {
			i.sending = true
			r.sending++
			return i, 0, expired
		}
		if i.durable && !i.sending && !busy[i.group] {
			wait = min(wait, i.next.Sub(now))
		}
		if busy == nil {
			busy = map[string]bool{}
		}
		busy[i.group] = true
	}
	return nil, wait, expired
}

// deliver sends one event and settles what comes of it.
func (r *receiver) deliver(ctx context.Context, i *item) {
	body, err := r.s.o.Store.PostBody(r.name, i.seq)
	var t attempt
	switch {
	case errors.Is(err, store.ErrNotFound): // made room for another one
	case err != nil:
		t.At, t.Error = time.Now(), err.Error()
	default:
		t = r.try(ctx, i.seq, body)
	}
	if ctx.Err() != nil && t.Error != "" {
		return // cut off by our own stop: the next start tries again
	}
	if done := r.settle(i, t); len(done) > 0 {
		r.unpost(ctx, done)
	}
}

// settle notes the result of a try and returns what is to leave the store.
func (r *receiver) settle(i *item, t attempt) []store.Posted {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.wakeUp()
	i.sending = false
	r.sending--
	if t.At.IsZero() {
		r.remove(i.seq)
		return nil
	}
	r.note(t.Delivery)
	switch {
	case t.Error == "":
		if r.streak >= downAfter {
			r.recovered()
		}
		r.streak, r.pause = 0, time.Time{}
		r.counts.Delivered++
		r.remove(i.seq)
		return []store.Posted{{To: r.name, Seq: i.seq}}
	case t.gone():
		r.disabled = true
		r.s.o.Log.Error("webhook disabled: its receiver answered 410 Gone", "webhook", r.name, "events_dropped", len(r.items))
		r.counts.Dropped[Gone] += uint64(len(r.items))
		return r.forget(func(*item) bool { return true })
	}
	i.tries++
	r.streak++
	i.next = t.At.Add(max(backoff(i.tries, eventBackoff), t.retryAfter))
	r.pause = t.At.Add(max(backoff(r.streak, receiverBackoff), t.retryAfter))
	if time.Since(r.logged) >= logEvery {
		r.logged = time.Now()
		r.s.o.Log.Warn("webhook failed, trying again", "webhook", r.name, "event_id", eventID(i.seq),
			"err", t.Error, "tries", i.tries, "pending", len(r.items))
	}
	return nil
}

// recovered lets everything be tried now.
func (r *receiver) recovered() {
	for _, i := range r.items {
		i.next = time.Time{}
	}
	r.pause = time.Time{}
}

// note keeps the times and the last error for [Health].
func (r *receiver) note(t Delivery) {
	if t.Error == "" {
		r.counts.SuccessAt = &t.At
		return
	}
	r.counts.Failed++
	r.counts.LastError, r.counts.ErrorAt = t.Error, &t.At
}

// unpost removes what is done with. When that fails, the next start sends it
// again.
func (r *receiver) unpost(ctx context.Context, entries []store.Posted) {
	if err := r.s.o.Store.Unpost(context.WithoutCancel(ctx), entries); err != nil {
		r.s.o.Log.Error("delivered events not removed: they may come twice", "webhook", r.name, "events", len(entries), "err", err)
	}
}

// test sends a test at once.
func (r *receiver) test(ctx context.Context, seq uint64) Delivery {
	body, err := json.Marshal(Event{Type: TypeTest, At: time.Now()})
	if err != nil {
		return Delivery{At: time.Now(), Error: err.Error()}
	}
	t := r.try(ctx, seq, body).Delivery
	r.mu.Lock()
	defer r.mu.Unlock()
	r.note(t)
	if t.Error == "" {
		r.disabled = false
		r.recovered()
		r.wakeUp()
	}
	return t
}

func (r *receiver) status() Health {
	r.mu.Lock()
	defer r.mu.Unlock()
	st := r.counts
	st.Name, st.URL, st.Events, st.Queues = r.name, redacted(r.hook.URL), r.hook.Events, r.hook.Queues
	if st.Queues == nil {
		st.Queues = []string{}
	}
	st.Dropped = map[DropReason]uint64{}
	for _, reason := range DropReasons() {
		st.Dropped[reason] = r.counts.Dropped[reason]
	}
	st.Disabled, st.Pending = r.disabled, len(r.items)
	if len(r.items) > 0 {
		at := r.items[0].happened()
		st.Oldest = &at
	}
	return st
}

// backoff is the pause after n failures in a row: doubled with each up to most,
// of which a random half is left out, so that receivers that came down together
// are not asked together.
func backoff(n int, most time.Duration) time.Duration {
	d := most
	if n < 20 {
		d = min(backoffMin<<(n-1), most)
	}
	return d/2 + rand.N(d/2+1)
}
