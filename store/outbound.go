package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"go.etcd.io/bbolt"

	"calld/campaign"
)

var _ campaign.Store = (*Store)(nil)

// kind is one of the things that people set up for campaigns: how it is kept,
// and what it must fit. What fits and free refuse is told to who asked.
type kind[T any] struct {
	what  string
	table func(*tables) *bbolt.Bucket
	head  func(*T) head
	// fits refuses what refers to something that is not there.
	fits func(*tables, *T) error
	// idle refuses a change, free the removal, while others rely on it.
	idle, free func(*tables, *T) error
	// keep carries over what an edit does not change.
	keep func(old, edited *T)
}

// head is what all kinds have in common.
type head struct {
	id       *string
	revision *uint64
	changed  *time.Time
}

func plans() kind[campaign.Plan] {
	return kind[campaign.Plan]{
		what:  "plan",
		table: func(t *tables) *bbolt.Bucket { return t.plans },
		head:  func(p *campaign.Plan) head { return head{&p.ID, &p.Revision, &p.Changed} },
		fits:  func(*tables, *campaign.Plan) error { return nil },
		idle: func(t *tables, p *campaign.Plan) error {
			return t.usedBy(func(c *campaign.Campaign) bool { return c.Plan == p.ID && c.State != campaign.Stopped })
		},
		free: func(t *tables, p *campaign.Plan) error {
			return t.usedBy(func(c *campaign.Campaign) bool { return c.Plan == p.ID })
		},
		keep: func(_, _ *campaign.Plan) {},
	}
}

func dialLists() kind[campaign.DialList] {
	return kind[campaign.DialList]{
		what:  "dial list",
		table: func(t *tables) *bbolt.Bucket { return t.lists },
		head:  func(l *campaign.DialList) head { return head{&l.ID, &l.Revision, &l.Changed} },
		fits:  func(*tables, *campaign.DialList) error { return nil },
		idle: func(t *tables, l *campaign.DialList) error {
			return t.usedBy(func(c *campaign.Campaign) bool { return c.DialList == l.ID && c.State != campaign.Stopped })
		},
		free: func(t *tables, l *campaign.DialList) error {
			return t.usedBy(func(c *campaign.Campaign) bool { return c.DialList == l.ID })
		},
		keep: func(old, l *campaign.DialList) { l.Entries, l.Open, l.States = old.Entries, old.Open, old.States },
	}
}

func campaigns() kind[campaign.Campaign] {
	return kind[campaign.Campaign]{
		what:  "campaign",
		table: func(t *tables) *bbolt.Bucket { return t.campaigns },
		head:  func(c *campaign.Campaign) head { return head{&c.ID, &c.Revision, &c.Changed} },
		fits: func(t *tables, c *campaign.Campaign) error {
			_, err := get[campaign.Plan](t.plans, "plan", c.Plan)
			_, err2 := get[campaign.DialList](t.lists, "dial list", c.DialList)
			err = cmp.Or(err, err2)
			if c.Next != "" {
				_, err2 = get[campaign.Campaign](t.campaigns, "campaign", c.Next)
			}
			return cmp.Or(err, err2)
		},
		idle: idleCampaign,
		free: func(t *tables, c *campaign.Campaign) error {
			return cmp.Or(idleCampaign(t, c), t.usedBy(func(o *campaign.Campaign) bool { return o.Next == c.ID }))
		},
		keep: func(old, c *campaign.Campaign) { c.State, c.Since, c.Why = old.State, old.Since, old.Why },
	}
}

func idleCampaign(_ *tables, c *campaign.Campaign) error {
	if c.State != campaign.Stopped {
		return fmt.Errorf("%w: campaign %s (%s) is %s; stop it first", campaign.ErrInUse, c.ID, c.Name, c.State)
	}
	return nil
}

// usedBy refuses with the first campaign that uses something.
func (t *tables) usedBy(uses func(*campaign.Campaign) bool) error {
	all, err := every[campaign.Campaign](t.campaigns, "campaign")
	if err != nil {
		return err
	}
	for _, c := range all {
		if uses(&c) {
			return fmt.Errorf("%w: campaign %s (%s), which is %s, uses it", campaign.ErrInUse, c.ID, c.Name, c.State)
		}
	}
	return nil
}

