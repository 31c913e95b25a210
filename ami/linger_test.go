package ami_test

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"calld/ami"
	"calld/ami/amitest"
)

const linger = time.Minute

// lingering is a client that counts its connections.
func lingering(t *testing.T, srv amitest.Options) (l *lab, dialled *atomic.Int32) {
	t.Helper()
	dialled = new(atomic.Int32)
	return newLab(t, srv, func(o *ami.Options) {
		o.Linger, o.MinBackoff = linger, time.Second
		dial := o.Dial
		o.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			dialled.Add(1)
			return dial(ctx, network, addr)
		}
	}, nil), dialled
}

func ping(t *testing.T, l *lab) {
	t.Helper()
	if _, err := l.Do(t.Context(), ami.NewAction("Ping")); err != nil {
		t.Error(err)
	}
}

func TestLinger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, dialled := lingering(t, amitest.Options{})
		time.Sleep(time.Hour)
		if n := dialled.Load(); n != 0 {
			t.Errorf("%d connections before an action", n)
		}
		const many = 10
		done := make(chan error, many)
		for range many {
			go func() { _, err := l.Do(t.Context(), ami.NewAction("Ping")); done <- err }()
		}
		for range many {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		l.up(t)
		for range 5 {
			time.Sleep(linger * 9 / 10)
			ping(t, l)
		}
		if n := dialled.Load(); n != 1 {
			t.Errorf("%d connections while it is used, want 1", n)
		}
		used := time.Now()
		l.down(t, ami.ReasonUnused)
		if kept := time.Since(used); kept != linger {
			t.Errorf("kept for %v, want %v", kept, linger)
		}
		began := time.Now()
		ping(t, l)
		if took := time.Since(began); took > 0 {
			t.Errorf("connected again after a pause of %v", took)
		}
		l.up(t)
		if n := l.Stats().Ended[ami.ReasonUnused]; n != 1 {
			t.Errorf("%d connections ended for want of use, want 1", n)
		}
	})
}

// A list is an action, too.
func TestLingerList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := lingering(t, amitest.Options{})
		l.srv.Answer("Items", func(r *amitest.Request) { r.StartList("x"); r.Item("Item"); r.EndList("ItemsComplete") })
		items, err := l.List(t.Context(), ami.NewAction("Items"))
		if err != nil || len(items) != 1 {
			t.Errorf("%d items, %v", len(items), err)
		}
	})
}

// Whoever waits for a connection that can't be made is told so, and who comes in
// the pause that follows, at once.
func TestLingerFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, dialled := lingering(t, amitest.Options{})
		l.srv.Refuse(true)
		for range 3 {
			began := time.Now()
			_, err := l.Do(t.Context(), ami.NewAction("Ping"))
			if !errors.Is(err, ami.ErrDisconnected) || errors.Is(err, ami.ErrUnanswered) || time.Since(began) > 0 {
				t.Errorf("%v after %v", err, time.Since(began))
			}
		}
		if n := dialled.Load(); n != 1 {
			t.Errorf("%d tries in one pause, want 1", n)
		}
		time.Sleep(time.Hour)
		if n := dialled.Load(); n != 1 {
			t.Errorf("%d tries that nobody needs", n-1)
		}
		l.srv.Refuse(false)
		ping(t, l)
		l.up(t)
		l.srv.Cut()
		l.down(t, ami.ReasonClosed)
		time.Sleep(time.Hour)
		ping(t, l)
		l.up(t)
	})
}

// Nobody waits for a connection longer than for an answer.
func TestLingerWaits(t *testing.T) {
	tests := map[string]struct {
		context time.Duration // its time limit; 0: none
		end     bool          // of Run
		after   time.Duration
		want    error
	}{
		"for an action's time":      {after: 2 * time.Second, want: ami.ErrTimeout},
		"for the context's time":    {context: time.Second, after: time.Second, want: context.DeadlineExceeded},
		"until the client is ended": {end: true, want: ami.ErrDisconnected},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, amitest.Options{}, func(o *ami.Options) {
					o.Linger, o.ActionTimeout, o.DialTimeout = linger, 2*time.Second, time.Hour
					o.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
						<-ctx.Done()
						return nil, context.Cause(ctx)
					}
				}, nil)
				ctx := t.Context()
				if tt.context > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, tt.context)
					defer cancel()
				}
				began := time.Now()
				done := make(chan error)
				go func() { _, err := l.Do(ctx, ami.NewAction("Ping")); done <- err }()
				if tt.end {
					synctest.Wait()
					l.stop()
				}
				err := <-done
				if !errors.Is(err, tt.want) || !errors.Is(err, ami.ErrDisconnected) || errors.Is(err, ami.ErrUnanswered) {
					t.Errorf("%v, want %v, and that it was not sent", err, tt.want)
				}
				if took := time.Since(began); took != tt.after {
					t.Errorf("waited for %v, want %v", took, tt.after)
				}
			})
		})
	}
}
