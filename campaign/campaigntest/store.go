// Package campaigntest has a double of the store of campaigns, for tests.
package campaigntest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"calld/campaign"
	"calld/queue"
)

var _ campaign.Store = (*Store)(nil)

// Store keeps everything in memory. Its fields may be set before it is used.
type Store struct {
	CampaignList []campaign.Campaign
	PlanList     []campaign.Plan
	ListList     []campaign.DialList
	Barred       map[string]bool
	Calls        map[string]queue.Call
	Claiming     func() // before each claim

	mu       sync.Mutex
	entries  map[string]campaign.Entry
	order    []string // of loading
	tries    map[string]campaign.Result
	results  []campaign.Result
	progress map[string]*campaign.Progress
	fails    error
}

// Add loads entries, in order; each needs an id and a list.
func (s *Store) Add(entries ...campaign.Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.entries == nil {
		s.entries = map[string]campaign.Entry{}
	}
	for _, e := range entries {
		e.State = campaign.EntryOpen
		s.entries[e.ID] = e
		s.order = append(s.order, e.ID)
	}
}

// Fail has each change fail from now on; nil: no more.
func (s *Store) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fails = err
}

// Results are what was settled so far, in order.
func (s *Store) Results() []campaign.Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.results)
}

// Campaigns lists the campaigns.
func (s *Store) Campaigns() ([]campaign.Campaign, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.CampaignList), nil
}

func find[T any](list []T, is func(T) bool) (T, error) {
	if i := slices.IndexFunc(list, is); i >= 0 {
		return list[i], nil
	}
	var none T
	return none, campaign.ErrUnknown
}

// Campaign finds a campaign.
func (s *Store) Campaign(id string) (campaign.Campaign, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return find(s.CampaignList, func(c campaign.Campaign) bool { return c.ID == id })
}

// Plan finds a plan.
func (s *Store) Plan(id string) (campaign.Plan, error) {
	return find(s.PlanList, func(p campaign.Plan) bool { return p.ID == id })
}

// List finds a dial list.
func (s *Store) List(id string) (campaign.DialList, error) {
	l, err := find(s.ListList, func(l campaign.DialList) bool { return l.ID == id })
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.entries {
		if e.List == id && (e.State == campaign.EntryOpen || e.State == campaign.EntryDialling) {
			l.Open++
		}
	}
	return l, err
}

// SetState changes a campaign's state.
func (s *Store) SetState(_ context.Context, id string, state campaign.State, why string, at time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.CampaignList {
		if c := &s.CampaignList[i]; c.ID == id {
			if s.fails == nil {
				c.State, c.Why, c.Since = state, why, at
			}
			return s.fails
		}
	}
	return campaign.ErrUnknown
}

// Due lists open entries.
func (s *Store) Due(list string, now time.Time, n int, skip map[string]bool) (due []campaign.Entry, next time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []campaign.Entry
	for _, id := range s.order {
		if e := s.entries[id]; e.List == list && e.State == campaign.EntryOpen && !skip[id] {
			all = append(all, e)
		}
	}
	slices.SortStableFunc(all, func(a, b campaign.Entry) int { return a.Due.Compare(b.Due) })
	for _, e := range all {
		switch {
		case e.Due.After(now):
			return due, e.Due, nil
		case len(due) == n:
			return due, now, nil
		}
		due = append(due, e)
	}
	return due, time.Time{}, nil
}

// Claim makes an open entry that of a try.
func (s *Store) Claim(_ context.Context, try campaign.Result) error {
	if s.Claiming != nil {
		s.Claiming()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.entries[try.Entry]
	if !ok || e.State != campaign.EntryOpen {
		return fmt.Errorf("%w: %s", campaign.ErrClaimed, try.Entry)
	}
	if s.fails != nil {
		return s.fails
	}
	if s.tries == nil {
		s.tries = map[string]campaign.Result{}
	}
	e.State, e.Try = campaign.EntryDialling, try.ID
	s.entries[e.ID], s.tries[try.ID] = e, try
	return nil
}

// Amend keeps what is known of a try under way.
func (s *Store) Amend(_ context.Context, try campaign.Result) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.tries[try.ID]; ok && s.fails == nil {
		s.tries[try.ID] = try
	}
	return s.fails
}

// Settle ends a try.
func (s *Store) Settle(_ context.Context, try campaign.Result, e campaign.Entry) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.tries[try.ID]; !ok || s.fails != nil {
		return s.fails
	}
	delete(s.tries, try.ID)
	s.results = append(s.results, try)
	s.entries[e.ID] = e
	return nil
}

// PutOpen changes open entries.
func (s *Store) PutOpen(_ context.Context, entries []campaign.Entry) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range entries {
		if s.entries[e.ID].State == campaign.EntryOpen {
			s.entries[e.ID] = e
		}
	}
	return s.fails
}

// Claims lists the tries under way.
func (s *Store) Claims() ([]campaign.Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.SortedFunc(maps.Values(s.tries), func(a, b campaign.Result) int { return cmp.Compare(a.ID, b.ID) }), nil
}

// Entry finds an entry.
func (s *Store) Entry(id string) (campaign.Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.entries[id]
	if !ok {
		return e, campaign.ErrUnknown
	}
	return e, nil
}

// EachResult gives the results of a campaign, the latest first.
func (s *Store) EachResult(id string, from, to time.Time, each func(*campaign.Result)) error {
	for _, r := range slices.Backward(s.Results()) {
		if r.Campaign == id && r.Dialled != nil && !r.Dialled.Before(from) && (to.IsZero() || r.Dialled.Before(to)) {
			each(&r)
		}
	}
	return nil
}

// Call looks a call up in Calls.
func (s *Store) Call(id string) (queue.Call, error) {
	c, ok := s.Calls[id]
	if !ok {
		return c, campaign.ErrUnknown
	}
	return c, nil
}

// Tried looks numbers up in the results.
func (s *Store) Tried(numbers []string, since time.Time) (times []time.Time, err error) {
	for _, r := range s.Results() {
		if r.Counts() && !r.Dialled.Before(since) && slices.Contains(numbers, r.Number) {
			times = append(times, *r.Dialled)
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	return times, nil
}

// DoNotCall looks a number up in Barred.
func (s *Store) DoNotCall(number string) (bool, error) { return s.Barred[number], nil }

// Progress returns what SaveProgress kept.
func (s *Store) Progress(id string) (*campaign.Progress, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.progress[id], nil
}

// SaveProgress keeps how far a campaign has come.
func (s *Store) SaveProgress(_ context.Context, id string, p *campaign.Progress) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.progress == nil {
		s.progress = map[string]*campaign.Progress{}
	}
	s.progress[id] = p
	return s.fails
}
