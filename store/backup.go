package store

import (
	"cmp"
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
	out := &backupWriter{ctx: ctx, w: w}
	err = s.translate(guard(func() error {
		return s.db.View(func(tx *bbolt.Tx) error {
			n, err = tx.WriteTo(out)
			return err
		})
	}))
	if err = cmp.Or(out.err, err); err != nil {
		return n, fmt.Errorf("store: backup: %w", err)
	}
	return n, nil
}

// backupWriter stops a copy when its context ends, and keeps the error, which
// bbolt passes on as text only. It lives no longer than the call that has the
// context.
type backupWriter struct {
	ctx context.Context
	w   io.Writer
	err error
}

func (b *backupWriter) Write(p []byte) (n int, err error) {
	if err = context.Cause(b.ctx); err == nil {
		n, err = b.w.Write(p)
	}
	b.err = err
	return n, err
}
