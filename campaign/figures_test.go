package campaign_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"calld/campaign"
)

// TestRemaining: who is left of a list is told as it becomes less, though the
// dialler has read far ahead.
func TestRemaining(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var numbers []string
		for i := range 150 {
			numbers = append(numbers, fmt.Sprintf("0101000%04d", i))
		}
		c := newCentre(t, 1, campaign.Plan{Mode: campaign.Progressive}, numbers...)
		defer c.stop()
		remaining := func() int {
			t.Helper()
			s, err := c.d.Stats(t.Context(), "c")
			if err != nil {
				t.Fatal(err)
			}
			return s.Remaining
		}
		for i := range 10 {
			c.d.Gone(c.only(i), 17, "", time.Now()) // busy
			time.Sleep(2 * time.Second)
		}
		time.Sleep(6 * time.Second)
		if got := remaining(); got != 140 {
			t.Errorf("%d are left, want 140", got)
		}
	})
}

// TestMachineBeforeTheAnswer: a machine that is found before the event of its answer
// comes is no customer whom nobody took.
func TestMachineBeforeTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre(t, 1, campaign.Plan{Mode: campaign.Predictive, AMD: campaign.AMDHumansOrUnsure, MaxAbandonRate: 0.03}, "0101", "0102")
		defer c.stop()
		try := c.only(0)
		if _, ok := c.d.Met(t.Context(), try); !ok {
			t.Fatal("the try is over")
		}
		if c.d.Screened(t.Context(), try, "MACHINE", "INITIALSILENCE-2500-2500") {
			t.Error("the machine is given to an agent")
		}
		c.d.DialOver(try, "ANSWER", time.Now())
		c.d.Originated(try, true, 4, time.Now())
		c.d.Gone(try, 16, "", time.Now())
		time.Sleep(2 * time.Second)
		if r := c.result(0); !r.Machine() {
			t.Errorf("result %+v", r)
		}
		s, err := c.d.Stats(t.Context(), "c")
		if err != nil || s.Pacing.Answered != 0 || s.Pacing.Abandoned != 0 || s.Day.Abandoned != 0 {
			t.Errorf("pacing %+v, day %+v: %v", s.Pacing, s.Day, err)
		}
	})
}
