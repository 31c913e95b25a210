package queue

import (
	"context"
	"errors"
	"time"

	"calld/config"
)

// Entry is a caller as it comes in.
type Entry struct {
	ID         string // the call's id, unique for ever; see NewCallID
	Queue      string
	Caller     string
	CallerName string
	Callee     string
	Channel    string
	UniqueID   string
	Record     string
	// Sticky is the agent who talked with the caller last, if the call is to
	// come to that one first; empty if to any.
	Sticky string
	// Begin is the caller's place: when the call first came in. Zero: now.
	Begin time.Time
	// Ready tells that there is no announcement: the call may be offered at
	// once, and the script need not call [Ticket.Ready].
	Ready bool
	// Returning tells that the channel comes back after its script was lost,
	// Answered that it talked with an agent meanwhile: with the one of Phone,
	// if that can be told, and at most for Talked.
	Returning, Answered bool
	Phone               string
	Talked              time.Duration
	// Campaign and Customer are set for a customer whom a campaign has dialled:
	// the call is outbound, and comes after all who wait without AnswerBy, the
	// latest time for an agent to answer. A zero AnswerBy: as the queue has it.
	Campaign string
	Customer *Customer
	AnswerBy time.Time
}

// OfferedAgent is one agent to be rung.
type OfferedAgent struct{ ID, Phone string }

// Offer asks a script to ring agents, and to tell by [Ticket.Dialled] what came
// of it.
type Offer struct {
	ID      uint64
	Agents  []OfferedAgent
	RingFor time.Duration
	Music   string
	// Instead of agents a number outside is to be called, or the caller to be
	// joined with the agent's channel that has waited.
	Outside *Outside
	Bridge  string
	// Headers are SIP headers for the channels that are dialled.
	Headers map[string]string
	// Moved tells that the call is in another queue now, see [Ticket.Queue]. There
	// is nothing to ring; when the caller has been told [Ticket.Notices], the
	// script says [Ticket.Ready].
	Moved bool
	// Message asks for a voice message, see [Ticket.MessageLeft]. There is nothing
	// to ring either.
	Message bool
}

// DialReport is what became of an offer, as the script's Dial returned it.
type DialReport struct {
	Offer  uint64
	Result RingResult
	// Phone is who answered, as far as the exchange tells.
	Phone string
	// Talked is how long the conversation lasted.
	Talked time.Duration
	// Unjoined: whom the offer's Bridge named was not there any more.
	Unjoined bool
	// CallerGone: the caller has hung up.
	CallerGone bool
	// Dropped: the caller's channel has ended and it was not the caller's
	// doing: the exchange itself ended it.
	Dropped bool
	Cause   int // hang-up cause (Q.850); 0: not known
}

// ticketSize bounds a ticket's undelivered instructions. There can be one
// offer, one end after it, and one end by supersession.
const ticketSize = 4

// instruction is one of: an offer, the end of the call, or word that another
// script serves it now.
type instruction struct {
	offer      *Offer
	ended      Outcome
	superseded bool
	notices    []config.Notice
}

// Ticket is a script's hold on its call. It is for one goroutine.
type Ticket struct {
	board   *Board
	id      string
	in      chan instruction
	held    *instruction    // that Wait has come upon
	notices []config.Notice // of what Next returned last
}

// ErrSuperseded is what [Ticket.Next] returns when the channel came back with
// another script.
var ErrSuperseded = errors.New("queue: another script serves the call now")

// Enter takes in a caller. The script must call [Ticket.Ready] when the
// announcement is over, and at the end one of [Ticket.Hangup] and
// [Ticket.Detach], unless Next has told it that the call is over.
//
// A call that is live already (the dialplan came back after its script was
// lost) keeps its place. The errors are [ErrUnknownQueue], [ErrEnded] and [ErrBooked].
func (b *Board) Enter(e Entry) (*Ticket, error) {
	t := &Ticket{board: b, id: e.ID, in: make(chan instruction, ticketSize)}
	var err error
	b.do(func(m *machine) { err = m.enter(e, t) })
	if err != nil {
		return nil, err
	}
	return t, nil
}

// CallID is the id of the ticket's call.
func (t *Ticket) CallID() string { return t.id }

// put hands the script an instruction; the board is locked. The bound holds
// by construction: see ticketSize.
func (t *Ticket) put(i instruction) {
	select {
	case t.in <- i:
	default:
		panic("queue: a ticket was given more instructions than a call can have")
	}
}

// Next waits for what to do: ring the offered agents (offer is not nil), or
// stop because the call is over with an outcome. The error is ctx's cause, or
// [ErrSuperseded].
func (t *Ticket) Next(ctx context.Context) (*Offer, Outcome, error) {
	if err := t.Wait(ctx); err != nil {
		return nil, "", err
	}
	i := t.held
	t.held = nil
	if i.superseded {
		return nil, "", ErrSuperseded
	}
	t.notices = i.notices
	return i.offer, i.ended, nil
}

// Wait waits until Next would return at once. The error is ctx's cause.
func (t *Ticket) Wait(ctx context.Context) error {
	if t.held != nil {
		return nil
	}
	select {
	case i := <-t.in:
		t.held = &i
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Notices is what the caller is to be told before what [Ticket.Next] has
// returned last is done.
func (t *Ticket) Notices() []config.Notice { return t.notices }

// Queue is the queue that the call is in; false when the call is over.
func (t *Ticket) Queue() (q config.Queue, ok bool) {
	t.do(func(_ *machine, c *call) { q, ok = c.line.cfg, true })
	return q, ok
}

// Pending reports whether Next would return at once.
func (t *Ticket) Pending() bool { return t.held != nil || len(t.in) > 0 }

// Ready tells that the announcement is over: the call may be offered.
func (t *Ticket) Ready() { t.do((*machine).ready) }

// Records tells where the call's talks are recorded from now on; empty: they are
// not.
func (t *Ticket) Records(path string) {
	t.do(func(_ *machine, c *call) { c.Record = path })
}

// Dialled reports what became of an offer.
func (t *Ticket) Dialled(r DialReport) {
	t.do(func(m *machine, c *call) { m.dialled(c, r) })
}

// Hangup tells that the caller has left.
func (t *Ticket) Hangup(cause int) {
	t.do(func(m *machine, c *call) {
		c.goneWhy = causeText(cause, c.customer())
		m.gone(c)
	})
}

// Drop tells that the caller's channel has ended and that it was not the
// caller's doing. When the exchange goes down within moments, the call has
// failed; else it ends as by Hangup.
func (t *Ticket) Drop(cause int) {
	t.do(func(m *machine, c *call) { m.drop(c, causeText(cause, "asterisk")) })
}

// Detach tells that the script ends although the caller may live on: its
// connection broke, or calld is shutting down. The caller keeps its place and
// is expected back.
func (t *Ticket) Detach() { t.do((*machine).detach) }

// Fail ends the call as failed; why is kept as its cause.
func (t *Ticket) Fail(why string) {
	t.do(func(m *machine, c *call) {
		if !m.leftBooked(c) {
			m.end(m.now, c, Failed, why)
		}
	})
}

// do runs an input on the ticket's call, if that still lives and no other
// script has taken it over.
func (t *Ticket) do(f func(*machine, *call)) {
	t.board.do(func(m *machine) {
		if c := m.calls[t.id]; c != nil && c.ticket == t {
			f(m, c)
		}
	})
}
