package store_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"calld/store"
	"calld/store/storetest"

	"github.com/google/go-cmp/cmp"
)

// login is a session that began now.
func login(agent string, life time.Duration) store.Session {
	return store.Session{Agent: agent, Mark: "mark of " + agent, Expires: time.Now().Add(life).Round(0)}
}

func putSession(t *testing.T, s *store.Store, key string, session store.Session) {
	t.Helper()
	if err := s.PutSession(t.Context(), key, session); err != nil {
		t.Fatal(err)
	}
}

func TestASessionEnds(t *testing.T) {
	s := storetest.Open(t)
	want := login("김철수", time.Hour)
	putSession(t, s, "k", want)
	for name, tt := range map[string]struct {
		key string
		at  time.Time
		ok  bool
	}{
		"at once":      {"k", time.Now(), true},
		"just before":  {"k", want.Expires.Add(-1), true},
		"at its end":   {"k", want.Expires, false},
		"another key":  {"l", time.Now(), false},
		"no key":       {"", time.Now(), false},
		"a longer key": {"k ", time.Now(), false},
	} {
		got, ok := s.Session(tt.key, tt.at)
		if ok != tt.ok || ok && !cmp.Equal(want, got) {
			t.Errorf("%s: %+v, %t", name, got, ok)
		}
	}
	if err := s.DeleteSession(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Session("k", time.Now()); ok {
		t.Error("a deleted session is there")
	}
	if err := s.DeleteSession(t.Context(), "k"); err != nil {
		t.Errorf("deleting again: %v", err)
	}
}

func TestARestartKeepsSessions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calld.db")
	s, err := store.Open(path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := login("kim", time.Hour)
	putSession(t, s, "k", want)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	got, ok := storetest.OpenFile(t, path, store.Options{}).Session("k", time.Now())
	if diff := cmp.Diff(want, got); !ok || diff != "" {
		t.Errorf("session %t (-want +got):\n%s", ok, diff)
	}
}

// A log-in removes the sessions that are over, and no others.
func TestSessionsThatAreOverAreRemoved(t *testing.T) {
	s := storetest.Open(t)
	putSession(t, s, "a over", login("kim", -time.Second))
	before := time.Now().Add(-time.Hour) // none was over then
	if _, ok := s.Session("a over", before); !ok {
		t.Error("a session goes with its own log-in")
	}
	putSession(t, s, "b lives", login("kim", time.Hour))
	putSession(t, s, "c lives", login("lee", time.Hour))
	for key, want := range map[string]bool{"a over": false, "b lives": true, "c lives": true} {
		if _, ok := s.Session(key, before); ok != want {
			t.Errorf("%q is kept: %t, want %t", key, ok, want)
		}
	}
}

func TestSessionsThatCanNotBeKept(t *testing.T) {
	s := storetest.Open(t)
	long := strings.Repeat("x", 256)
	for name, tt := range map[string]struct {
		key     string
		session store.Session
	}{
		"no key":       {"", login("kim", time.Hour)},
		"a long key":   {long, login("kim", time.Hour)},
		"a long agent": {"k", login(long, time.Hour)},
		"a long mark":  {"k", store.Session{Agent: "kim", Mark: long}},
	} {
		if err := s.PutSession(t.Context(), tt.key, tt.session); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
}
