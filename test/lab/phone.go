package lab

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
)

const (
	// defaultRefresh is how often a phone renews its registration.
	defaultRefresh = 20 * time.Second
	// registerTimeout ends a try to register: Asterisk may be away.
	registerTimeout = 4 * time.Second
	// registerRetry is the pause after a try that failed.
	registerRetry = time.Second
	// maxLegs is how many calls a phone remembers.
	maxLegs = 1000
)

// ErrRegister is wrapped by errors about a registration.
var ErrRegister = errors.New("lab: registration failed")

// PhoneOptions describes a phone.
type PhoneOptions struct {
	User, Password string
	Behaviour      Behaviour     // what it does with calls
	Refresh        time.Duration // how often it registers again, 20 s by default
	// Contact is where calls are to go when not to this phone: the address and
	// port of a [SIPpPhones], say.
	Contact string
	Log     *slog.Logger
}

// Phone is a SIP telephone at 127.0.0.1. A method that is about a call is
// about the newest one.
type Phone struct {
	opts PhoneOptions
	st   *station
	wg   sync.WaitGroup

	mu        sync.Mutex
	behaviour Behaviour
	legs      []*Leg             // oldest first
	rang      chan struct{}      // closed and made anew when a call comes in
	refresh   context.CancelFunc // ends the goroutine that registers again; nil when there is none
	cseq      uint32
	callID    string // of the registrations
}

// NewPhone makes a phone of an Asterisk; [Phone.Register] makes it known.
func NewPhone(a *Asterisk, opts PhoneOptions) (*Phone, error) {
	return DialPhone(a.SIP(), opts)
}

// DialPhone makes a phone for any SIP server, such as "127.0.0.1:5060".
func DialPhone(server string, opts PhoneOptions) (*Phone, error) {
	if opts.Refresh == 0 {
		opts.Refresh = defaultRefresh
	}
	if opts.Contact != "" {
		if _, _, err := sip.ParseAddr(opts.Contact); err != nil {
			return nil, fmt.Errorf("%w: contact %q: %w", ErrStation, opts.Contact, err)
		}
	}
	p := &Phone{opts: opts, behaviour: opts.Behaviour, rang: make(chan struct{}), callID: sip.GenerateTagN(24)}
	var err error
	p.st, err = newStation(server, opts.User, "127.0.0.1", 0, opts.Log, p.take)
	return p, err
}

// take notes a call that came in.
func (p *Phone) take(l *Leg) Behaviour {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.legs = append(p.legs, l); len(p.legs) > maxLegs {
		p.legs = append([]*Leg(nil), p.legs[len(p.legs)-maxLegs/2:]...)
	}
	close(p.rang)
	p.rang = make(chan struct{})
	return p.behaviour
}

// Behave changes what the phone does with the calls that come from now on.
func (p *Phone) Behave(b Behaviour) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.behaviour = b
}

// User is the phone's number.
func (p *Phone) User() string { return p.opts.User }

// Legs are the calls so far, oldest first; of very many the older ones are
// forgotten.
func (p *Phone) Legs() []*Leg {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]*Leg(nil), p.legs...)
}

// Register makes the phone known to Asterisk, and keeps it so by registering
// again until [Phone.Unregister] or [Phone.Close].
func (p *Phone) Register(ctx context.Context) error {
	if err := p.register(ctx, p.expires()); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refresh == nil {
		var again context.Context
		again, p.refresh = context.WithCancel(context.Background())
		p.wg.Go(func() { p.keepRegistered(again) })
	}
	return nil
}

// expires is twice the refresh time: one lost try does no harm.
func (p *Phone) expires() int { return max(60, int(2*p.opts.Refresh/time.Second)) }

// Unregister tells Asterisk that the phone is not there any more.
func (p *Phone) Unregister(ctx context.Context) error {
	p.stopRefresh()
	return p.register(ctx, 0)
}

func (p *Phone) stopRefresh() {
	p.mu.Lock()
	if p.refresh != nil {
		p.refresh()
		p.refresh = nil
	}
	p.mu.Unlock()
	p.wg.Wait()
}

func (p *Phone) keepRegistered(ctx context.Context) {
	timer := time.NewTimer(p.opts.Refresh)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		next := p.opts.Refresh
		try, cancel := context.WithTimeout(ctx, registerTimeout)
		if err := p.register(try, p.expires()); err != nil && ctx.Err() == nil {
			p.opts.Log.Debug("phone not registered, will try again", "phone", p.opts.User, "err", err)
			next = registerRetry
		}
		cancel()
		timer.Reset(next)
	}
}

