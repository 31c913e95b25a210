package queue

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"calld/config"
	"calld/hours"
)

// op is an input of the model test. Its numbers choose among what there is
// when it is played, so that an input still means something when those before
// it are left out.
type op struct {
	kind int
	wait time.Duration
	late bool // the board's clock lags: what is due meanwhile is done only now
	n    [4]int
}

// The inputs, and how often each is tried.
const (
	opConnect = iota
	opDisconnect
	opLogout
	opState
	opEndWrapup
	opFree
	opPhone
	opDeaf
	opEnter
	opComeBack
	opReady
	opKey
	opHangup
	opDetach
	opFail
	opDialled
	opFact
	opCallOut
	opCallOff
	opPickUp
	opReached
	opReconcile
	opReload
	opRestart
	opWait
	opTalk
	opConsult
	opUnbook
)

var opWeights = [...]int{
	opConnect: 14, opDisconnect: 6, opLogout: 2, opState: 10, opEndWrapup: 3, opFree: 2, opPhone: 6, opDeaf: 2,
	opEnter: 26, opComeBack: 8, opReady: 28, opKey: 6, opHangup: 3, opDetach: 5, opFail: 1, opDialled: 24, opFact: 40,
	opCallOut: 10, opCallOff: 1, opPickUp: 6, opReached: 4, opReconcile: 3, opReload: 2, opRestart: 1, opWait: 10, opTalk: 20, opConsult: 14, opUnbook: 2,
}

func randomOp(r *rand.Rand) op {
	o := op{n: [4]int{r.IntN(1 << 20), r.IntN(1 << 20), r.IntN(1 << 20), r.IntN(1 << 20)}}
	total := 0
	for _, w := range opWeights {
		total += w
	}
	for x := r.IntN(total); x >= opWeights[o.kind]; o.kind++ {
		x -= opWeights[o.kind]
	}
	switch x := r.IntN(100); {
	case x < 40:
	case x < 70:
		o.wait = time.Duration(1+r.IntN(50)) * time.Millisecond
	case x < 92:
		o.wait = time.Duration(1+r.IntN(2000)) * time.Millisecond
	case x < 99:
		o.wait = time.Duration(1+r.IntN(20)) * time.Second
	default:
		o.wait = time.Duration(1+r.IntN(3)) * time.Minute
	}
	o.late = r.IntN(20) == 0
	return o
}

func oneOf[T any](n int, of ...T) T { return of[n%len(of)] }

const (
	modelQueues = 4
	modelAgents = 6
)

// randomConfig has some of four queues and six agents.
func randomConfig(r *rand.Rand) *config.Config {
	c := &config.Config{}
	c.Server.Timezone = time.UTC
	c.Outbound.Numbering = config.Numbering{Country: "82", National: "0"}
	c.Callers.VIP = oneOf(r.IntN(3), nil, config.Numbers{"0101"}, config.Numbers{"010*"})
	c.Callers.Blocked = oneOf(r.IntN(3), nil, config.Numbers{"0102"}, config.Numbers{"010", "0101"})
	for i := range modelQueues {
		if r.IntN(5) == 0 {
			continue
		}
		c.Queues = append(c.Queues, config.Queue{
			ID: fmt.Sprintf("q%d", i), Name: fmt.Sprintf("queue %d", i), Number: fmt.Sprintf("02%d", i),
			Queueing:    oneOf(r.IntN(3), config.Inline, config.Inline, config.All),
			Order:       oneOf(r.IntN(5), config.Listed, config.LongestIdle, config.FewestCalls, config.RoundRobin, config.Random),
			RingTimeout: oneOf(r.IntN(3), 3*time.Second, 8*time.Second, 20*time.Second),
			MaxWait:     oneOf(r.IntN(4), 0, 7*time.Second, 30*time.Second, 2*time.Minute),
			MaxWaiting:  oneOf(r.IntN(4), 0, 0, 1, 3),
			Wrapup:      oneOf(r.IntN(3), 0, time.Second, 10*time.Second),
			RetryPause:  oneOf(r.IntN(3), 0, 4*time.Second, 10*time.Second),
			AwayAfter:   oneOf(r.IntN(3), 0, 2, 3),
			NoAgentWait: oneOf(r.IntN(3), 0, 5*time.Second, 30*time.Second),
			Weight:      oneOf(r.IntN(4), 0, 0, 1, 3),
			Levels:      oneOf(r.IntN(3), nil, map[string]int{"a1": 2, "a3": 3}, map[string]int{"a0": 4, "a1": 4, "a2": 2}),
			LevelAfter:  oneOf(r.IntN(3), 0, 3*time.Second, 15*time.Second),
			StickyWait:  oneOf(r.IntN(3), 0, 4*time.Second, 20*time.Second),
			Callback:    oneOf(r.IntN(3), config.Callback{}, config.Callback{Key: "1", Expires: time.Minute, Attempts: 1, Retry: 5 * time.Second}, config.Callback{Key: "1", Expires: 5 * time.Minute, Attempts: 2, Retry: time.Second}),
			Hours:       randomHours(r),
			OnClosed:    randomOverflow(r), OnHoliday: randomOverflow(r), OnFull: randomOverflow(r),
			OnNoAgent: randomOverflow(r), OnMaxWait: randomOverflow(r),
			AutoAnswer: r.IntN(2) == 0,
		})
		if r.IntN(6) == 0 {
			c.Queues[len(c.Queues)-1].Holidays = []hours.Date{{Year: 2026, Month: 3, Day: 1 + r.IntN(2)}}
		}
	}
	for i := range modelAgents {
		if r.IntN(6) == 0 {
			continue
		}
		a := config.Agent{ID: fmt.Sprintf("a%d", i), Name: fmt.Sprintf("agent %d", r.IntN(2)), Phone: fmt.Sprintf("80%d", i)}
		if r.IntN(20) == 0 {
			a.Phone = oneOf(r.IntN(2), "", a.Phone+"9")
		}
		for q := range modelQueues {
			if r.IntN(2) == 0 {
				a.Queues = append(a.Queues, fmt.Sprintf("q%d", q)) // it need not exist
			}
		}
		c.Agents = append(c.Agents, a)
	}
	return c
}

