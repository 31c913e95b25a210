package dialplan

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"calld/agi"
	"calld/agi/agitest"
	"calld/config"
	"calld/queue"

	"github.com/google/go-cmp/cmp"
)

func TestDialResult(t *testing.T) {
	tests := []struct {
		status string
		cause  int
		want   queue.RingResult
	}{
		{"ANSWER", 16, queue.RingAnswer},
		{"NOANSWER", 0, queue.NoAnswer},
		{"NOANSWER", 19, queue.NoAnswer},
		{"NOANSWER", 21, queue.NoAnswer}, // 603; the board tells it by the time it took
		{"CANCEL", 0, queue.CallerLeft},
		{"BUSY", 17, queue.Refused},
		{"CONGESTION", 34, queue.Refused},
		{"DONTCALL", 0, queue.Refused},
		{"TORTURE", 0, queue.Refused},
		{"CHANUNAVAIL", 0, queue.Unreachable},
		{"CHANUNAVAIL", 20, queue.Unreachable}, // subscriber absent
		{"CHANUNAVAIL", 17, queue.Refused},
		{"CHANUNAVAIL", 19, queue.Refused}, // 480 of a phone on do not disturb
		{"CHANUNAVAIL", 21, queue.Refused},
		{"INVALIDARGS", 0, queue.Unreachable},
		{"", 0, queue.Unreachable},
	}
	for _, tt := range tests {
		if got := dialResult(tt.status, tt.cause); got != tt.want {
			t.Errorf("dialResult(%q, %d) = %q, want %q", tt.status, tt.cause, got, tt.want)
		}
	}
}

func TestDialArgs(t *testing.T) {
	two := []queue.OfferedAgent{{ID: "a", Phone: "801"}, {ID: "b", Phone: "802"}}
	tests := map[string]struct {
		offer queue.Offer
		up    bool
		dial  string
		want  []string
	}{
		"one":          {queue.Offer{Agents: two[:1], RingFor: 20 * time.Second}, false, "PJSIP/{phone}", []string{"PJSIP/801", "20", "gi"}},
		"several":      {queue.Offer{Agents: two, RingFor: 20 * time.Second}, false, "SIP/{phone}@gw", []string{"SIP/801@gw&SIP/802@gw", "20", "gi"}},
		"music":        {queue.Offer{Agents: two[:1], RingFor: time.Second, Music: "재즈"}, true, "PJSIP/{phone}", []string{"PJSIP/801", "1", "gim(재즈)"}},
		"rounded up":   {queue.Offer{Agents: two[:1], RingFor: 1001 * time.Millisecond}, false, "PJSIP/{phone}", []string{"PJSIP/801", "2", "gi"}},
		"outside":      {queue.Offer{Outside: &queue.Outside{Number: "01012345678", CallerID: "0215881234"}, RingFor: 30 * time.Second, Music: "재즈"}, true, "", []string{"PJSIP/01012345678@trunk", "30", "gif(0215881234)m(재즈)"}},
		"headers":      {queue.Offer{Agents: two[:1], RingFor: time.Second, Headers: map[string]string{"X-A": "b"}}, false, "PJSIP/{phone}", []string{"PJSIP/801", "1", "gib(calld-headers^s^1)"}},
		"masked":       {queue.Offer{Agents: []queue.OfferedAgent{{ID: "sup", Phone: "809"}, {ID: "m", Phone: "803"}}, RingFor: time.Second}, false, "PJSIP/{phone}", []string{"PJSIP/809&PJSIP/803", "1", "gif(010****5678)"}},
		"not masked":   {queue.Offer{Agents: []queue.OfferedAgent{{ID: "sup", Phone: "809"}}, RingFor: time.Second}, false, "PJSIP/{phone}", []string{"PJSIP/809", "1", "gi"}},
		"never 0":      {queue.Offer{Agents: two[:1]}, false, "PJSIP/{phone}", []string{"PJSIP/801", "1", "gi"}}, // 0 rings for ever
		"never so far": {queue.Offer{Agents: two[:1], RingFor: -time.Hour}, false, "PJSIP/{phone}", []string{"PJSIP/801", "1", "gi"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := &caller{number: "01012345678", answered: tt.up, cfg: &config.Config{
				Asterisk: config.Asterisk{AgentDial: tt.dial, TrunkDial: "PJSIP/{number}@trunk"},
				Agents:   []config.Agent{{ID: "m", Role: config.RoleAgent}, {ID: "sup", Role: config.RoleSupervisor}},
				Privacy:  config.Privacy{MaskNumbersFor: []config.Role{config.RoleAgent}},
			}}
			if diff := cmp.Diff(tt.want, c.dialArgs(&tt.offer)); diff != "" {
				t.Errorf("arguments (-want +got):\n%s", diff)
			}
		})
	}
}

