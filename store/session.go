package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Session is a browser's log-in.
type Session struct {
	Agent string `json:"agent"`
	// Mark tells the password logged in with from a later one.
	Mark    string    `json:"mark"`
	Expires time.Time `json:"expires"`
}

// PutSession keeps a log-in, so that a restart of calld logs nobody out. Key
// is a hash of the browser's token: whoever reads the file can't log in with
// it. Sessions that are over are removed on the way.
func (s *Store) PutSession(ctx context.Context, key string, session Session) error {
	if key == "" || len(key) > maxID || len(session.Agent) > maxID || len(session.Mark) > maxID {
		return fmt.Errorf("%w: session of agent %.40q", ErrInvalid, session.Agent)
	}
	now := time.Now()
	return s.update(ctx, func(t *tables) error {
		c := t.sessions.Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			var old Session
			if err := json.Unmarshal(v, &old); err == nil && now.Before(old.Expires) {
				continue
			}
			if err := c.Delete(); err != nil {
				return fmt.Errorf("store: old session: %w", err)
			}
		}
		return put(t.sessions, key, session)
	})
}

// Session returns the session of a key; false when it is nobody's or over.
func (s *Store) Session(key string, now time.Time) (found Session, ok bool) {
	err := s.view(func(t *tables) error {
		v := t.sessions.Get([]byte(key))
		if v == nil {
			return ErrNotFound
		}
		return json.Unmarshal(v, &found)
	})
	return found, err == nil && now.Before(found.Expires)
}

// DeleteSession ends a session.
func (s *Store) DeleteSession(ctx context.Context, key string) error {
	return s.update(ctx, func(t *tables) error {
		if err := t.sessions.Delete([]byte(key)); err != nil {
			return fmt.Errorf("store: end session: %w", err)
		}
		return nil
	})
}

// EndSessions ends all sessions of an agent.
func (s *Store) EndSessions(ctx context.Context, agent string) error {
	return s.update(ctx, func(t *tables) error { return t.endSessions(agent) })
}

func (t *tables) endSessions(agent string) error {
	var keys [][]byte // a cursor loses its place when its table changes
	err := t.sessions.ForEach(func(k, v []byte) error {
		var session Session
		if err := json.Unmarshal(v, &session); err != nil || session.Agent == agent {
			keys = append(keys, bytes.Clone(k))
		}
		return nil
	})
	for _, k := range keys {
		err = errors.Join(err, t.sessions.Delete(k))
	}
	if err != nil {
		return fmt.Errorf("store: end sessions: %w", err)
	}
	return nil
}
