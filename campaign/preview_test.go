package campaign_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"calld/campaign"
	"calld/queue"
)

// shown has an agent shown the next customer.
func (c *centre) shown(agent string) campaign.Shown {
	c.t.Helper()
	s, err := c.d.Preview(c.t.Context(), "c", agent)
	if err != nil {
		c.t.Fatal(err)
	}
	return s
}

// talks has the phone of an agent, and then the customer, answer.
func (c *centre) talks(call string) *queue.Ticket {
	c.t.Helper()
	c.board.Heard(queue.Fact{Kind: queue.PhoneAnswers, UniqueID: queue.OutChannel(call)})
	ticket, _, err := c.board.PickUp(call, "PJSIP/8001-1")
	if err != nil {
		c.t.Fatal(err)
	}
	time.Sleep(time.Second)
	c.board.Heard(queue.Fact{Kind: queue.CustomerAnswers, UniqueID: queue.OutChannel(call)})
	time.Sleep(time.Minute)
	return ticket
}

// An agent sees a customer, whom nobody else is shown, and dials or skips.
func TestPreview(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre(t, 2, campaign.Plan{Mode: campaign.Preview, Script: "안녕하세요 {name}"}, "0101", "0102", "0103")
		defer c.stop()
		time.Sleep(time.Second)
		first, other := c.shown("a1"), c.shown("a2")
		if again := c.shown("a1"); again.Try != first.Try || first.Number == other.Number {
			t.Errorf("shown %+v, again %+v; the other agent %+v", first, again, other)
		}
		if err := c.d.SkipPreview(t.Context(), first.Try, "a2"); !errors.Is(err, campaign.ErrNotShown) {
			t.Errorf("another agent's customer was skipped: %v", err)
		}
		if err := c.d.SkipPreview(t.Context(), other.Try, "a2"); err != nil {
			t.Fatal(err)
		}
		if err := c.d.DialPreview(t.Context(), first.Try, "a1"); err != nil {
			t.Fatal(err)
		}
		ticket := c.talks(first.Try)
		s, err := c.d.Stats(t.Context(), "c")
		if err != nil || s.Day.Dialled != 1 || s.Day.Connected != 1 || s.Talking != 1 || s.Preview != 0 {
			t.Errorf("while they talk: %+v, %v", s, err)
		}
		ticket.Reached(queue.ReachReport{Result: queue.DialAnswered, Talked: time.Minute, Cause: 16})
		synctest.Wait()
		got := map[string]campaign.Result{}
		for _, r := range c.store.Results() {
			got[r.Number] = r
		}
		if r := got[first.Number]; r.Kind() != "answered" || r.Agent != "a1" || r.AgentResult != campaign.AgentAnswered || r.Bridged == nil || r.Call != first.Try {
			t.Errorf("dialled: %+v", r)
		}
		if r := got[other.Number]; r.Kind() != campaign.WhySkipped || r.Dialled != nil {
			t.Errorf("skipped: %+v", r)
		}
		if s, err = c.d.Stats(t.Context(), "c"); err != nil || s.Day.Dialled != 1 || s.Day.Connected != 1 {
			t.Errorf("at the end: %+v, %v", s.Day, err)
		}
		if len(c.ordered()) != 0 {
			t.Error("the dialler dialled by itself")
		}
		third := c.shown("a1")
		time.Sleep(10 * time.Minute)
		if e, _ := c.store.Entry("e2"); e.State != campaign.EntryOpen || c.shown("a2").Number != third.Number {
			t.Errorf("nobody decided: %+v", e)
		}
	})
}

