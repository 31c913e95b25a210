package simulate

import (
	"math/rand/v2"
	"slices"
	"time"

	"calld/pacing"
)

// Pacer is what is tried: a [pacing.Pacer], or another to compare it with.
type Pacer interface {
	Learn(pacing.Fact)
	Decide(pacing.View, time.Time) pacing.Decision
}

// Run plays a scenario.
func Run(s Scenario, p Pacer, seed uint64) Result {
	c := &centre{
		s: s, pacer: p, dialled: rand.New(rand.NewPCG(seed, 0)), talks: rand.New(rand.NewPCG(seed, 1)), begin: time.Unix(0, 0).UTC(),
		agents: make([]agent, s.Agents),
	}
	c.result.Windows = make([]Window, max(int(s.Length/windowSeconds+0.999), 1))
	for i := range c.agents {
		c.agents[i].state = free
		c.idle = append(c.idle, i)
	}
	c.at(0, tick, 0)
	if s.Break.To > 0 {
		c.at(s.Break.From, leave, 0)
		c.at(s.Break.To, comeBack, 0)
	}
	c.run()
	return c.result
}

type agentState uint8

const (
	free agentState = iota
	talking
	wrapUp
	away
)

type agent struct {
	state   agentState
	since   float64
	leaving bool
	wrapUp  float64 // after the talk
}

type callState uint8

const (
	rings callState = iota
	waits
	over
)

type call struct {
	state    callState
	dialled  float64
	answered float64
	slot     int // in ringing
}

type eventKind uint8

const (
	tick eventKind = iota
	answers
	silent   // rings no more
	fails    // technically
	patience // the grace is over
	talkEnds
	wrapUpEnds
	leave
	comeBack
)

type event struct {
	at   float64
	kind eventKind
	who  int // call or agent
}

// centre is the state of a run.
type centre struct {
	s       Scenario
	pacer   Pacer
	dialled *rand.Rand // of customers, in the order they are dialled
	talks   *rand.Rand // of talks and wrap-ups, in the order they begin
	begin   time.Time
	now     float64
	events  heap
	agents  []agent
	idle    []int // free agents, the longest idle first
	calls   []call
	ringing []int // calls
	waiting []int // calls, the longest waiting first
	view    pacing.View
	result  Result
}

func (c *centre) at(at float64, kind eventKind, who int) { c.events.push(event{at, kind, who}) }

func (c *centre) time(at float64) time.Time {
	return c.begin.Add(time.Duration(at * float64(time.Second)))
}

func (c *centre) run() {
	for len(c.events) > 0 && c.events[0].at < c.s.Length {
		e := c.events.pop()
		c.now = e.at
		c.happens(e)
		if len(c.events) > 0 && c.events[0].at == c.now {
			continue // all that happens at once, then one decision
		}
		c.decide()
	}
	for i := range c.agents {
		c.settle(&c.agents[i], c.s.Length)
	}
}

// settle adds an agent's time in its state to the result.
func (c *centre) settle(a *agent, at float64) {
	spent := at - a.since
	a.since = at
	switch a.state {
	case talking:
		c.result.Talk += spent
	case wrapUp:
		c.result.WrapUp += spent
	case away:
		return
	case free:
	}
	c.result.LoggedIn += spent
}

func (c *centre) turn(a *agent, to agentState) {
	c.settle(a, c.now)
	a.state = to
}

func (c *centre) happens(e event) {
	switch e.kind {
	case tick:
		c.at(c.now+1, tick, 0)
	case answers, silent, fails:
		c.resolves(e)
	case patience:
		if c.calls[e.who].state == waits {
			c.calls[e.who].state = over
			c.waiting = slices.DeleteFunc(c.waiting, func(i int) bool { return i == e.who })
			c.window(c.calls[e.who].answered).Abandoned++
			c.result.Abandoned++
			c.learn(pacing.Abandoned, 0)
		}
	case talkEnds:
		a := &c.agents[e.who]
		c.learn(pacing.TalkEnded, c.now-a.since)
		c.turn(a, wrapUp)
		c.at(c.now+a.wrapUp, wrapUpEnds, e.who)
	case wrapUpEnds:
		a := &c.agents[e.who]
		c.learn(pacing.WrapUpEnded, c.now-a.since)
		if a.leaving {
			c.turn(a, away)
			return
		}
		c.frees(e.who)
	case leave:
		for i := range int(float64(len(c.agents))*c.s.BreakShare + 0.5) {
			a := &c.agents[i]
			a.leaving = true
			if a.state == free {
				c.turn(a, away)
				c.idle = slices.DeleteFunc(c.idle, func(j int) bool { return j == i })
			}
		}
	case comeBack:
		for i := range c.agents {
			a := &c.agents[i]
			a.leaving = false
			if a.state == away {
				c.frees(i)
			}
		}
	}
}

