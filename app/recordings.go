package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"calld/dialplan"
	"calld/queue"
)

// recordOf is where a call is recorded that an earlier calld took in; empty when
// its queue does not record.
func (a *App) recordOf(c *queue.Call) string {
	cfg := a.Config()
	if q, ok := cfg.Queue(c.Queue); !ok || !q.Recording {
		return ""
	}
	return dialplan.RecordPath(c.Begin.In(cfg.Server.Timezone), c.ID)
}

// recordings is the folder of the recordings, as the script of callers sees it.
type recordings struct{ folder func() string }

// Length is how long a recording of 8 kHz and 16 bits plays, which is what
// Asterisk writes (format_wav.c); 0 when nothing was written.
func (r recordings) Length(record string) (time.Duration, error) {
	const header, perSecond = 44, 16_000
	folder, err := os.OpenRoot(r.folder())
	if err != nil {
		return 0, fmt.Errorf("folder of the recordings: %w", err)
	}
	defer folder.Close() //nolint:errcheck // opened to read
	info, err := folder.Stat(filepath.FromSlash(record))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, nil
	case err != nil:
		return 0, err
	}
	return max(0, time.Duration(info.Size()-header)*time.Second/perSecond), nil
}

// Discard removes what was recorded and is not to be kept.
func (r recordings) Discard(record string) error {
	folder, err := os.OpenRoot(r.folder())
	if err != nil {
		return fmt.Errorf("folder of the recordings: %w", err)
	}
	defer folder.Close() //nolint:errcheck // opened to read
	return removeRecording(folder, filepath.FromSlash(record))
}
