package store

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"calld/queue"
)

const (
	// MissedCalls bounds the call ids that a missed call remembers: the latest.
	MissedCalls = 20
	// ClaimTime is how long a claim holds. An agent's page that crashed, or an
	// agent who went home, keeps nobody from calling the customer back.
	ClaimTime = 30 * time.Minute
)

// MissedState says whether a missed call is still to be worked off.
type MissedState string

// The states of a missed call.
const (
	MissedOpen     MissedState = "open"
	MissedResolved MissedState = "resolved"
)

// The reasons with which the store itself resolves a missed call. People give
// their own.
const (
	ReasonCalledAgain = "called_again" // the caller called again and was answered
	ReasonReached     = "reached"      // we called and the customer answered
)

// Missed is a customer who called a queue and was not answered: one entry for
// all tries of a number, as long as it is open. A withheld number can't be
// told from another, so each of its calls is an entry of its own.
type Missed struct {
	ID          string        `json:"id"` // that of the call which opened it
	Queue       string        `json:"queue"`
	Caller      string        `json:"caller"`
	CallerName  string        `json:"caller_name,omitempty"`
	First       time.Time     `json:"first"` // begin of the first try
	Last        time.Time     `json:"last"`  // begin of the last try
	Tries       int           `json:"tries"`
	Calls       []string      `json:"calls"`        // ids of the latest tries, at most MissedCalls, the oldest first
	WaitMS      int64         `json:"wait_ms"`      // the longest wait of all tries
	LastWaitMS  int64         `json:"last_wait_ms"` // of the last try
	LastOutcome queue.Outcome `json:"last_outcome"`
	LastCause   string        `json:"last_cause,omitempty"` // as in queue.Call
	// Message is the latest voice message of all tries; nil when there is none.
	Message *VoiceMessage `json:"message,omitempty"`
	State   MissedState   `json:"state"`
	// Owner is who calls back, since OwnerSince; the claim ends after
	// ClaimTime.
	Owner      string     `json:"owner,omitempty"`
	OwnerSince *time.Time `json:"owner_since,omitempty"`
	// Callbacks counts the calls back that did not reach the customer.
	Callbacks    int         `json:"callbacks"`
	LastCallback *Callback   `json:"last_callback,omitempty"`
	Resolved     *Resolution `json:"resolved,omitempty"` // nil while open
}

// VoiceMessage is a message that a customer has left: the recording of a call.
type VoiceMessage struct {
	Call string    `json:"call"` // its id
	At   time.Time `json:"at"`   // when the call began
	MS   int64     `json:"ms"`
}

// Resolution tells how a missed call was settled.
type Resolution struct {
	At     time.Time `json:"at"`
	By     string    `json:"by"` // the agent
	Reason string    `json:"reason"`
	Call   string    `json:"call,omitempty"` // the call that settled it
}

// MissedQuery says which missed calls are wanted.
type MissedQuery struct {
	Queues []string    // nil is all, an empty list none
	State  MissedState // empty: open
	Limit  int         // 0: DefaultLimit
	Cursor string      // MissedPage.Next of the page before
}

// MissedPage is a part of the missed calls, the newest last try first. Next is
// empty at the end.
type MissedPage struct {
	Missed []Missed `json:"missed"`
	Next   string   `json:"next"`
}

// Missed lists missed calls, the newest last try first. ErrCursor and
// ErrLimit refuse a bad query.
func (s *Store) Missed(q MissedQuery) (MissedPage, error) {
	page := MissedPage{Missed: []Missed{}}
	limit, err := pageLimit(q.Limit)
	if err != nil {
		return page, err
	}
	r, err := wholeRange().below(listMissed, q.Cursor)
	if err != nil {
		return page, err
	}
	state := term(string(cmp.Or(q.State, MissedOpen)))
	err = s.view(func(t *tables) error {
		sc := scan{r.read(t.missedByTime, state)}
		if q.Queues != nil {
			sc = r.readEach(t.missedByQ, state, q.Queues)
		}
		var last []byte
		for st := sc.newest(); st != nil; st = sc.newest() {
			if len(page.Missed) == limit {
				page.Next = formatCursor(listMissed, last)
				return nil
			}
			last = st.entry
			m, err := t.indexedMissed(st.entry[timeLen:])
			if err != nil {
				return err
			}
			page.Missed = append(page.Missed, m)
			st.advance()
		}
		return nil
	})
	return page, err
}