// frees gives an agent to the customer who waits longest.
func (c *centre) frees(i int) {
	c.turn(&c.agents[i], free)
	if len(c.waiting) == 0 {
		c.idle = append(c.idle, i)
		return
	}
	who := c.waiting[0]
	c.waiting = c.waiting[1:]
	c.serve(who, i)
}

func (c *centre) serve(who, i int) {
	c.turn(&c.agents[i], talking)
	c.calls[who].state = over
	c.result.Served++
	c.learn(pacing.Served, 0)
	talk := c.s.Talk(c.talks, c.now)
	c.agents[i].wrapUp = c.talks.ExpFloat64() * c.s.WrapUp
	c.at(c.now+talk, talkEnds, i)
}

// resolves ends a call's ringing.
func (c *centre) resolves(e event) {
	call := &c.calls[e.who]
	if call.state != rings {
		return // given up before
	}
	c.unring(e.who)
	rang := c.now - call.dialled
	switch e.kind {
	case silent:
		call.state = over
		c.learn(pacing.Unanswered, rang)
	case fails:
		call.state = over
		c.learn(pacing.Failed, rang)
	default:
		call.state = waits
		call.answered = c.now
		c.window(c.now).Answered++
		c.result.Answered++
		c.learn(pacing.Answered, rang)
		if len(c.idle) == 0 {
			c.waiting = append(c.waiting, e.who)
			c.at(c.now+Grace.Seconds(), patience, e.who)
			return
		}
		i := c.idle[0]
		c.idle = c.idle[1:]
		c.serve(e.who, i)
	}
}

func (c *centre) window(at float64) *Window { return &c.result.Windows[int(at/windowSeconds)] }

func (c *centre) unring(who int) {
	slot := c.calls[who].slot
	last := len(c.ringing) - 1
	c.ringing[slot] = c.ringing[last]
	c.calls[c.ringing[slot]].slot = slot
	c.ringing = c.ringing[:last]
}

func (c *centre) learn(kind pacing.Kind, took float64) {
	c.pacer.Learn(pacing.Fact{Kind: kind, At: c.time(c.now), Took: time.Duration(took * float64(time.Second))})
}

func (c *centre) decide() {
	v := &c.view
	v.Free, v.Waiting = len(c.idle), len(c.waiting)
	v.Busy, v.Ringing = v.Busy[:0], v.Ringing[:0]
	for i := range c.agents {
		if a := &c.agents[i]; (a.state == talking || a.state == wrapUp) && !a.leaving {
			v.Busy = append(v.Busy, pacing.Busy{Since: c.time(a.since), WrapUp: a.state == wrapUp})
		}
	}
	for _, who := range c.ringing {
		v.Ringing = append(v.Ringing, c.time(c.calls[who].dialled))
	}
	v.Room = 1 << 20
	if c.s.Lines > 0 {
		v.Room = c.s.Lines - len(c.ringing) - len(c.waiting) - len(v.Busy)
	}
	begin := time.Now()
	d := c.pacer.Decide(*v, c.time(c.now))
	c.result.Deciding += time.Since(begin)
	c.result.Decisions++
	given := make([]int, 0, len(d.HangUp))
	for _, i := range d.HangUp {
		given = append(given, c.ringing[i])
	}
	for _, who := range given {
		c.unring(who)
		c.calls[who].state = over
		c.learn(pacing.GivenUp, c.now-c.calls[who].dialled)
	}
	for range d.Dial {
		c.dial()
	}
}

// dial draws a customer.
func (c *centre) dial() {
	who := len(c.calls)
	c.calls = append(c.calls, call{dialled: c.now, slot: len(c.ringing)})
	c.ringing = append(c.ringing, who)
	c.result.Dials++
	would := c.dialled.Float64() < c.s.AnswerRate(c.now)
	quick := c.dialled.Float64() < c.s.Quick
	after := c.s.Answer(c.dialled)
	set := setUp(c.dialled)
	switch {
	case c.s.Outage.holds(c.now):
		c.at(c.now+set, fails, who)
	case would:
		c.at(c.now+after, answers, who)
	case quick:
		c.at(c.now+set, silent, who)
	default:
		c.at(c.now+c.s.RingLimit, silent, who)
	}
}
