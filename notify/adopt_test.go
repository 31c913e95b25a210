package notify_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"calld/ami/amitest"
	"calld/queue"
)

// TestCallsThatTheStoreLostAreTakenUp: calld was killed before it wrote them down.
func TestCallsThatTheStoreLostAreTakenUp(t *testing.T) {
	both := func(bridge string) [][]string {
		return [][]string{
			{
				"Channel", "PJSIP/trunk-2", "Uniqueid", "lost", "Linkedid", "lost", "BridgeId", bridge,
				"Context", "waiting", "Exten", "1", "Duration", "00:01:00", "CallerIDNum", "0109",
			},
			{"Channel", "PJSIP/8002-7", "Uniqueid", "8002-7", "Linkedid", "lost", "BridgeId", bridge},
		}
	}
	talking, ringing := both("b2"), both("")
	for _, tt := range []struct {
		name      string
		channels  [][]string
		variables map[string]string
		over      bool // the call has ended on this board
		want      string
	}{
		{"a talk", talking, map[string]string{"ID": "c9", "ENTERED": "ok"}, false, "talking a8002:answered"},
		{"ringing", ringing, map[string]string{"ID": "c9", "ENTERED": "ok"}, false, "ringing a8002:"},
		{"waiting", talking[:1], map[string]string{"ID": "c9", "ENTERED": "ok"}, false, ""},
		{"hung up meanwhile", talking, nil, false, ""},
		{"made by an agent", talking, map[string]string{"ID": "c9"}, false, ""},
		{"over", talking, map[string]string{"ID": "c9", "ENTERED": "ok"}, true, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newExchange(t, "PJSIP/{phone}")
				begin := time.Now().Add(-time.Minute)
				if tt.over {
					ticket, err := x.board.Enter(queue.Entry{ID: "c9", Queue: "q1", UniqueID: "before"})
					if err != nil {
						t.Fatal(err)
					}
					ticket.Hangup(16)
				}
				x.srv.Answer("Getvar", func(r *amitest.Request) {
					value := tt.variables[r.Get("Variable")]
					switch {
					case r.Get("Channel") != "PJSIP/trunk-2" || tt.variables == nil:
						r.Error("No such channel")
						return
					case value == "ok":
						value = fmt.Sprint(begin.UnixMilli())
					}
					r.Success("Variable", r.Get("Variable"), "Value", value)
				})
				x.mu.Lock()
				x.channels = tt.channels
				x.mu.Unlock()
				x.srv.Cut()
				time.Sleep(5 * time.Second)
				x.boot(time.Hour)
				c, live := x.board.Call("c9")
				if got := told(&c, live); got != tt.want {
					t.Fatalf("%q, want %q", got, tt.want)
				}
				if !live {
					return
				}
				if !c.Begin.Equal(begin) || c.Caller != "0109" || c.Queue != "q1" || c.Record != "c9.wav" {
					t.Errorf("call = %+v", c)
				}
				x.emit("DialEnd", "Uniqueid", "lost", "DestUniqueid", "8002-7", "DialStatus", "ANSWER")
				x.hangup("8002-7", "16")
				x.hangup("lost", "16")
				x.mu.Lock()
				defer x.mu.Unlock()
				if len(x.ended) != 1 || x.ended[0] != "answered 16 agent" {
					t.Errorf("ended: %q", x.ended)
				}
			})
		})
	}
}

// told tells a call's phase, and what became of ringing agents.
func told(c *queue.Call, live bool) string {
	if !live {
		return ""
	}
	text := string(c.Phase)
	for _, r := range c.Rings {
		text += fmt.Sprintf(" %s:%s", r.Agent, r.Result)
	}
	return text
}
