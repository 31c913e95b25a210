package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"calld/queue"
)

// The longest texts that people may write, in characters.
const (
	MaxMemo        = 10_000
	MaxDisposition = 100
	MaxReason      = 500 // why an agent is away, why a missed call is resolved
)

// Memo is what an agent noted about a call.
type Memo struct {
	Text        string    `json:"memo"`
	Disposition string    `json:"disposition"`
	By          string    `json:"by"`
	At          time.Time `json:"at"`
}

// MemoChange is what to write into a memo; nil keeps what is there.
type MemoChange struct {
	Text        *string
	Disposition *string
	By          string
	At          time.Time
	// Unless refuses the change: it is given what is there, in the transaction
	// that would write. nil: nothing is refused.
	Unless func(Memo) error
}

// SetMemo writes the memo of a call and returns it as it is then. It is on
// disk when SetMemo returns. The caller makes sure that the call exists: the
// call's own record may still be on its way through a [Recorder]. Too long a
// text is a [*LengthError].
func (s *Store) SetMemo(ctx context.Context, callID string, change MemoChange) (Memo, error) {
	if callID == "" || len(callID) > maxID {
		return Memo{}, fmt.Errorf("%w: memo for call id %.40q", ErrInvalid, callID)
	}
	err := cmp.Or(checkLength("memo", change.Text, MaxMemo),
		checkLength("disposition", change.Disposition, MaxDisposition))
	if err != nil {
		return Memo{}, err
	}
	var m Memo
	err = s.update(ctx, func(t *tables) (err error) {
		if m, err = t.getMemo(callID); err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		if change.Unless != nil {
			if err := change.Unless(m); err != nil {
				return err
			}
		}
		if change.Text != nil {
			m.Text = *change.Text
		}
		if change.Disposition != nil {
			m.Disposition = *change.Disposition
		}
		m.By, m.At = change.By, change.At
		return put(t.memos, callID, m)
	})
	return m, err
}

// Memo returns the memo of a call with its author, or ErrNotFound.
func (s *Store) Memo(callID string) (m Memo, err error) {
	err = s.view(func(t *tables) (err error) {
		m, err = t.getMemo(callID)
		return err
	})
	return m, err
}

func (t *tables) getMemo(callID string) (m Memo, err error) {
	v := t.memos.Get([]byte(callID))
	if v == nil {
		return m, fmt.Errorf("%w: memo of call %.40q", ErrNotFound, callID)
	}
	if err := json.Unmarshal(v, &m); err != nil {
		return m, fmt.Errorf("%w: memo of call %q: %w", ErrDamaged, callID, err)
	}
	return m, nil
}

// joinMemo puts the memo into a call that was read.
func (t *tables) joinMemo(c *queue.Call) error {
	m, err := t.getMemo(c.ID)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	c.Memo, c.Disposition = m.Text, m.Disposition
	return nil
}

func checkLength(field string, text *string, limit int) error {
	if text == nil {
		return nil
	}
	if n := utf8.RuneCountInString(*text); n > limit {
		return &LengthError{Field: field, Limit: limit, Got: n}
	}
	return nil
}
