package spy

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"testing"

	"calld/config"
	"calld/exchange"

	"github.com/google/go-cmp/cmp"
)

// pbx is an Asterisk with channels in a state.
type pbx struct {
	states map[string]string // of channels, by unique id
	asked  []string
	away   error
}

var ids = regexp.MustCompile(`calld-spy-\w+`)

func (p *pbx) note(format string, args ...any) error {
	p.asked = append(p.asked, ids.ReplaceAllString(fmt.Sprintf(format, args...), "ear"))
	return p.away
}

func (p *pbx) Originate(_ context.Context, o exchange.Origination) error {
	p.states[o.ID] = "Ringing"
	return p.note("originate %s as %s to %s,%s from %s with %v", o.Channel, o.ID, o.Context, o.Extension, o.CallerID, o.Variables)
}

func (p *pbx) Hangup(_ context.Context, channel string, cause int) error {
	delete(p.states, channel)
	return p.note("hang up %s %d", channel, cause)
}

func (p *pbx) Redirect(_ context.Context, channel, dialContext, extension string) error {
	return p.note("redirect %s to %s,%s", channel, dialContext, extension)
}

func (p *pbx) SetVariable(_ context.Context, channel, name, value string) error {
	return p.note("set %s %s=%s", channel, name, value)
}

func (p *pbx) Variable(_ context.Context, channel, _ string) (string, error) {
	if state, ok := p.states[channel]; ok {
		return state, p.away
	}
	return "", fmt.Errorf("%w: %s", exchange.ErrNoChannel, channel)
}

func TestStart(t *testing.T) {
	talk := Talk{Channel: "1.1", Agent: config.Agent{ID: "a1", Name: `상담자 "A1" <x>`, Phone: "8001"}}
	other := Talk{Channel: "2.2", Agent: config.Agent{ID: "a2", Name: "a2", Phone: "8002"}}
	sup := config.Agent{ID: "sup", Phone: "8009"}
	const (
		rings = `originate PJSIP/8009 as ear to calld-spy,listen from "상담자 A1 x" <8001> with map[CALLD_SPY:1.1]`
		barge = `originate PJSIP/8009 as ear to calld-spy,barge from "상담자 A1 x" <8001> with map[CALLD_SPY:1.1]`
	)
	tests := map[string]struct {
		between func(*pbx) // the first request, for listening, and the second
		then    Talk
		mode    Mode
		want    []string
	}{
		"another mode while listening": {
			func(p *pbx) { p.set("Up") }, talk, Whisper,
			[]string{rings, "set ear CALLD_SPY=1.1", "redirect ear to calld-spy,whisper"},
		},
		"another talk while listening": {
			func(p *pbx) { p.set("Up") }, other, Listen,
			[]string{rings, "set ear CALLD_SPY=2.2", "redirect ear to calld-spy,listen"},
		},
		"again while it rings": {
			func(*pbx) {}, talk, Barge, []string{rings, "hang up ear 16", barge},
		},
		"again after hanging up": {
			func(p *pbx) { clear(p.states) }, talk, Barge, []string{rings, barge},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := &pbx{states: map[string]string{}}
			s := New(p, func() string { return "PJSIP/{phone}" })
			if err := s.Start(t.Context(), sup, talk, Listen); err != nil {
				t.Fatal(err)
			}
			tt.between(p)
			if err := s.Start(t.Context(), sup, tt.then, tt.mode); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, p.asked); diff != "" {
				t.Errorf("asked (-want +got):\n%s", diff)
			}
		})
	}
}

func (p *pbx) set(state string) {
	for id := range p.states {
		p.states[id] = state
	}
}

func TestStartFails(t *testing.T) {
	p := &pbx{states: map[string]string{}}
	s := New(p, func() string { return "PJSIP/{phone}" })
	if err := s.Start(t.Context(), config.Agent{ID: "sup"}, Talk{}, Listen); !errors.Is(err, ErrNoPhone) || len(p.asked) > 0 {
		t.Errorf("without a phone: %v, asked %v", err, p.asked)
	}
	p.away = exchange.ErrAway
	for range 2 {
		if err := s.Start(t.Context(), config.Agent{ID: "sup", Phone: "8009"}, Talk{}, Listen); !errors.Is(err, exchange.ErrAway) {
			t.Errorf("with Asterisk away: %v", err)
		}
	}
}