// TestReport reads what Dial leaves on the channel, of old and new Asterisks.
func TestReport(t *testing.T) {
	const source = "CHANNEL(hangupsource)"
	errLater := errors.New("hung up a moment later")
	tests := map[string]struct {
		vars map[string]string
		gone error
		want queue.DialReport
	}{
		"Asterisk ended the talk, the agent's side first": {
			map[string]string{"DIALSTATUS": "ANSWER", "HANGUPCAUSE": "16"},
			errLater,
			queue.DialReport{Result: queue.RingAnswer, CallerGone: true, Dropped: true, Cause: 16},
		},
		"Asterisk ended the agent's side": {
			map[string]string{"DIALSTATUS": "ANSWER", "HANGUPCAUSE": "16"},
			nil,
			queue.DialReport{Result: queue.RingAnswer, Cause: 16},
		},
		"answered": {
			map[string]string{"DIALSTATUS": "ANSWER", "DIALEDPEERNAME": "PJSIP/8-0-1-0000002a", "ANSWEREDTIME_MS": "1234", "ANSWEREDTIME": "1", "HANGUPCAUSE": "16", source: "PJSIP/8-0-1-0000002a"},
			nil,
			queue.DialReport{Result: queue.RingAnswer, Phone: "8-0-1", Talked: 1234 * time.Millisecond, Cause: 16},
		},
		"Asterisk 16 knows no milliseconds": {
			map[string]string{"DIALSTATUS": "ANSWER", "DIALEDPEERNAME": "PJSIP/802-1", "ANSWEREDTIME": "7", "HANGUPCAUSE": "16", source: "PJSIP/802-1"},
			nil,
			queue.DialReport{Result: queue.RingAnswer, Phone: "802", Talked: 7 * time.Second, Cause: 16},
		},
		"the caller ended the talk": {
			map[string]string{"DIALSTATUS": "ANSWER", "HANGUPCAUSE": "16", source: "PJSIP/caller-00000001"},
			agi.ErrHangup,
			queue.DialReport{Result: queue.RingAnswer, CallerGone: true, Cause: 16},
		},
		"Asterisk ended the talk": {
			map[string]string{"DIALSTATUS": "ANSWER", "HANGUPCAUSE": "16"},
			agi.ErrHangup,
			queue.DialReport{Result: queue.RingAnswer, CallerGone: true, Dropped: true, Cause: 16},
		},
		"Asterisk ended the ringing": {
			map[string]string{"DIALSTATUS": "CANCEL"},
			agi.ErrHangup,
			queue.DialReport{Result: queue.CallerLeft, CallerGone: true, Dropped: true},
		},
		"redirected in the talk": {
			map[string]string{"DIALSTATUS": "ANSWER"},
			agi.ErrRedirected,
			queue.DialReport{Result: queue.RingAnswer},
		},
		"hang-up or redirect": {
			map[string]string{"DIALSTATUS": "NOANSWER", source: "PJSIP/caller-00000001"},
			agi.ErrDead,
			queue.DialReport{Result: queue.NoAnswer, CallerGone: true},
		},
		"cancelled": {
			map[string]string{"DIALSTATUS": "CANCEL", source: "PJSIP/caller-00000001"},
			nil,
			queue.DialReport{Result: queue.CallerLeft, CallerGone: true},
		},
		"somebody else's phone": {
			map[string]string{"DIALSTATUS": "ANSWER", "DIALEDPEERNAME": "PJSIP/999-1", source: "PJSIP/999-1"},
			nil,
			queue.DialReport{Result: queue.RingAnswer},
		},
		"joined by Bridge": {
			map[string]string{"DIALSTATUS": "NOANSWER", "BRIDGERESULT": "SUCCESS", "HANGUPCAUSE": "16", source: "PJSIP/802-1"},
			nil,
			queue.DialReport{Result: queue.RingAnswer, Cause: 16},
		},
		"nobody there to be joined": {
			map[string]string{"BRIDGERESULT": "NONEXISTENT", source: "PJSIP/802-1"},
			nil,
			queue.DialReport{Result: queue.RingAnswer, Unjoined: true},
		},
		"rubbish": {
			map[string]string{"DIALSTATUS": "??", "DIALEDPEERNAME": "x", "ANSWEREDTIME_MS": "-", "HANGUPCAUSE": "many"},
			nil,
			queue.DialReport{Result: queue.Unreachable},
		},
		"nothing": {nil, nil, queue.DialReport{Result: queue.Unreachable}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := agitest.New(t, agi.Env{})
				for name, value := range tt.vars {
					k.SetVar(name, value)
				}
				k.Dial(agi.HandlerFunc(func(ctx context.Context, s *agi.Session) {
					ctx, cancel := context.WithCancelCause(ctx)
					defer cancel(nil)
					switch {
					case errors.Is(tt.gone, errLater):
						time.AfterFunc(bothSides/2, func() { cancel(agi.ErrHangup) })
					case tt.gone != nil:
						cancel(tt.gone)
					}
					c := reporter(t, s)
					offer := &queue.Offer{ID: 5}
					if tt.vars["BRIDGERESULT"] != "" {
						offer.Bridge = "PJSIP/802-1"
					}
					got, err := c.report(ctx, offer)
					if err != nil {
						t.Error(err)
					}
					tt.want.Offer = 5
					if diff := cmp.Diff(tt.want, got); diff != "" {
						t.Errorf("report (-want +got):\n%s", diff)
					}
				}))
				k.Wait()
			})
		})
	}
}

