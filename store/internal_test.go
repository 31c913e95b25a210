package store

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/bbolt"

	"calld/queue"
)

func openTest(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.TempDir()+"/calld.db", Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(s.Check(), s.Close()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func memo(id, text string) func(*tables) error {
	return func(t *tables) error { return put(t.memos, id, Memo{Text: text}) }
}

// lastCommit is the number of the last transaction in the file.
func lastCommit(t *testing.T, s *Store) (id int) {
	t.Helper()
	if err := s.db.View(func(tx *bbolt.Tx) error { id = tx.ID(); return nil }); err != nil {
		t.Fatal(err)
	}
	return id
}

// A record that can't be read takes no other from the next start.
func TestADamagedLiveRecord(t *testing.T) {
	s := openTest(t)
	err := s.update(t.Context(), func(t *tables) error {
		return errors.Join(t.live.Put([]byte("a"), []byte("{")), t.live.Put([]byte("b"), []byte(`{"id":"b"}`)))
	})
	if err != nil {
		t.Fatal(err)
	}
	live, err := s.Live()
	if !errors.Is(err, ErrDamaged) || len(live) != 1 || live[0].ID != "b" {
		t.Errorf("Live = %+v, %v", live, err)
	}
	err = s.update(t.Context(), func(t *tables) error { return t.live.Delete([]byte("a")) }) // the check would find it
	if err != nil {
		t.Fatal(err)
	}
}

// Writers that wait share a transaction; one that fails fails alone.
func TestGroupCommit(t *testing.T) {
	s := openTest(t)
	bad := errors.New("bad")
	for _, failures := range []int{0, 1, maxReruns, maxReruns + 1} {
		before := lastCommit(t, s)
		var dos []func(*tables) error
		for i := range 40 {
			if i < failures {
				dos = append(dos, func(*tables) error { return bad })
				continue
			}
			dos = append(dos, memo(string(rune('a'+i)), "x"))
		}
		errs := s.updateAll(t.Context(), dos)
		failed := len(slices.DeleteFunc(errs, func(err error) bool { return err == nil }))
		want := failures
		if failures > maxReruns {
			want = 40 // a store that fails everything does not try for ever
		}
		if failed != want {
			t.Errorf("%d of %d failures failed", failed, failures)
		}
		commits := 1
		if failures > maxReruns {
			commits = 0
		}
		if got := lastCommit(t, s) - before; got != commits {
			t.Errorf("%d failures: %d commits", failures, got)
		}
	}
}

// A writer whose context ends before its turn has written nothing; one whose
// write is being committed waits for the answer.
func TestWithdrawnWrite(t *testing.T) {
	s := openTest(t)
	synctest.Test(t, func(t *testing.T) {
		s := &Store{db: s.db, writes: newCommitter()}
		s.writes.seat <- struct{}{} // somebody commits
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := s.update(ctx, memo("withdrawn", "x")); !errors.Is(err, context.Canceled) {
				t.Errorf("withdrawn: %v", err)
			}
		})
		synctest.Wait()
		cancel()
		wg.Wait()

		ctx, cancel = context.WithCancel(t.Context())
		wg.Go(func() {
			if err := s.update(ctx, memo("taken", "x")); err != nil {
				t.Errorf("taken: %v", err)
			}
		})
		synctest.Wait()
		batch := s.writes.take()
		cancel()
		synctest.Wait()
		s.commit(batch)
		wg.Wait()
		<-s.writes.seat
	})
	if _, err := s.Memo("withdrawn"); !errors.Is(err, ErrNotFound) {
		t.Errorf("withdrawn: %v", err)
	}
	if _, err := s.Memo("taken"); err != nil {
		t.Errorf("taken: %v", err)
	}
}

func TestStalledWriteIsUnhealthy(t *testing.T) {
	s := openTest(t)
	synctest.Test(t, func(t *testing.T) {
		s := &Store{db: s.db, writes: newCommitter()}
		r := NewRecorder(s, RecorderOptions{})
		s.writes.seat <- struct{}{} // the disk hangs
		r.Observe(&queue.Event{Kind: queue.CallWaiting, Call: benchCall(1, time.Now())})
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := r.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(stallAfter)
		if err := r.Healthy(); err != nil {
			t.Errorf("too early: %v", err)
		}
		time.Sleep(time.Second)
		if err := r.Healthy(); err == nil {
			t.Error("healthy after six seconds")
		}
		<-s.writes.seat
		synctest.Wait()
		if err := r.Healthy(); err != nil {
			t.Errorf("after the stall: %v", err)
		}
		cancel()
		wg.Wait()
	})
}

func TestNumber(t *testing.T) {
	for _, tt := range []struct{ written, want string }{
		{"", ""},
		{"02-1588-1234", "0215881234"},
		{"(02) 1588 1234", "0215881234"},
		{"+82 10 1234 5678", "821012345678"},
		{"*98#", "*98#"},
		{" - ", ""},
		{"Alice", "alice"},
		{" 김철수 ", "김철수"},
		{"agent-7", "agent-7"},
	} {
		if got := number(tt.written); got != tt.want {
			t.Errorf("number(%q) = %q, want %q", tt.written, got, tt.want)
		}
	}
}

func FuzzNumber(f *testing.F) {
	for _, s := range []string{"", "02-1588-1234", "+82 10", "Alice", "\xff", " x\u0085", "(0\u0085", "İ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n := number(s)
		if again := number(n); again != n {
			t.Errorf("number(%q) = %q, and of that %q", s, n, again)
		}
		if !bytes.Equal(term(n), term(number(string([]rune(s))))) {
			t.Errorf("%q is found under another key once it was stored", s)
		}
	})
}

func FuzzCursor(f *testing.F) {
	f.Add("")
	f.Add(formatCursor(listHistory, entryKey(time.Unix(1e9, 1), "id")))
	f.Add(formatCursor(listMissed, entryKey(time.Unix(1e9, 1), "상담")))
	f.Fuzz(func(t *testing.T, cursor string) {
		key, err := parseCursor(listHistory, cursor)
		if err != nil {
			if !errors.Is(err, ErrCursor) {
				t.Errorf("error %v", err)
			}
			return
		}
		if again := formatCursor(listHistory, key); again != cursor {
			t.Errorf("%q is also written %q", cursor, again)
		}
	})
}

// A read-only disk can't be had in a test without root's rights.
func TestMendOfReadOnlyDisk(t *testing.T) {
	err := &fs.PathError{Op: "open", Path: "calld.db", Err: syscall.EROFS}
	if got := mend(classify("calld.db", err)); !strings.Contains(got, "read-only") || !strings.Contains(got, "calld backup") {
		t.Errorf("the mend of a read-only disk is %q", got)
	}
}
