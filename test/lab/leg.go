package lab

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// State says how far a leg has come. States only rise.
type State int

// The states of a leg.
const (
	Calling State = iota // INVITE sent or received
	Ringing              // 180 sent or received
	Talking              // answered
	Over
)

func (s State) String() string {
	switch s {
	case Calling:
		return "calling"
	case Ringing:
		return "ringing"
	case Talking:
		return "talking"
	default:
		return "over"
	}
}

// Ending says how a leg ended.
type Ending struct {
	Status    int       // last status of the INVITE: 200 when it was answered, 487 when it was cancelled
	Local     bool      // this side ended it
	Cancelled bool      // by CANCEL, before an answer
	Reason    string    // the Reason header of the message that ended it (RFC 3326)
	Cause     int       // the Q.850 cause in it, 0 when there is none
	Text      string    // what happened when it was none of SIP's own endings
	At        time.Time // when
}

// Elsewhere reports whether another phone took the call (RFC 3326, section 3.1).
func (e Ending) Elsewhere() bool {
	return strings.HasPrefix(e.Reason, "SIP") && strings.Contains(e.Reason, "cause=200")
}

func (e Ending) String() string {
	who := "remote"
	if e.Local {
		who = "local"
	}
	return fmt.Sprintf("ended by the %s side, status %d, reason %q %s", who, e.Status, e.Reason, e.Text)
}

// ErrOver is wrapped by waits for something that can't come since the call
// has ended.
var ErrOver = errors.New("lab: the call is over")

// Leg is one call as a phone or a caller sees it.
type Leg struct {
	// Number and Name are the other side as its INVITE named it, or the
	// dialled number for a call made here. Dialled is the number called.
	Number, Name, Dialled string

	st       *station
	id       string
	outgoing bool
	invite   *sip.Request          // as sent, or as received with our tag
	tx       sip.ServerTransaction // of a call taken
	decided  chan int              // status to answer a call taken with
	giveUp   chan struct{}         // closed to cancel a call made
	over     chan struct{}         // closed when the leg is over
	acked    chan struct{}         // closed when our 200 is acknowledged
	ackOnce  sync.Once
	quitOnce sync.Once
	voice    *voice // nil without audio

	mu      sync.Mutex
	changed chan struct{} // closed and made anew at each change
	state   State
	at      map[State]time.Time
	target  sip.Uri       // the other side's contact
	answer  *sip.Response // 200 to our INVITE
	cseq    uint32
	status  int // last status seen or sent
	ending  Ending
}

func newLeg(st *station) *Leg {
	return &Leg{
		st:      st,
		decided: make(chan int, 1), giveUp: make(chan struct{}), over: make(chan struct{}), acked: make(chan struct{}),
		changed: make(chan struct{}), at: map[State]time.Time{Calling: time.Now()},
	}
}

// enter raises the state; it reports whether it did.
func (l *Leg) enter(s State) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.enterLocked(s)
}

func (l *Leg) enterLocked(s State) bool {
	if s <= l.state {
		return false
	}
	l.state = s
	l.at[s] = time.Now()
	close(l.changed)
	l.changed = make(chan struct{})
	return true
}

// end ends the leg, once; later calls do nothing.
func (l *Leg) end(e Ending) {
	l.mu.Lock()
	if l.state == Over {
		l.mu.Unlock()
		return
	}
	if e.Status == 0 {
		e.Status = l.status
	}
	e.At = time.Now()
	l.ending = e
	l.enterLocked(Over)
	v := l.voice
	l.mu.Unlock()
	close(l.over)
	l.st.remove(l)
	if v != nil {
		v.close()
	}
}

func (l *Leg) openVoice(audio bool, tone float64) error {
	if !audio {
		return nil
	}
	v, err := newVoice(l.st.host, tone)
	if err != nil {
		return err
	}
	l.mu.Lock()
	over := l.state == Over
	if !over {
		l.voice = v
	}
	l.mu.Unlock()
	if over {
		v.close()
	}
	return nil
}

func (l *Leg) getVoice() *voice {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.voice
}

// setRemote takes the address for our audio out of a session description,
// when there is one.
func (l *Leg) setRemote(body []byte) {
	v := l.getVoice()
	if v == nil || len(body) == 0 {
		return
	}
	addr, err := sdpAudio(body)
	if err != nil {
		l.st.log.Warn("bad session description", "err", err)
		return
	}
	v.setRemote(addr)
}

func (l *Leg) sdp() []byte {
	if v := l.getVoice(); v != nil {
		return sdpBody(l.st.host, v.port())
	}
	return sdpBody(l.st.host, portOf(l.st.deaf.LocalAddr()))
}

