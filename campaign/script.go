package campaign

import (
	"cmp"
	"context"
	"regexp"
	"strings"
	"time"

	"calld/queue"
)

// Grace is how long an answered customer waits for an agent at the most.
const Grace = 2 * time.Second

// Greeting is what is to be done with a customer who has answered.
type Greeting struct {
	// Call is what the customer is on the board, but for channel and time.
	Call queue.Entry
	// Grace is how long an agent may take to answer; 0: as the queue has it.
	Grace time.Duration
	// AMD asks for a look whether a machine has answered; see [Dialler.Screened].
	AMD bool
	// MessageSound or MessageText is played; only MessageKey leads on to an agent.
	// Message tells that there is one.
	Message                               bool
	MessageSound, MessageText, MessageKey string
	AbandonSound                          string // for a customer whom no agent takes in time
	// Variables are for the channel, by names that are fit for it.
	Variables map[string]string
}

// Met tells that a customer has answered and that the channel has its script.
// It is false for a try that is over.
func (d *Dialler) Met(ctx context.Context, try string) (g Greeting, ok bool) {
	err := d.ask(ctx, func() {
		t := d.tries[try]
		if t == nil || t.settling {
			return
		}
		t.adopted, ok = false, true
		d.hasAnswered(t, d.now())
		g = d.greeting(t)
	})
	return g, ok && err == nil
}

func (d *Dialler) greeting(t *try) Greeting {
	p := &t.run.plan
	g := Greeting{
		Call: queue.Entry{
			ID: t.r.ID, Queue: t.r.Queue, Caller: d.shownNumber(t.run), Callee: t.number, Campaign: t.r.Campaign,
			Customer: t.customer(), Ready: true,
		},
		Grace: Grace, AMD: p.amd() && !t.entered, AbandonSound: p.AbandonSound, Variables: map[string]string{},
	}
	if p.Mode == Message {
		g.Grace, g.Message = 0, true // who asks for an agent waits like a caller
		g.MessageSound, g.MessageText, g.MessageKey = p.MessageSound, p.MessageText, p.MessageKey
	}
	name := regexp.MustCompile(`^[A-Za-z0-9_]{1,64}$`)
	for k, v := range t.entry.Variables {
		if name.MatchString(k) {
			g.Variables[k] = v
		}
	}
	return g
}

// customer is what the agent sees.
func (t *try) customer() *queue.Customer {
	return &queue.Customer{
		Campaign: t.run.c.Name, Entry: t.entry.ID, Key: t.entry.Key, Name: t.entry.Name, Variables: t.entry.Variables, Script: t.run.plan.script(&t.entry),
	}
}

// script fills the plan's script in.
func (p *Plan) script(e *Entry) string {
	pairs := []string{"{name}", e.Name, "{key}", e.Key}
	for k, v := range e.Variables {
		pairs = append(pairs, "{"+k+"}", v)
	}
	return strings.NewReplacer(pairs...).Replace(p.Script)
}

// Screened tells what AMD has found: HUMAN, MACHINE, NOTSURE or HANGUP, and
// why. It reports whether the customer is to reach an agent.
func (d *Dialler) Screened(ctx context.Context, try, verdict, cause string) (goOn bool) {
	err := d.ask(ctx, func() {
		t := d.tries[try]
		if t == nil {
			return
		}
		if !t.answered() { // the verdict has come before the event of the answer
			t.answer(d.now())
		}
		t.r.AMD, t.r.AMDCause = cmp.Or(verdict, AMDUnsure), cause
		t.screening = false
		if t.r.AMD == AMDHangup { // a customer, who has left
			t.r.AgentResult = CustomerLeft
		} else {
			goOn = !t.turnedAway()
		}
		d.tellAnswer(t)
		d.amend(t)
	})
	return goOn && err == nil
}

// Heard tells that a message was played to its end, or its key was pressed.
func (d *Dialler) Heard(ctx context.Context, try string) {
	// A dialler that has stopped takes the result from the next Met, or not at all.
	_ = d.ask(ctx, func() {
		if t := d.tries[try]; t != nil {
			t.r.Heard = true
			d.amend(t)
		}
	})
}

// amend writes down what no later calld could find out.
func (d *Dialler) amend(t *try) {
	result, err := t.r, error(nil)
	d.work(storeTime, func(ctx context.Context) { err = d.o.Store.Amend(ctx, result) }, func() {
		if err != nil {
			d.log.Warn("what is known of a try was not written; its result will be", "try", result.ID, "err", err)
		}
	})
}
