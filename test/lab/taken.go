package lab

import (
	"context"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Behaviour says what a phone does with a call by itself. The zero value
// rings until it is told what to do, or until the caller gives up.
type Behaviour struct {
	Silent bool          // don't ring: no 180, and so no answer at all without a command
	After  time.Duration // how long to wait before Answer or Refuse
	Answer bool          // then answer
	Refuse int           // or then refuse with this status, such as 486
	Talk   time.Duration // hang up so long after the answer; 0 never does
	Audio  bool          // send silence and keep what is heard; without it the leg is deaf and dumb
	Tone   float64       // send this tone in Hz; includes Audio
	Say    []int16       // send this once, from the answer on, 8,000 samples a second; includes Audio
}

func (b Behaviour) audio() bool { return b.Audio || b.Tone != 0 || len(b.Say) > 0 }

// takenLeg is a call that came in.
func takenLeg(st *station, req *sip.Request, tx sip.ServerTransaction) *Leg {
	l := newLeg(st)
	l.id = req.CallID().Value()
	l.tx = tx
	// All responses but 100 must bear the same tag of ours (RFC 3261, section
	// 8.2.6.2); the request itself belongs to the library.
	l.invite = req.Clone()
	l.invite.To().Params.Add("tag", sip.GenerateTagN(16))
	from := req.From()
	l.Number, l.Name = from.Address.User, unquote(from.DisplayName)
	l.Dialled = req.Recipient.User
	l.target = req.Contact().Address
	return l
}

// serve drives a call that came in, up to its end.
func (l *Leg) serve(b Behaviour) {
	if !l.tx.OnCancel(func(req *sip.Request) {
		// The library answers with 487 itself. It holds its own lock here.
		l.end(endingOf(req, Ending{Status: 487, Cancelled: true}))
	}) {
		l.end(Ending{Status: 487, Cancelled: true})
		return
	}
	if !b.Silent {
		if l.send(180, nil) {
			l.enter(Ringing)
		}
	}
	status := l.decide(b)
	switch status {
	case 0: // over
	case 200:
		l.talk(b)
	default:
		l.send(status, nil)
		l.end(Ending{Status: status, Local: true})
	}
}

// decide waits for the status to answer with; 0 when the call is over.
func (l *Leg) decide(b Behaviour) int {
	var due <-chan time.Time
	if b.Answer || b.Refuse != 0 {
		timer := time.NewTimer(b.After)
		defer timer.Stop()
		due = timer.C
	}
	select {
	case status := <-l.decided:
		return status
	case <-due:
		if b.Answer {
			return 200
		}
		return b.Refuse
	case <-l.over:
	case <-l.tx.Done(): // the INVITE's own time is over
		l.end(Ending{Text: "INVITE transaction ended"})
	}
	return 0
}

// talk answers, and stays with the call to its end.
func (l *Leg) talk(b Behaviour) {
	body := l.sdp()
	if !l.send(200, body) {
		l.end(Ending{Text: "answer could not be sent"})
		return
	}
	// Not before, as no phone does: what comes meanwhile waits in Asterisk's socket
	// for the answer, and AMD() would take it for a silent beginning.
	l.setRemote(l.invite.Body())
	l.enter(Talking)
	if !l.awaitACK(body) {
		return
	}
	if v := l.getVoice(); v != nil {
		v.say(b.Say)
	}
	var enough <-chan time.Time
	if b.Talk > 0 {
		timer := time.NewTimer(b.Talk)
		defer timer.Stop()
		enough = timer.C
	}
	select {
	case <-enough:
		ctx, cancel := context.WithTimeout(context.Background(), 64*t1)
		defer cancel()
		if err := l.sendBye(ctx); err != nil {
			l.st.log.Debug("hang-up not confirmed", "err", err)
		}
	case <-l.over:
	}
}

// awaitACK repeats the 200 until it is acknowledged (RFC 3261, section
// 13.3.1.4); false when the call is over.
func (l *Leg) awaitACK(body []byte) bool {
	repeat := time.NewTicker(t1)
	defer repeat.Stop()
	for range 64 {
		select {
		case <-l.acked:
			return true
		case <-l.over:
			return false
		case <-repeat.C:
			l.send(200, body)
		}
	}
	l.end(Ending{Text: "answer was not acknowledged"})
	return false
}

// send answers the INVITE; it reports whether that could be done.
func (l *Leg) send(status int, body []byte) bool {
	res := sip.NewResponseFromRequest(l.invite, status, reasonPhrase(status), body)
	res.AppendHeader(l.st.contact())
	if body != nil {
		res.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
	}
	l.mu.Lock()
	l.status = status
	l.mu.Unlock()
	if err := l.tx.Respond(res); err != nil {
		l.st.log.Debug("sip response not sent", "status", status, "err", err)
		return false
	}
	return true
}

// Answer answers a call that came in, and returns when it is talking.
func (l *Leg) Answer(ctx context.Context) error {
	l.order(200)
	return l.WaitTalking(ctx)
}

// Reject refuses a call that came in with a status such as 486, and returns
// when it is over.
func (l *Leg) Reject(ctx context.Context, status int) error {
	l.order(status)
	_, err := l.WaitEnded(ctx)
	return err
}

// order tells the leg's goroutine what to do; the first order counts.
func (l *Leg) order(status int) {
	select {
	case l.decided <- status:
	default:
	}
}
