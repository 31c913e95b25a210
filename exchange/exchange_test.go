package exchange

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"calld/ami"
	"calld/ami/amitest"

	"github.com/google/go-cmp/cmp"
)

// failing is a client to which Asterisk says no.
type failing struct{ err error }

func (f failing) Do(context.Context, ami.Action) (ami.Response, error) { return ami.Response{}, f.err }

func TestActions(t *testing.T) {
	tests := map[string]struct {
		do   func(context.Context, *Exchange) error
		want string
	}{
		"originate into the dialplan": {
			func(ctx context.Context, x *Exchange) error {
				return x.Originate(ctx, Origination{
					Channel: "PJSIP/8001", ID: "c1-a", Context: "calld-outbound", Extension: "s",
					CallerID: `"상담" <0215881234>`, RingFor: 30 * time.Second,
					Variables: map[string]string{"__CALLD_ID": "c1", "A": "b"},
				})
			},
			"Originate\nActionID: c1-a\nChannel: PJSIP/8001\nChannelId: c1-a\nAsync: true\nTimeout: 30000\n" +
				"Context: calld-outbound\nExten: s\nPriority: 1\nCallerID: \"상담\" <0215881234>\n" +
				"Variable: A=b\nVariable: __CALLD_ID=c1",
		},
		"originate an application": {
			func(ctx context.Context, x *Exchange) error {
				return x.Originate(ctx, Origination{
					Channel: "PJSIP/8009", ID: "x", Application: "ChanSpy", Data: "PJSIP/8001-1,qE", RingFor: time.Second,
				})
			},
			"Originate\nActionID: x\nChannel: PJSIP/8009\nChannelId: x\nAsync: true\nTimeout: 1000\n" +
				"Application: ChanSpy\nData: PJSIP/8001-1,qE",
		},
		"hang up": {
			func(ctx context.Context, x *Exchange) error { return x.Hangup(ctx, "PJSIP/8001-1", 16) },
			"Hangup\nChannel: PJSIP/8001-1\nCause: 16",
		},
		"redirect": {
			func(ctx context.Context, x *Exchange) error {
				return x.Redirect(ctx, "PJSIP/8001-1", "calld-hold", "s")
			},
			"Redirect\nChannel: PJSIP/8001-1\nContext: calld-hold\nExten: s\nPriority: 1",
		},
		"redirect both": {
			func(ctx context.Context, x *Exchange) error {
				return x.RedirectBoth(ctx, Place{"PJSIP/trunk-1", "calld-turned", "02"}, Place{"PJSIP/8001-1", "calld-hold", "s"})
			},
			"Redirect\nChannel: PJSIP/trunk-1\nContext: calld-turned\nExten: 02\nPriority: 1\n" +
				"ExtraChannel: PJSIP/8001-1\nExtraContext: calld-hold\nExtraExten: s\nExtraPriority: 1",
		},
		"digit": {
			func(ctx context.Context, x *Exchange) error {
				return x.PlayDTMF(ctx, "PJSIP/8001-1", '#', 120*time.Millisecond)
			},
			"PlayDTMF\nChannel: PJSIP/8001-1\nDigit: #\nDuration: 120",
		},
		"variable": {
			func(ctx context.Context, x *Exchange) error { return x.SetVariable(ctx, "PJSIP/8001-1", "A", "한글") },
			"Setvar\nChannel: PJSIP/8001-1\nVariable: A\nValue: 한글",
		},
		"device state": {
			func(ctx context.Context, x *Exchange) error {
				_, err := x.DeviceState(ctx, "PJSIP/trunk")
				return err
			},
			"Getvar\nVariable: DEVICE_STATE(PJSIP/trunk)",
		},
		"read a variable": {
			func(ctx context.Context, x *Exchange) error {
				v, err := x.Variable(ctx, "PJSIP/8001-1", "CHANNEL(state)")
				if err == nil && v != "" { // the test server answers without one
					return errors.New("the value is " + v)
				}
				return err
			},
			"Getvar\nChannel: PJSIP/8001-1\nVariable: CHANNEL(state)",
		},
	}
	srv, client := dial(t)
	t.Run("about", func(t *testing.T) {
		srv.Answer("CoreSettings", func(r *amitest.Request) { r.Success("AsteriskVersion", "22.5.0") })
		srv.Answer("CoreStatus", func(r *amitest.Request) { r.Success("CoreCurrentCalls", "15") })
		about, err := New(client, client).About(t.Context())
		if want := (About{Version: "22.5.0", Channels: 15}); err != nil || about != want {
			t.Errorf("%+v, %v; want %+v", about, err, want)
		}
	})
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			action, _, _ := strings.Cut(tt.want, "\n")
			srv.Answer(action, func(r *amitest.Request) {
				got = append(got, action)
				for _, h := range r.Headers {
					if h[0] != "Action" && (h[0] != "ActionID" || action == "Originate") {
						got = append(got, h[0]+": "+h[1])
					}
				}
				r.Success()
			})
			if err := tt.do(t.Context(), New(client, client)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, "\n")); diff != "" {
				t.Errorf("action (-want +got):\n%s", diff)
			}
		})
	}
}

