package store

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"calld/campaign"
)

// ResultQuery says which results of a campaign are wanted.
type ResultQuery struct {
	Campaign string
	Kind     string    // as campaign.Result.Kind tells; empty: all
	Agent    string    // who got the customer
	Number   string    // the whole number, however written
	Entry    string    // id of the entry
	From, To time.Time // of dialling, From included, To not; zero: no bound
	Limit    int       // 0: DefaultLimit
	Cursor   string    // ResultPage.Next of the page before
}

// ResultPage is a part of the results, the latest dialled first. Next is empty
// at the end. A page may be shorter than the limit, even empty, with a Next:
// then the results looked at did not match, and the search goes on there.
type ResultPage struct {
	Results []campaign.Result `json:"results"`
	Next    string            `json:"next"`
}

// Results lists what became of tries, also of a campaign that is no more.
// ErrCursor and ErrLimit refuse a bad query.
func (s *Store) Results(q ResultQuery) (ResultPage, error) {
	page := ResultPage{Results: []campaign.Result{}}
	limit, err := pageLimit(q.Limit)
	if err != nil {
		return page, err
	}
	r := timeRange(q.From, q.To)
	if r, err = r.below(listResults, q.Cursor); err != nil {
		return page, err
	}
	spellings := s.spellings(q.Number)
	err = s.view(func(t *tables) error {
		var last []byte
		looked := 0
		for st := r.read(t.results, term(q.Campaign)); st.entry != nil; st.advance() {
			if looked == maxScan || len(page.Results) == limit {
				page.Next = formatCursor(listResults, last)
				return nil
			}
			looked++
			last = st.entry
			found, err := decodeResult(st)
			if err != nil {
				return err
			}
			if q.match(&found, spellings) {
				page.Results = append(page.Results, found)
			}
		}
		return nil
	})
	return page, err
}

// EachResult gives all results of a campaign that were dialled from from to
// before to, the latest first; a zero time is no bound. It holds no writer up.
func (s *Store) EachResult(campaignID string, from, to time.Time, each func(*campaign.Result)) error {
	return s.view(func(t *tables) error {
		for st := timeRange(from, to).read(t.results, term(campaignID)); st.entry != nil; st.advance() {
			r, err := decodeResult(st)
			if err != nil {
				return err
			}
			each(&r)
		}
		return nil
	})
}

func decodeResult(st *stream) (r campaign.Result, err error) {
	if err := json.Unmarshal(st.value, &r); err != nil {
		return r, fmt.Errorf("%w: result of try %q: %w", ErrDamaged, st.entry[timeLen:], err)
	}
	return r, nil
}

// match reports whether a result is wanted. The spellings are those of the number
// that is.
func (q *ResultQuery) match(r *campaign.Result, spellings []string) bool {
	return (q.Kind == "" || q.Kind == r.Kind()) &&
		(q.Agent == "" || q.Agent == r.Agent) &&
		(q.Entry == "" || q.Entry == r.Entry) &&
		(q.Number == "" || slices.Contains(spellings, number(r.Number)))
}

// purgeResults removes the oldest results of all campaigns, at most purgeStep.
func (t *tables) purgeResults(before []byte) (n int, err error) {
	c := t.results.Cursor()
	var keys [][]byte
	for k, _ := c.First(); k != nil && len(keys) < purgeStep; {
		if len(k) < 2 || len(k) < 2+int(binary.BigEndian.Uint16(k)) {
			return 0, fmt.Errorf("%w: key %x of a result", ErrDamaged, k)
		}
		prefix := bytes.Clone(k[:2+int(binary.BigEndian.Uint16(k))])
		keys = append(keys, oldest(t.results, prefix, before)...)
		// On to the next campaign: 0xff is above every time.
		k, _ = c.Seek(join(prefix, []byte{0xff}))
	}
	for _, key := range keys {
		if err := t.results.Delete(key); err != nil {
			return 0, fmt.Errorf("store: remove result %x: %w", key, err)
		}
	}
	return len(keys), nil
}