func (l *Leg) acknowledged() { l.ackOnce.Do(func() { close(l.acked) }) }

var qCause = regexp.MustCompile(`(?i)Q\.850\s*;.*?cause=(\d+)`)

// endingOf adds what a message tells about the end of a call.
func endingOf(msg interface{ GetHeaders(string) []sip.Header }, e Ending) Ending {
	var reasons []string
	for _, h := range msg.GetHeaders("Reason") {
		reasons = append(reasons, h.Value())
	}
	e.Reason = strings.Join(reasons, ", ")
	if m := qCause.FindStringSubmatch(e.Reason); m != nil {
		e.Cause, _ = strconv.Atoi(m[1]) // digits by the pattern; beyond an int it is no cause
	}
	return e
}

// State is how far the leg has come.
func (l *Leg) State() State {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state
}

// At is when the leg entered a state; the zero time when it has not.
func (l *Leg) At(s State) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.at[s]
}

// CallID is SIP's name of the call.
func (l *Leg) CallID() string { return l.id }

// Header is the value of a header of the INVITE, or "".
func (l *Leg) Header(name string) string {
	if h := l.invite.GetHeader(name); h != nil {
		return h.Value()
	}
	return ""
}

// WaitRinging waits until the phone rings, or the leg has come further.
func (l *Leg) WaitRinging(ctx context.Context) error { return l.wait(ctx, Ringing) }

// WaitTalking waits until the call is answered.
func (l *Leg) WaitTalking(ctx context.Context) error { return l.wait(ctx, Talking) }

// WaitAnswered waits until the call is answered: WaitTalking by the word of
// the caller's side.
func (l *Leg) WaitAnswered(ctx context.Context) error { return l.wait(ctx, Talking) }

// WaitEnded waits until the call is over and tells how it ended.
func (l *Leg) WaitEnded(ctx context.Context) (Ending, error) {
	err := l.wait(ctx, Over)
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ending, err
}

// wait waits for a state. A leg that was over before it came there is an error.
func (l *Leg) wait(ctx context.Context, want State) error {
	for {
		l.mu.Lock()
		state, changed, ending, status := l.state, l.changed, l.ending, l.status
		reached := l.reachedLocked(want)
		l.mu.Unlock()
		switch {
		case reached:
			return nil
		case state == Over:
			return fmt.Errorf("%w: waiting for %s with %s: %v", ErrOver, want, l.Number, ending)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("lab: waiting for %s with %s: %w; it is %s, last status %d", want, l.Number, ctx.Err(), state, status)
		}
	}
}

// reachedLocked reports whether the leg was ever in a state or beyond; being
// over is beyond nothing else.
func (l *Leg) reachedLocked(want State) bool {
	for s := range l.at {
		if s == want || want < s && s < Over {
			return true
		}
	}
	return false
}

// Hangup ends the call by what is right for its state: BYE, CANCEL, or a refusal
// with 603. It returns when the call is over.
func (l *Leg) Hangup(ctx context.Context) error {
	l.mu.Lock()
	state, made := l.state, l.outgoing
	l.mu.Unlock()
	switch {
	case state == Over:
		return nil
	case state == Talking:
		return l.sendBye(ctx)
	case made:
		return l.Cancel(ctx)
	default:
		return l.Reject(ctx, 603)
	}
}

// sendBye ends an answered call (RFC 3261, section 15.1.1).
func (l *Leg) sendBye(ctx context.Context) error {
	res, err := l.st.request(ctx, l.inDialog(sip.BYE))
	l.end(Ending{Status: 200, Local: true})
	if err != nil {
		return err
	}
	if !res.IsSuccess() {
		return fmt.Errorf("lab: BYE was answered with %d %s", res.StatusCode, res.Reason)
	}
	return nil
}

// inDialog makes a request within the call (RFC 3261, section 12.2.1.1).
func (l *Leg) inDialog(method sip.RequestMethod) *sip.Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cseq++
	req := sip.NewRequest(method, l.target)
	if l.outgoing {
		req.AppendHeader(sip.HeaderClone(l.invite.From()))
		req.AppendHeader(sip.HeaderClone(l.answer.To()))
	} else {
		from, to := l.invite.To().AsFrom(), l.invite.From().AsTo()
		req.AppendHeader(&from)
		req.AppendHeader(&to)
	}
	req.AppendHeader(sip.HeaderClone(l.invite.CallID()))
	req.AppendHeader(&sip.CSeqHeader{SeqNo: l.cseq, MethodName: method})
	req.SetTransport("UDP")
	return req
}
