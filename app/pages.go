package app

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"calld/api"
	"calld/config"
	"calld/notify"
	"calld/queue"
	"calld/store"
)

// earlierCalls is how many earlier calls of a customer an alert shows.
const earlierCalls = 5

// pages is what the hub asks of the rest: who may log in, and memos.
type pages struct{ a *App }

// Session finds out whose session cookie a request carries.
func (p pages) Session(r *http.Request) (string, bool) {
	id := p.a.api.AgentOf(r)
	return id, id != ""
}

// agentOf finds the agent whose session cookie a request carries.
func (p pages) agentOf(r *http.Request) (config.Agent, bool) { return p.Agent(p.a.api.AgentOf(r)) }

// Login checks a password; guesses here and over the REST API are counted
// together.
func (p pages) Login(ctx context.Context, id, password, addr string) (config.Agent, error) {
	ag, err := p.a.api.Login(ctx, id, password, addr)
	if _, limited := errors.AsType[*api.LimitedError](err); limited {
		return config.Agent{}, notify.ErrLoginLimited
	} else if errors.Is(err, api.ErrBadLogin) {
		return config.Agent{}, notify.ErrLogin
	}
	return ag, err
}

// Agent finds an agent.
func (p pages) Agent(id string) (config.Agent, bool) { return p.a.Config().Agent(id) }

// SetMemo writes a memo of a call that the writer may see.
func (p pages) SetMemo(ctx context.Context, call string, now, was notify.Note, by string) error {
	c, live := p.a.board.Call(call)
	if !live {
		var err error
		if c, err = p.a.store.Call(call); errors.Is(err, store.ErrNotFound) {
			return notify.ErrNoCall
		} else if err != nil {
			return err
		}
	}
	ag, ok := p.Agent(by)
	sees := ok && (ag.Role != config.RoleAgent || slices.Contains(ag.Queues, c.Queue))
	// A reload may have taken the queue from the agent, or the agent from the
	// configuration, in the middle of the talk.
	if !sees && !c.TalkedWith(by) {
		return notify.ErrForbidden
	}
	if now.Disposition != nil && !p.settles(c, *now.Disposition) {
		return notify.ErrDisposition
	}
	_, err := p.a.store.SetMemo(ctx, call, store.MemoChange{
		Text: now.Memo, Disposition: now.Disposition, By: by, At: time.Now(),
		Unless: func(m store.Memo) error {
			// Whoever was the last to write has seen it, though no ack came.
			if m.By != by && (unseen(m.Text, now.Memo, was.Memo) || unseen(m.Disposition, now.Disposition, was.Disposition)) {
				return notify.ErrStale
			}
			return nil
		},
	})
	return err
}

// unseen tells whether a text would be written over of which the writer did not
// know.
func unseen(there string, now, was *string) bool {
	return now != nil && was != nil && there != *was && there != *now
}

// settles tells whether the call may be settled so: by what its queue offers,
// or as it is already, so that a memo can be written on after a reload.
func (p pages) settles(c queue.Call, disposition string) bool {
	q, ok := p.a.Config().Queue(c.Queue)
	if !ok || q.Allows(disposition) {
		return true
	}
	m, err := p.a.store.Memo(c.ID)
	return err == nil && m.Disposition == disposition
}

// offers is what the configuration in force offers.
func (p pages) offers() notify.Offers {
	cfg := p.a.Config()
	o := notify.Offers{AwayReasons: cfg.Server.AwayReasons, Queues: map[string]notify.QueueOffers{}}
	for i := range cfg.Queues {
		q := &cfg.Queues[i]
		o.Queues[q.ID] = notify.QueueOffers{Name: q.Name, CRMURL: q.CRMURL, Dispositions: q.Dispositions}
	}
	return o
}

// earlier finds the earlier calls of a customer. What was noted about those of
// other queues is for the agents of these: not all who are rung serve them.
func (p pages) earlier(_ context.Context, queueID, number string) ([]notify.EarlierCall, error) {
	calls, err := p.a.store.EarlierCalls(number, earlierCalls)
	if err != nil {
		return nil, err
	}
	earlier := make([]notify.EarlierCall, len(calls))
	for i, c := range calls {
		earlier[i] = notify.EarlierCall{
			ID: c.ID, Queue: c.Queue, Direction: c.Direction, Begin: c.Begin, Outcome: c.Outcome,
			Agent: c.Agent, TalkMS: c.TalkMS,
		}
		if c.Queue == queueID {
			earlier[i].Memo, earlier[i].Disposition = c.Memo, c.Disposition
		}
	}
	return earlier, nil
}
