package store

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"calld/queue"
)

const (
	// DefaultLimit is the size of a page when the query names none.
	DefaultLimit = 50
	// MaxLimit is the largest page.
	MaxLimit = 1000
	// maxScan bounds the entries that one page looks at when most of them
	// match not, and so its time: well below 0.1 s.
	maxScan = 5000
)

// Query says which ended calls are wanted. The zero Query wants all of them.
type Query struct {
	// Queues are the queues wanted: nil is all of them, an empty list none.
	Queues []string
	// Caller is the customer's whole number, however written: of who called
	// in, or was called.
	Caller    string
	Agent     string
	Outcome   queue.Outcome
	Direction queue.Direction
	From, To  time.Time // of the calls' begin, From included, To not; zero: no bound
	// Text is looked for, whatever its case, in the memo, the disposition,
	// the caller's number and name, the number dialled and the agent's id.
	Text string
	// Masked: who asks is to see no customer's number, and finds by Text only
	// what is shown then, or a number by all of it.
	Masked bool
	Limit  int    // 0: DefaultLimit
	Cursor string // Page.Next of the page before; empty: the newest
}

// Page is a part of the history, newest begin first. Next is the cursor of the
// page below it and empty at the end. A page may be shorter than the limit,
// even empty, with a Next: then the calls looked at did not match, and the
// search goes on there.
type Page struct {
	Calls []queue.Call `json:"calls"`
	Next  string       `json:"next"`
}

// History returns ended calls, the newest first. A cursor keeps its place
// while new calls arrive. ErrCursor and ErrLimit refuse a bad query.
func (s *Store) History(q Query) (Page, error) {
	page := Page{Calls: []queue.Call{}}
	limit, err := pageLimit(q.Limit)
	if err != nil {
		return page, err
	}
	r := timeRange(q.From, q.To)
	if r, err = r.below(listHistory, q.Cursor); err != nil {
		return page, err
	}
	m := s.newMatcher(q)
	err = s.view(func(t *tables) error {
		sc, indexed := t.historyScan(m, r)
		var last []byte
		for looked := 0; ; looked++ {
			st := sc.newest()
			if st == nil {
				return nil
			}
			if looked == maxScan || len(page.Calls) == limit {
				page.Next = formatCursor(listHistory, last)
				return nil
			}
			last = st.entry
			c, ok, err := t.match(m, st, indexed)
			if err != nil {
				return err
			}
			if ok {
				page.Calls = append(page.Calls, c)
			}
			st.advance()
		}
	})
	return page, err
}

// historyScan picks the table that holds the fewest entries too many.
func (t *tables) historyScan(m *matcher, r entryRange) (sc scan, indexed bool) {
	switch {
	case m.callers != nil:
		return r.readEach(t.byCaller, nil, m.callers), true
	case m.Agent != "":
		return scan{r.read(t.byAgent, term(m.Agent))}, true
	case m.Queues != nil:
		return r.readEach(t.byQueue, nil, m.Queues), true
	}
	return scan{r.read(t.calls, nil)}, false
}

// match reads the call of a stream's entry if it is wanted.
func (t *tables) match(m *matcher, st *stream, indexed bool) (c queue.Call, ok bool, err error) {
	if indexed {
		if m.Outcome != "" && string(st.value) != string(m.Outcome) {
			return c, false, nil
		}
		c, err = t.getCall(st.entry)
	} else {
		c, err = t.decodeCall(st.entry, st.value)
	}
	if err != nil || !m.matchRecord(&c) {
		return c, false, err
	}
	if err := t.joinMemo(&c); err != nil {
		return c, false, err
	}
	return c, m.matchText(&c), nil
}

// matcher holds a query with its texts made comparable.
type matcher struct {
	Query
	callers []string // the spellings of the customer's number; nil: any number
	text    sought
}

func (s *Store) newMatcher(q Query) *matcher {
	m := &matcher{Query: q, text: s.sought(q.Text)}
	if number(q.Caller) != "" {
		m.callers = s.spellings(q.Caller)
	}
	return m
}

