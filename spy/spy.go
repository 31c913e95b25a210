package spy

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"calld/config"
	"calld/exchange"
)

// Mode is how a supervisor takes part in a talk.
type Mode string

// The modes; they are the extensions of [Context] too.
const (
	Listen  Mode = "listen"  // hears both
	Whisper Mode = "whisper" // and is heard by the agent
	Barge   Mode = "barge"   // and is heard by both
)

const (
	// Context is where the generated dialplan runs ChanSpy.
	Context = "calld-spy"
	// Variable names the channel to be listened to.
	Variable = "CALLD_SPY"
	// RingFor is how long a supervisor's telephone rings.
	RingFor = 30 * time.Second

	normalClearing = 16 // Q.850
	up             = "Up"
)

// ErrNoPhone refuses a supervisor who has no telephone.
var ErrNoPhone = errors.New("spy: the supervisor has no phone")

// Exchange is what a live Asterisk is asked for; [*exchange.Exchange] does it.
type Exchange interface {
	Originate(ctx context.Context, o exchange.Origination) error
	Hangup(ctx context.Context, channel string, cause int) error
	Redirect(ctx context.Context, channel, dialContext, extension string) error
	SetVariable(ctx context.Context, channel, name, value string) error
	Variable(ctx context.Context, channel, name string) (string, error)
}

// Talk is what is to be heard.
type Talk struct {
	// Channel is the agent's channel, by name or unique id. It hears both
	// voices, and what is whispered to it reaches nobody else.
	Channel string
	Agent   config.Agent
}

// Spies are the supervisors who listen.
type Spies struct {
	exchange  Exchange
	agentDial func() string

	mu   sync.Mutex
	ears map[string]string // the latest channel to a supervisor's phone, by the supervisor
}

// New makes spies. agentDial is how a telephone is dialled, with {phone}.
func New(x Exchange, agentDial func() string) *Spies {
	return &Spies{exchange: x, agentDial: agentDial, ears: map[string]string{}}
}

// Start has a supervisor take part in a talk.
func (s *Spies) Start(ctx context.Context, by config.Agent, t Talk, mode Mode) error {
	if by.Phone == "" {
		return fmt.Errorf("%w: %s", ErrNoPhone, by.ID)
	}
	if moved, err := s.move(ctx, by.ID, t, mode); moved || err != nil {
		return err
	}
	id := "calld-spy-" + rand.Text()
	s.mu.Lock()
	s.ears[by.ID] = id
	s.mu.Unlock()
	return s.exchange.Originate(ctx, exchange.Origination{
		Channel: strings.ReplaceAll(s.agentDial(), "{phone}", by.Phone), ID: id,
		Context: Context, Extension: string(mode), CallerID: callerID(t.Agent),
		RingFor: RingFor, Variables: map[string]string{Variable: t.Channel},
	})
}

// move changes what a supervisor listens to who has answered already; false
// when there is no such call. One that still rings is ended: a channel can be
// sent elsewhere only when it is up.
func (s *Spies) move(ctx context.Context, supervisor string, t Talk, mode Mode) (moved bool, err error) {
	s.mu.Lock()
	ear := s.ears[supervisor]
	s.mu.Unlock()
	if ear == "" {
		return false, nil
	}
	state, err := s.exchange.Variable(ctx, ear, "CHANNEL(state)")
	switch {
	case err == nil && state == up:
		if err = s.exchange.SetVariable(ctx, ear, Variable, t.Channel); err == nil {
			err = s.exchange.Redirect(ctx, ear, Context, string(mode))
		}
		moved = err == nil
	case err == nil:
		err = s.exchange.Hangup(ctx, ear, normalClearing)
	}
	if errors.Is(err, exchange.ErrNoChannel) { // the supervisor has hung up
		err = nil
	}
	return moved, err
}

// callerID tells on the supervisor's phone who is listened to.
func callerID(a config.Agent) string {
	name := strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`"<>\`, r) {
			return -1
		}
		return r
	}, a.Name)
	return `"` + name + `" <` + a.Phone + ">"
}