// randomHours change while an episode lasts, or there are none.
func randomHours(r *rand.Rand) []hours.Span {
	if r.IntN(3) > 0 {
		return nil
	}
	v := hours.Span{From: r.IntN(48) * 30, To: r.IntN(48) * 30}
	if r.IntN(2) == 0 {
		v = hours.Span{From: (23*60 + 45 + r.IntN(40)) % (24 * 60), To: 12 * 60}
	}
	for d := range v.Days {
		v.Days[d] = r.IntN(4) > 0
	}
	return []hours.Span{v}
}

// randomOverflow leads to a queue, which need not exist, to a number, or nowhere.
func randomOverflow(r *rand.Rand) config.Overflow {
	switch r.IntN(5) {
	case 4:
		return config.Overflow{Message: true}
	case 0:
		return config.Overflow{Number: "0301"}
	case 1:
		return config.Overflow{}
	}
	return config.Overflow{Queue: fmt.Sprintf("q%d", r.IntN(modelQueues))}
}

// say adds a line to the trace.
func (w *world) say(format string, args ...any) {
	if w.trace != nil {
		fmt.Fprintf(w.trace, "%s %s\n", w.now.Format("15:04:05.000"), fmt.Sprintf(format, args...))
	}
}

// pick chooses a live call; sometimes one that is over, or nobody's.
func (w *world) pick(n int) string {
	if live := w.twin.inOrder(); len(live) > 0 && n%10 > 0 {
		return live[n/10%len(live)].ID
	}
	return fmt.Sprintf("c%d", max(0, w.entered-n/10%8))
}

// script chooses a script that may speak; nil when there is none.
func (w *world) script(n int) *script {
	if len(w.scripts) == 0 {
		return nil
	}
	return w.scripts[n%len(w.scripts)]
}

// served is the twin's call of a script, if it still serves it.
func (w *world) served(s *script, f func(*twinCall)) func() {
	return func() {
		if c := w.twin.calls[s.call]; c != nil && c.script == s.id {
			f(c)
		}
	}
}

