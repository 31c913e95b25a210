package queue

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"calld/config"
)

var (
	modelEvents = flag.Int("model.events", 100_000, "inputs that TestModel tries")
	modelSeed   = flag.Uint64("model.seed", 0, "try this one episode of TestModel; 0: as many as model.events asks for")
)

// episode is how many inputs one board is given.
const episode = 2000

// TestModel gives a board and its twin the same random inputs and compares
// them after each, at every moment when either has something to do.
func TestModel(t *testing.T) {
	if *modelSeed != 0 {
		tryEpisode(t, *modelSeed)
		return
	}
	first := rand.Uint64()>>1 + 1
	for i := range max(1, *modelEvents/episode) {
		if tryEpisode(t, first+uint64(i)) {
			return
		}
	}
}

// tryEpisode runs one episode; when it fails it prints a short trace.
func tryEpisode(t *testing.T, seed uint64) (failed bool) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 1))
	ops := make([]op, episode)
	for i := range ops {
		ops[i] = randomOp(rng)
	}
	n, err := play(seed, ops, nil)
	if err == nil {
		return false
	}
	ops = shrink(seed, ops[:n])
	var trace bytes.Buffer
	_, err = play(seed, ops, &trace)
	t.Errorf("go test ./queue -run Model -model.seed=%d\n%s%v", seed, trace.String(), err)
	return true
}

// shrink leaves out what is not needed for the failure, in ever smaller
// pieces, for a few seconds.
func shrink(seed uint64, ops []op) []op {
	stop := time.Now().Add(20 * time.Second)
	for size := len(ops) / 2; size > 0; {
		before := len(ops)
		for at := 0; at+size <= len(ops) && time.Now().Before(stop); {
			shorter := slices.Concat(ops[:at], ops[at+size:])
			if n, err := play(seed, shorter, nil); err != nil {
				ops = shorter[:n]
			} else {
				at += size
			}
		}
		if size > 1 || len(ops) == before {
			size /= 2
		}
	}
	return ops
}

// play runs inputs on a fresh world; n is how many it took until the error.
func play(seed uint64, ops []op, trace *bytes.Buffer) (n int, err error) {
	w := &world{trace: trace}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	w.start(seed)
	for i, o := range ops {
		n = i + 1
		w.apply(o)
		if w.err != nil {
			return n, w.err
		}
	}
	return n, nil
}

// world is a board and its twin, and what both live in.
type world struct {
	now        time.Time
	late       bool // there may be overdue timers
	board      *Board
	twin       *twin
	cfg        *config.Config
	scripts    []*script // that may still speak
	entered    int       // calls so far
	events     []*Event  // of the running input
	ended      map[string]bool
	view       view
	steps      int
	lastScript int
	trace      *bytes.Buffer
	err        error
	consults   []consultScript
	asked      []<-chan Transfer // by those who asked for transfers
}

// script is one hold on a call.
type script struct {
	id     int
	call   string
	ticket *Ticket
	offer  uint64 // the last it was given
}

func (w *world) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, args...)
	}
}

func (w *world) start(seed uint64) {
	// Some episodes cross midnight.
	w.now = time.Date(2026, 3, 1, 23, 50, 0, 0, time.UTC)
	w.cfg = randomConfig(rand.New(rand.NewPCG(seed, 2)))
	w.boot(seed, nil)
}

// boot makes the board and the twin, as at the start of the program.
func (w *world) boot(seed uint64, calls []Call) {
	w.scripts, w.consults, w.events, w.ended, w.asked = nil, nil, nil, map[string]bool{}, nil
	w.board = New(Options{
		Config: w.cfg, Seed: seed | 1, Now: func() time.Time { return w.now },
		Observers: []Observer{ObserverFunc(func(e *Event) { w.events = append(w.events, e) })},
	})
	w.view = view{}
	w.twin = newTwin(w.now, w.cfg)
	w.board.Restore(calls)
	w.twin.restore(calls)
	w.do(func() {}, func() {})
}

