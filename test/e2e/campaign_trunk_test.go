//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"slices"

	"calld/campaign"
)

// trunksAway are endpoints of Asterisk: at the one nobody answers, and of the
// other, which has the same address, that is not asked.
var trunksAway = map[string]string{"pjsip_away.conf": `
[away]
type = endpoint
aors = away
disallow = all
allow = ulaw
[away]
type = aor
contact = sip:127.0.0.1:9
qualify_frequency = 1
qualify_timeout = 0.5
[unasked]
type = endpoint
aors = unasked
disallow = all
allow = ulaw
[unasked]
type = aor
contact = sip:127.0.0.1:9
`}

// refusesTrunksAway: a campaign does not start by a trunk that Asterisk does not know
// or can't reach, and is told the field; it starts by one of which nothing is known.
// No agent is logged in meanwhile, so nobody is dialled.
func (c *centre) refusesTrunksAway() {
	c.t.Helper()
	const api = "/api/v1/"
	var made struct{ ID string }
	create := func(kind string, body map[string]any) string {
		c.t.Helper()
		if status := c.post(api+kind, body, &made); status != http.StatusCreated {
			c.t.Fatalf("a thing of %s is not made: %d", kind, status)
		}
		return made.ID
	}
	list := create("dial-lists", map[string]any{"name": "trunks"})
	if status := c.post(api+"dial-lists/"+list+"/entries", []map[string]any{{"numbers": []string{"01012345678"}}}, nil); status != http.StatusOK {
		c.t.Fatalf("nobody is in the list: %d", status)
	}
	id := create("campaigns", map[string]any{
		"name": "trunks", "dial_list": list, "queue": "123456",
		"plan": create("plans", map[string]any{"name": "trunks", "mode": campaign.Progressive}),
	})
	start := func(trunk string) (faults []string) {
		c.t.Helper()
		c.reload(func(p *plan) { p.TrunkDial = trunk })
		var problem struct {
			Errors []struct{ Location, Code string }
		}
		switch status := c.post(api+"campaigns/"+id+"/start", map[string]any{}, &problem); status {
		case http.StatusNoContent:
			if status := c.post(api+"campaigns/"+id+"/stop", map[string]any{}, nil); status != http.StatusNoContent {
				c.t.Fatalf("it can't be stopped: %d", status)
			}
			c.eventually("it is stopped", func() error {
				var k campaign.Campaign
				if c.ask(api+"campaigns/"+id, &k); k.State != campaign.Stopped {
					return fmt.Errorf("it is %s", k.State)
				}
				return nil
			})
		case http.StatusUnprocessableEntity:
			for _, e := range problem.Errors {
				faults = append(faults, e.Location+" "+e.Code)
			}
		default:
			c.t.Fatalf("start: %d", status)
		}
		return faults
	}
	for _, tt := range []struct {
		trunk string
		want  []string
	}{
		{"PJSIP/{number}@nobody", []string{"body.asterisk.trunk_dial trunk_unknown"}},
		{"PJSIP/nobody/sip:{number}@127.0.0.1:9", []string{"body.asterisk.trunk_dial trunk_unknown"}},
		{"PJSIP/{number}@unasked", nil},
		{"Local/{number}@nowhere/n", nil},
		{"", nil}, // the trunk of all others, which is not asked either
	} {
		if got := start(tt.trunk); !slices.Equal(got, tt.want) {
			c.t.Errorf("%q: %q, want %q", tt.trunk, got, tt.want)
		}
	}
	// That nobody answers Asterisk knows after a while.
	c.eventually("a trunk that is away is told", func() error {
		if got := start("PJSIP/{number}@away"); !slices.Equal(got, []string{"body.asterisk.trunk_dial trunk_away"}) {
			return fmt.Errorf("it is %q", got)
		}
		return nil
	})
	c.reload(func(p *plan) { p.TrunkDial = "" })
}
