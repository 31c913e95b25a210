package demo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"calld/config"
	"calld/test/lab"
)

// How people behave, on average.
const (
	betweenCalls = 4 * time.Second  // from one customer to the next
	patience     = 30 * time.Second // before a customer gives up
	leastTalk    = 5 * time.Second  // before an agent hangs up
	moodEvery    = 3 * time.Second  // an agent changes how the phone is answered
	thinkTime    = 5 * time.Second  // before a customer who waits presses a key
	customersMax = 20               // at once
)

// The shares of the customers who press a key, if they have to wait.
const (
	wantCallback = 0.08
	wantMessage  = 0.08
)

// What people say: tones, so that a recording has both sides. In Hz.
const (
	customerVoice = 440
	agentVoice    = 330
)

// work is an agent's day: logged in on a page, answering most calls.
func (d *Demo) work(ctx context.Context, a config.Agent) error {
	page, err := d.login(ctx, a.ID)
	switch {
	case ctx.Err() != nil: // the day was over before it began
		return nil
	case err != nil:
		return err
	}
	defer page.Close() //nolint:errcheck // the day is over
	mood := time.NewTicker(moodEvery)
	defer mood.Stop()
	for {
		if slices.Contains(a.Queues, campaignQueue) {
			d.phones[a.ID].Behave(handsFree(d.talk))
		} else {
			d.phones[a.ID].Behave(behaviour(d.talk))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-mood.C:
		}
	}
}

// login tries until calld is up.
func (d *Demo) login(ctx context.Context, id string) (*lab.Agent, error) {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	for {
		page, err := lab.DialAgent(ctx, "ws"+d.URL[len("http"):]+"/ws", lab.AgentOptions{ID: id, Password: Password})
		if err == nil {
			return page, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("log in %s: %w", id, err)
		case <-again.C:
		}
	}
}

// behaviour is how an agent treats the next call, who talks for so long on average.
func behaviour(talk time.Duration) lab.Behaviour {
	b := lab.Behaviour{After: time.Second + time.Duration(rand.Int64N(int64(4*time.Second)))}
	switch p := rand.Float64(); {
	case p < 0.85:
		b.Answer, b.Talk, b.Tone = true, leastTalk+average(max(0, talk-leastTalk)), agentVoice
	case p < 0.92:
		b.Refuse = 486
	default: // lets it ring
		b.After = time.Hour
	}
	return b
}

// customers call until ctx ends.
func (d *Demo) customers(ctx context.Context) error {
	var g errgroup.Group
	g.SetLimit(customersMax)
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return g.Wait()
		case <-next.C:
			g.TryGo(func() error { return d.customer(ctx) })
			next.Reset(average(betweenCalls))
		}
	}
}

// calledIn is the queue that the next customer calls: not that of the campaign,
// whose few agents would serve callers first.
func (d *Demo) calledIn() config.Queue {
	queues := slices.DeleteFunc(slices.Clone(d.cfg.Queues), func(q config.Queue) bool { return q.ID == campaignQueue })
	return queues[rand.IntN(len(queues))]
}

// customer calls a queue, waits, talks, and hangs up.
func (d *Demo) customer(ctx context.Context) error {
	q := d.calledIn()
	from := fmt.Sprintf("010%04d%04d", rand.IntN(20), 1111*rand.IntN(9)) // few enough to call again
	leg, err := d.caller.Call(ctx, q.Number, lab.CallOptions{Number: from, Tone: customerVoice})
	if err != nil {
		return nil // Asterisk may be stopping; the screen shows it
	}
	// Wait for whichever comes first: patience, or the end of the talk.
	wait, cancel := context.WithTimeout(ctx, 4*time.Second+average(patience))
	if key := pressed(); key != "" {
		d.press(wait, leg, key)
	}
	_, err = leg.WaitEnded(wait)
	cancel()
	if err == nil {
		return nil
	}
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), startTime)
	defer cancel()
	if err := leg.Hangup(bye); err != nil && !errors.Is(err, lab.ErrOver) {
		d.log.Debug("customer could not hang up", "err", err)
	}
	return nil
}

// pressed is the key that a customer presses while waiting; mostly none.
func pressed() string {
	switch p := rand.Float64(); {
	case p < wantCallback:
		return "1"
	case p < wantCallback+wantMessage:
		return "2"
	}
	return ""
}

// press presses a key after some thought. With an agent it does nothing.
func (d *Demo) press(ctx context.Context, leg *lab.Leg, key string) {
	if leg.WaitAnswered(ctx) != nil {
		return // gave up before
	}
	thought, cancel := context.WithTimeout(ctx, average(thinkTime))
	_, err := leg.WaitEnded(thought)
	cancel()
	if err == nil || ctx.Err() != nil {
		return
	}
	if err := leg.SendDTMF(key); err != nil {
		d.log.Debug("customer could not press a key", "err", err)
	}
}

// average is a random time, exponentially distributed, and at most four times
// its mean.
func average(mean time.Duration) time.Duration {
	return min(time.Duration(rand.ExpFloat64()*float64(mean)), 4*mean)
}
