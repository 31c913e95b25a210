package campaign_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"calld/campaign"
	"calld/campaign/campaigntest"
	"calld/config"
	"calld/queue"
)

// A schedule starts and stops a campaign; what an admin does in between stands.
func TestSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // it is midnight of 1 January 2000, a Saturday, in UTC
		c := newCentre(t, 1, campaign.Plan{Mode: campaign.Progressive})
		defer func() { c.stop() }()
		now := time.Now()
		c.stop()
		c.store.CampaignList[0] = campaign.Campaign{
			ID: "c", Plan: "p", DialList: "l", Queue: "q", State: campaign.Stopped, Since: now,
			Schedule: &campaign.Schedule{From: now.Add(time.Hour), Until: now.Add(72 * time.Hour), Hours: []campaign.Hours{
				{Days: []string{"sat", "sun", "mon", "tue"}, From: "09:00", To: "17:00"},
			}},
		}
		c.store.PlanList[0].ListEnd = campaign.ListKeep
		c.store.Add(campaign.Entry{ID: "e", List: "l", Numbers: []campaign.Number{{Number: "0101"}}, Due: now.Add(1000 * time.Hour)})
		c.run()
		if err := c.board.Connect("a1"); err != nil {
			t.Fatal(err)
		}
		c.d.Connected(true)
		c.d.Live(now, time.Time{}, nil)
		at := func(hour int, want campaign.State, why string) {
			t.Helper()
			time.Sleep(time.Until(now.Add(time.Duration(hour) * time.Hour).Add(time.Minute)))
			got, err := c.store.Campaign("c")
			if err != nil || got.State != want || got.Why != why {
				t.Errorf("hour %d: %s %q, want %s %q; %v", hour, got.State, got.Why, want, why, err)
			}
		}
		at(8, campaign.Stopped, "")
		at(9, campaign.Running, campaign.BySchedule)
		at(16, campaign.Running, campaign.BySchedule)
		at(17, campaign.Stopped, campaign.BySchedule)
		at(24+8, campaign.Stopped, campaign.BySchedule)
		at(24+9, campaign.Running, campaign.BySchedule)
		if err := c.d.Pause(t.Context(), "c"); err != nil {
			t.Fatal(err)
		}
		at(24+12, campaign.Paused, campaign.ByAdmin)
		if err := c.d.Stop(t.Context(), "c"); err != nil {
			t.Fatal(err)
		}
		at(24+18, campaign.Stopped, campaign.ByAdmin)
		if err := c.d.Start(t.Context(), "c"); err != nil { // at night
			t.Fatal(err)
		}
		at(24+20, campaign.Running, campaign.ByAdmin)
		at(48+9, campaign.Running, campaign.ByAdmin)
		at(48+17, campaign.Stopped, campaign.BySchedule)
		at(72+9, campaign.Stopped, campaign.BySchedule) // its time is over
	})
}

// A campaign whose schedule ends while the store fails dials nobody more, and stops once
// that can be written.
func TestScheduleEndsOnAFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre(t, 1, campaign.Plan{Mode: campaign.Progressive, ListEnd: campaign.ListKeep})
		defer func() { c.stop() }()
		c.stop()
		end := time.Now().Add(time.Hour)
		c.store.CampaignList[0].Schedule = &campaign.Schedule{From: time.Now().Add(-time.Hour), Until: end}
		c.store.CampaignList[0].Since = time.Now()
		c.store.Add(campaign.Entry{ID: "e", List: "l", Numbers: []campaign.Number{{Number: "0101"}}, Due: end.Add(15 * time.Minute)})
		c.run()
		c.d.Connected(true)
		c.d.Live(time.Now(), time.Time{}, nil)
		state := func(after time.Duration) campaign.State {
			time.Sleep(time.Until(end.Add(after)))
			got, err := c.store.Campaign("c")
			if err != nil {
				t.Fatal(err)
			}
			return got.State
		}
		if got := state(-time.Minute); got != campaign.Running {
			t.Fatalf("before the end it is %s", got)
		}
		c.store.Fail(errors.New("disk full"))
		state(10 * time.Minute)
		c.store.Fail(nil)
		if got := state(11 * time.Minute); got != campaign.Stopped {
			t.Errorf("after the end it is %s", got)
		}
		if state(20 * time.Minute); len(c.ordered()) > 0 {
			t.Error("a customer is called after the end")
		}
	})
}

