package store

import (
	"context"
	"fmt"
	"io"

	"go.etcd.io/bbolt"
)

// Backup writes a copy of the store as it is at this moment, a file that Open
// opens, while calls go on. Writers don't wait for it, but the file grows by
// what they change meanwhile: give it a local file rather than a slow network.
// It returns the bytes written.
func (s *Store) Backup(ctx context.Context, w io.Writer) (n int64, err error) {
	err = s.translate(guard(func() error {
		return s.db.View(func(tx *bbolt.Tx) error {
			n, err = tx.WriteTo(&contextWriter{ctx, w})
			return err
		})
	}))
	if err != nil {
		return n, fmt.Errorf("store: backup: %w", err)
	}
	return n, nil
}

// contextWriter stops a copy when its context ends. It lives no longer than
// the call that has the context.
type contextWriter struct {
	ctx context.Context
	w   io.Writer
}

func (w *contextWriter) Write(p []byte) (int, error) {
	if err := context.Cause(w.ctx); err != nil {
		return 0, err
	}
	return w.w.Write(p)
}
