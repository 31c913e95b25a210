package dialplan

import (
	"errors"
	"testing"
	"time"

	"calld/agi"
	"calld/agi/agitest"
	"calld/queue"
)

// TestBlockedCaller: the channel is never answered, and nothing is fetched.
func TestBlockedCaller(t *testing.T) {
	inCentre(t, func(c *centre) {
		c.logIn("홍길동")
		k := agitest.New(c.t, agi.Env{Args: []string{"2000"}, CallerID: "060-700-1234"})
		k.Dial(c.script)
		wantSaid(c.t, k, takenIn, "SET VARIABLE CALLD_RESULT BLOCKED")
		c.wantEnd(k, queue.Blocked, "")
		if len(c.announcer.asked) > 0 {
			c.t.Errorf("announcements: %v", c.announcer.asked)
		}
	})
}

// TestLastAgent: the caller comes to whom they have talked with, and to anybody
// when that can't be told.
func TestLastAgent(t *testing.T) {
	tests := map[string]struct {
		last string
		err  error
		want string // who is dialled
	}{
		"known":    {"second", nil, "802"},
		"unknown":  {"", nil, "801"},
		"no store": {"", errors.New("damaged"), "801"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inCentre(t, func(c *centre) {
				c.script.LastAgent = func(number string, since time.Time) (string, error) {
					if ago := time.Since(since); number != "01012345678" || ago != 24*time.Hour {
						c.t.Errorf("asked for %s since %s ago", number, ago)
					}
					return tt.last, tt.err
				}
				c.logIn("홍길동", "second")
				k := c.caller("5000")
				dials(k, answered)
				k.Dial(c.script)
				wantSaid(c.t, k, takenIn, "Dial(PJSIP/"+tt.want+",20,gi)", "SET VARIABLE CALLD_RESULT ANSWERED")
			})
		})
	}
}