// advance lets time pass, stopping whenever the board or the twin has
// something to do. The board is woken only when it has asked for it, so that a
// timer it forgot shows as a difference. When the clock is late, what is due is
// left to the next input.
func (w *world) advance(d time.Duration, late bool) {
	end := w.now.Add(d)
	for w.err == nil && !late {
		wake := func() { w.board.do(func(*machine) {}) }
		if w.late {
			w.do(wake, func() {})
		}
		at, ok := w.board.m.next()
		if ok && !at.After(w.now) {
			w.fail("a timer is left behind")
			return
		}
		if next := w.twin.next(); !ok || next.Before(at) {
			at, wake = next, func() {}
		}
		if at.After(end) {
			break
		}
		w.now = at
		w.do(wake, func() {})
	}
	w.now, w.late = end, late
}

// do gives one input to both and compares.
func (w *world) do(board, twin func()) {
	if w.err != nil {
		return
	}
	board()
	w.late = false
	t := w.twin
	t.now = w.now
	t.due()
	twin()
	t.due()
	if err := t.serve(w.instructions()); err != nil {
		w.fail("%w", err)
		return
	}
	t.tidy()
	w.compareTransfers()
	w.compare()
	w.heardOf()
	w.events = nil
}

// instructions takes what the scripts have been told; it returns the offers in
// the order they were made.
func (w *world) instructions() (offers []made) {
	w.scripts = slices.DeleteFunc(w.scripts, func(s *script) bool {
		over := false
		for s.ticket.Pending() {
			o, outcome, err := s.ticket.Next(context.Background())
			c := w.twin.calls[s.call]
			switch {
			case err != nil:
				over = true
				if c != nil && c.script == s.id {
					w.fail("script %d of %s was superseded by nobody", s.id, s.call)
				}
			case o != nil:
				s.offer = o.ID
				offers = append(offers, made{s.call, o})
			default:
				over = true
				if outcome != w.twin.over[s.call] {
					w.fail("script %d of %s was told %q, want %q", s.id, s.call, outcome, w.twin.over[s.call])
				}
			}
		}
		c := w.twin.calls[s.call]
		if !over && (c == nil || c.script != s.id && c.script != 0) {
			w.fail("script %d of %s was not told that it is over", s.id, s.call)
		}
		return over || c == nil || c.script != s.id
	})
	offers = append(offers, w.calledBack()...)
	slices.SortFunc(offers, func(a, b made) int { return int(a.ID) - int(b.ID) })
	return offers
}

// compareTransfers compares what the last input told of transfers.
func (w *world) compareTransfers() {
	var got []Transfer
	for _, asked := range w.asked {
		select {
		case x := <-asked:
			got = append(got, x)
		default:
		}
	}
	if !sameTransfers(got, w.twin.told) {
		w.fail("told of transfers (-want +got):\n%s", cmp.Diff(w.twin.told, got))
	}
	w.twin.told = nil
}

