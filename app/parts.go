package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
)

// parts are the running pieces of the server, stopped in the reverse order of
// their start.
type parts struct {
	log     *slog.Logger
	running []*part
	failed  chan error // of the first part that ended by itself
}

type part struct {
	name string
	stop context.CancelFunc
	done chan struct{}
	err  error // valid when done is closed
}

func newParts(log *slog.Logger) *parts {
	return &parts{log: log, failed: make(chan error, 1)}
}

// start runs a piece until stop. Its context carries ctx's values but not its
// end: pieces end in order, not all at once.
func (p *parts) start(ctx context.Context, name string, run func(context.Context) error) {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	x := &part{name: name, stop: stop, done: make(chan struct{})}
	p.running = append(p.running, x)
	go func() {
		defer close(x.done)
		x.err = run(ctx)
		if ctx.Err() != nil {
			if errors.Is(x.err, context.Canceled) {
				x.err = nil // told to stop, it stopped
			}
			return
		}
		err := fmt.Errorf("%s ended: %w", name, errors.Join(x.err, errEnded))
		select {
		case p.failed <- err:
		default: // another one was first
		}
	}()
}

var errEnded = errors.New("it should run as long as the server does")

// stop ends all pieces, the last one started first, and returns their errors.
func (p *parts) stop() error {
	var errs []error
	for _, x := range slices.Backward(p.running) {
		x.stop()
		<-x.done
		if x.err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", x.name, x.err))
		}
		p.log.Debug("stopped", "part", x.name)
	}
	p.running = nil
	return errors.Join(errs...)
}
