package campaign

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"calld/mask"
	"calld/queue"
)

// PreviewTime is how long an agent may look at a customer before the entry goes
// back to the list.
const PreviewTime = 3 * time.Minute

// The errors of preview.
var (
	ErrNotPreview = errors.New("campaign: its mode is not preview")
	ErrNobodyLeft = errors.New("campaign: nobody is to be called now")
	ErrNotShown   = errors.New("campaign: the customer is not shown to this agent any more")
	ErrNotServed  = errors.New("campaign: the agent does not serve the queue of the campaign")
)

// Shown is a customer whom an agent may dial or skip.
type Shown struct {
	Try      string         `json:"try"`
	Campaign string         `json:"campaign"`
	Number   string         `json:"number"`
	Customer queue.Customer `json:"customer"`
	Until    time.Time      `json:"until"` // then the customer goes back to the list
}

// Masked is what is shown to who is to see no customer's number.
func (s *Shown) Masked() Shown {
	m := *s
	m.Number, m.Customer = mask.Number(s.Number), *s.Customer.Masked(s.Number)
	return m
}

// shown is a try that an agent decides on.
type shown struct {
	agent string
	until time.Time
	call  string // once it is dialled
	// channel is the unique id of the one that has the call: the agent's, and
	// the customer's once that was turned over.
	channel string
}

// Preview shows an agent the next customer of a campaign, or the one shown
// already. The errors are [ErrNotPreview], [ErrNobodyLeft], [ErrNotServed],
// [ErrState] and those of the store.
func (d *Dialler) Preview(ctx context.Context, campaign, agent string) (Shown, error) {
	var p Shown
	var t *try
	var plan Plan
	var refused error
	show := func() {
		if t, p, refused = d.show(campaign, agent); t != nil {
			plan = t.run.plan
		}
	}
	if err := d.ask(ctx, show); err != nil || refused != nil {
		return p, errors.Join(err, refused)
	}
	if t == nil {
		return p, nil // it was shown before
	}
	// Whoever asked may have left: what was begun is brought to its end.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
	defer cancel()
	s := d.claim(ctx, &plan, t.entry, t.r)
	if err := d.ask(ctx, func() { refused = d.claimed(t, s) }); err != nil {
		return p, err
	}
	switch {
	case s.blocked, !s.rests.IsZero(), errors.Is(s.err, ErrClaimed): // it will not come again
		return d.Preview(ctx, campaign, agent)
	case s.err != nil, refused != nil:
		return Shown{}, errors.Join(s.err, refused)
	}
	return p, nil
}

// show chooses whom to show; the try is nil when somebody is shown already.
func (d *Dialler) show(campaign, agent string) (*try, Shown, error) {
	r := d.runs[campaign]
	s := d.agents[agent]
	switch {
	case r == nil || r.c.State != Running:
		return nil, Shown{}, errNotRunning()
	case r.plan.Mode != Preview:
		return nil, Shown{}, ErrNotPreview
	case s == nil || !slices.Contains(s.Queues, r.c.Queue):
		return nil, Shown{}, ErrNotServed
	}
	for _, t := range d.tries {
		if t.run == r && t.shown != nil && t.shown.agent == agent && t.shown.call == "" && !t.settling {
			return nil, t.preview(), nil
		}
	}
	now := d.now()
	c, ok := d.choose(r, now)
	if !ok {
		return nil, Shown{}, ErrNobodyLeft
	}
	t := d.place(r, c, now)
	t.r.Agent = agent
	t.shown = &shown{agent: agent, until: now.Add(PreviewTime)}
	return t, t.preview(), nil
}

// ShownTo lists the customers on whom an agent has still to decide.
func (d *Dialler) ShownTo(ctx context.Context, agent string) (list []Shown, err error) {
	err = d.ask(ctx, func() {
		for _, t := range d.tries {
			if t.shown != nil && t.shown.agent == agent && t.shown.call == "" && !t.placing && !t.settling {
				list = append(list, t.preview())
			}
		}
	})
	return list, err
}

func (t *try) preview() Shown {
	return Shown{Try: t.r.ID, Campaign: t.r.Campaign, Number: t.r.Number, Customer: *t.customer(), Until: t.shown.until}
}

func errNotRunning() error { return fmt.Errorf("%w: it does not run", ErrState) }

// claimed goes on with a try that has been written down, or could not be. Of a
// campaign that was stopped meanwhile nobody is shown: [ErrState].
func (d *Dialler) claimed(t *try, s stage) error {
	t.placing = false
	switch {
	case !s.claimed:
		d.unclaimed(t, s)
	case s.blocked:
		d.finishShown(t, WhyDoNotCall)
	case s.err != nil:
		d.finishShown(t, WhyExpired)
	case t.run.c.State != Running:
		d.finishShown(t, WhyExpired)
		return errNotRunning()
	}
	return nil
}