// hopeless can't change the state of a campaign for many tries.
type hopeless struct {
	*campaigntest.Store
	tries atomic.Int32
}

func (s *hopeless) SetState(ctx context.Context, id string, state campaign.State, why string, at time.Time) error {
	if s.tries.Add(1) <= 1000 {
		return errors.New("disk full")
	}
	return s.Store.SetState(ctx, id, state, why, at)
}

// While the end of a campaign can't be written, it is tried now and then, not as often
// as the processor can.
func TestEndIsNotWrittenAllTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &hopeless{Store: &campaigntest.Store{
			CampaignList: []campaign.Campaign{{ID: "c", Plan: "p", DialList: "l", Queue: "q", State: campaign.Stopping}},
			PlanList:     []campaign.Plan{{ID: "p", Mode: campaign.Progressive}}, ListList: []campaign.DialList{{ID: "l"}},
		}}
		cfg := &config.Config{Server: config.Server{Timezone: time.UTC}}
		d := campaign.New(campaign.Options{Store: store, Board: queue.New(queue.Options{Config: cfg}), Config: func() *config.Config { return cfg }})
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = d.Run(ctx) })
		time.Sleep(time.Minute)
		stop()
		running.Wait()
		if n := store.tries.Load(); n < 2 || n > 20 {
			t.Errorf("tried %d times in a minute", n)
		}
	})
}

// Campaigns whose lists have the same numbers never have two calls to one at once, nor
// one beside a live call of somebody else; each is called in the end.
func TestNoNumberTwiceAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre(t, 0, campaign.Plan{Mode: campaign.Message, MessageSound: "hello"})
		defer func() { c.stop() }()
		c.stop()
		c.cfg.Outbound.Numbering = config.Numbering{Country: "82", National: "0"}
		c.store.CampaignList[0].State = campaign.Running
		c.store.CampaignList = append(c.store.CampaignList, campaign.Campaign{ID: "c2", Plan: "p", DialList: "l2", Queue: "q", State: campaign.Running})
		c.store.ListList = append(c.store.ListList, campaign.DialList{ID: "l2"})
		const numbers = 10
		for i := range numbers {
			for _, list := range []string{"l", "l2"} {
				spelt := map[string]string{"l": "010-1000-%04d", "l2": "+82 10 1000 %04d"}[list]
				c.store.Add(campaign.Entry{ID: fmt.Sprint(list, i), List: list, Numbers: []campaign.Number{{Number: fmt.Sprintf(spelt, i)}}})
			}
		}
		c.run()
		c.d.Connected(true)
		c.d.Live(time.Now(), time.Time{}, nil)
		live := map[string]string{} // tries, by entry's number
		seen := 0
		for range 200 {
			time.Sleep(time.Second)
			claims, err := c.store.Claims()
			if err != nil {
				t.Fatal(err)
			}
			clear(live)
			for _, try := range claims {
				last := try.Number[len(try.Number)-4:]
				if was := live[last]; was != "" {
					t.Fatalf("%s is called by %s and %s at once", last, was, try.Campaign)
				}
				live[last] = try.Campaign
			}
			seen = max(seen, len(live))
			if len(claims) > 0 { // the oldest is over
				c.d.Gone(claims[0].ID, 17, "", time.Now())
			}
		}
		if seen < 2 {
			t.Errorf("at most %d calls at once", seen)
		}
		if got := len(c.store.Results()); got != 2*numbers {
			t.Errorf("%d results, want %d", got, 2*numbers)
		}
	})
}