// MissedByID returns one missed call, or ErrNotFound.
func (s *Store) MissedByID(id string) (m Missed, err error) {
	err = s.view(func(t *tables) (err error) {
		m, err = t.getMissed(id)
		return err
	})
	return m, err
}

// ClaimMissed makes an agent the one who calls back, durably, before any
// number is dialled. A claim of another agent that is younger than ClaimTime
// refuses it with a [*ClaimedError], a settled entry with ErrResolved. To
// claim again renews the claim.
func (s *Store) ClaimMissed(ctx context.Context, id, agent string, at time.Time) (Missed, error) {
	return s.changeMissed(ctx, id, func(m *Missed) error {
		if err := m.heldAgainst(agent, at); err != nil {
			return err
		}
		m.Owner, m.OwnerSince = agent, &at
		return nil
	})
}

// ReleaseMissed ends an agent's claim; one that another agent holds is refused
// as by ClaimMissed. An empty agent ends anybody's, for a supervisor.
func (s *Store) ReleaseMissed(ctx context.Context, id, agent string, at time.Time) (Missed, error) {
	return s.changeMissed(ctx, id, func(m *Missed) error {
		if agent != "" {
			if err := m.heldAgainst(agent, at); err != nil {
				return err
			}
		}
		m.Owner, m.OwnerSince = "", nil
		return nil
	})
}

// ResolveMissed settles a missed call by hand, whoever has claimed it.
func (s *Store) ResolveMissed(ctx context.Context, id, by, reason string, at time.Time) (Missed, error) {
	if err := checkLength("reason", &reason, MaxReason); err != nil {
		return Missed{}, err
	}
	return s.changeMissed(ctx, id, func(m *Missed) error {
		m.State, m.Resolved = MissedResolved, &Resolution{At: at, By: by, Reason: reason}
		return nil
	})
}

func (m *Missed) heldAgainst(agent string, at time.Time) error {
	if m.Owner == "" || m.Owner == agent || at.Sub(*m.OwnerSince) >= ClaimTime {
		return nil
	}
	return &ClaimedError{Owner: m.Owner, Since: *m.OwnerSince}
}

// changeMissed changes an open entry. What change refuses is told to the
// caller alone, not to the transaction that is shared with others.
func (s *Store) changeMissed(ctx context.Context, id string, change func(*Missed) error) (m Missed, err error) {
	var refused error
	err = s.update(ctx, func(t *tables) error {
		var old Missed
		if old, refused = t.getMissed(id); refused == nil && old.State != MissedOpen {
			refused = ErrResolved
		}
		if refused == nil {
			m = old
			refused = change(&m)
		}
		if refused == nil {
			return t.putMissed(&old, &m)
		}
		return nil
	})
	if err = cmp.Or(err, refused); err != nil {
		return Missed{}, fmt.Errorf("missed call %.40q: %w", id, err)
	}
	return m, nil
}

// addMissed adds a missed call to its number's open entry, or opens one. The keys
// are the spellings of the number.
func (t *tables) addMissed(c *queue.Call, keys []string) (Missed, error) {
	m := Missed{ID: c.ID, Queue: c.Queue, First: c.Begin, Last: c.Begin, State: MissedOpen}
	var old *Missed
	for _, key := range keys {
		id := t.missedOpen.Get(openKey(key, c.Queue))
		if key == "" || id == nil {
			continue
		}
		found, err := t.indexedMissed(id)
		if err != nil {
			return m, err
		}
		old, m = &found, found
		break
	}
	m.Caller, m.CallerName = c.Caller, c.CallerName
	if c.Begin.Before(m.First) {
		m.First = c.Begin
	}
	if c.Begin.After(m.Last) {
		m.Last = c.Begin
	}
	m.Tries++
	m.Calls = append(slices.Clone(m.Calls), c.ID)
	m.Calls = m.Calls[max(0, len(m.Calls)-MissedCalls):]
	m.WaitMS, m.LastWaitMS = max(m.WaitMS, c.WaitMS), c.WaitMS
	m.LastOutcome, m.LastCause = c.Outcome, c.Cause
	if c.MessageMS > 0 {
		m.Message = &VoiceMessage{Call: c.ID, At: c.Begin, MS: c.MessageMS}
	}
	return m, t.putMissed(old, &m)
}

