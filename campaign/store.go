package campaign

import (
	"context"
	"errors"
	"time"

	"calld/pacing"
	"calld/queue"
)

// The errors of a store.
var (
	// ErrUnknown: there is no campaign, plan, list or entry of this id.
	ErrUnknown = errors.New("campaign: not found")
	// ErrClaimed: the entry is no longer open; somebody else dials it, or it
	// was changed meanwhile.
	ErrClaimed = errors.New("campaign: the entry is not open")
	// ErrStale: what was to be changed has another revision by now.
	ErrStale = errors.New("campaign: it was changed meanwhile")
	// ErrInUse: it can't be changed or removed while others rely on it. The
	// text says who.
	ErrInUse = errors.New("campaign: in use")
)

// Store is what a dialler keeps. What a method changes is on disk when it
// returns without an error.
type Store interface {
	Campaigns() ([]Campaign, error)
	Campaign(id string) (Campaign, error)
	Plan(id string) (Plan, error)
	List(id string) (DialList, error)

	// SetState changes the state of a campaign.
	SetState(ctx context.Context, id string, s State, why string, at time.Time) error

	// Due returns up to n open entries of a list that are due at now, the
	// longest due first, then in the order of loading, and when the first of
	// the others is due: now if it is already, zero when there is none.
	// Entries in skip are left out of both.
	Due(list string, now time.Time, n int, skip map[string]bool) (due []Entry, next time.Time, err error)
	// Claim makes an open entry that of a try, before it is dialled, and keeps
	// the try as under way. It fails with [ErrClaimed].
	Claim(ctx context.Context, try Result) error
	// Settle ends a try: its result is written, and the entry, as it is from
	// now on (its state, numbers and due time), is free of it. Settling twice
	// changes nothing. The try becomes the entry's Last.
	Settle(ctx context.Context, try Result, e Entry) error
	// Amend keeps what has become known of a try under way; of one that is over,
	// nothing.
	Amend(ctx context.Context, try Result) error
	// PutOpen changes entries without a try: when they are due, or a state such
	// as blocked. One that is not open any more stays as it is.
	PutOpen(ctx context.Context, entries []Entry) error
	// Claims are the tries under way.
	Claims() ([]Result, error)
	// Entry returns an entry.
	Entry(id string) (Entry, error)

	// EachResult gives all results of a campaign that were dialled from from to
	// before to; a zero time is no bound.
	EachResult(campaign string, from, to time.Time, each func(*Result)) error

	// Call returns a call of the history, or one that is live there; an error:
	// it is not known.
	Call(id string) (queue.Call, error)

	// Tried tells when campaigns have dialled numbers, however they are written,
	// since a time within the last 24 hours: all tries that count, of all lists, the
	// first of them first.
	Tried(numbers []string, since time.Time) ([]time.Time, error)

	// DoNotCall tells whether a number must not be dialled, however it is
	// written.
	DoNotCall(number string) (bool, error)

	// Progress returns how far a campaign had come; nil: it has not begun.
	Progress(id string) (*Progress, error)
	SaveProgress(ctx context.Context, id string, p *Progress) error
}

// Progress is what a campaign goes on from.
type Progress struct {
	Pacing *pacing.State `json:"pacing,omitempty"` // what its pacer has learnt
}

// Day is the figures of one day, by the server's time zone.
type Day struct {
	Date      string         `json:"date"`      // 2026-03-01
	Dialled   int            `json:"dialled"`   // tries
	Answered  int            `json:"answered"`  // by customers, or whom was not known: those that Abandoned is a share of
	Connected int            `json:"connected"` // to an agent
	Abandoned int            `json:"abandoned"` // answered, and no agent came in time
	Left      int            `json:"left"`      // answered, and gone before the time
	Results   map[string]int `json:"results"`   // ended tries, as Result.Kind tells
}
