package store

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

// Audit is one thing that somebody did to somebody else's work, or to what
// campaigns are made of.
type Audit struct {
	ID     string    `json:"id"`
	At     time.Time `json:"at"`
	By     string    `json:"by"`               // agent id
	Action string    `json:"action"`           // such as listen, free, logout
	Target string    `json:"target"`           // the agent it was done to; or the id of a plan, list or campaign, or a number
	Call   string    `json:"call,omitempty"`   // the call it was about
	Detail string    `json:"detail,omitempty"` // such as the state that was set
	// Result is "ok", or what was wrong; empty while it is being done, and
	// when calld, or whoever asked, was gone before it was known.
	Result string `json:"result"`
}

// AuditPage is a part of the audit trail, the newest first. Next is the cursor
// of the page below it and empty at the end.
type AuditPage struct {
	Entries []Audit `json:"entries"`
	Next    string  `json:"next"`
}

// AddAudit writes an entry, durably, and returns it with its ID.
func (s *Store) AddAudit(ctx context.Context, a Audit) (Audit, error) {
	err := s.update(ctx, func(t *tables) error {
		n, err := t.audit.NextSequence()
		if err != nil {
			return fmt.Errorf("store: audit: %w", err)
		}
		key := binary.BigEndian.AppendUint64(timeKey(a.At), n)
		a.ID = fmt.Sprintf("%x", key)
		return putAudit(t.audit, key, a)
	})
	return a, err
}

// EndAudit writes what became of an entry that AddAudit returned.
func (s *Store) EndAudit(ctx context.Context, a Audit) error {
	var key []byte
	if _, err := fmt.Sscanf(a.ID, "%x", &key); err != nil || len(key) != timeLen+8 {
		return fmt.Errorf("%w: audit entry %.40q", ErrInvalid, a.ID)
	}
	return s.update(ctx, func(t *tables) error { return putAudit(t.audit, key, a) })
}

func putAudit(b *bbolt.Bucket, key []byte, a Audit) error {
	v, err := json.Marshal(a)
	if err != nil || len(v) > MaxRecord {
		return fmt.Errorf("%w: audit entry of %d bytes: %w", ErrInvalid, len(v), err)
	}
	if err := b.Put(key, v); err != nil {
		return fmt.Errorf("store: audit: %w", err)
	}
	return nil
}

// AuditTrail lists entries, the newest first. ErrCursor and ErrLimit refuse a
// bad query; limit 0 is DefaultLimit.
func (s *Store) AuditTrail(limit int, cursor string) (AuditPage, error) {
	page := AuditPage{Entries: []Audit{}}
	limit, err := pageLimit(limit)
	if err != nil {
		return page, err
	}
	r, err := wholeRange().below(listAudit, cursor)
	if err != nil {
		return page, err
	}
	err = s.view(func(t *tables) error {
		var last []byte
		for st := r.read(t.audit, nil); st.entry != nil; st.advance() {
			if len(page.Entries) == limit {
				page.Next = formatCursor(listAudit, last)
				return nil
			}
			last = st.entry
			var a Audit
			if err := json.Unmarshal(st.value, &a); err != nil {
				return fmt.Errorf("%w: audit entry %x: %w", ErrDamaged, st.entry, err)
			}
			page.Entries = append(page.Entries, a)
		}
		return nil
	})
	return page, err
}

func (t *tables) purgeAudit(before []byte) (n int, err error) {
	for _, key := range oldest(t.audit, nil, before) {
		if err := t.audit.Delete(key); err != nil {
			return 0, fmt.Errorf("store: remove audit entry %x: %w", key, err)
		}
		n++
	}
	return n, nil
}