// get reads a record, or says that there is none: campaign.ErrUnknown.
func get[T any](b *bbolt.Bucket, what, id string) (v T, err error) {
	value := b.Get([]byte(id))
	if value == nil {
		return v, fmt.Errorf("%w: %s %.40q", campaign.ErrUnknown, what, id)
	}
	if err := json.Unmarshal(value, &v); err != nil {
		return v, fmt.Errorf("%w: %s %q: %w", ErrDamaged, what, id, err)
	}
	return v, nil
}

// every reads all records of a small table.
func every[T any](b *bbolt.Bucket, what string) ([]T, error) {
	all := []T{}
	err := b.ForEach(func(id, value []byte) error {
		var v T
		if err := json.Unmarshal(value, &v); err != nil {
			return fmt.Errorf("%w: %s %q: %w", ErrDamaged, what, id, err)
		}
		all = append(all, v)
		return nil
	})
	return all, err
}

// decide is update for a change that may be refused by what it finds, before
// it has written anything. The refusal is told to the caller alone, not to the
// transaction that is shared with others.
func (s *Store) decide(ctx context.Context, do func(*tables) error) error {
	var refused error
	err := s.update(ctx, func(t *tables) error {
		refused = nil
		err := do(t)
		for _, r := range []error{campaign.ErrUnknown, campaign.ErrStale, campaign.ErrInUse, campaign.ErrClaimed} {
			if errors.Is(err, r) {
				refused = err
				return nil
			}
		}
		return err
	})
	return cmp.Or(err, refused)
}

// create keeps a new thing under the next number.
func create[T any](ctx context.Context, s *Store, k kind[T], v T, at time.Time) (T, error) {
	err := s.decide(ctx, func(t *tables) error {
		if err := k.fits(t, &v); err != nil {
			return err
		}
		n, err := k.table(t).NextSequence()
		if err != nil {
			return fmt.Errorf("store: number of a new %s: %w", k.what, err)
		}
		h := k.head(&v)
		*h.id, *h.revision, *h.changed = strconv.FormatUint(n, 10), 1, at
		return put(k.table(t), *h.id, v)
	})
	return v, err
}

// edit replaces what stands under an id, if it has the revision that the
// editor has seen; 0 is any.
func edit[T any](ctx context.Context, s *Store, k kind[T], v T, at time.Time) (T, error) {
	seen := *k.head(&v).revision
	err := s.decide(ctx, func(t *tables) error {
		h := k.head(&v)
		old, err := current(t, k, *h.id, seen)
		if err == nil {
			err = cmp.Or(k.idle(t, &old), k.fits(t, &v))
		}
		if err != nil {
			return err
		}
		*h.revision, *h.changed = *k.head(&old).revision+1, at
		k.keep(&old, &v)
		return put(k.table(t), *h.id, v)
	})
	return v, err
}

// current reads what is about to be changed by somebody who has seen a
// revision of it.
func current[T any](t *tables, k kind[T], id string, seen uint64) (T, error) {
	v, err := get[T](k.table(t), k.what, id)
	if err == nil && seen != 0 && seen != *k.head(&v).revision {
		err = fmt.Errorf("%w: %s %s has revision %d", campaign.ErrStale, k.what, id, *k.head(&v).revision)
	}
	return v, err
}

// remove removes what nobody relies on. also removes what belongs to it.
func remove[T any](ctx context.Context, s *Store, k kind[T], id string, seen uint64, also func(*tables) error) error {
	return s.decide(ctx, func(t *tables) error {
		v, err := current(t, k, id, seen)
		if err == nil {
			err = k.free(t, &v)
		}
		if err != nil {
			return err
		}
		if err := cmp.Or(k.table(t).Delete([]byte(id)), also(t)); err != nil {
			return fmt.Errorf("store: remove %s %s: %w", k.what, id, err)
		}
		return nil
	})
}

func read[T any](s *Store, k kind[T], id string) (v T, err error) {
	err = s.view(func(t *tables) (err error) {
		v, err = get[T](k.table(t), k.what, id)
		return err
	})
	return v, err
}

