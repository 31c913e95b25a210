package pacing

import (
	"errors"
	"fmt"
	"time"
)

// Options says how a campaign is paced.
type Options struct {
	Method    Method
	Ratio     float64       // calls for each free agent: power alone
	Limit     float64       // largest abandoned share of the answered; 0 means 0.03
	RingLimit time.Duration // how long a customer is rung; 0 means 25 s
	Grace     time.Duration // an answered customer without an agent after this is abandoned; 0 means 2 s
	HangUp    bool          // risk alone: give up late rings when the danger has grown
	State     *State        // what was learnt before; nil starts cold
}

// What Options may not be.
var (
	ErrMethod    = errors.New("pacing: no such method")
	ErrRatio     = errors.New("pacing: ratio must be from 1 to 20")
	ErrLimit     = errors.New("pacing: limit must be above 0 and at most 0.2")
	ErrRingLimit = errors.New("pacing: ring limit must be from 5 s to 120 s")
	ErrGrace     = errors.New("pacing: grace must be at most 10 s")
)

const (
	defaultLimit     = 0.03
	defaultRingLimit = 25 * time.Second
	defaultGrace     = 2 * time.Second
)

// Until so many calls have ended, and so many for each agent, only one call
// for each free agent rings: nothing is known of when customers answer, and
// the first answers are always the early ones.
const (
	coldCalls     = 50
	coldCallsEach = 2
)

// mostDials bounds one decision; the next one comes within a second.
const mostDials = 500

// A trunk that fails so often in a row is probed until a call progresses.
const (
	failuresToProbe = 5
	probeEvery      = 2 * time.Second
	progressAfter   = 5 * time.Second // what rings so long has not failed at once
)

// Pacer paces one campaign.
type Pacer struct {
	o       Options
	model   model
	price   price
	tally   tally
	now     time.Time // the latest time seen
	failing int       // technical failures in a row
	outage  time.Time // when failing reached failuresToProbe
	probed  time.Time
	risk    float64
	sums    [cases]sums
}

// tally counts answered customers.
type tally struct {
	answered, abandoned int
	window              float64 // moving share
}

// windowAnswers is about how many answers Pace.Window looks back.
const windowAnswers = 100

// model is what is believed of customers and agents.
type model struct {
	rings rings
	holds holds
}

// New makes a pacer. Its errors are those above and [ErrState].
func New(o Options) (*Pacer, error) {
	if o.Limit == 0 {
		o.Limit = defaultLimit
	}
	if o.RingLimit == 0 {
		o.RingLimit = defaultRingLimit
	}
	if o.Grace == 0 {
		o.Grace = defaultGrace
	}
	switch o.Method {
	case Progressive, Lite, Risk:
	case Power:
		if !(o.Ratio >= 1 && o.Ratio <= 20) {
			return nil, ErrRatio
		}
	default:
		return nil, fmt.Errorf("%w: %q", ErrMethod, o.Method)
	}
	switch {
	case !(o.Limit > 0 && o.Limit <= 0.2):
		return nil, ErrLimit
	case o.RingLimit < 5*time.Second || o.RingLimit > maxRingLimit:
		return nil, ErrRingLimit
	case o.Grace < 0 || o.Grace > 10*time.Second:
		return nil, ErrGrace
	}
	p := &Pacer{o: o}
	p.model.rings = newRings(o.RingLimit)
	p.model.holds = newHolds(o.Grace)
	p.price = newPrice(o.Method, o.Limit)
	if o.State != nil {
		if err := p.restore(o.State); err != nil {
			return nil, err
		}
		p.o.State = nil
	}
	return p, nil
}