// apply plays one input.
func (w *world) apply(o op) {
	w.advance(o.wait, o.late)
	if w.err != nil {
		return
	}
	b, t := w.board, w.twin
	switch o.kind {
	case opConnect, opDisconnect, opLogout, opState, opEndWrapup, opFree:
		w.applyAgent(o)
	case opPhone:
		i, s := o.n[0]%modelAgents, oneOf(o.n[1], PhoneIdle, PhoneIdle, PhoneBusy, PhoneUnreachable, PhoneUnknown)
		w.say("phone 80%d is %s", i, s)
		w.do(func() { b.Phone(fmt.Sprintf("80%d", i), s) }, func() {
			for _, a := range t.agents {
				if a.cfg.Phone == fmt.Sprintf("80%d", i) && !a.removed {
					a.device = s
				}
			}
		})
	case opDeaf:
		deaf := o.n[0]%3 == 0
		w.say("deaf: %v", deaf)
		w.do(func() { b.Deaf(deaf) }, func() { t.setDeaf(deaf) })
	case opEnter, opComeBack:
		w.applyEnter(o)
	case opReady, opKey, opHangup, opDetach, opFail, opDialled:
		if s := w.script(o.n[0]); s != nil {
			w.applyScript(o, s)
		}
	case opFact:
		w.applyFact(o)
	case opCallOut, opCallOff, opPickUp, opReached:
		w.applyOut(o)
	case opReconcile:
		w.applyReconcile(o)
	case opReload:
		w.cfg = randomConfig(rand.New(rand.NewPCG(uint64(o.n[0]), 0)))
		w.say("reload: %+v\n  %+v\n  %+v", w.cfg.Callers, w.cfg.Queues, w.cfg.Agents)
		w.do(func() { b.Reload(w.cfg) }, func() { t.reload(w.cfg) })
	case opRestart:
		calls := b.Snapshot().Calls
		w.say("restart")
		w.boot(uint64(o.n[0]), calls)
	case opWait:
	case opTalk:
		w.applyTalk(o)
	case opConsult:
		w.applyConsult(o)
	case opUnbook:
		w.unbook(w.pickBooked(o.n[0]))
	}
}

// applyTalk has an agent do something with the call in hand. The script of a
// talk mostly reports its end soon after.
func (w *world) applyTalk(o op) {
	call := w.pick(o.n[0])
	var err error
	expect := func(want error) {
		if !errors.Is(err, want) {
			w.fail("%s: %v, want %v", call, err, want)
		}
	}
	switch o.n[1] % 10 {
	case 0:
		w.say("hang up %s", call)
		w.do(func() { err = w.board.Hangup(call) }, func() { expect(w.twin.hangup(call)) })
	case 1:
		w.say("hold %s", call)
		w.do(func() { err = w.board.Hold(call, "SIP/"+call) }, func() { expect(w.twin.hold(call, "SIP/"+call)) })
	case 2:
		w.say("unhold %s", call)
		w.do(func() { err = w.board.Unhold(call) }, func() { expect(w.twin.unhold(call)) })
	case 3:
		w.say("countermand %s", call)
		w.do(func() { w.board.Countermand(call) }, func() {
			if c := w.twin.calls[call]; c != nil {
				w.twin.forgo(c, TransferFailed)
				if c.consult != nil && !c.consult.taken {
					w.twin.consultEnds(c, TransferFailed, CutShort)
				}
			}
		})
	case 6, 7, 8, 9:
		err = w.consult(call, o)
	default:
		to := oneOf(o.n[2], Target{Number: "0201"}, Target{Agent: fmt.Sprintf("a%d", o.n[3]%modelAgents)}, Target{Queue: fmt.Sprintf("q%d", o.n[3]%modelQueues)})
		w.say("transfer %s to %+v", call, to)
		w.do(func() {
			var asked <-chan Transfer
			asked, err = w.board.Transfer(call, to)
			w.asked = append(w.asked, asked)
		}, func() { expect(w.twin.transfer(call, to)) })
	}
	c := w.twin.calls[call]
	if err != nil || c == nil || o.n[3]%3 == 0 {
		return
	}
	if c.agents() {
		w.turn(o, c)
		return
	}
	for _, s := range w.scripts {
		if c.script == s.id && c.ordered != orderNone {
			r := DialReport{Offer: s.offer, Result: RingAnswer, Cause: 16}
			w.say("script %d of %s: %+v", s.id, s.call, r)
			w.do(func() { s.ticket.Dialled(r) }, w.served(s, func(c *twinCall) { w.twin.dialled(c, r) }))
			return
		}
	}
}

// turn plays what turns a call over: the end of the agent's script and the
// beginning of the customer's, one of them first or alone.
func (w *world) turn(o op, c *twinCall) {
	old := c.script
	steps := []func(){
		func() {
			w.enter(Entry{ID: c.ID, Queue: c.Queue, Channel: "SIP/c", UniqueID: "u" + c.ID, Returning: true, Ready: true})
		},
		func() {
			for _, s := range w.scripts {
				if s.id == old {
					w.reached(s, ReachReport{Result: DialAnswered, Cause: 16})
					return
				}
			}
		},
	}
	first := o.n[2] % 2
	steps[first]()
	if o.n[3]%5 > 0 {
		steps[1-first]()
	}
}

