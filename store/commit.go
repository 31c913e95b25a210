package store

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"go.etcd.io/bbolt"
)

const (
	// maxBatch bounds the writes of one transaction, and so the time that a
	// writer can wait for those before it.
	maxBatch = 1000
	// maxReruns bounds how often a transaction is repeated without a write
	// that failed, before all that are left fail with it.
	maxReruns = 8
)

// write is one change on its way to the disk. A transaction that fails is
// repeated without the write that failed, so do may run more than once.
type write struct {
	do   func(*tables) error
	done chan error // buffered: gets exactly one value
}

// committer gathers writes. Whoever holds the seat commits for all who wait.
type committer struct {
	seat   chan struct{} // capacity 1
	broken error         // set once damage has ended a transaction; only for who holds the seat

	mu      sync.Mutex
	pending []*write
}

func newCommitter() committer { return committer{seat: make(chan struct{}, 1)} }

// update makes a change durable, together with those of other goroutines.
// When ctx ends before its turn the change is withdrawn; an error of ctx
// means that nothing was written.
func (s *Store) update(ctx context.Context, do func(*tables) error) error {
	return s.updateAll(ctx, []func(*tables) error{do})[0]
}

// updateAll is update for several changes, in order, with an error for each.
func (s *Store) updateAll(ctx context.Context, dos []func(*tables) error) []error {
	errs := make([]error, len(dos))
	if err := context.Cause(ctx); err != nil {
		for i := range errs {
			errs[i] = notBegun(err)
		}
		return errs
	}
	writes := make([]*write, len(dos))
	for i, do := range dos {
		writes[i] = &write{do: do, done: make(chan error, 1)}
	}
	s.writes.mu.Lock()
	s.writes.pending = append(s.writes.pending, writes...)
	s.writes.mu.Unlock()

	for i, w := range writes {
		errs[i] = s.await(ctx, w)
	}
	return errs
}

func (s *Store) await(ctx context.Context, w *write) error {
	for {
		select {
		case err := <-w.done:
			return err
		case s.writes.seat <- struct{}{}:
			s.commit(s.writes.take())
			<-s.writes.seat
		case <-ctx.Done():
			if s.writes.withdraw(w) {
				return notBegun(context.Cause(ctx))
			}
			return <-w.done // being committed by somebody else
		}
	}
}

func notBegun(err error) error { return fmt.Errorf("store: write not begun: %w", err) }

func (c *committer) take() []*write {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := min(len(c.pending), maxBatch)
	batch := slices.Clone(c.pending[:n])
	c.pending = slices.Delete(c.pending, 0, n)
	return batch
}

func (c *committer) withdraw(w *write) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.Index(c.pending, w)
	if i >= 0 {
		c.pending = slices.Delete(c.pending, i, i+1)
	}
	return i >= 0
}

// commit writes a batch in one transaction and tells each writer.
func (s *Store) commit(batch []*write) {
	for reruns := 0; len(batch) > 0; reruns++ {
		failed, err := s.transact(batch)
		if err == nil || failed < 0 || reruns == maxReruns {
			for _, w := range batch {
				w.done <- err
			}
			return
		}
		batch[failed].done <- err
		batch = slices.Delete(batch, failed, failed+1)
	}
}

// transact returns the index of the write that failed, or -1 when it was the
// commit itself. After damage it writes no more: what is still whole stays so.
func (s *Store) transact(batch []*write) (failed int, err error) {
	if s.writes.broken != nil {
		return -1, s.writes.broken
	}
	failed = -1
	err = s.change(func(tx *bbolt.Tx) error {
		t, err := openTables(tx)
		if err != nil {
			return err
		}
		for i, w := range batch {
			failed = i
			if err := w.do(t); err != nil {
				return err
			}
		}
		failed = -1
		return nil
	})
	if err != nil && failed < 0 {
		err = fmt.Errorf("store: commit: %w", s.translate(err))
	}
	return failed, err
}

// change runs a transaction that writes. bbolt's own Update reads the file
// once more after a panic; where that fails too, it keeps its lock for ever.
func (s *Store) change(do func(*bbolt.Tx) error) error {
	var tx *bbolt.Tx
	panicked := true
	err := guard(func() (err error) {
		if tx, err = s.db.Begin(true); err == nil {
			if err = do(tx); err == nil {
				err = tx.Commit()
			}
		}
		panicked = false
		return err
	})
	if err != nil && tx != nil {
		_ = tx.Rollback() // a failed commit has done it: then it is refused
	}
	if panicked {
		s.writes.broken = err
	}
	return err
}
