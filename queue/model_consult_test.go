package queue

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// consultScript is one hold on a consultation.
type consultScript struct {
	*Consultation
	n int // which it is to the twin
}

// applyConsult plays what happens on the channel of an agent who consults, or
// has.
func (w *world) applyConsult(o op) {
	var asked []string
	for _, c := range w.twin.inOrder() {
		if c.consult != nil {
			asked = append(asked, c.ID)
		}
	}
	if len(asked) == 0 {
		w.startConsult(o)
		return
	}
	call := oneOf(o.n[0], asked...)
	c := w.twin.calls[call]
	switch o.n[1] % 8 {
	case 0, 1, 2:
		if !c.consult.taken {
			w.takeUp(c)
			return
		}
		w.heardOfConsult(o, c)
	case 3, 4:
		w.heardOfConsult(o, c)
	case 5, 6:
		w.consulted(o)
	default:
		w.applyTalk(op{n: [4]int{slices.Index(w.ids(), call)*10 + 1, 8 + o.n[2]%2, o.n[2], o.n[3]}})
	}
}

// startConsult has an agent who talks consult somebody.
func (w *world) startConsult(o op) {
	ids := w.ids()
	for i, id := range ids {
		if w.twin.calls[id].Phase == Talking {
			w.applyTalk(op{n: [4]int{i*10 + 1, 6, o.n[2], 1 + o.n[3]/3*3}})
			return
		}
	}
}

// ids are those that pick chooses from, by its number divided by ten.
func (w *world) ids() (ids []string) {
	for _, c := range w.twin.inOrder() {
		ids = append(ids, c.ID)
	}
	return ids
}

func (w *world) takeUp(c *twinCall) {
	w.say("the consultation of %s has a script", c.ID)
	var k *Consultation
	w.do(func() { k, _ = w.board.Consultation(c.consult.channel) }, func() {
		if c := w.twin.calls[c.ID]; c != nil && c.consult != nil {
			w.twin.takeUp(c)
		}
	})
	if c = w.twin.calls[c.ID]; k == nil != (c == nil || c.consult == nil) {
		w.fail("the consultation's script has got %+v", k)
	}
	if k != nil {
		w.consults = append(w.consults, consultScript{k, c.consult.n})
	}
}

func (w *world) heardOfConsult(o op, c *twinCall) {
	f := Fact{
		Kind:     oneOf(o.n[2], PhoneRings, PhoneRings, PhoneAnswers, PhoneAnswers, PhoneAnswers, CallerGone, TalkOver),
		UniqueID: c.consult.channel, At: w.now.Add(-time.Duration(oneOf(o.n[3], 0, 0, 300, 8000)) * time.Millisecond),
	}
	if a := w.twin.agents[c.consult.to.Agent]; a != nil {
		f.Phone = a.cfg.Phone
	}
	if o.n[3]%9 == 0 {
		f.Phone = "800"
	}
	w.say("heard of the consultation of %s: %+v", c.ID, f)
	w.do(func() { w.board.Heard(f) }, func() { w.twin.heard(f) })
}

// consulted plays the end of a script of a consultation.
func (w *world) consulted(o op) {
	if len(w.consults) == 0 {
		return
	}
	i := o.n[2] % len(w.consults)
	k := w.consults[i]
	w.consults = slices.Delete(w.consults, i, i+1)
	with := func(f func(*twinCall)) func() {
		return func() {
			if c := w.twin.calls[k.CallID]; c != nil && c.consult != nil && c.consult.n == k.n {
				f(c)
			}
		}
	}
	if o.n[3]%6 == 0 {
		w.say("the consultation of %s has lost its script", k.CallID)
		w.do(k.Detach, with(func(c *twinCall) { w.twin.consultEnds(c, TransferFailed, CutShort) }))
		return
	}
	r := ConsultReport{
		Result: oneOf(o.n[3], NoAnswer, Refused, Unreachable, RingAnswer, RingAnswer), Channel: oneOf(o.n[1], "SIP/far", "SIP/far", ""),
		AgentGone: o.n[0]%3 == 0,
	}
	w.say("the consultation of %s: %+v", k.CallID, r)
	w.do(func() { k.Dialled(r) }, with(func(c *twinCall) { w.twin.consulted(c, r) }))
}

// consult has an agent do something with a consultation.
func (w *world) consult(call string, o op) (err error) {
	expect := func(want error) {
		if !errors.Is(err, want) {
			w.fail("%s: %v, want %v", call, err, want)
		}
	}
	switch o.n[1] % 10 {
	case 8:
		w.say("complete %s", call)
		w.do(func() { err = w.board.Complete(call, "SIP/far") }, func() { expect(w.twin.complete(call, "SIP/far")) })
	case 9:
		w.say("cancel %s", call)
		w.do(func() { err = w.board.Cancel(call) }, func() { expect(w.twin.cancel(call)) })
	default:
		to := oneOf(o.n[2], Target{Number: "0201"}, Target{Agent: fmt.Sprintf("a%d", o.n[2]/4%modelAgents)}, Target{Agent: fmt.Sprintf("a%d", o.n[2]/8%modelAgents)})
		w.say("consult %+v for %s", to, call)
		channel := "k" + call
		if c := w.twin.calls[call]; c != nil && (c.agents() || c.firstTalk()) {
			channel = "calld-out-" + call
		}
		w.do(func() {
			var asked <-chan Transfer
			asked, err = w.board.Consult(call, "SIP/"+call, channel, to)
			w.asked = append(w.asked, asked)
		}, func() { expect(w.twin.consult(call, "SIP/"+call, channel, to)) })
	}
	return err
}
