package queue_test

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

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

// desk is a running board in a synctest bubble, and what it has told.
type desk struct {
	*queue.Board
	testing.TB
	mu     sync.Mutex
	events []queue.Event
}

// onDesk runs a test with a board that hears the exchange's events. Time in it
// is made up.
func onDesk(t *testing.T, cfg *config.Config, test func(*desk)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := &desk{TB: t}
		d.Board = queue.New(queue.Options{Config: cfg, Seed: 1, Observers: []queue.Observer{queue.ObserverFunc(d.observe)}})
		d.Deaf(false)
		go d.Run(t.Context())
		test(d)
	})
}

func (d *desk) observe(e *queue.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.events = append(d.events, *e)
}

// take returns the events since it was last called.
func (d *desk) take(kinds ...queue.Kind) []queue.Event {
	synctest.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	events := slices.DeleteFunc(d.events, func(e queue.Event) bool { return !slices.Contains(kinds, e.Kind) })
	d.events = nil
	return events
}

// alerted lists the agents whose pages were told to ring since the events
// were last taken.
func (d *desk) alerted() (agents []string) {
	for _, e := range d.take(queue.CallRinging) {
		for _, r := range e.Ring {
			if r.Result == queue.Pending {
				agents = append(agents, r.Agent)
			}
		}
	}
	return agents
}

// pass lets time pass.
func (*desk) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// login connects agents, a millisecond after each other.
func (d *desk) login(agents ...string) {
	d.Helper()
	for _, id := range agents {
		if err := d.Connect(id); err != nil {
			d.Fatal(err)
		}
		d.pass(time.Millisecond)
	}
}

func (d *desk) agent(id string) queue.AgentStatus {
	d.Helper()
	for _, a := range d.Snapshot().Agents {
		if a.ID == id {
			return a
		}
	}
	d.Fatalf("no agent %s", id)
	return queue.AgentStatus{}
}

func (d *desk) wantState(id string, want queue.AgentState) {
	d.Helper()
	synctest.Wait()
	if got := d.agent(id).State; got != want {
		d.Errorf("%s is %s, want %s", id, got, want)
	}
}

func (d *desk) phone(agent string) string { return d.agent(agent).Phone }

// caller is a call and the script that serves it.
type caller struct {
	*queue.Ticket
	d     *desk
	entry queue.Entry
	offer *queue.Offer // the last one
}

// enter lets a caller come in who hears the announcement.
func (d *desk) enter(e queue.Entry) *caller {
	d.Helper()
	if e.Queue == "" {
		e.Queue = "q1"
	}
	e.UniqueID = "u" + e.ID
	t, err := d.Enter(e)
	if err != nil {
		d.Fatalf("Enter %s: %v", e.ID, err)
	}
	return &caller{d: d, Ticket: t, entry: e}
}

// call lets a caller come in and wait, and a millisecond pass.
func (d *desk) call(id string) *caller { d.Helper(); return d.callTo(id, "q1") }

func (d *desk) callTo(id, q string) *caller {
	d.Helper()
	c := d.enter(queue.Entry{ID: id, Queue: q})
	c.Ready()
	d.pass(time.Millisecond)
	return c
}

// comeBack enters the caller again after its script was lost.
func (c *caller) comeBack() *caller {
	c.d.Helper()
	e := c.entry
	e.Returning = true
	return c.d.enter(e)
}

// wantOffer wants these agents to be rung now.
func (c *caller) wantOffer(agents ...string) {
	c.d.Helper()
	synctest.Wait()
	if !c.Pending() {
		c.d.Fatalf("%s has nothing to do, want it offered to %v", c.CallID(), agents)
	}
	o, outcome, err := c.Next(c.d.Context())
	if err != nil || o == nil {
		c.d.Fatalf("%s: Next = %q, %v; want it offered to %v", c.CallID(), outcome, err, agents)
	}
	var got []string
	for _, a := range o.Agents {
		got = append(got, a.ID)
	}
	if diff := cmp.Diff(agents, got); diff != "" {
		c.d.Fatalf("%s is offered to other agents (-want +got):\n%s", c.CallID(), diff)
	}
	c.offer = o
}

// wantNothing wants the script to have nothing to do.
func (c *caller) wantNothing() {
	c.d.Helper()
	synctest.Wait()
	if c.Pending() {
		o, outcome, err := c.Next(c.d.Context())
		c.d.Fatalf("%s: Next = %+v, %q, %v; want nothing to do", c.CallID(), o, outcome, err)
	}
}

// wantEnd wants the call to have ended, and returns its record.
func (c *caller) wantEnd(want queue.Outcome) queue.Call {
	c.d.Helper()
	synctest.Wait()
	if c.Pending() {
		if o, outcome, err := c.Next(c.d.Context()); outcome != want {
			c.d.Fatalf("%s: Next = %+v, %q, %v; want %s", c.CallID(), o, outcome, err, want)
		}
	}
	if got, ok := c.d.OutcomeOf(c.CallID()); got != want {
		c.d.Fatalf("%s ended %q (%v), want %s", c.CallID(), got, ok, want)
	}
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	for _, e := range c.d.events {
		if e.Kind == queue.CallEnded && e.Call.ID == c.CallID() {
			return *e.Call
		}
	}
	c.d.Fatalf("no event tells the end of %s", c.CallID())
	return queue.Call{}
}

// reports tells what became of the offer.
func (c *caller) reports(result queue.RingResult) {
	c.Dialled(queue.DialReport{Offer: c.offer.ID, Result: result})
}

// hears tells a fact about an agent of the last offer.
func (c *caller) hears(kind queue.FactKind, agent string, result queue.RingResult) {
	c.d.Helper()
	f := queue.Fact{Kind: kind, UniqueID: c.entry.UniqueID, Result: result, Cause: 16}
	if agent != "" {
		f.Phone = c.d.phone(agent)
	}
	c.d.Heard(f)
}

func (c *caller) now() queue.Call {
	c.d.Helper()
	call, ok := c.d.Call(c.CallID())
	if !ok {
		c.d.Fatalf("%s is not live", c.CallID())
	}
	return call
}

func (c *caller) wantPhase(want queue.Phase) {
	c.d.Helper()
	synctest.Wait()
	if got := c.now().Phase; got != want {
		c.d.Errorf("%s is %s, want %s", c.CallID(), got, want)
	}
}

// talk lets an agent who was just offered the call answer, talk and hang up.
func (c *caller) talk(agent string, d time.Duration) {
	c.d.Helper()
	c.wantOffer(agent)
	c.hears(queue.PhoneAnswers, agent, "")
	c.d.pass(d)
	c.reports(queue.RingAnswer)
	synctest.Wait()
}

// results lists what became of each ringing.
func results(c queue.Call) (rings []string) {
	for _, r := range c.Rings {
		rings = append(rings, r.Agent+" "+string(r.Result))
	}
	return rings
}

func wantResults(tb testing.TB, c queue.Call, want ...string) {
	tb.Helper()
	if diff := cmp.Diff(want, results(c)); diff != "" {
		tb.Errorf("rings of %s (-want +got):\n%s", c.ID, diff)
	}
}