// The call that an agent makes goes on through a restart; its result comes with its
// end. Who was only shown goes back to the list.
func TestPreviewThroughARestart(t *testing.T) {
	for name, turned := range map[string]bool{"as it was": false, "the customer was held meanwhile": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCentre(t, 2, campaign.Plan{Mode: campaign.Preview}, "0101", "0102")
				time.Sleep(time.Second)
				first, other := c.shown("a1"), c.shown("a2")
				if err := c.d.DialPreview(t.Context(), first.Try, "a1"); err != nil {
					t.Fatal(err)
				}
				c.talks(first.Try)
				rec, ok := c.board.Call(first.Try)
				if !ok || rec.Phase != queue.Talking {
					t.Fatalf("%+v", rec)
				}
				c.stop()
				if turned {
					rec.UniqueID = "1.2" // the customer's channel has the call
				}
				c.restored = []queue.Call{rec}
				c.run()
				defer func() { c.stop() }()
				c.d.Connected(true)
				c.d.Live(time.Now(), time.Time{}, nil)
				time.Sleep(time.Minute)
				if got := c.store.Results(); len(got) != 1 || got[0].ID != other.Try || got[0].Why != campaign.WhyRestart {
					t.Fatalf("while they talk: %+v", got)
				}
				c.board.Heard(queue.Fact{Kind: queue.CallerGone, UniqueID: rec.UniqueID, Cause: 16})
				time.Sleep(time.Minute)
				got := c.store.Results()
				if len(got) != 2 || got[1].ID != first.Try || got[1].Kind() != "answered" || got[1].Agent != "a1" || got[1].Bridged == nil {
					t.Errorf("at its end: %+v", got)
				}
			})
		})
	}
}

// A forced stop ends the call that an agent makes, and takes back who is shown.
func TestPreviewForceStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre(t, 2, campaign.Plan{Mode: campaign.Preview}, "0101", "0102")
		defer c.stop()
		time.Sleep(time.Second)
		first, other := c.shown("a1"), c.shown("a2")
		if err := c.d.DialPreview(t.Context(), first.Try, "a1"); err != nil {
			t.Fatal(err)
		}
		if err := c.d.ForceStop(t.Context(), "c"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		c.mu.Lock()
		ended := c.ended
		c.mu.Unlock()
		if len(ended) != 1 || ended[0] != queue.OutChannel(first.Try) {
			t.Errorf("channels ended: %v", ended)
		}
		if got := c.store.Results(); len(got) != 1 || got[0].ID != other.Try || got[0].Why != campaign.WhyExpired {
			t.Errorf("%+v", got)
		}
		c.board.Heard(queue.Fact{Kind: queue.PhoneDone, UniqueID: queue.OutChannel(first.Try), Result: queue.CallerLeft})
		time.Sleep(time.Minute)
		if got, _ := c.store.Campaign("c"); got.State != campaign.Stopped {
			t.Errorf("%+v", got)
		}
	})
}

// A campaign that is stopped while an agent is being given a customer, or while an
// agent who can't call tries to, ends at once: nobody has been dialled.
func TestPreviewStoppedMeanwhile(t *testing.T) {
	for name, dials := range map[string]bool{"while the customer is claimed": false, "while the agent is asked to call": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCentre(t, 1, campaign.Plan{Mode: campaign.Preview}, "0101")
				defer c.stop()
				time.Sleep(time.Second)
				stop := func() {
					if err := c.d.Stop(t.Context(), "c"); err != nil {
						t.Error(err)
					}
				}
				if dials {
					first := c.shown("a1")
					if err := c.board.Logout("a1"); err != nil {
						t.Fatal(err)
					}
					c.callingOut = stop
					if err := c.d.DialPreview(t.Context(), first.Try, "a1"); err == nil {
						t.Error("an agent who has gone calls")
					}
				} else {
					c.store.Claiming = stop
					if s, err := c.d.Preview(t.Context(), "c", "a1"); !errors.Is(err, campaign.ErrState) {
						t.Errorf("shown %+v, %v", s, err)
					}
				}
				time.Sleep(2 * time.Second)
				if got, _ := c.store.Campaign("c"); got.State != campaign.Stopped {
					t.Errorf("it is %s", got.State)
				}
				if e, _ := c.store.Entry("e0"); e.State != campaign.EntryOpen {
					t.Errorf("the customer is %s", e.State)
				}
				if list, err := c.d.ShownTo(t.Context(), "a1"); err != nil || len(list) != 0 {
					t.Errorf("shown still: %+v, %v", list, err)
				}
			})
		})
	}
}

// Whoever asks and leaves at once keeps no customer.
func TestPreviewGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre(t, 1, campaign.Plan{Mode: campaign.Preview}, "0101")
		defer c.stop()
		time.Sleep(time.Second)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, _ = c.d.Preview(ctx, "c", "a1") // it may be refused
		time.Sleep(10 * time.Minute)
		if e, _ := c.store.Entry("e0"); e.State != campaign.EntryOpen || c.shown("a1").Number != "0101" {
			t.Errorf("%+v", e)
		}
	})
}
