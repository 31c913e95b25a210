package campaign_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"calld/campaign"
)

// One person who stands in several lists is dialled no more often than the limit of
// 24 hours says, also by a campaign that had read its list before the other dialled.
func TestTriesOverLists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := campaign.Plan{
			Mode: campaign.Message, MessageSound: "hello", MaxTries24h: 1, MaxTries: 5, MaxLines: 1,
			Retry: campaign.Retry{Busy: campaign.Duration(time.Minute)},
		}
		c := newCentre(t, 0, plan, "0101/0103")
		defer func() { c.stop() }()
		c.stop()
		c.store.CampaignList = append(c.store.CampaignList, campaign.Campaign{ID: "c2", Plan: "p", DialList: "l2", Queue: "q", State: campaign.Running})
		c.store.ListList = append(c.store.ListList, campaign.DialList{ID: "l2"})
		c.store.Add(
			campaign.Entry{ID: "other", List: "l2", Numbers: []campaign.Number{{Number: "0102"}}},
			campaign.Entry{ID: "same", List: "l2", Numbers: []campaign.Number{{Number: "0103"}, {Number: "0101"}}},
		)
		c.run()
		c.d.Connected(true)
		c.d.Live(time.Now(), time.Time{}, nil)
		dialled := time.Now()
		time.Sleep(5 * time.Second)
		tries := map[string]string{}
		claims, err := c.store.Claims()
		if err != nil {
			t.Fatal(err)
		}
		for _, try := range claims {
			tries[try.Number] = try.ID
		}
		if len(tries) != 2 || tries["0101"] == "" || tries["0102"] == "" {
			t.Fatalf("dialled at first: %v", tries)
		}
		for _, number := range []string{"0101", "0102"} {
			c.d.Gone(tries[number], 17, "", time.Now())
			time.Sleep(30 * time.Second)
		}
		time.Sleep(10 * time.Minute)
		if n := len(c.ordered()); n != 2 {
			t.Fatalf("%d tries within a day, want 2", n)
		}
		for _, id := range []string{"c", "c2"} {
			s, err := c.d.Stats(t.Context(), id)
			if err != nil || s.Reason != campaign.AllResting || s.Until == nil || s.Until.Sub(dialled.Add(24*time.Hour)).Abs() > 10*time.Second {
				t.Errorf("%s: %s until %v, %v", id, s.Reason, s.Until, err)
			}
		}
		c.stop() // a night passes
		time.Sleep(time.Until(dialled.Add(24*time.Hour - time.Minute)))
		c.run()
		c.d.Connected(true)
		c.d.Live(time.Now(), time.Time{}, nil)
		time.Sleep(30 * time.Second)
		if n := len(c.ordered()); n != 2 {
			t.Fatalf("%d tries within a day, want 2", n)
		}
		time.Sleep(time.Minute)
		again := map[string]int{}
		if claims, err = c.store.Claims(); err != nil {
			t.Fatal(err)
		}
		for _, try := range claims {
			again[try.Number]++
		}
		if again["0101"]+again["0103"] != 1 {
			t.Errorf("a day later: %v", again)
		}
	})
}

// An agent is shown nobody who was dialled often enough by another campaign since
// the list was read.
func TestPreviewOfTooManyTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre(t, 1, campaign.Plan{Mode: campaign.Preview, MaxTries24h: 1}, "0101", "0102")
		defer func() { c.stop() }()
		time.Sleep(time.Second)
		now := time.Now()
		try := campaign.Result{ID: "of another", Campaign: "c2", Number: "0101", Entry: "x", Dialled: &now, End: &now}
		c.store.Add(campaign.Entry{ID: "x", List: "l2"})
		if err := c.store.Claim(t.Context(), try); err != nil {
			t.Fatal(err)
		}
		if err := c.store.Settle(t.Context(), try, campaign.Entry{ID: "x", List: "l2"}); err != nil {
			t.Fatal(err)
		}
		first := c.shown("a1")
		if first.Number != "0102" {
			t.Errorf("shown %s", first.Number)
		}
		if err := c.d.SkipPreview(t.Context(), first.Try, "a1"); err != nil {
			t.Fatal(err)
		}
		if s, err := c.d.Preview(t.Context(), "c", "a1"); !errors.Is(err, campaign.ErrNobodyLeft) {
			t.Errorf("shown %+v, %v", s, err)
		}
	})
}
