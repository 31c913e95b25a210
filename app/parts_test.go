package app

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

// TestParts: parts stop one after the other, the last one started first, and
// not because the context they were started with ends.
func TestParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var stopped []string
		p := newParts(slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		for _, name := range []string{"first", "second", "third"} {
			p.start(ctx, name, func(ctx context.Context) error {
				<-ctx.Done()
				stopped = append(stopped, name) // ordered by stop itself: the race detector would tell
				if name == "second" {
					return errors.New("broken")
				}
				return context.Cause(ctx)
			})
		}
		cancel()
		synctest.Wait()
		if len(stopped) > 0 {
			t.Errorf("%v stopped with the context", stopped)
		}
		if err := p.stop(); err == nil || err.Error() != "second: broken" {
			t.Errorf("stop: %v", err)
		}
		if diff := cmp.Diff([]string{"third", "second", "first"}, stopped); diff != "" {
			t.Errorf("order (-want +got):\n%s", diff)
		}
	})
}

// TestPartsFail: the first part that ends by itself is told, the others don't
// block on it.
func TestPartsFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("no paper")
		p := newParts(slog.New(slog.DiscardHandler))
		p.start(t.Context(), "printer", func(context.Context) error { return cause })
		synctest.Wait()
		p.start(t.Context(), "quiet", func(context.Context) error { return nil })
		synctest.Wait()
		err := <-p.failed
		if !errors.Is(err, cause) || !errors.Is(err, errEnded) || !strings.HasPrefix(err.Error(), "printer ended: ") {
			t.Errorf("failed: %v", err)
		}
		if err := p.stop(); !errors.Is(err, cause) {
			t.Errorf("stop: %v", err)
		}
	})
}
