package queue_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"calld/config"
	"calld/queue"
)

// floor is a board with a thousand agents whose clock a benchmark moves.
type floor struct {
	*queue.Board
	b      *testing.B
	now    time.Time
	queues int
	calls  int
	live   []*benchCall // waiting or talking, oldest first
}

type benchCall struct {
	*queue.Ticket
	id    string
	offer *queue.Offer
}

// newFloor spreads the agents over the queues, or lets each serve all.
func newFloor(b *testing.B, order config.Order, queues int, each bool) *floor {
	b.Helper()
	f := &floor{b: b, now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), queues: queues}
	cfg := &config.Config{}
	cfg.Server.Timezone = time.UTC
	var all []string
	for i := range queues {
		q := testConfig(0, inOrder(order)).Queues[0]
		q.ID, q.Number, q.MaxWait = fmt.Sprintf("q%d", i), strconv.Itoa(i), time.Hour
		cfg.Queues = append(cfg.Queues, q)
		all = append(all, q.ID)
	}
	for i := range 1000 {
		a := config.Agent{ID: fmt.Sprintf("a%d", i), Phone: strconv.Itoa(8000 + i), Queues: all}
		if !each {
			a.Queues = all[i%queues : i%queues+1]
		}
		cfg.Agents = append(cfg.Agents, a)
	}
	f.Board = queue.New(queue.Options{Config: cfg, Now: func() time.Time { return f.now }})
	f.Deaf(false)
	for i := range cfg.Agents {
		if err := f.Connect(cfg.Agents[i].ID); err != nil {
			b.Fatal(err)
		}
	}
	return f
}

// enter lets a caller come in and wait.
func (f *floor) enter() {
	f.now = f.now.Add(time.Millisecond)
	f.calls++
	id := strconv.Itoa(f.calls)
	t, err := f.Enter(queue.Entry{ID: id, UniqueID: id, Queue: fmt.Sprintf("q%d", f.calls%f.queues)})
	if err != nil {
		f.b.Fatal(err)
	}
	t.Ready()
	f.live = append(f.live, &benchCall{Ticket: t, id: id})
}

// answer lets the agents offered to a call answer, if there are any.
func (f *floor) answer(c *benchCall) bool {
	if c.offer == nil && c.Pending() {
		c.offer, _, _ = c.Next(f.b.Context())
		phone := c.offer.Agents[0].Phone
		f.Heard(queue.Fact{Kind: queue.PhoneRings, UniqueID: c.id, Phone: phone})
		f.Heard(queue.Fact{Kind: queue.PhoneAnswers, UniqueID: c.id, Phone: phone})
	}
	return c.offer != nil
}

// finish ends the oldest talk.
func (f *floor) finish() {
	c := f.live[0]
	f.live = f.live[1:]
	if !f.answer(c) {
		f.b.Fatalf("%s is offered to nobody", c.id)
	}
	c.Dialled(queue.DialReport{Offer: c.offer.ID, Result: queue.RingAnswer})
}

// BenchmarkCall takes one call from its entry over the offer and the answer to
// its end: with every agent free, and with every agent talking and 2,000
// callers waiting.
func BenchmarkCall(b *testing.B) {
	shapes := []struct {
		name   string
		queues int
		each   bool
	}{{"1queue", 1, true}, {"20queues", 20, false}, {"20queues_each", 20, true}}
	for _, waiting := range []int{0, 2000} {
		for _, s := range shapes {
			for _, order := range []config.Order{config.LongestIdle, config.RoundRobin} {
				b.Run(fmt.Sprintf("waiting=%d/%s/%s", waiting, s.name, order), func(b *testing.B) {
					f := newFloor(b, order, s.queues, s.each)
					if waiting > 0 {
						for range 1000 + waiting {
							f.enter()
						}
						for _, c := range f.live {
							f.answer(c)
						}
					}
					b.ReportAllocs()
					for b.Loop() {
						f.enter()
						f.finish()
					}
				})
			}
		}
	}
}
