package announce

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// work runs what may outlive the call that asked for it, and shares it
// between callers that want the same.
type work struct {
	group singleflight.Group

	mu      sync.Mutex
	stopped bool
	last    int
	cancels map[int]context.CancelFunc
	wg      sync.WaitGroup
}

// shared runs f once for all callers that use the same key at the same time
// and returns its result, or ctx's error when that ends first; f goes on for
// the others then. f's own context ends after limit and on stop.
func (w *work) shared(ctx context.Context, key string, limit time.Duration, f func(context.Context) (string, error)) (string, error) {
	done := w.group.DoChan(key, func() (any, error) { return w.do(limit, f) })
	select {
	case r := <-done:
		name, _ := r.Val.(string)
		return name, r.Err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// alone is shared for work that is one caller's own.
func (w *work) alone(ctx context.Context, limit time.Duration, f func(context.Context) (string, error)) (string, error) {
	type outcome struct {
		name string
		err  error
	}
	done := make(chan outcome, 1)
	go func() {
		name, err := w.do(limit, f)
		done <- outcome{name, err}
	}()
	select {
	case o := <-done:
		return o.name, o.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (w *work) do(limit time.Duration, f func(context.Context) (string, error)) (name string, err error) {
	ctx, end, err := w.begin(limit)
	if err != nil {
		return "", err
	}
	defer end()
	// A decoder written by others meets bytes sent by others here, in a
	// goroutine whose panic would end every call of the process.
	defer func() {
		if p := recover(); p != nil {
			err = &Error{Reason: ReasonInternal, Err: fmt.Errorf("panic: %v", p)}
		}
	}()
	return f(ctx)
}

func (w *work) begin(limit time.Duration) (context.Context, func(), error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return nil, nil, fail(ReasonStopped, "shutting down")
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	w.last++
	id := w.last
	if w.cancels == nil {
		w.cancels = make(map[int]context.CancelFunc)
	}
	w.cancels[id] = cancel
	w.wg.Add(1)
	return ctx, func() {
		w.mu.Lock()
		delete(w.cancels, id)
		w.mu.Unlock()
		cancel()
		w.wg.Done()
	}, nil
}

// stop ends all work, waits for it and refuses new work from then on.
func (w *work) stop() {
	w.mu.Lock()
	w.stopped = true
	for _, cancel := range w.cancels {
		cancel()
	}
	w.mu.Unlock()
	w.wg.Wait()
}

// slots bounds how many do the same thing at once: its capacity.
type slots chan struct{}

func (s slots) try() bool {
	select {
	case s <- struct{}{}:
		return true
	default:
		return false
	}
}

// takeWithin waits for a slot until ctx ends or the patience is over. Callers
// give it less than their whole time, so that the reason for a fallback is
// [ReasonBusy] and not a time-out.
func (s slots) takeWithin(ctx context.Context, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case s <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fail(ReasonBusy, "all %d places taken: %w", cap(s), ctx.Err())
	}
}

func (s slots) release() { <-s }
