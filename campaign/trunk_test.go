package campaign_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"calld/campaign"
	"calld/exchange"
)

// TestTrunkAway: a campaign whose trunk is away does not start, and is told so by
// field; a trunk of which Asterisk can tell nothing is let through.
func TestTrunkAway(t *testing.T) {
	tests := map[string]struct {
		dial  string
		state string
		err   error
		asked string
		want  campaign.FaultCode // empty: it starts
		field string
	}{
		"there":               {"PJSIP/{number}@trunk", "NOT_INUSE", nil, "PJSIP/trunk", "", ""},
		"in use":              {"PJSIP/{number}@trunk", "INUSE", nil, "PJSIP/trunk", "", ""},
		"without contacts":    {"PJSIP/{number}@trunk", "UNKNOWN", nil, "PJSIP/trunk", "", ""},
		"no function":         {"PJSIP/{number}@trunk", "", nil, "PJSIP/trunk", "", ""},
		"not allowed":         {"PJSIP/{number}@trunk", "", errors.New("permission denied"), "PJSIP/trunk", "", ""},
		"no such endpoint":    {"PJSIP/{number}@trunk", "INVALID", nil, "PJSIP/trunk", campaign.FaultTrunkUnknown, "asterisk.trunk_dial"},
		"unreachable":         {"pjsip/{number}@trunk", "UNAVAILABLE", nil, "PJSIP/trunk", campaign.FaultTrunkAway, "asterisk.trunk_dial"},
		"address of its own":  {"PJSIP/carrier/sip:{number}@sip.example.com", "UNAVAILABLE", nil, "PJSIP/carrier", "", ""},
		"address, no carrier": {"PJSIP/carrier/sip:{number}@sip.example.com", "INVALID", nil, "PJSIP/carrier", campaign.FaultTrunkUnknown, "asterisk.trunk_dial"},
		"many endpoints":      {"PJSIP/{number}", "INVALID", nil, "", "", ""},
		"local channel":       {"Local/{number}@outbound/n", "INVALID", nil, "", "", ""},
		"other technology":    {"DAHDI/g1/{number}", "INVALID", nil, "", "", ""},
		"no answer":           {"PJSIP/{number}@trunk", "", exchange.ErrUnanswered, "PJSIP/trunk", campaign.FaultAsterisk, "asterisk"},
		"gone meanwhile":      {"PJSIP/{number}@trunk", "", exchange.ErrAway, "PJSIP/trunk", campaign.FaultAsterisk, "asterisk"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCentre(t, 1, campaign.Plan{Mode: campaign.Progressive}, "0101", "0102", "0103")
				defer func() { c.stop() }()
				c.cfg.Asterisk.TrunkDial, c.device, c.deviceErr = tt.dial, tt.state, tt.err
				if err := c.d.ForceStop(t.Context(), "c"); err != nil {
					t.Fatal(err)
				}
				for _, try := range c.ordered() {
					c.d.Gone(try, 16, "", time.Now())
				}
				time.Sleep(3 * time.Second)
				got := ""
				var code campaign.FaultCode
				err := c.d.Start(t.Context(), "c")
				if faults, ok := errors.AsType[campaign.Faults](err); ok && len(faults) == 1 {
					got, code = faults[0].Field, faults[0].Code
				} else if err != nil {
					t.Fatal(err)
				}
				if got != tt.field || code != tt.want {
					t.Errorf("fault %s of %q, want %s of %q: %v", code, got, tt.want, tt.field, err)
				}
				asked := ""
				if len(c.asked) > 0 {
					asked = c.asked[0]
				}
				if asked != tt.asked {
					t.Errorf("asked for %q, want %q", asked, tt.asked)
				}
				if k, err := c.store.Campaign("c"); err != nil || (k.State == campaign.Running) != (tt.want == "") {
					t.Errorf("it is %s: %v", k.State, err)
				}
			})
		})
	}
}

// TestScheduleTriesAgain: what keeps a scheduled campaign from starting is told with its
// figures, and it starts once that is mended.
func TestScheduleTriesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre(t, 1, campaign.Plan{Mode: campaign.Progressive}, "0101")
		defer func() { c.stop() }()
		c.stop()
		now := time.Now()
		c.store.CampaignList[0] = campaign.Campaign{
			ID: "c", Plan: "p", DialList: "l", Queue: "q", State: campaign.Stopped, Since: now, Schedule: &campaign.Schedule{From: now.Add(time.Minute)},
		}
		c.device = "UNAVAILABLE"
		c.run()
		c.d.Connected(true)
		c.d.Live(now, time.Time{}, nil)
		refused := func() (codes []campaign.FaultCode) {
			t.Helper()
			s, err := c.d.Stats(t.Context(), "c")
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range s.Refused {
				codes = append(codes, f.Code)
			}
			return codes
		}
		if got := refused(); got != nil {
			t.Errorf("before its time: %v", got)
		}
		time.Sleep(2 * time.Minute)
		if got := refused(); !slices.Equal(got, []campaign.FaultCode{campaign.FaultTrunkAway}) {
			t.Errorf("refused for %v", got)
		}
		c.mu.Lock()
		c.device = "NOT_INUSE"
		c.mu.Unlock()
		c.store.Fail(errors.New("disk full"))
		time.Sleep(time.Minute)
		if got := refused(); !slices.Equal(got, []campaign.FaultCode{campaign.FaultFailed}) {
			t.Errorf("refused for %v", got)
		}
		c.store.Fail(nil)
		time.Sleep(time.Minute)
		if k, err := c.store.Campaign("c"); err != nil || k.State != campaign.Running || k.Why != campaign.BySchedule {
			t.Errorf("it is %s: %v", k.State, err)
		}
		if got := refused(); got != nil {
			t.Errorf("when it runs: %v", got)
		}
	})
}
