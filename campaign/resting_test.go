package campaign_test

import (
	"testing"
	"testing/synctest"
	"time"

	"calld/campaign"
)

// Outside of the calling hours a campaign waits, tells until when, and goes on by itself.
func TestOutsideHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // it is midnight in UTC
		plan := campaign.Plan{Mode: campaign.Progressive, Hours: []campaign.Hours{
			{Days: []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}, From: "09:00", To: "10:00"},
		}}
		c := newCentre(t, 1, plan, "0101", "0102")
		defer c.stop()
		opens := time.Now().Truncate(24 * time.Hour).Add(9 * time.Hour)
		for range 3 {
			time.Sleep(time.Hour)
			s, err := c.d.Stats(t.Context(), "c")
			if err != nil || s.State != campaign.Running || s.Reason != campaign.OutsideHours || s.Until == nil || !s.Until.Equal(opens) {
				t.Fatalf("%+v until %v, %v", s, s.Until, err)
			}
		}
		if n := len(c.ordered()); n != 0 {
			t.Fatalf("%d were dialled", n)
		}
		time.Sleep(time.Until(opens) + time.Second)
		c.d.Gone(c.only(0), 17, "", time.Now())
		time.Sleep(10 * time.Second)
		c.d.Gone(c.only(1), 17, "", time.Now())
		time.Sleep(10 * time.Second)
		if got, _ := c.store.Campaign("c"); got.Why != campaign.ByListEnd {
			t.Errorf("%+v", got)
		}
	})
}