func (m *matcher) matchRecord(c *queue.Call) bool {
	return (m.Queues == nil || slices.Contains(m.Queues, c.Queue)) &&
		(m.callers == nil || slices.Contains(m.callers, number(customer(c)))) &&
		(m.Agent == "" || m.Agent == c.Agent) &&
		(m.Outcome == "" || m.Outcome == c.Outcome) &&
		(m.Direction == "" || m.Direction == c.Direction)
}

func (m *matcher) matchText(c *queue.Call) bool {
	if m.text.text == "" {
		return true
	}
	if m.Masked {
		if m.text.isNumber(customer(c)) {
			return true
		}
		shown := c.Masked()
		c = &shown
	}
	for _, s := range []string{c.Memo, c.Disposition, c.Caller, c.CallerName, c.Callee, c.Agent} {
		if strings.Contains(strings.ToLower(s), m.text.text) {
			return true
		}
	}
	return m.text.inNumber(c.Caller) || m.text.inNumber(c.Callee)
}

func timeRange(from, to time.Time) entryRange {
	r := wholeRange()
	if !from.IsZero() {
		r.floor = timeKey(from)
	}
	if !to.IsZero() {
		r.ceiling = timeKey(to)
	}
	return r
}

func pageLimit(limit int) (int, error) {
	if limit < 0 || limit > MaxLimit {
		return 0, fmt.Errorf("%w: %d is not between 1 and %d", ErrLimit, limit, MaxLimit)
	}
	if limit == 0 {
		return DefaultLimit, nil
	}
	return limit, nil
}

// EarlierCalls returns the last ended calls from and to a number, newest
// first, for the page that shows who is calling. A withheld number has none.
func (s *Store) EarlierCalls(caller string, limit int) ([]queue.Call, error) {
	if number(caller) == "" {
		return nil, nil
	}
	page, err := s.History(Query{Caller: caller, Limit: limit})
	return page.Calls, err
}

// LastAgent returns who talked with a number last, in a call that began at since
// or later and has ended; "" when nobody did.
func (s *Store) LastAgent(caller string, since time.Time) (agent string, err error) {
	if number(caller) == "" {
		return "", nil
	}
	q := Query{Caller: caller, Outcome: queue.Answered, From: since, Limit: 1}
	for {
		page, err := s.History(q)
		switch {
		case err != nil:
			return "", err
		case len(page.Calls) > 0:
			return page.Calls[0].Agent, nil
		case page.Next == "":
			return "", nil
		}
		q.Cursor = page.Next
	}
}

// CountAnswered returns how many calls that began at since or later the agent
// has answered and ended.
func (s *Store) CountAnswered(agent string, since time.Time) (n int, err error) {
	prefix := term(agent)
	err = s.view(func(t *tables) error {
		c := t.byAgent.Cursor()
		for k, outcome := c.Seek(join(prefix, timeKey(since))); bytes.HasPrefix(k, prefix); k, outcome = c.Next() {
			if string(outcome) == string(queue.Answered) {
				n++
			}
		}
		return nil
	})
	return n, err
}

// EachCall tells the ended calls that began from from (included) to to (not),
// the newest first, without their memos. It reads in steps, each a transaction
// of its own: a long report keeps no freed page from the writers for longer than
// one step takes. Calls that end meanwhile may be told or not.
func (s *Store) EachCall(ctx context.Context, from, to time.Time, each func(*queue.Call)) error {
	r := entryRange{floor: timeKey(from), ceiling: timeKey(to)}
	for {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		read := 0
		err := s.view(func(t *tables) error {
			var last []byte
			for st := r.read(t.calls, nil); st.entry != nil && read < MaxLimit; st.advance() {
				c, err := t.decodeCall(st.entry, st.value)
				if err != nil {
					return err
				}
				each(&c)
				last = st.entry
				read++
			}
			r.ceiling = bytes.Clone(last)
			return nil
		})
		if err != nil || read < MaxLimit {
			return err
		}
	}
}
