package queue

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"calld/config"
	"calld/hours"
)

// A twin is the rules told a second time, for the model test: with plain lists
// and maps, without timers, and without remembering what has changed. At each
// moment it looks at everything there is. It knows whom the board must serve
// next; of the agents it knows which may be chosen, and is told who was.
type twin struct {
	now      time.Time
	queues   map[string]*twinQueue
	agents   map[string]*twinAgent
	pages    map[string]int       // of agents who are forgotten
	calls    map[string]*twinCall // live
	over     map[string]Outcome
	callers  config.Callers
	deaf     bool
	hears    time.Time // since when it is not deaf
	arrived  int
	freed    uint64
	ended    []Call // since it was last asked
	direct   []direct
	consults int // so far
	leaving  []twinLeaving
	told     []Transfer // to those who asked for a transfer, since it was last asked
}

// direct is an instruction that comes of no serving: a call of an agent or a
// number that another agent has chosen, or the way back to the agent who holds.
type direct struct {
	call, agent, number, bridge string
	moved, message              bool
}

type twinQueue struct {
	cfg      config.Queue
	schedule hours.Schedule
	removed  bool
	members  []string
	empty    time.Time // since when nobody is logged in; zero: somebody is
	last     string    // rung
}

type twinAgent struct {
	cfg      config.Agent
	removed  bool
	out      bool // removed before the reload that is under way
	sockets  int
	loggedIn bool
	grace    time.Time
	away     bool
	reason   string
	keepAway bool
	device   PhoneState
	call     string // in hand
	wrapup   time.Time
	idle     time.Time
	misses   int
	answers  []time.Time
	state    AgentState
	since    time.Time
}

type twinCall struct {
	Call
	order  int
	script int // 0: lost
	lost   time.Time
	gone   time.Time
	goneBy time.Time
	why    string
	drop   bool // the exchange ended its channel: is it going down?
	offer  *twinOffer
	alone  map[string]time.Time // agents left alone until
	let    map[string]int       // how often agents let it ring

	ordered orderKind // the talk's end by it, until orderBy
	orderBy time.Time
	// agentLeft: the agent's channel has ended since the order.
	agentLeft bool
	channel   string // of who is about to hold
	consult   *twinConsult
	hand      *twinHand
	handNext  *twinHand // by the order
	outside   uint64    // the id of the call to a number outside; 0: none
	talkFrom  time.Time
	waitFrom  time.Time
	again     bool
	joining   bool // who was consulted has the customer, as far as anybody knows
}

// twinHand is a call on its way to a target.
type twinHand struct {
	to     Target
	from   string
	forgot bool // who handed it over is no more who it was
	told   bool
}

func (c *twinCall) since() time.Time {
	if c.waitFrom.IsZero() {
		return c.Begin
	}
	return c.waitFrom
}

type twinOffer struct {
	id     uint64
	at     time.Time
	limit  time.Duration
	cut    bool
	first  int // index of its first ring
	phones []string
	forgot []string  // agents who are no more what they were when rung
	doubt  time.Time // when the agent who makes the call was heard not to be reached
}

// notRung stands for the phone of a ring that was over before a restart.
const notRung = "-"

func newTwin(now time.Time, cfg *config.Config) *twin {
	t := &twin{
		now: now, queues: map[string]*twinQueue{}, agents: map[string]*twinAgent{}, pages: map[string]int{},
		calls: map[string]*twinCall{}, over: map[string]Outcome{}, deaf: true,
	}
	t.reload(cfg)
	t.look()
	return t
}

// inOrder lists the live calls, the one who came first first.
func (t *twin) inOrder() []*twinCall {
	return slices.SortedFunc(maps.Values(t.calls), func(a, b *twinCall) int {
		return cmp.Or(a.Begin.Compare(b.Begin), cmp.Compare(a.order, b.order))
	})
}

// hurried: a campaign's customer, who comes last and waits for a moment only.
func (c *twinCall) hurried() bool { return c.AnswerBy != nil && c.Start == nil }

func (c *twinCall) inLine() bool { return c.Phase == Greeting || c.Phase == Waiting }