// shownTo finds a try that an agent may still decide on.
func (d *Dialler) shownTo(id, agent string) (*try, error) {
	t := d.tries[id]
	if t == nil || t.shown == nil || t.shown.agent != agent || t.shown.call != "" || t.placing || t.settling {
		return nil, ErrNotShown
	}
	return t, nil
}

// DialPreview has an agent call the customer shown: the agent's phone rings
// first. The errors are [ErrNotShown], and those of calling out; then the
// customer is shown still, unless the campaign was stopped meanwhile.
func (d *Dialler) DialPreview(ctx context.Context, try, agent string) error {
	var o queue.OutCall
	var refused error
	err := d.ask(ctx, func() {
		t, err := d.shownTo(try, agent)
		if refused = err; err != nil {
			return
		}
		t.shown.call = t.r.ID
		o = queue.OutCall{
			ID: t.r.ID, Agent: agent, Queue: t.r.Queue, Number: t.number, Campaign: t.r.Campaign, Customer: t.customer(),
			Shown: d.shownNumber(t.run),
		}
	})
	if err != nil || refused != nil {
		return errors.Join(err, refused)
	}
	if err := d.o.CallOut(ctx, o); err != nil {
		return errors.Join(err, d.ask(ctx, func() {
			t := d.tries[try]
			if t == nil || t.entered {
				return
			}
			t.shown.call = ""
			if t.run.c.State != Running { // it was stopped meanwhile
				d.expire(t)
			}
		}))
	}
	return nil
}

// SkipPreview takes the customer shown off the list. The error is [ErrNotShown].
func (d *Dialler) SkipPreview(ctx context.Context, id, agent string) error {
	var refused error
	err := d.ask(ctx, func() {
		var t *try
		if t, refused = d.shownTo(id, agent); refused == nil {
			d.finishShown(t, WhySkipped)
		}
	})
	return errors.Join(err, refused)
}

// lookShown takes back a customer on whom nobody decides.
func (d *Dialler) lookShown(t *try, now time.Time) {
	if t.shown.call != "" {
		return // the board tells how it ends
	}
	if now.Before(t.shown.until) {
		d.wake(t.shown.until)
		return
	}
	d.expire(t)
}

func (d *Dialler) expire(t *try) {
	if !t.placing && !t.settling {
		d.finishShown(t, WhyExpired)
	}
}

// finishShown ends a try that was not dialled.
func (d *Dialler) finishShown(t *try, why string) {
	now := d.now()
	t.r.Why, t.r.DialResult, t.r.End = why, queue.DialFailed, &now
	t.run.day.ended(&t.r)
	d.settle(t)
}

// previewCalled takes what the board tells of a call that an agent makes to the
// customer shown.
func (d *Dialler) previewCalled(t *try, c *queue.Call) {
	if !c.ByAgent() && c.Phase != queue.Ended || t.settling {
		return
	}
	if t.r.Dialled == nil && (c.Phase == queue.Dialling || c.Start != nil) {
		at := d.now()
		if c.Start != nil {
			at = *c.Start
		}
		t.r.Dialled, t.r.AgentDial, t.ordered = &at, &c.Begin, true
		d.counts.dialled.Add(1)
	}
	if c.Start != nil && t.r.Answered == nil {
		t.answer(*c.Start)
		t.r.Bridged = c.Start
	}
	if c.Phase != queue.Ended {
		return
	}
	t.r.End, t.r.Why = c.End, t.stopped
	t.r.HangupCause, t.r.DialResult = readCause(c.Cause)
	switch {
	case c.Start != nil:
		t.r.DialResult, t.r.AgentResult = queue.DialAnswered, AgentAnswered
	case t.r.Dialled == nil:
		t.r.DialResult, t.r.Why = queue.DialFailed, WhyExpired // the agent was not there
	case c.Outcome == queue.Abandoned:
		t.r.DialResult, t.r.Why = queue.DialNoAnswer, cmp.Or(t.stopped, WhyGivenUp)
	}
	t.run.day.ended(&t.r)
	d.counts.ended(t.r.Kind())
	d.settle(t)
}

// readCause reads the cause of an agent's call that did not reach the customer,
// such as "17 busy".
func readCause(cause string) (code int, result queue.DialResult) {
	number, word, found := strings.Cut(cause, " ")
	if !found {
		word = cause
	}
	code, _ = strconv.Atoi(number) // 0 when it is none
	for _, r := range queue.DialResults() {
		if string(r) == word {
			return code, r
		}
	}
	return code, queue.DialFailed
}