// Learn takes a fact in.
func (p *Pacer) Learn(f Fact) {
	if f.At.Before(p.now) {
		f.At = p.now
	}
	p.now = f.At
	f.Took = max(f.Took, 0)
	switch f.Kind {
	case Answered:
		p.failing = 0
		p.model.rings.answered(f.At, f.Took)
	case Unanswered:
		p.failing = 0
		p.model.rings.unanswered(f.At, f.Took)
	case GivenUp:
		p.model.rings.givenUp(f.At, f.Took)
	case Served:
		p.settle(false)
	case Abandoned:
		p.settle(true)
	case TalkEnded:
		p.model.holds.talks.add(f.Took)
	case WrapUpEnded:
		p.model.holds.wraps.add(f.Took)
	case Failed:
		p.failing++
		if p.failing == failuresToProbe {
			p.outage, p.probed = f.At, f.At
		}
	}
}

func (p *Pacer) settle(abandoned bool) {
	p.tally.answered++
	share := 0.0
	if abandoned {
		p.tally.abandoned++
		share = 1
	}
	p.tally.window += (share - p.tally.window) / float64(min(p.tally.answered, windowAnswers))
	p.price.settle(abandoned, p.surplus(p.price.target))
}

// surplus is how many more calls than this share of the answered the day has
// abandoned; less than nought when there are fewer.
func (p *Pacer) surplus(share float64) float64 {
	return float64(p.tally.abandoned) - share*float64(p.tally.answered)
}

// highest is the price now.
func (p *Pacer) highest() float64 { return p.price.value(p.surplus(p.o.Limit)) }

// Decide says what to do at now.
func (p *Pacer) Decide(v View, now time.Time) Decision {
	if now.Before(p.now) {
		now = p.now
	}
	p.now = now
	p.model.rings.look(v.Ringing, now)
	if v.Free+len(v.Busy) == 0 {
		p.risk = 0
		return Decision{Reason: NoAgents}
	}
	if p.failing >= failuresToProbe {
		if !p.progressed(v, now) {
			return p.probe(v, now)
		}
		p.failing = 0
	}
	d := p.method(v, now)
	if d.Dial > max(v.Room, 0) {
		d.Dial = max(v.Room, 0)
		if d.Dial == 0 {
			d.Reason = LinesFull
		}
	}
	return d
}

func (p *Pacer) method(v View, now time.Time) Decision {
	switch p.o.Method {
	case Power:
		return p.ratio(v, p.o.Ratio)
	case Lite, Risk:
		if p.model.rings.ended < coldCalls+coldCallsEach*float64(v.Free+len(v.Busy)) {
			return p.ratio(v, 1)
		}
		if p.o.Method == Lite {
			return p.lite(v)
		}
		return p.byRisk(v, now)
	default:
		return p.ratio(v, 1)
	}
}

// ratio keeps a fixed number of calls ringing for each free agent.
func (p *Pacer) ratio(v View, ratio float64) Decision {
	free := v.Free - v.Waiting
	if free <= 0 {
		return Decision{Reason: AgentsBusy}
	}
	n := int(ratio*float64(free)) - len(v.Ringing)
	if n <= 0 {
		return Decision{Reason: EnoughRinging}
	}
	return Decision{Dial: min(n, mostDials)}
}

// probe tries a failing trunk with one call now and then, if it could be
// taken.
func (p *Pacer) probe(v View, now time.Time) Decision {
	if v.Free <= v.Waiting || v.Room <= 0 || len(v.Ringing) >= v.Free || now.Sub(p.probed) < probeEvery {
		return Decision{Reason: TrunkFailing}
	}
	p.probed = now
	return Decision{Dial: 1}
}

// progressed tells whether a call dialled since the failures began rings on.
func (p *Pacer) progressed(v View, now time.Time) bool {
	for _, since := range v.Ringing {
		if !since.Before(p.outage) && now.Sub(since) >= progressAfter {
			return true
		}
	}
	return false
}

// NewDay starts the day's tally anew. Models and price go on.
func (p *Pacer) NewDay() { p.tally = tally{window: p.tally.window} }

// Pace tells what the pacer believes, as of its last decision.
func (p *Pacer) Pace() Pace {
	return Pace{
		Method: p.o.Method, Limit: p.o.Limit,
		Answered: p.tally.answered, Abandoned: p.tally.abandoned, Window: p.tally.window,
		Price: p.highest(), Level: p.model.rings.level(), Risk: p.risk,
	}
}