func (w *world) applyAgent(o op) {
	b, id := w.board, fmt.Sprintf("a%d", o.n[0]%modelAgents)
	away, reason := o.n[1]%3 == 0, oneOf(o.n[2], "lunch", "training")
	var err error
	board, twin := func() {}, func(*twinAgent) {}
	switch o.kind {
	case opConnect:
		w.say("%s connects", id)
		board, twin = func() { err = b.Connect(id) }, w.twin.connect
	case opDisconnect:
		w.say("%s disconnects", id)
		board, twin = func() { err = b.Disconnect(id) }, w.twin.disconnect
	case opLogout:
		w.say("%s logs out", id)
		board, twin = func() { err = b.Logout(id) }, w.twin.logout
	case opState:
		w.say("%s is away: %v", id, away)
		board, twin = func() { err = b.SetState(id, away, reason) }, func(a *twinAgent) { w.twin.setAway(a, away, reason) }
	case opEndWrapup:
		w.say("%s ends wrap-up", id)
		board, twin = func() { err = b.EndWrapup(id) }, func(a *twinAgent) { a.wrapup = time.Time{} }
	case opFree:
		w.say("%s is freed", id)
		board, twin = func() { err = b.Free(id) }, w.twin.release
	}
	w.do(board, func() {
		a := w.twin.agents[id]
		if a == nil && o.kind == opDisconnect && w.twin.pages[id] > 0 {
			w.twin.pages[id]--
			if err != nil {
				w.fail("%s: %v", id, err)
			}
			return
		}
		if known := a != nil && (!a.removed || o.kind == opDisconnect || o.kind == opFree); known != (err == nil) {
			w.fail("%s: %v", id, err)
		} else if known {
			twin(a)
		}
	})
}

// applyEnter lets a call come in, or come back: live or over, as itself or
// after a talk.
func (w *world) applyEnter(o op) {
	e := Entry{
		Queue: fmt.Sprintf("q%d", o.n[1]%modelQueues), Caller: oneOf(o.n[3], "010", "+8210", "020", "0101", "0102", ""), Callee: "02",
		Channel: "SIP/x", Record: "r.wav", Sticky: oneOf(o.n[2]/8, "", "", "a0", "a1", "a4", "nobody"),
	}
	if o.kind == opEnter || o.n[2]%5 == 0 {
		w.entered++
		e.ID = fmt.Sprintf("c%d", w.entered)
	} else {
		e.ID = w.pick(o.n[0])
	}
	e.UniqueID = "u" + e.ID
	if c := w.twin.calls[e.ID]; c != nil {
		if c.Campaign != "" {
			e.Campaign, e.UniqueID = c.Campaign, TryChannel(e.ID) // no other channel comes
		}
	} else if o.n[3]%4 == 0 {
		e.Campaign, e.UniqueID = "spring", TryChannel(e.ID)
		if o.n[2]%4 > 0 {
			e.AnswerBy = w.now.Add(time.Duration(o.n[1]%2500) * time.Millisecond)
		}
	}
	if o.kind == opComeBack {
		e.Returning = true
		e.Begin = w.now.Add(-time.Duration(o.n[2]%20_000) * time.Millisecond)
		if e.Answered = o.n[3]%10 == 0; e.Answered {
			e.Phone, e.Talked = fmt.Sprintf("80%d", o.n[2]%modelAgents), time.Duration(o.n[2]%30_000)*time.Millisecond
		}
		if o.n[3]%7 == 0 {
			e.UniqueID += "x"
		}
	}
	w.enter(e)
}

func (w *world) enter(e Entry) {
	s := &script{id: w.nextScript(), call: e.ID}
	w.say("script %d enters %+v", s.id, e)
	var err error
	w.do(func() {
		if s.ticket, err = w.board.Enter(e); err == nil {
			w.scripts = append(w.scripts, s)
		}
	}, func() {
		if want := w.twin.enter(e, s.id); !errors.Is(err, want) {
			w.fail("Enter: %v, want %v", err, want)
		}
	})
}

func (w *world) nextScript() int {
	w.lastScript++
	return w.lastScript
}