// compare compares the board with the twin.
func (w *world) compare() {
	m, t := w.board.m, w.twin
	if len(m.agents) != len(t.agents) || len(m.calls) != len(t.calls) || len(m.lines) != len(t.queues) || m.freed != t.freed {
		w.fail("the board has %d agents, %d calls, %d queues, %d freed; want %d, %d, %d, %d",
			len(m.agents), len(m.calls), len(m.lines), m.freed, len(t.agents), len(t.calls), len(t.queues), t.freed)
		return
	}
	for id, ta := range t.agents {
		a := m.agents[id]
		if a == nil {
			w.fail("agent %s is missing", id)
			return
		}
		got, want := a.status(m.now), AgentStatus{
			ID: id, Name: ta.cfg.Name, Phone: ta.cfg.Phone, Queues: ta.cfg.Queues, State: ta.state, Since: ta.since,
			Device: ta.device, Calls: t.today(ta), Call: ta.call,
		}
		if ta.state == Away {
			want.Reason = ta.reason
		}
		if ta.state == AgentWrapup {
			want.Until = &ta.wrapup
		}
		if got.differs(&want) || a.last.differs(&want) {
			w.fail("agent (-want +got, +published):\n%s%s", cmp.Diff(want, got), cmp.Diff(want, a.last))
			return
		}
	}
	for id, tc := range t.calls {
		c := m.calls[id]
		if c == nil {
			w.fail("call %s is missing", id)
			return
		}
		if !sameCall(&c.Call, &tc.Call) {
			w.fail("call %s (-want +got):\n%s", id, cmp.Diff(&tc.Call, &c.Call, cmpopts.EquateEmpty()))
			return
		}
	}
	for id, tq := range t.queues {
		l := m.lines[id]
		if l == nil {
			w.fail("queue %s is missing", id)
			return
		}
		figures := map[AgentState]int{}
		for _, a := range tq.members {
			figures[t.agents[a].state]++
		}
		n := t.count(id)
		if got := [4]int{len(l.waiting), l.ringing, l.talking, l.messages}; got != n {
			w.fail("queue %s has %v waiting, ringing, talking, messages; want %v", id, got, n)
		}
		got := l.status(m.now)
		if !maps.Equal(got.Agents, figures) {
			w.fail("queue %s has agents %v; want %v", id, got.Agents, figures)
		}
		if want := tq.schedule.At(m.now); got.Hours.Open != want.Open || got.Hours.Holiday != want.Holiday || !sameTime(got.Hours.Until, want.Until) {
			w.fail("queue %s is open: %+v; want %+v", id, got.Hours, want)
		}
	}
	w.compareEnded()
}

// compareEnded compares the calls that the last input has ended.
func (w *world) compareEnded() {
	want := w.twin.ended
	w.twin.ended = nil
	for _, e := range w.events {
		if e.Kind != CallEnded {
			continue
		}
		i := slices.IndexFunc(want, func(c Call) bool { return c.ID == e.Call.ID })
		if i < 0 || w.ended[e.Call.ID] {
			w.fail("%s ended, but should not have, or twice", e.Call.ID)
			return
		}
		if !sameCall(e.Call, &want[i]) {
			w.fail("%s ended wrongly (-want +got):\n%s", e.Call.ID, cmp.Diff(&want[i], e.Call, cmpopts.EquateEmpty()))
		}
		w.ended[e.Call.ID] = true
		want = slices.Delete(want, i, i+1)
	}
	if len(want) > 0 {
		w.fail("%s should have ended: %+v", want[0].ID, want[0])
	}
}

func sameCall(a, b *Call) bool {
	return a.ID == b.ID && a.Queue == b.Queue && a.Phase == b.Phase && a.Agent == b.Agent && a.Caller == b.Caller &&
		a.Callee == b.Callee && a.Direction == b.Direction && a.Campaign == b.Campaign && sameTime(a.AnswerBy, b.AnswerBy) &&
		sameTime(a.Place, b.Place) && sameCallback(a.Callback, b.Callback) && a.CallbackFor == b.CallbackFor &&
		a.MessageMS == b.MessageMS && a.Key == b.Key && a.Unserved == b.Unserved &&
		a.Channel == b.Channel && a.UniqueID == b.UniqueID && a.VIP == b.VIP && a.Sticky == b.Sticky && a.Begin.Equal(b.Begin) &&
		sameTime(a.Start, b.Start) && sameTime(a.End, b.End) && a.Outcome == b.Outcome && a.Cause == b.Cause &&
		a.WaitMS == b.WaitMS && a.TalkMS == b.TalkMS && a.Record == b.Record &&
		sameTime(a.HeldSince, b.HeldSince) && sameConsult(a.Consult, b.Consult) && a.HeldChannel == b.HeldChannel && sameTransfers(a.Transfers, b.Transfers) &&
		slices.EqualFunc(a.Rings, b.Rings, func(r, s Ring) bool {
			return r.Agent == s.Agent && r.At.Equal(s.At) && sameTime(r.Rang, s.Rang) && sameTime(r.End, s.End) && r.Result == s.Result
		})
}

func sameCallback(a, b *Booking) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Number == b.Number && a.At.Equal(b.At) && a.Until.Equal(b.Until) && a.Tries == b.Tries && a.Asked == b.Asked &&
		a.Call == b.Call && sameTime(a.Next, b.Next)
}

func sameTime(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}
