//go:build e2e

package e2e

import (
	"path/filepath"
	"testing"

	"calld/campaign"
)

// The phone of the agent who gets a customer is asked to answer by itself, in the
// words of several kinds of phones.
func TestCampaignAsksThePhone(t *testing.T) {
	t.Parallel()
	p := onePlan(1, `recording = false`)
	p.Customers = customersByNumber
	p.Data = t.TempDir()
	const number = "0102000001"
	seed(t, filepath.Join(p.Data, "calld.db"), fixture{plan: campaign.Plan{Mode: campaign.Progressive}, numbers: []string{number}})
	c := start(t, p)
	c.loginAll("a1")
	rung, err := c.phone("a1").WaitRinging(c.step())
	c.must(err)
	if rung.Number != number {
		t.Errorf("the phone shows %s, want %s", rung.Number, number)
	}
	for header, want := range map[string]string{"Call-Info": "<sip:calld>;answer-after=0", "Alert-Info": "info=alert-autoanswer"} {
		if got := rung.Header(header); got != want {
			t.Errorf("the phone was given %s: %q, want %q", header, got, want)
		}
	}
}
