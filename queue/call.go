package queue

import (
	"slices"
	"time"
)

// Direction says who called whom.
type Direction string

// The directions.
const (
	In  Direction = "in"  // a customer called us
	Out Direction = "out" // we called a customer
)

// Phase says where a live call is.
type Phase string

// The phases of a call, in the order they are usually passed. A call goes
// back from Ringing to Waiting when nobody takes an offer. An outbound call
// begins as Ringing: it is the agent's phone that rings first.
const (
	Greeting Phase = "greeting" // hears the announcement, can't be offered yet
	Waiting  Phase = "waiting"
	Ringing  Phase = "ringing"
	Dialling Phase = "dialling" // of an outbound call: the agent's phone has answered, the customer's is being rung
	Talking  Phase = "talking"
	// Transferred: an agent has handed the call to a number outside, or a queue
	// has led it there. The number rings or talks with the customer.
	Transferred Phase = "transferred"
	// Messaging: the caller leaves a voice message.
	Messaging Phase = "message"
	// Booked: the caller has hung up and is to be called back, see [Booking].
	Booked Phase = "callback"
	Ended  Phase = "ended"
)

// Outcome says how a call ended. Every call ends in exactly one.
type Outcome string

// The outcomes. An inbound call that ends as any but Answered, Blocked
// and CalledBack, without ever having been answered, is a missed call. An outbound call is Answered once the
// customer was reached, Abandoned when the agent hung up before, and else
// Failed: the cause tells why, by a [DialResult] or what became of ringing the
// agent, as in "17 busy" or "agent_no_answer". A customer whom a campaign has
// reached is Answered by an agent, Timeout without one in time, and Abandoned when
// gone before.
const (
	Answered  Outcome = "answered"
	Abandoned Outcome = "abandoned" // who called hung up first
	Timeout   Outcome = "timeout"   // the queue's max_wait was over
	Full      Outcome = "full"      // more callers waiting than max_waiting
	Closed    Outcome = "closed"    // the queue takes no calls now
	NoAgent   Outcome = "no_agent"  // nobody was logged in for no_agent_wait
	Failed    Outcome = "failed"    // Asterisk or calld lost the call
	Blocked   Outcome = "blocked"   // the caller is not wanted; no missed call
	// CalledBack: who waited asked to be called back and was reached, or called
	// again and has the place; no missed call.
	CalledBack Outcome = "callback"
)

// Outcomes lists every outcome, for metrics and documentation.
func Outcomes() []Outcome {
	return []Outcome{Answered, Abandoned, Timeout, Full, Closed, NoAgent, Failed, Blocked, CalledBack}
}

// RingResult says what became of one agent's ringing.
type RingResult string

// The results of ringing an agent. Pending stands while the phone rings.
const (
	Pending     RingResult = ""
	RingAnswer  RingResult = "answered"
	NoAnswer    RingResult = "no_answer"          // rang until the time limit
	Refused     RingResult = "refused"            // the agent or the phone said no
	Unreachable RingResult = "unreachable"        // the phone could not be rung at all
	Elsewhere   RingResult = "answered_elsewhere" // another agent took the call
	CallerLeft  RingResult = "caller_left"        // the caller hung up while it rang
	CutShort    RingResult = "cut_short"          // our own limit ended the ringing early; not the agent's doing
)

// Ring is one agent being rung for a call.
type Ring struct {
	Agent string    `json:"agent"`
	At    time.Time `json:"at"` // when the offer was made
	// Rang is when the phone was first heard to ring; nil when it never was.
	Rang   *time.Time `json:"rang,omitempty"`
	End    *time.Time `json:"end,omitempty"`
	Result RingResult `json:"result"`
}

// Transfer is one hand-over of a call to somebody else.
type Transfer struct {
	At     time.Time `json:"at"`
	To     string    `json:"to"`              // a number, an agent or a queue
	Kind   string    `json:"kind"`            // blind or consultative; overflow: the queue itself led the call on
	Result string    `json:"result"`          // answered, no_answer, busy, failed, caller_left or cancelled; empty while it is under way
	From   string    `json:"from,omitempty"`  // the agent who handed it over
	Queue  string    `json:"queue,omitempty"` // that the call was in
	// Reason is why a queue led the call on: closed, full, no_agent or timeout.
	Reason Outcome `json:"reason,omitempty"`
}

// Moved reports whether the transfer has taken the call from its agent or its
// queue, as every one does but a consultation after which the agent keeps it.
func (x Transfer) Moved() bool { return x.Kind != Consultative || x.Result == TransferAnswered }