// dial connects a client to a manager of its own.
func dial(t *testing.T) (*amitest.Server, *ami.Client) {
	t.Helper()
	srv := amitest.New(t, amitest.Options{})
	up := make(chan struct{}, 1)
	client := ami.New(ami.Options{
		Addr: srv.Listen(), Username: srv.Username, Secret: srv.Secret,
		OnState: func(s ami.State) {
			if s.Up {
				up <- struct{}{}
			}
		},
	})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = client.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	<-up
	return srv, client
}

// TestPeer: in a bridge of two Asterisk tells with whom, and before it begins
// who has answered.
func TestPeer(t *testing.T) {
	tests := map[string]struct {
		vars map[string]string
		want string
	}{
		"in a bridge":   {map[string]string{"BRIDGEPEER": "PJSIP/8002-2", "DIALEDPEERNAME": "PJSIP/8001-1"}, "PJSIP/8002-2"},
		"just answered": {map[string]string{"DIALEDPEERNAME": "PJSIP/8001-1"}, "PJSIP/8001-1"},
		"alone":         {nil, ""},
	}
	srv, client := dial(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			srv.Answer("Getvar", func(r *amitest.Request) {
				r.Success("Variable", r.Get("Variable"), "Value", tt.vars[r.Get("Variable")])
			})
			got, err := New(client, client).Peer(t.Context(), "PJSIP/trunk-1")
			if err != nil || got != tt.want {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

// TestErrors holds what Asterisk 22 says of channels that it does not find.
func TestErrors(t *testing.T) {
	tests := map[string]struct {
		err  error
		want error
	}{
		"hang-up":  {&ami.ResponseError{Action: "Hangup", Message: "No such channel"}, ErrNoChannel},
		"redirect": {&ami.ResponseError{Action: "Redirect", Message: "Channel does not exist: PJSIP/8001-1"}, ErrNoChannel},
		"digit":    {&ami.ResponseError{Action: "PlayDTMF", Message: "Channel not found"}, ErrNoChannel},
		"away":     {&ami.DisconnectError{Reason: ami.ReasonClosed, Err: errors.New("EOF")}, ErrAway},
		"late":     {fmt.Errorf("%w: %w", ami.ErrUnanswered, ami.ErrTimeout), ErrUnanswered},
		"lost":     {fmt.Errorf("%w: %w", ami.ErrUnanswered, &ami.DisconnectError{Reason: ami.ReasonClosed, Err: errors.New("EOF")}), ErrUnanswered},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := New(failing{tt.err}, nil).Hangup(t.Context(), "PJSIP/8001-1", 16)
			if !errors.Is(err, tt.want) || !errors.Is(err, tt.err) || errors.Is(err, ErrAway) != errors.Is(tt.err, ami.ErrDisconnected) {
				t.Errorf("error %v, want one that is %v and %v", err, tt.want, tt.err)
			}
		})
	}
	refused := &ami.ResponseError{Action: "Hangup", Message: "Permission denied"}
	err := New(failing{refused}, nil).Hangup(t.Context(), "PJSIP/8001-1", 16)
	if errors.Is(err, ErrNoChannel) || errors.Is(err, ErrAway) || !errors.Is(err, refused) {
		t.Errorf("error %v of a refusal", err)
	}
}

// Digits have a connection of their own: Asterisk does nothing else on it
// meanwhile.
func TestDigitsDelayNothing(t *testing.T) {
	away := &ami.DisconnectError{Reason: ami.ReasonClosed, Err: errors.New("EOF")}
	x := New(failing{errors.New("not asked")}, failing{away})
	if err := x.PlayDTMF(t.Context(), "PJSIP/8001-1", '1', time.Second); !errors.Is(err, ErrAway) {
		t.Errorf("error = %v, want %v", err, ErrAway)
	}
}
