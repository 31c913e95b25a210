package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"calld/config"
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

// purge removes old calls and their recordings. The folder of the recordings is
// opened first: while it can't be, the calls stay, or nobody would know any
// more which recordings are too old. Where nothing is recorded it need not be
// there.
func (a *App) purge(ctx context.Context) error {
	cfg := a.Config()
	if cfg.Server.KeepHistory <= 0 {
		return nil
	}
	folder, openErr := os.OpenRoot(cfg.Asterisk.RecordingsHere)
	records := slices.ContainsFunc(cfg.Queues, func(q config.Queue) bool { return q.Recording })
	switch {
	case openErr == nil:
		defer folder.Close() //nolint:errcheck // opened to read
	case records || !errors.Is(openErr, fs.ErrNotExist):
		return fmt.Errorf("folder of the recordings: %w", openErr)
	}
	n, recordings, err := a.store.Purge(ctx, time.Now().Add(-cfg.Server.KeepHistory))
	if n > 0 {
		a.log.Info("old history purged", "calls", n, "recordings", len(recordings))
	}
	if openErr != nil && len(recordings) > 0 { // of when something was recorded
		return errors.Join(err, fmt.Errorf("%d recordings not removed: %w", len(recordings), openErr))
	}
	for _, r := range recordings {
		err = errors.Join(err, removeRecording(folder, filepath.FromSlash(r)))
	}
	return err
}

// removeRecording deletes a recording, and the folders of its day, month and
// year once they are empty. A path that leads out of the folder is refused by
// os.Root.
func removeRecording(folder *os.Root, path string) error {
	if err := folder.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for dir := filepath.Dir(path); dir != "."; dir = filepath.Dir(dir) {
		switch err := folder.Remove(dir); {
		case errors.Is(err, fs.ErrExist): // others are in it
			return nil
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	return nil
}
