package queue_test

import (
	"context"
	"testing"
	"time"

	"calld/config"
	"calld/queue"
)

// testConfig is a queue "q1" of the given kind and agents a1 … an.
func testConfig(n int, change func(*config.Queue)) *config.Config {
	q := config.Queue{
		ID: "q1", Name: "상담전화_1", Number: "0215881234",
		Queueing: config.Inline, Order: config.Listed, RingTimeout: 20 * time.Second,
		MaxWait: 10 * time.Minute, RetryPause: 10 * time.Second, AwayAfter: 3, NoAgentWait: 30 * time.Second,
	}
	if change != nil {
		change(&q)
	}
	c := &config.Config{Queues: []config.Queue{q}}
	c.Server.Timezone = time.UTC
	for i := range n {
		id := string(rune('1' + i))
		c.Agents = append(c.Agents, config.Agent{ID: "a" + id, Name: "상담자" + id, Role: config.RoleAgent, Queues: []string{"q1"}, Phone: "80" + id})
	}
	return c
}

func TestInlineRingsTheNextAgentWhenTheFirstDoesNotAnswer(t *testing.T) {
	b := queue.New(queue.Options{Config: testConfig(2, nil)})
	for _, id := range []string{"a1", "a2"} {
		if err := b.Connect(id); err != nil {
			t.Fatal(err)
		}
	}
	ticket, err := b.Enter(queue.Entry{ID: "c1", Queue: "q1", Caller: "01012345678", UniqueID: "1.1"})
	if err != nil {
		t.Fatal(err)
	}
	ticket.Ready()
	for _, want := range []string{"a1", "a2"} {
		o, ended, err := ticket.Next(t.Context())
		if err != nil || o == nil || len(o.Agents) != 1 || o.Agents[0].ID != want {
			t.Fatalf("Next = %+v, %q, %v; want an offer to %s", o, ended, err, want)
		}
		ticket.Dialled(queue.DialReport{Offer: o.ID, Result: queue.Refused})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if o, ended, err := ticket.Next(ctx); err == nil {
		t.Fatalf("after both refused: Next = %+v, %q; want nothing to do", o, ended)
	}
	ticket.Hangup(16)
	if _, ended, err := ticket.Next(t.Context()); err != nil || ended != queue.Abandoned {
		t.Fatalf("after the hang-up: ended %q, %v; want abandoned", ended, err)
	}
}