// settle resolves what is open of the number that a call has reached: by an
// inbound call in its queue, by an outbound one in all. A try that began
// after the call was answered stays open: somebody else waited there.
func (t *tables) settle(c *queue.Call, keys []string) ([]Missed, error) {
	at, reason := *c.Start, ReasonCalledAgain
	if c.Direction == queue.Out {
		reason = ReasonReached
	}
	var settled []Missed
	for _, id := range t.openOf(keys) {
		old, err := t.indexedMissed(id)
		if err != nil {
			return nil, err
		}
		if c.Direction == queue.In && old.Queue != c.Queue || old.Last.After(at) {
			continue
		}
		m := old
		m.State = MissedResolved
		m.Resolved = &Resolution{At: at, By: c.Agent, Reason: reason, Call: c.ID}
		if err := t.putMissed(&old, &m); err != nil {
			return nil, err
		}
		settled = append(settled, m)
	}
	return settled, nil
}

// openOf returns the ids of a number's open entries, in all queues and spellings.
// A withheld number is not in the index.
func (t *tables) openOf(keys []string) (ids [][]byte) {
	c := t.missedOpen.Cursor()
	for _, key := range keys {
		prefix := term(key)
		for k, id := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, id = c.Next() {
			ids = append(ids, bytes.Clone(id))
		}
	}
	return ids
}

func openKey(n, queueID string) []byte { return join(term(n), term(queueID)) }

func (t *tables) getMissed(id string) (m Missed, err error) {
	v := t.missed.Get([]byte(id))
	if v == nil {
		return m, fmt.Errorf("%w: missed call %.40q", ErrNotFound, id)
	}
	if err := json.Unmarshal(v, &m); err != nil {
		return m, fmt.Errorf("%w: missed call %q: %w", ErrDamaged, id, err)
	}
	return m, nil
}

// indexedMissed reads an entry that an index has named.
func (t *tables) indexedMissed(id []byte) (Missed, error) {
	m, err := t.getMissed(string(id))
	if errors.Is(err, ErrNotFound) {
		err = fmt.Errorf("%w: missed call %q is in an index only", ErrDamaged, id)
	}
	return m, err
}

// putMissed writes an entry in place of the former one, nil if there was none.
func (t *tables) putMissed(old, m *Missed) error {
	if old != nil {
		if err := t.unindexMissed(old); err != nil {
			return err
		}
	}
	var err error
	for _, x := range t.missedIndexes(m) {
		err = cmp.Or(err, x.table.Put(x.key, []byte(m.ID)))
	}
	if err != nil {
		return fmt.Errorf("store: put missed call %s: %w", m.ID, err)
	}
	return put(t.missed, m.ID, m)
}

func (t *tables) unindexMissed(m *Missed) error {
	var err error
	for _, x := range t.missedIndexes(m) {
		err = cmp.Or(err, x.table.Delete(x.key))
	}
	if err != nil {
		return fmt.Errorf("store: remove missed call %s: %w", m.ID, err)
	}
	return nil
}

// missedIndexes lists every index entry of a missed call. The state stands in
// front, so that few open ones are found at once among millions resolved.
func (t *tables) missedIndexes(m *Missed) []index {
	state, key := term(string(m.State)), entryKey(m.Last, m.ID)
	entries := []index{
		{t.missedByTime, join(state, key)},
		{t.missedByQ, join(state, term(m.Queue), key)},
	}
	if n := number(m.Caller); n != "" && m.State == MissedOpen {
		entries = append(entries, index{t.missedOpen, openKey(n, m.Queue)})
	}
	if m.claimed() {
		entries = append(entries, index{t.claims, []byte(m.ID)})
	}
	return entries
}

// claimed reports whether somebody has taken it on to call back, be it long ago;
// without a number nobody can.
func (m *Missed) claimed() bool {
	return m.Owner != "" && m.State == MissedOpen && number(m.Caller) != ""
}