// readAll reads all of a kind, the oldest first.
func readAll[T any](s *Store, k kind[T]) (all []T, err error) {
	err = s.view(func(t *tables) (err error) {
		all, err = every[T](k.table(t), k.what)
		return err
	})
	slices.SortFunc(all, func(a, b T) int { // ids are numbers
		x, y := *k.head(&a).id, *k.head(&b).id
		return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y))
	})
	return all, err
}

// CreatePlan keeps a new plan and returns it with its id and revision.
func (s *Store) CreatePlan(ctx context.Context, p campaign.Plan, at time.Time) (campaign.Plan, error) {
	return create(ctx, s, plans(), p, at)
}

// EditPlan replaces a plan. Its Revision is the one that the editor has seen,
// 0 any. It is refused with campaign.ErrUnknown, ErrStale, or ErrInUse while a
// campaign that is not stopped uses it.
func (s *Store) EditPlan(ctx context.Context, p campaign.Plan, at time.Time) (campaign.Plan, error) {
	return edit(ctx, s, plans(), p, at)
}

// DeletePlan removes a plan that no campaign uses. It is refused as EditPlan.
func (s *Store) DeletePlan(ctx context.Context, id string, revision uint64) error {
	return remove(ctx, s, plans(), id, revision, func(*tables) error { return nil })
}

// Plans lists all plans, the oldest first.
func (s *Store) Plans() ([]campaign.Plan, error) { return readAll(s, plans()) }

// Plan returns a plan, or campaign.ErrUnknown.
func (s *Store) Plan(id string) (campaign.Plan, error) { return read(s, plans(), id) }

// CreateCampaign keeps a new campaign, stopped, and returns it with its id and
// revision. It is refused with campaign.ErrUnknown when its plan, its list or
// its next campaign is not there.
func (s *Store) CreateCampaign(ctx context.Context, c campaign.Campaign, at time.Time) (campaign.Campaign, error) {
	c.State, c.Since, c.Why = campaign.Stopped, at, ""
	return create(ctx, s, campaigns(), c, at)
}

// EditCampaign replaces a stopped campaign; its state stays. It is refused as
// EditPlan and CreateCampaign are.
func (s *Store) EditCampaign(ctx context.Context, c campaign.Campaign, at time.Time) (campaign.Campaign, error) {
	return edit(ctx, s, campaigns(), c, at)
}

// DeleteCampaign removes a stopped campaign that no other has as its next. Its
// results stay. It is refused as EditPlan.
func (s *Store) DeleteCampaign(ctx context.Context, id string, revision uint64) error {
	return remove(ctx, s, campaigns(), id, revision, func(t *tables) error { return t.pacing.Delete([]byte(id)) })
}

// Campaigns lists all campaigns, the oldest first.
func (s *Store) Campaigns() ([]campaign.Campaign, error) { return readAll(s, campaigns()) }

// Campaign returns a campaign, or campaign.ErrUnknown.
func (s *Store) Campaign(id string) (campaign.Campaign, error) { return read(s, campaigns(), id) }

// SetState changes the state of a campaign, and not its revision.
func (s *Store) SetState(ctx context.Context, id string, state campaign.State, why string, at time.Time) error {
	return s.decide(ctx, func(t *tables) error {
		c, err := get[campaign.Campaign](t.campaigns, "campaign", id)
		if err != nil {
			return err
		}
		c.State, c.Why, c.Since = state, why, at
		return put(t.campaigns, id, c)
	})
}

// Progress returns how far a campaign had come; nil: it has not begun.
func (s *Store) Progress(id string) (p *campaign.Progress, err error) {
	err = s.view(func(t *tables) error {
		v, err := get[campaign.Progress](t.pacing, "progress", id)
		switch {
		case err == nil:
			p = &v
		case errors.Is(err, campaign.ErrUnknown):
			return nil
		}
		return err
	})
	return p, err
}

// SaveProgress keeps how far a campaign has come.
func (s *Store) SaveProgress(ctx context.Context, id string, p *campaign.Progress) error {
	return s.decide(ctx, func(t *tables) error {
		if _, err := get[campaign.Campaign](t.campaigns, "campaign", id); err != nil {
			return err
		}
		return put(t.pacing, id, p)
	})
}
