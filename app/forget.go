package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"calld/api"
	"calld/store"
)

// forget removes what there is of one person. The folder of the recordings is
// opened when the first is met: where nothing is recorded it need not be there.
// Pages hear of it even when it was not finished: some of it is gone.
func (a *App) forget(ctx context.Context, number string) (store.Forgotten, error) {
	defer a.hub.Forget()
	var folder *os.Root
	found, err := a.store.Forget(ctx, number, func(recording string) (err error) {
		if folder == nil {
			if folder, err = os.OpenRoot(a.Config().Asterisk.RecordingsHere); err != nil {
				return &api.RecordingError{Err: fmt.Errorf("folder of the recordings: %w", err)}
			}
		}
		if err := removeRecording(folder, filepath.FromSlash(recording)); err != nil {
			return &api.RecordingError{Err: err}
		}
		return nil
	})
	if folder != nil {
		_ = folder.Close() // opened to read
	}
	return found, err
}