// register sends one REGISTER, and again with the password when asked for it
// (RFC 3261, section 10.2).
func (p *Phone) register(ctx context.Context, expires int) error {
	uri := p.st.uri("")
	req := sip.NewRequest(sip.REGISTER, uri)
	us := p.st.uri(p.opts.User)
	from := &sip.FromHeader{Address: us}
	from.Params.Add("tag", sip.GenerateTagN(16))
	req.AppendHeader(from)
	req.AppendHeader(&sip.ToHeader{Address: us})
	id := sip.CallIDHeader(p.callID)
	req.AppendHeader(&id)
	p.mu.Lock()
	p.cseq += 2 // the answer to the challenge takes the next number
	req.AppendHeader(&sip.CSeqHeader{SeqNo: p.cseq, MethodName: sip.REGISTER})
	p.mu.Unlock()
	req.AppendHeader(p.contact())
	req.AppendHeader(sip.NewHeader("Expires", strconv.Itoa(expires)))
	res, err := p.st.request(ctx, req)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRegister, err)
	}
	if res.StatusCode == sip.StatusUnauthorized {
		res, err = p.st.client.DoDigestAuth(ctx, req, res, sipgo.DigestAuth{Username: p.opts.User, Password: p.opts.Password})
		if err != nil {
			return fmt.Errorf("%w: %w", ErrRegister, err)
		}
	}
	if !res.IsSuccess() {
		return fmt.Errorf("%w: %s: %d %s", ErrRegister, p.opts.User, res.StatusCode, res.Reason)
	}
	return nil
}

// contact is the address to register.
func (p *Phone) contact() *sip.ContactHeader {
	c := p.st.contact()
	if p.opts.Contact != "" {
		c.Address.Host, c.Address.Port, _ = sip.ParseAddr(p.opts.Contact) // checked by DialPhone
	}
	return c
}

// WaitRinging waits until a call rings, and returns it. A call that has
// been answered or has ended is not waited with.
func (p *Phone) WaitRinging(ctx context.Context) (*Leg, error) {
	for {
		l, rang := p.newest()
		if l != nil && l.State() <= Ringing {
			if err := l.WaitRinging(ctx); !errors.Is(err, ErrOver) {
				return l, err
			}
		}
		select {
		case <-rang:
		case <-ctx.Done():
			return nil, fmt.Errorf("lab: waiting for phone %s to ring: %w", p.opts.User, ctx.Err())
		}
	}
}

// WaitTalking waits until the phone is in a talk, and returns it.
func (p *Phone) WaitTalking(ctx context.Context) (*Leg, error) {
	for {
		l, rang := p.newest()
		if l != nil && l.State() < Over {
			if err := l.WaitTalking(ctx); !errors.Is(err, ErrOver) {
				return l, err
			}
		}
		select {
		case <-rang:
		case <-ctx.Done():
			return nil, fmt.Errorf("lab: waiting for phone %s to talk: %w", p.opts.User, ctx.Err())
		}
	}
}

// WaitEnded waits until the newest call, or the first when there was none yet, has ended.
func (p *Phone) WaitEnded(ctx context.Context) (Ending, error) {
	for {
		l, rang := p.newest()
		if l != nil {
			return l.WaitEnded(ctx)
		}
		select {
		case <-rang:
		case <-ctx.Done():
			return Ending{}, fmt.Errorf("lab: waiting for a call of phone %s to end: %w", p.opts.User, ctx.Err())
		}
	}
}

// newest is the newest call, nil when there was none, and a channel that is
// closed at the next one.
func (p *Phone) newest() (*Leg, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.legs) == 0 {
		return nil, p.rang
	}
	return p.legs[len(p.legs)-1], p.rang
}

// Answer waits until the phone rings and answers.
func (p *Phone) Answer(ctx context.Context) (*Leg, error) {
	l, err := p.WaitRinging(ctx)
	if err != nil {
		return nil, err
	}
	return l, l.Answer(ctx)
}

// Reject waits until the phone rings and refuses with a status such as 486.
func (p *Phone) Reject(ctx context.Context, status int) error {
	l, err := p.WaitRinging(ctx)
	if err != nil {
		return err
	}
	return l.Reject(ctx, status)
}

// Hangup ends the newest call; without one it does nothing.
func (p *Phone) Hangup(ctx context.Context) error {
	if l, _ := p.newest(); l != nil {
		return l.Hangup(ctx)
	}
	return nil
}

// Close pulls the phone's cable: Asterisk is not told, and goes on ringing it
// until the registration ends. See [Phone.Unregister].
func (p *Phone) Close() error {
	p.stopRefresh()
	return p.st.close()
}