func (w *world) applyScript(o op, s *script) {
	t := w.twin
	if c := t.calls[s.call]; c != nil && c.agents() && o.kind != opDetach && o.kind != opFail {
		return // what the script of an outbound call has no reason to say
	}
	switch o.kind {
	case opReady:
		w.say("script %d of %s is ready", s.id, s.call)
		w.do(s.ticket.Ready, w.served(s, t.ready))
	case opKey:
		w.applyKey(o, s)
	case opHangup:
		if o.n[1]%3 == 0 {
			w.say("script %d of %s: dropped", s.id, s.call)
			w.do(func() { s.ticket.Drop(0) }, w.served(s, func(c *twinCall) { t.drop(c, "asterisk") }))
			return
		}
		w.say("script %d of %s: hung up", s.id, s.call)
		w.do(func() { s.ticket.Hangup(16) }, w.served(s, func(c *twinCall) {
			c.why = "16 " + c.customer()
			t.leave(c)
		}))
	case opDetach:
		w.say("script %d of %s is lost", s.id, s.call)
		w.do(s.ticket.Detach, w.served(s, t.detach))
	case opFail:
		w.say("script %d of %s fails", s.id, s.call)
		w.do(func() { s.ticket.Fail("agi") }, w.served(s, func(c *twinCall) { t.failed(c) }))
	case opDialled:
		r := DialReport{
			Offer:      s.offer,
			Result:     oneOf(o.n[1], NoAnswer, NoAnswer, Refused, Unreachable, RingAnswer, RingAnswer, CutShort),
			Phone:      oneOf(o.n[2], "", fmt.Sprintf("80%d", o.n[3]%modelAgents), w.rung(s.call, o.n[3])),
			Talked:     time.Duration(o.n[3]%5000) * time.Millisecond,
			CallerGone: o.n[2]%7 == 0,
			Dropped:    o.n[1]%17 == 0,
			Cause:      oneOf(o.n[2], 0, 16, 17),
			Unjoined:   o.n[3]%3 == 0,
		}
		if o.n[3]%20 == 0 {
			r.Offer-- // an old one
		}
		w.say("script %d of %s: %+v", s.id, s.call, r)
		w.do(func() { s.ticket.Dialled(r) }, w.served(s, func(c *twinCall) { t.dialled(c, r) }))
	}
}

// rung is the phone of an agent of a call's last offer.
func (w *world) rung(call string, n int) string {
	if c := w.twin.calls[call]; c != nil && c.offer != nil && len(c.offer.phones) > 0 {
		return c.offer.phones[n%len(c.offer.phones)]
	}
	return ""
}

func (w *world) applyFact(o op) {
	call := w.pick(o.n[0])
	f := Fact{
		Kind:     oneOf(o.n[1], PhoneRings, PhoneRings, PhoneRings, PhoneAnswers, PhoneAnswers, PhoneDone, PhoneDone, TalkOver, TalkOver, CallerGone, CustomerAnswers, NotReached),
		UniqueID: "u" + call,
		Phone:    w.rung(call, o.n[2]),
		At:       w.now.Add(time.Duration(oneOf(o.n[2], 0, 0, 0, -3, -400, -4000, 100)) * time.Millisecond),
		Result:   oneOf(o.n[3], NoAnswer, Refused, Unreachable, CallerLeft),
		Cause:    oneOf(o.n[3], 0, 16, 26),
	}
	if o.n[2]%13 == 0 {
		f.Phone = fmt.Sprintf("80%d", o.n[3]%modelAgents)
	}
	if o.n[2]%11 == 0 {
		f.At = time.Time{}
	}
	if c := w.twin.calls[call]; c != nil {
		f.UniqueID = c.UniqueID
		if c.Direction == Out && o.n[1]%5 == 0 {
			f.UniqueID = "calld-out-" + c.ID
		}
	}
	w.say("heard of %s: %+v", call, f)
	w.do(func() { w.board.Heard(f) }, func() { w.twin.heard(f) })
}

// applyReconcile leaves out some channels, and lets others talk to somebody.
func (w *world) applyReconcile(o op) {
	r := rand.New(rand.NewPCG(uint64(o.n[0]), 0))
	asOf, started := w.now.Add(-time.Duration(o.n[1]%300)*time.Millisecond), time.Time{}
	if o.n[2]%8 == 0 {
		started = asOf.Add(-time.Second)
	}
	var channels []Channel
	for _, c := range w.twin.inOrder() {
		switch x := r.IntN(10); {
		case x < 1:
		case x < 3:
			channels = append(channels, Channel{UniqueID: c.UniqueID, TalksTo: fmt.Sprintf("80%d", r.IntN(modelAgents))})
		default:
			channels = append(channels, Channel{UniqueID: c.UniqueID, Rings: x < 7, Bridged: x == 9, HeldBy: oneOf(x, "", "SIP/"+c.ID, "SIP/new")})
		}
		if c.Direction == Out && !c.agents() && r.IntN(3) > 0 {
			channels = append(channels, Channel{UniqueID: "calld-out-" + c.ID})
		}
	}
	w.say("reconcile as of %s, started %s: %+v", asOf.Format("05.000"), started.Format("15:04:05.000"), channels)
	var got int
	w.do(func() { got = w.board.Reconcile(asOf, started, channels) }, func() {
		if want := w.twin.reconcile(asOf, started, channels); got != want {
			w.fail("Reconcile ended %d, want %d", got, want)
		}
	})
}