func (t *twin) stateOf(a *twinAgent) AgentState {
	switch c := t.calls[a.call]; {
	case c != nil && c.consult != nil && c.consult.to.Agent == a.cfg.ID && c.Consult.Answered == nil:
		return AgentRings
	case a.call != "" && (t.calls[a.call].Phase == Talking || t.calls[a.call].Phase == Dialling):
		return AgentTalks
	case a.call != "":
		return AgentRings
	case !a.loggedIn:
		return Offline
	case t.now.Before(a.wrapup):
		return AgentWrapup
	case a.away:
		return Away
	case a.device == PhoneUnreachable:
		return PhoneAway
	}
	return Available
}

func (t *twin) free(a *twinAgent) bool {
	return a.state == Available && a.device != PhoneBusy && !a.removed && a.cfg.Phone != ""
}

// note takes down an agent's state when it changes.
func (t *twin) note(a *twinAgent) {
	s := t.stateOf(a)
	if s == a.state {
		return
	}
	if s == Available && a.state != AgentRings {
		a.idle = t.now
	}
	a.state, a.since = s, t.now
}

// look brings everything up to date that follows from something else.
func (t *twin) look() {
	for _, a := range t.agents {
		t.note(a)
	}
	for id, q := range t.queues {
		if q.removed && t.count(id) == [4]int{} {
			delete(t.queues, id)
			continue
		}
		somebody := slices.ContainsFunc(q.members, func(id string) bool { return t.agents[id].loggedIn })
		if somebody {
			q.empty = time.Time{}
		} else if q.empty.IsZero() {
			q.empty = t.now
		}
	}
}

// count counts a queue's calls waiting, ringing, talking and leaving messages.
func (t *twin) count(queue string) (n [4]int) {
	for _, c := range t.calls {
		switch {
		case c.Queue != queue:
		case c.inLine() || c.Phase == Booked && c.Callback.Call == "":
			n[0]++
		case c.Phase == Booked:
		case c.Phase == Messaging:
			n[3]++
		case c.Phase == Ringing || c.Phase == Dialling:
			n[1]++
		default:
			n[2]++
		}
	}
	return n
}

// moments lists when time alone may change something.
func (t *twin) moments() []time.Time {
	y, m, d := t.now.Date()
	at := []time.Time{time.Date(y, m, d+1, 0, 0, 0, 0, t.now.Location())}
	for _, a := range t.agents {
		at = append(at, a.wrapup)
		if a.loggedIn && a.sockets == 0 {
			at = append(at, a.grace)
		}
	}
	for _, c := range t.calls {
		if !c.gone.IsZero() {
			at = append(at, c.goneBy)
		}
		if c.script == 0 {
			at = append(at, c.lost.Add(ReturnGrace), c.lost.Add(LostAfter))
		}
		if c.Phase == Ringing {
			if !c.offer.doubt.IsZero() {
				at = append(at, c.offer.doubt.Add(overtaken))
			}
			at = append(at, t.guard(c))
		}
		if c.consult != nil {
			at = append(at, c.consult.due)
		}
		if c.agents() {
			continue
		}
		if b := c.Callback; b != nil {
			at = append(at, b.Until)
			if b.Next != nil {
				at = append(at, *b.Next)
			}
		}
		if by, ok := t.patience(c); ok {
			at = append(at, by)
		}
		if by, ok := t.lonely(c); ok {
			at = append(at, by)
		}
		for _, until := range c.alone {
			at = append(at, until)
		}
		q := t.queues[c.Queue].cfg
		for level := range 4 { // as many as randomConfig has
			at = append(at, c.since().Add(time.Duration(level)*q.LevelAfter))
		}
		at = append(at, c.since().Add(q.StickyWait))
	}
	return at
}

