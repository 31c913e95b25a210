//go:build e2e

package e2e

import (
	"flag"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"calld/campaign"
	"calld/test/lab"
)

var (
	campaignEntries = flag.Int("campaign-entries", 20, "customers of the campaign that is checked against SIPp")
	campaignAgents  = flag.Int("campaign-agents", 3, "its agents, up to 9")
)

// The limits of that campaign.
const (
	sippLines   = 12
	sippRate    = 5 // dials a second
	sippAbandon = 0.03
)

// A predictive campaign calls customers of all sorts, who are SIPp: what calld has
// written down of each is what SIPp has, nobody is called twice, and the trunk never
// has more calls than allowed.
func TestCampaignAgainstSIPp(t *testing.T) {
	t.Parallel()
	// Of 20 customers: how many do what.
	sorts := slices.Concat(
		slices.Repeat([]string{"200"}, 6), slices.Repeat([]string{"202"}, 4), slices.Repeat([]string{"486"}, 3),
		slices.Repeat([]string{"000"}, 2), slices.Repeat([]string{"603"}, 2), slices.Repeat([]string{"404"}, 2), []string{"201"},
	)
	var numbers []string
	for i := range *campaignEntries {
		numbers = append(numbers, fmt.Sprintf("010%s%04d", sorts[i*7%len(sorts)], i)) // 7 and 20 have no common divisor
	}
	p := onePlan(*campaignAgents, `recording = false`)
	p.SIPp = true
	p.TOML = fmt.Sprintf("[outbound]\nmax_lines = %d\nmax_rate = %d\n", sippLines, sippRate)
	var id string
	p.Prepare = func(c *centre) {
		id = seed(t, c.dataFile(), fixture{
			plan:    campaign.Plan{Mode: campaign.Predictive, MaxAbandonRate: sippAbandon, RingTimeout: campaign.Duration(15 * time.Second)},
			numbers: numbers,
		})[0]
	}
	c := start(t, p)
	for _, a := range c.plan.Agents {
		c.phone(a.ID).Behave(lab.Behaviour{Answer: true})
		c.login(a.ID)
	}
	results := c.results(id, time.Minute+time.Duration(*campaignEntries)*3*time.Second)
	calls, err := c.sipp.Calls()
	c.must(err)

	byNumber := map[string]lab.SIPpCall{}
	for _, k := range calls {
		if _, twice := byNumber[k.Number]; twice {
			t.Errorf("SIPp: %s was called twice", k.Number)
		}
		byNumber[k.Number] = k
	}
	if len(results) != len(numbers) || len(byNumber) != len(numbers) {
		t.Errorf("%d results, SIPp has %d calls, want %d", len(results), len(byNumber), len(numbers))
	}
	for i := range results {
		r := &results[i]
		if k := byNumber[r.Number]; !agrees(r, k) {
			t.Errorf("SIPp has %+v; calld has %s: %+v", k, r.Kind(), r)
		}
	}
	atOnce, inASecond, inTen := most(calls)
	if atOnce > sippLines || inTen > 11*sippRate {
		t.Errorf("SIPp had %d calls at once, %d in 10 s; the limits are %d, and %d/s", atOnce, inTen, sippLines, sippRate)
	}
	f := figuresOf(results, *campaignAgents)
	// By chance it may be more than the limit, but hardly by more than three deviations.
	if limit := sippAbandon * float64(f.reached); float64(f.abandoned) > limit+3*math.Sqrt(limit)+1 {
		t.Errorf("%d of %d were abandoned; the limit is %.0f %%", f.abandoned, f.reached, 100*sippAbandon)
	}
	t.Logf("%d dials in %s: %v", len(calls), f.took.Round(time.Second), f.kinds)
	t.Logf("occupancy %.1f %%, abandoned %d of %d (%.2f %%), answer to agent p50 %s, p99 %s; at most %d lines (limit %d), %d dials in 1 s, %d in 10 s (limit %d/s)",
		100*f.occupancy, f.abandoned, f.reached, 100*float64(f.abandoned)/float64(max(1, f.reached)), f.p50, f.p99, atOnce, sippLines, inASecond, inTen, sippRate)
}

// agrees reports whether a result tells what SIPp has seen.
func agrees(r *campaign.Result, k lab.SIPpCall) bool {
	switch kind := r.Kind(); k.Status {
	case 200:
		if kind == "answered" {
			return r.Agent != "" && r.Bridged != nil
		}
		return kind == campaign.KindAbandoned || kind == string(campaign.CustomerLeft)
	case 486:
		return kind == "busy" && r.HangupCause == 17
	case 603:
		return kind == "rejected" && r.HangupCause == 21
	case 404:
		return kind == "unallocated" && r.HangupCause == 1
	case 487:
		return kind == "no_answer"
	}
	return false
}

// most is how many calls there were at once, and began within 1 s and within 10 s.
func most(calls []lab.SIPpCall) (atOnce, inASecond, inTen int) {
	within := func(from time.Time, d time.Duration) (n int) {
		for _, k := range calls {
			if !k.Invited.Before(from) && k.Invited.Before(from.Add(d)) {
				n++
			}
		}
		return n
	}
	for _, k := range calls {
		now := 0
		for _, other := range calls {
			if !other.Invited.After(k.Invited) && (other.Ended.IsZero() || other.Ended.After(k.Invited)) {
				now++
			}
		}
		atOnce, inASecond, inTen = max(atOnce, now), max(inASecond, within(k.Invited, time.Second)), max(inTen, within(k.Invited, 10*time.Second))
	}
	return atOnce, inASecond, inTen
}

// campaignFigures is how a campaign went.
type campaignFigures struct {
	kinds              map[string]int
	reached, abandoned int // answered by somebody who did not leave
	took               time.Duration
	occupancy          float64 // share of the agents' time in talks
	p50, p99           time.Duration
}

func figuresOf(results []campaign.Result, agents int) campaignFigures {
	f := campaignFigures{kinds: map[string]int{}}
	var waits []time.Duration
	var talks time.Duration
	var first, last time.Time
	for i := range results {
		r := &results[i]
		f.kinds[r.Kind()]++
		if first.IsZero() || r.Dialled.Before(first) {
			first = *r.Dialled
		}
		if r.End.After(last) {
			last = *r.End
		}
		if r.Bridged != nil {
			f.reached++
			waits = append(waits, r.Bridged.Sub(*r.Answered))
			talks += r.End.Sub(*r.Bridged)
		} else if r.Kind() == campaign.KindAbandoned {
			f.reached++
			f.abandoned++
		}
	}
	slices.Sort(waits)
	if n := len(waits); n > 0 {
		f.p50, f.p99 = waits[n/2].Round(time.Millisecond), waits[(n*99)/100].Round(time.Millisecond)
	}
	f.took = last.Sub(first)
	f.occupancy = float64(talks) / float64(f.took*time.Duration(agents))
	return f
}
