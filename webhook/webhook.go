package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"calld/config"
	"calld/queue"
	"calld/store"
)

const (
	// MaxPending bounds the events that wait for one webhook; each has some
	// 100 bytes in memory, and 1 to 2 kB on disk.
	MaxPending = 10_000
	// GiveUp is how old an event may become before it is dropped.
	GiveUp = 24 * time.Hour
	// AtOnce is how many events one webhook is sent at the same time.
	AtOnce = 4
)

// ErrUnknown means that no webhook has that name.
var ErrUnknown = errors.New("webhook: no such webhook")

// Options set up a [Service].
type Options struct {
	Store *store.Store
	// Post has events written: [store.Recorder.Post].
	Post func(*store.Post) bool
	// Transport carries the requests; nil: one like [http.DefaultTransport].
	Transport http.RoundTripper
	// Version is told to receivers as the user agent.
	Version string
	Log     *slog.Logger
}

// Service tells webhooks what happens. Its methods may be called from any
// goroutine.
type Service struct {
	o       Options
	client  *http.Client
	changed chan struct{} // capacity 1: Run is to look at the receivers

	mu        sync.Mutex // no I/O under it: Observe is called with the board locked
	cfg       *config.Config
	receivers map[string]*receiver
	seq       uint64
}

// New reads what an earlier Service has left in the store. It starts nothing.
func New(o Options) (*Service, error) {
	left, err := o.Store.Outbox()
	if err != nil {
		return nil, fmt.Errorf("webhook: %w", err)
	}
	s := &Service{
		o: o, client: newClient(o.Transport), changed: make(chan struct{}, 1),
		cfg: &config.Config{}, receivers: map[string]*receiver{},
	}
	for _, e := range left {
		r := s.receivers[e.To]
		if r == nil {
			r = newReceiver(s, config.Webhook{Name: e.To})
			s.receivers[e.To] = r
		}
		r.items = append(r.items, &item{seq: e.Seq, group: e.Group, durable: true})
		s.seq = max(s.seq, e.Seq)
	}
	return s, nil
}

// Configure puts the webhooks of a configuration in force. What waits for one
// that is gone is dropped. The error is of the store: then it is dropped at the
// next start.
func (s *Service) Configure(ctx context.Context, cfg *config.Config) error {
	s.mu.Lock()
	gone := s.receivers
	s.cfg, s.receivers = cfg, map[string]*receiver{}
	for _, w := range cfg.Webhooks {
		r := gone[w.Name]
		if r == nil {
			r = newReceiver(s, w)
		} else {
			delete(gone, w.Name)
			r.configure(w)
		}
		s.receivers[w.Name] = r
	}
	s.mu.Unlock()
	select {
	case s.changed <- struct{}{}:
	default:
	}
	var entries []store.Posted
	for name, r := range gone {
		left := r.clear()
		entries = append(entries, left...)
		s.o.Log.Info("webhook removed", "webhook", name, "events_dropped", len(left))
	}
	if len(entries) == 0 {
		return nil
	}
	if err := s.o.Store.Unpost(ctx, entries); err != nil {
		return fmt.Errorf("webhook: events of removed webhooks: %w", err)
	}
	return nil
}

// Observe takes an event of the board. It is a [queue.Observer], and has to
// come before the recorder.
func (s *Service) Observe(e *queue.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.receivers) == 0 {
		return
	}
	for _, o := range outgoings(e, s.name) {
		s.post(&o)
	}
}

func (s *Service) name(agentID string) string {
	a, _ := s.cfg.Agent(agentID)
	return a.Name
}

// post has an event written for all who want it.
func (s *Service) post(o *outgoing) {
	p := &store.Post{Group: o.group, Body: o.event}
	var to []*receiver
	for _, r := range s.receivers {
		if o.wants(&r.hook) {
			to = append(to, r)
		}
	}
	if len(to) == 0 {
		return
	}
	// The time, so that ids differ over restarts; and rising, whatever the
	// clock does.
	s.seq = max(s.seq+1, uint64(o.event.At.UnixNano()))
	p.Seq = s.seq
	for _, r := range to {
		oldest, taken := r.add(p.Seq, p.Group)
		p.Instead = append(p.Instead, oldest...)
		if taken {
			p.To = append(p.To, r.name)
		}
	}
	if len(p.To) > 0 && !s.o.Post(p) {
		for _, r := range to {
			r.lost(p.Seq)
		}
	}
}

// Posted is told that a post is on disk, or will never be:
// [store.RecorderOptions.OnPosted].
func (s *Service) Posted(p *store.Post, err error) {
	if err != nil {
		s.o.Log.Error("event for webhooks lost", "event_id", eventID(p.Seq), "webhooks", p.To, "err", err)
	}
	var unwanted []store.Posted
	s.mu.Lock()
	for _, name := range p.To {
		r := s.receivers[name]
		switch {
		case err != nil && r != nil:
			r.lost(p.Seq)
		case err == nil && (r == nil || !r.written(p.Seq)): // dropped before it was written
			unwanted = append(unwanted, store.Posted{To: name, Seq: p.Seq})
		}
	}
	s.mu.Unlock()
	if len(unwanted) == 0 {
		return
	}
	if err := s.o.Store.Unpost(context.Background(), unwanted); err != nil {
		s.o.Log.Error("dropped events not removed", "event_id", eventID(p.Seq), "webhooks", p.To, "err", err)
	}
}

// Run delivers until ctx ends. What is not delivered by then stays in the
// store.
func (s *Service) Run(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	stops := map[*receiver]context.CancelFunc{}
	defer func() {
		for _, stop := range stops {
			stop()
		}
	}()
	for {
		current := s.all()
		for r, stop := range stops {
			if !slices.Contains(current, r) {
				stop()
				delete(stops, r)
			}
		}
		for _, r := range current {
			if stops[r] == nil {
				each, stop := context.WithCancel(ctx)
				stops[r] = stop
				running.Go(func() { r.run(each) })
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.changed:
		}
	}
}

// all lists the receivers in the order of the configuration.
func (s *Service) all() []*receiver {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*receiver, 0, len(s.receivers))
	for i := range s.cfg.Webhooks {
		list = append(list, s.receivers[s.cfg.Webhooks[i].Name])
	}
	return list
}

// List lists the webhooks in the order of the configuration.
func (s *Service) List() []Health {
	list := []Health{}
	for _, r := range s.all() {
		list = append(list, r.status())
	}
	return list
}

// Test sends a webhook an event of [TypeTest] at once, past the outbox, and
// returns what came of it. A webhook that was disabled is enabled when the
// receiver takes it. The error is ErrUnknown.
func (s *Service) Test(ctx context.Context, name string) (Delivery, error) {
	s.mu.Lock()
	r := s.receivers[name]
	s.seq = max(s.seq+1, uint64(time.Now().UnixNano()))
	seq := s.seq
	s.mu.Unlock()
	if r == nil {
		return Delivery{}, fmt.Errorf("%w: %s", ErrUnknown, name)
	}
	return r.test(ctx, seq), nil
}

// eventID is what a delivery is known by.
func eventID(seq uint64) string { return fmt.Sprintf("evt_%016x", seq) }