// next is the earliest of the moments to come.
func (t *twin) next() time.Time {
	var next time.Time
	for _, at := range t.moments() {
		if at.After(t.now) && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next
}

// patience is when the queue's max_wait is over for a call.
func (t *twin) patience(c *twinCall) (time.Time, bool) {
	if c.hurried() {
		return *c.AnswerBy, true
	}
	q := t.queues[c.Queue]
	return c.since().Add(q.cfg.MaxWait), q.cfg.MaxWait > 0
}

// lonely is when a call has had nobody logged in to its queue for too long.
func (t *twin) lonely(c *twinCall) (time.Time, bool) {
	q := t.queues[c.Queue]
	from := q.empty
	if c.since().After(from) {
		from = c.since()
	}
	return from.Add(q.cfg.NoAgentWait), !q.empty.IsZero() && q.cfg.NoAgentWait > 0
}

// guard is when the agents of an offer are taken back from a silent script.
func (t *twin) guard(c *twinCall) time.Time {
	over := c.offer.at.Add(c.offer.limit)
	if t.hears.After(over) {
		over = t.hears
	}
	return over.Add(ringGuard)
}

func (t *twin) past(at time.Time) bool { return !t.now.Before(at) }

// due does what time alone does.
func (t *twin) due() {
	for _, a := range t.agents {
		if a.loggedIn && a.sockets == 0 && t.past(a.grace) {
			t.logout(a)
		}
	}
	t.look()
	for _, c := range t.inOrder() {
		t.callDue(c)
	}
	t.look()
	t.leadOn()
	t.look()
}

func (t *twin) callDue(c *twinCall) {
	if !c.gone.IsZero() && t.past(c.goneBy) {
		if !c.drop {
			t.freed++
		}
		t.leave(c)
		return
	}
	if c.consult != nil {
		if t.consultDue(c); c.Phase == Ended {
			return
		}
	}
	if c.agents() {
		t.outDue(c)
		return
	}
	if c.Phase == Booked {
		if c.Callback.Call == "" && t.past(c.Callback.Until) {
			t.end(c, t.now, Abandoned, "callback_expired")
		}
		return
	}
	if c.script == 0 && c.Phase != Talking && c.Phase != Transferred && t.past(c.lost.Add(LostAfter)) {
		t.freed++
		t.end(c, t.now, Failed, "lost")
		return
	}
	if c.Phase == Ringing && t.past(t.guard(c)) {
		pending := t.pending(c)
		if !t.deaf || len(pending) != 1 {
			for _, i := range pending {
				t.freed++
				t.stopRinging(c, i, t.now, CutShort)
			}
			if c.script == 0 {
				t.roundOver(c, CutShort)
			}
		}
	}
	if c.Phase != Waiting || c.script == 0 {
		return
	}
	if by, ok := t.patience(c); ok && t.past(by) {
		t.notServed(c, Timeout)
	} else if by, ok := t.lonely(c); ok && t.past(by) {
		t.notServed(c, NoAgent)
	}
}

// pending lists the indexes in Rings of those who still ring.
func (t *twin) pending(c *twinCall) (rings []int) {
	for i := range c.Rings {
		if i >= c.offer.first && c.Rings[i].Result == Pending {
			rings = append(rings, i)
		}
	}
	return rings
}

// ringOf is the ring of the offer that the phone belongs to; -1: none.
func (t *twin) ringOf(c *twinCall, phone string) int {
	if c.offer != nil && phone != notRung {
		if i := slices.Index(c.offer.phones, phone); i >= 0 {
			return c.offer.first + i
		}
	}
	return -1
}

// tidy forgets removed agents who have no call.
func (t *twin) tidy() {
	for id, a := range t.agents {
		if a.removed && a.call == "" {
			delete(t.agents, id)
			t.pages[id] = a.sockets
			for _, q := range t.queues {
				q.members = slices.DeleteFunc(q.members, func(m string) bool { return m == id })
				if q.last == id {
					q.last = ""
				}
			}
			for _, c := range t.calls {
				delete(c.alone, id)
				delete(c.let, id)
				for _, h := range []*twinHand{c.hand, c.handNext} {
					if h != nil && h.from == id {
						h.forgot = true
					}
				}
				if c.offer != nil {
					c.offer.forgot = append(c.offer.forgot, id)
				}
			}
		}
	}
	t.look()
}
