package ami

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// pending is an action that waits for its answer.
type pending struct {
	list bool
	done chan struct{} // closed when all of it is here

	// Guarded by conn.mu until done is closed.
	response Response
	items    []*Event
	bytes    int
	err      error
}

// do sends an action and waits for its answer, at most limit.
func (cn *conn) do(ctx context.Context, a Action, limit time.Duration) (Response, error) {
	p := &pending{done: make(chan struct{})}
	if err := cn.await(ctx, a, p, limit); err != nil {
		return Response{}, fmt.Errorf("ami: action %s: %w", a.name, err)
	}
	return p.response, p.refusal(a)
}

// list sends an action and waits for its answer and the list, at most limit.
func (cn *conn) list(ctx context.Context, a Action, limit time.Duration) ([]*Event, error) {
	p := &pending{done: make(chan struct{}), list: true}
	if err := cn.await(ctx, a, p, limit); err != nil {
		return nil, fmt.Errorf("ami: list %s: %w", a.name, err)
	}
	if m := p.response.Message(); strings.HasPrefix(m, "No ") && strings.HasSuffix(m, " found") {
		return nil, nil // pjsip_options.c, pjsip_configuration.c
	}
	return p.items, p.refusal(a)
}

// refusal makes an answer "Response: Error" an error.
func (p *pending) refusal(a Action) error {
	if string(p.response.Bytes("Response")) != "Error" {
		return nil
	}
	return &ResponseError{Action: a.name, Message: p.response.Message(), Response: p.response}
}

func (cn *conn) await(ctx context.Context, a Action, p *pending, limit time.Duration) error {
	id := cn.client.actionID(a, p.list)
	data, err := a.encode(id)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, ErrTimeout)
	defer cancel()
	select {
	case <-cn.greeted:
	case <-cn.done:
		return cn.end()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if err := cn.register(id, a.name, p); err != nil {
		return err
	}
	defer cn.forget(id, p)
	select {
	case cn.out <- data:
	case <-cn.done:
		return cn.end()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case <-p.done:
		return p.err
	case <-cn.done:
	case <-ctx.Done():
	}
	// The answer may have come at the same moment; what is known is said.
	select {
	case <-p.done:
		return p.err
	case <-cn.done:
		return fmt.Errorf("%w: %w", ErrUnanswered, cn.end())
	default:
		return fmt.Errorf("%w: %w", ErrUnanswered, context.Cause(ctx))
	}
}

// register makes p the receiver of the answers to id.
func (cn *conn) register(id, action string, p *pending) error {
	cn.mu.Lock()
	defer cn.mu.Unlock()
	if cn.pending[id] != nil {
		return fmt.Errorf("%w: ActionID %q is in flight", ErrBadAction, id)
	}
	// A ping is let through: a busy connection is not a dead one.
	if len(cn.pending) >= MaxInFlight && action != "Ping" {
		return ErrBusy
	}
	cn.pending[id] = p
	return nil
}

// forget ends the wait for id. The place may be another's by now: an ActionID
// of the user's own can be used again once its answer came.
func (cn *conn) forget(id string, p *pending) {
	cn.mu.Lock()
	defer cn.mu.Unlock()
	if cn.pending[id] == p {
		delete(cn.pending, id)
	}
}

// answer gives a response to the action it answers, if that is waited for.
func (cn *conn) answer(f *Fields) bool {
	cn.mu.Lock()
	defer cn.mu.Unlock()
	id := string(f.Bytes("ActionID"))
	p := cn.pending[id]
	if p == nil {
		return false
	}
	p.response.copyFrom(f)
	if !p.list || !announcesList(f) {
		cn.finish(id, p)
	}
	return true
}

// announcesList reports whether events of a list follow a response: it says
// so by "EventList: start", or in words alone (res_fax.c and older modules).
func announcesList(f *Fields) bool {
	if string(f.Bytes("Response")) == "Error" {
		return false
	}
	return bytes.EqualFold(f.Bytes("EventList"), []byte("start")) ||
		bytes.Contains(f.Bytes("Message"), []byte("follow"))
}

// item takes the events of lists, which have the ActionIDs of List, and gives
// them to the list if it is still waited for.
func (cn *conn) item(f *Fields) bool {
	id := f.Bytes("ActionID")
	if !bytes.HasPrefix(id, cn.client.lists) {
		return false
	}
	cn.mu.Lock()
	defer cn.mu.Unlock()
	p := cn.pending[string(id)]
	switch {
	case p == nil:
		cn.client.counters.unmatched.Add(1)
	case completesList(f):
		// manager.c (CoreShowChannels) and res_manager_devicestate.c count what they send,
		// in every version from 16 to 23.
		if n, err := strconv.Atoi(string(f.Bytes("ListItems"))); err == nil && len(p.items) < n {
			p.items, p.err = nil, ErrListDamaged
		}
		cn.finish(string(id), p)
	case len(p.items) >= MaxListItems || p.bytes+len(f.buf) > MaxListBytes:
		p.items, p.err = nil, ErrListTooLong
		cn.finish(string(id), p)
	default:
		e := &Event{name: string(f.value(0))}
		e.copyFrom(f)
		p.items = append(p.items, e)
		p.bytes += len(f.buf)
	}
	return true
}

// completesList reports whether an event is the last of its list: by
// "EventList: Complete", or by its name in modules that leave that out.
func completesList(f *Fields) bool {
	return bytes.EqualFold(f.Bytes("EventList"), []byte("Complete")) ||
		bytes.HasSuffix(f.value(0), []byte("Complete"))
}

// finish ends the wait for id. Callers hold cn.mu.
func (cn *conn) finish(id string, p *pending) {
	delete(cn.pending, id)
	close(p.done)
}

// actionID returns the action's own ActionID or a new one.
func (c *Client) actionID(a Action, list bool) string {
	n := strconv.FormatUint(c.nextID.Add(1), 10)
	switch {
	case list:
		return string(c.lists) + n
	case a.id != "":
		return a.id
	default:
		return c.prefix + n
	}
}

// inFlight returns how many actions wait for answers.
func (cn *conn) inFlight() int {
	cn.mu.Lock()
	defer cn.mu.Unlock()
	return len(cn.pending)
}