// reporter is a script whose caller talks with agent b.
func reporter(t *testing.T, s *agi.Session) *caller {
	t.Helper()
	cfg := &config.Config{
		Asterisk: config.Asterisk{AgentDial: "PJSIP/{phone}"},
		Queues:   []config.Queue{{ID: "q", Number: "1", RingTimeout: time.Minute}},
		Agents:   []config.Agent{{ID: "a", Phone: "8-0-1"}, {ID: "b", Phone: "802", Queues: []string{"q"}}},
	}
	cfg.Server.Timezone = time.UTC
	board := queue.New(queue.Options{Config: cfg})
	if err := board.Connect("b"); err != nil {
		t.Fatal(err)
	}
	ticket, err := board.Enter(queue.Entry{ID: "c", Queue: "q", UniqueID: "u", Ready: true})
	if err != nil {
		t.Fatal(err)
	}
	board.Heard(queue.Fact{Kind: queue.PhoneAnswers, UniqueID: "u", Phone: "802"})
	return &caller{s: s, cfg: cfg, ticket: ticket, in: &Inbound{Board: board}}
}

// TestReportByOrder: the end of a talk that the board has ordered says nothing
// of Asterisk going down, and nothing is waited for.
func TestReportByOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := agitest.New(t, agi.Env{})
		k.SetVar("DIALSTATUS", "ANSWER")
		k.Dial(agi.HandlerFunc(func(ctx context.Context, s *agi.Session) {
			c, began := reporter(t, s), time.Now()
			if err := c.in.Board.(*queue.Board).Hangup("c"); err != nil {
				t.Error(err)
			}
			got, err := c.report(ctx, &queue.Offer{ID: 5})
			if err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(queue.DialReport{Offer: 5, Result: queue.RingAnswer}, got); diff != "" {
				t.Errorf("report (-want +got):\n%s", diff)
			}
			if d := time.Since(began); d >= bothSides {
				t.Errorf("it took %v", d)
			}
		}))
		k.Wait()
	})
}
