package store

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
)

// Post is an event on its way to webhooks. It waits in the outbox, once for
// each of them, until [Store.Unpost].
type Post struct {
	// Seq orders posts and tells them apart: it rises with each, also over
	// restarts.
	Seq uint64
	To  []string // names of webhooks
	// Group is what order matters within, such as a call.
	Group string
	// Body is encoded as JSON when it is written, so it may not change.
	Body any
	// Instead are entries of the outbox that this one takes the place of.
	Instead []Posted
}

// Posted is an entry of the outbox.
type Posted struct {
	To    string
	Seq   uint64
	Group string
}

// posted is an entry's value in the file.
type posted struct {
	Group string          `json:"group"`
	Body  json.RawMessage `json:"body"`
}

func postKey(to string, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(term(to), seq)
}

// encode is a post's value in the file. Like [Store.newChange] it refuses what can
// never be written.
func (p *Post) encode() ([]byte, error) {
	body, err := json.Marshal(p.Body)
	if err == nil && len(body) > MaxRecord {
		err = fmt.Errorf("%d bytes, the limit is %d", len(body), MaxRecord)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: post %d: %w", ErrInvalid, p.Seq, err)
	}
	return json.Marshal(posted{Group: p.Group, Body: body})
}

func (t *tables) putPost(p *Post, value []byte) error {
	for _, to := range p.To {
		if err := t.outbox.Put(postKey(to, p.Seq), value); err != nil {
			return fmt.Errorf("store: post %d: %w", p.Seq, err)
		}
	}
	return t.removePosts(p.Instead)
}

func (t *tables) removePosts(entries []Posted) error {
	for _, e := range entries {
		if err := t.outbox.Delete(postKey(e.To, e.Seq)); err != nil {
			return fmt.Errorf("store: remove post %d: %w", e.Seq, err)
		}
	}
	return nil
}

// Outbox lists what waits for webhooks: by webhook, each in the order of Seq.
func (s *Store) Outbox() ([]Posted, error) {
	var list []Posted
	err := s.view(func(t *tables) error {
		return t.outbox.ForEach(func(key, value []byte) error {
			e, _, err := decodePost(key, value)
			list = append(list, e)
			return err
		})
	})
	return list, err
}

// PostBody is the JSON of an entry of the outbox, or ErrNotFound.
func (s *Store) PostBody(to string, seq uint64) ([]byte, error) {
	var body []byte
	err := s.view(func(t *tables) (err error) {
		key := postKey(to, seq)
		value := t.outbox.Get(key)
		if value == nil {
			return fmt.Errorf("%w: post %d to %s", ErrNotFound, seq, to)
		}
		_, body, err = decodePost(key, value)
		return err
	})
	return body, err
}

// Unpost removes entries of the outbox, durably. Those that are not there are
// passed over.
func (s *Store) Unpost(ctx context.Context, entries []Posted) error {
	return s.update(ctx, func(t *tables) error { return t.removePosts(entries) })
}

func decodePost(key, value []byte) (Posted, []byte, error) {
	if len(key) < 2+8 || int(binary.BigEndian.Uint16(key)) != len(key)-2-8 {
		return Posted{}, nil, fmt.Errorf("%w: outbox key %x", ErrDamaged, key)
	}
	e := Posted{To: string(key[2 : len(key)-8]), Seq: binary.BigEndian.Uint64(key[len(key)-8:])}
	var v posted
	if err := json.Unmarshal(value, &v); err != nil {
		return e, nil, fmt.Errorf("%w: post %d to %s: %w", ErrDamaged, e.Seq, e.To, err)
	}
	e.Group = v.Group
	return e, v.Body, nil
}
