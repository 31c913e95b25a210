package app

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// retainEvery is how often old history is looked for.
const retainEvery = time.Hour

// retain purges history and recordings older than server.keep_history.
func (a *App) retain(ctx context.Context) error {
	tick := time.NewTicker(retainEvery)
	defer tick.Stop()
	for {
		if err := a.purge(ctx); err != nil && ctx.Err() == nil {
			a.log.Error("old history not purged", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (a *App) purge(ctx context.Context) error {
	cfg := a.Config()
	if cfg.Server.KeepHistory <= 0 {
		return nil
	}
	n, recordings, err := a.store.Purge(ctx, time.Now().Add(-cfg.Server.KeepHistory))
	if n > 0 {
		a.log.Info("old history purged", "calls", n, "recordings", len(recordings))
	}
	return errors.Join(err, removeRecordings(cfg.Asterisk.RecordingsHere, recordings))
}

// removeRecordings deletes recordings below the folder; paths that lead out of
// it are refused by os.Root.
func removeRecordings(folder string, recordings []string) error {
	if len(recordings) == 0 {
		return nil
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // opened to read
	var errs []error
	for _, r := range recordings {
		if err := root.Remove(filepath.FromSlash(r)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