// Call is the record of one call, live or ended. Values handed out by the
// board are copies: nothing changes behind the reader's back.
type Call struct {
	ID         string    `json:"id"`
	Queue      string    `json:"queue"`
	Direction  Direction `json:"direction"`
	Phase      Phase     `json:"phase"`
	Caller     string    `json:"caller"`                // number; empty when withheld
	CallerName string    `json:"caller_name,omitempty"` // as the network sent it: untrusted text
	Callee     string    `json:"callee"`                // the number dialled
	VIP        bool      `json:"vip,omitempty"`         // the customer is served before others
	// Sticky is the agent who talked with the customer last, to whom the call is
	// to come first; empty when it may come to any.
	Sticky string `json:"sticky,omitempty"`
	// Agent is who answered, empty until then; of an outbound call, who makes it.
	Agent string `json:"agent"`
	// Channel names the caller's channel, UniqueID is Asterisk's id of it. The
	// caller of an outbound call is the agent, until it is turned over (see
	// [Call.ByAgent]), or the customer whom a campaign has dialled; Caller is the
	// number shown then, and Callee the customer's.
	Channel  string `json:"channel"`
	UniqueID string `json:"unique_id"`

	Begin time.Time `json:"begin"` // when the call came in: its place in the queue
	// Place is that of an earlier call of the customer, who was to be called back
	// and has called again; null: it is Begin.
	Place *time.Time `json:"place,omitempty"`
	// Start is when the talk began: an agent first answered, a number outside
	// to which the queue led the call, or the customer called; null until then.
	Start *time.Time `json:"start"`
	End   *time.Time `json:"end"`

	// HeldSince is since when the customer has been kept with music at the
	// agent's wish, HeldChannel the agent's channel meanwhile.
	HeldSince   *time.Time `json:"held_since,omitempty"`
	HeldChannel string     `json:"held_channel,omitempty"`

	// Consult is whom the agent who holds the customer consults meanwhile.
	Consult *Consult `json:"consult,omitempty"`

	Outcome Outcome `json:"outcome,omitempty"` // empty while the call lives
	// Cause adds the reason in words of the field: the hang-up cause's number
	// and who ended the talk, such as "16 agent" or "17".
	Cause  string `json:"cause,omitempty"`
	WaitMS int64  `json:"wait_ms"` // from Begin to Start, or to End when nobody answered, or until the caller asked to be called back
	TalkMS int64  `json:"talk_ms"` // with agents and targets of transfers, until the last of them left

	// Record is the recording's path below the recordings folder; empty when
	// the call is not recorded.
	Record string `json:"record,omitempty"`
	// MessageMS is the length of the voice message that Record is then; 0: there
	// is none.
	MessageMS int64 `json:"message_ms,omitempty"`
	// Key is the key with which the caller left the line, to be called back or to
	// leave a message; empty: none was pressed.
	Key string `json:"key,omitempty"`
	// Unserved is how the call ends when the voice message is over that the caller
	// is leaving; empty in every other phase.
	Unserved    Outcome    `json:"unserved,omitempty"`
	Memo        string     `json:"memo,omitempty"`
	Disposition string     `json:"disposition,omitempty"`
	Rings       []Ring     `json:"rings"`
	Transfers   []Transfer `json:"transfers,omitempty"`
	// Campaign is the campaign that has dialled the customer, and Customer who that
	// is. AnswerBy is until when an agent must have answered a customer whom it has
	// connected: nil when the queue's patience holds.
	Campaign string     `json:"campaign,omitempty"`
	Customer *Customer  `json:"customer,omitempty"`
	AnswerBy *time.Time `json:"answer_by,omitempty"`

	// Callback is that the caller is to be called back; null: is not. CallbackFor
	// is the id of such a call, of the one by which the customer is called.
	Callback    *Booking `json:"callback,omitempty"`
	CallbackFor string   `json:"callback_for,omitempty"`
}

// Customer is what an agent is to know of a customer whom a campaign dials. It is
// not changed once it is on the board.
type Customer struct {
	Campaign  string            `json:"campaign,omitempty"` // its name
	Entry     string            `json:"entry"`              // of the dial list
	Key       string            `json:"key,omitempty"`
	Name      string            `json:"name,omitempty"`
	Variables map[string]string `json:"variables,omitempty"`
	Script    string            `json:"script,omitempty"` // what to say
}

// ByAgent reports whether the call's script and channel are those of the agent
// who makes it. When that agent first holds it, consults or hands it over, it is turned
// over: from then on the customer's channel has the script, as with a call that
// came in.
func (c *Call) ByAgent() bool { return c.Direction == Out && IsOutChannel(c.UniqueID) }

// FirstAgent reports whether the agent who has made the call has it still, on
// the channel [OutChannel] of its id.
func (c *Call) FirstAgent() bool {
	return c.Direction == Out && !IsTryChannel(c.UniqueID) && lastAnswer(c.Rings) <= 0 &&
		!slices.ContainsFunc(c.Transfers, Transfer.Moved)
}

// Missed reports whether a customer called and nobody took the call.
func (c *Call) Missed() bool {
	return c.Phase == Ended && c.Direction == In && c.Start == nil && c.Outcome != Blocked && c.Outcome != CalledBack
}

// TalkedWith reports whether an agent talks with the customer or has: whoever
// hands a call over to another queue still writes its memo.
func (c *Call) TalkedWith(agent string) bool {
	return c.Agent == agent || slices.ContainsFunc(c.Rings, func(r Ring) bool { return r.Agent == agent && r.Result == RingAnswer })
}

func (c *Call) clone() Call {
	d := *c
	d.Start, d.End, d.HeldSince, d.Place = cloneTime(c.Start), cloneTime(c.End), cloneTime(c.HeldSince), cloneTime(c.Place)
	d.AnswerBy = cloneTime(c.AnswerBy)
	if c.Callback != nil {
		b := *c.Callback
		b.Next = cloneTime(b.Next)
		d.Callback = &b
	}
	d.Rings = make([]Ring, len(c.Rings))
	for i, r := range c.Rings {
		r.Rang, r.End = cloneTime(r.Rang), cloneTime(r.End)
		d.Rings[i] = r
	}
	d.Consult = c.Consult.clone()
	d.Transfers = append([]Transfer(nil), c.Transfers...)
	return d
}

func cloneTime(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := *t
	return &u
}

// forgetConsult puts a consultation on record that an earlier calld had under
// way. The two may still talk; nobody can tell any more how that ends.
func (c *Call) forgetConsult() {
	x := c.Consult
	if x == nil {
		return
	}
	c.Transfers = append(c.Transfers, Transfer{
		At: x.At, To: x.Agent + x.Number, Kind: Consultative, Result: TransferFailed, From: c.Agent, Queue: c.Queue,
	})
	c.Consult = nil
}
