package ami_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"calld/ami"
	"calld/ami/amitest"

	"github.com/google/go-cmp/cmp"
)

func TestDisconnectInAnAction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, amitest.Options{}, nil, nil)
		l.srv.Answer("Originate", func(*amitest.Request) {})
		l.srv.Answer("Items", func(r *amitest.Request) { r.StartList("x"); r.Item("Item") })
		l.up(t)
		began := time.Now()
		errs := make(chan error, 2)
		go func() { _, err := l.Do(t.Context(), ami.NewAction("Originate")); errs <- err }()
		go func() { _, err := l.List(t.Context(), ami.NewAction("Items")); errs <- err }()
		l.srv.Await("Originate")
		l.srv.Await("Items")
		l.srv.Refuse(true)
		l.srv.Cut()
		for range 2 {
			err := <-errs
			var end *ami.DisconnectError
			if !errors.Is(err, ami.ErrUnanswered) || !errors.Is(err, ami.ErrDisconnected) || !errors.As(err, &end) || end.Reason != ami.ReasonClosed {
				t.Errorf("in flight: %v, want a DisconnectError, closed", err)
			}
		}
		l.down(t, ami.ReasonClosed)
		if _, err := l.Do(t.Context(), ami.NewAction("Ping")); !errors.Is(err, ami.ErrDisconnected) || errors.Is(err, ami.ErrUnanswered) {
			t.Errorf("Do while down: %v", err)
		}
		if _, err := l.List(t.Context(), ami.NewAction("Items")); !errors.Is(err, ami.ErrDisconnected) {
			t.Errorf("List while down: %v", err)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("actions failed only after %v", took)
		}
		l.srv.Refuse(false)
		l.up(t)
		if s := l.Stats(); s.Ended[ami.ReasonClosed] != 1 || !s.Up || s.Since.Before(began) {
			t.Errorf("stats after reconnecting: %+v", s)
		}
	})
}

// The order on each connection: FullyBooted, Resync, up; then the events that
// came are handled before down.
func TestReconnectAndResync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		steps := make(chan string, 100)
		resyncs := 0
		l := newLab(t, amitest.Options{}, func(o *ami.Options) {
			o.Resync = func(ctx context.Context, c *ami.Client) error {
				resyncs++
				events, err := c.List(ctx, ami.NewAction("CoreShowChannels"))
				steps <- "resync " + strconv.Itoa(resyncs) + ": " + strconv.Itoa(len(events))
				return err
			}
			o.OnState = func(s ami.State) { steps <- "up " + strconv.FormatBool(s.Up) }
		}, func(l *lab) {
			l.Handle("FullyBooted", func(*ami.Event) { steps <- "booted" })
			l.Handle("Hangup", func(e *ami.Event) { steps <- "hangup " + e.Get("N") })
			l.srv.Answer("CoreShowChannels", func(r *amitest.Request) {
				r.StartList("Channels will follow")
				r.Item("CoreShowChannel")
				r.EndList("CoreShowChannelsComplete")
			})
		})
		l.srv.AwaitLogins(1)
		synctest.Wait()
		l.srv.EmitText("Event: Hangup\nN: 1\n\n", "Event: Hangup\nN: 2\n\n")
		l.srv.Cut()
		l.srv.AwaitLogins(2)
		synctest.Wait()
		l.srv.Emit("FullyBooted") // a second one on this connection
		synctest.Wait()
		l.stop()
		close(steps)
		var got []string
		for s := range steps {
			got = append(got, s)
		}
		want := []string{
			"booted", "resync 1: 1", "up true", "hangup 1", "hangup 2", "up false",
			"booted", "resync 2: 1", "up true", "booted", "up false",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("steps (-want +got):\n%s", diff)
		}
	})
}

func TestFullyBootedLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var resyncs atomic.Int32
		l := newLab(t, amitest.Options{NotBooted: true}, func(o *ami.Options) {
			o.BootTimeout = 4 * time.Second
			o.Resync = func(context.Context, *ami.Client) error { resyncs.Add(1); return nil }
		}, nil)
		began := time.Now()
		l.up(t)
		if took := time.Since(began); took != 4*time.Second || resyncs.Load() != 1 {
			t.Errorf("up after %v and %d resyncs, want 4 s and 1", took, resyncs.Load())
		}
		l.srv.Emit("FullyBooted")
		synctest.Wait()
		l.srv.Emit("FullyBooted")
		synctest.Wait()
		if n := resyncs.Load(); n != 2 {
			t.Errorf("%d resyncs after FullyBooted came, want 2", n)
		}
		if len(l.states) != 0 {
			t.Error("told to be up twice")
		}
	})
}

func TestResyncFails(t *testing.T) {
	tests := []struct {
		name   string
		resync func(context.Context, *ami.Client) error
		want   error
	}{
		{"by an error", func(context.Context, *ami.Client) error { return errors.ErrUnsupported }, errors.ErrUnsupported},
		{"by its time limit", func(ctx context.Context, _ *ami.Client) error { <-ctx.Done(); return context.Cause(ctx) }, ami.ErrTimeout},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fail := true
				l := newLab(t, amitest.Options{}, func(o *ami.Options) {
					o.Resync = func(ctx context.Context, c *ami.Client) error {
						if fail {
							fail = false
							return test.resync(ctx, c)
						}
						return nil
					}
				}, nil)
				l.up(t)
				if n := l.Stats().Ended[ami.ReasonResync]; n != 1 {
					t.Errorf("%d connections dropped for a failed resync, want 1", n)
				}
			})
		})
	}
}

func TestHalfOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, amitest.Options{}, func(o *ami.Options) {
			o.PingInterval, o.PingTimeout = 5*time.Second, 7*time.Second
		}, nil)
		l.up(t)
		time.Sleep(time.Minute)
		if s := l.Stats(); !s.Up {
			t.Fatalf("down while pings are answered: %+v", s)
		}
		l.srv.Freeze()
		began := time.Now()
		l.down(t, ami.ReasonPing)
		if took := time.Since(began); took > 12*time.Second {
			t.Errorf("noticed after %v, want at most an interval and a time limit", took)
		}
		l.up(t)
	})
}

// A server that accepts and never greets is given up after LoginTimeout.
func TestSilentServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dials atomic.Int32
		l := newLab(t, amitest.Options{}, func(o *ami.Options) {
			o.Dial = func(context.Context, string, string) (net.Conn, error) {
				dials.Add(1)
				near, far := net.Pipe()
				t.Cleanup(func() { _ = far.Close() })
				return near, nil
			}
		}, nil)
		time.Sleep(10*time.Second + time.Millisecond)
		if s := l.Stats(); s.Ended[ami.ReasonLogin] != 1 {
			t.Errorf("ended %v, want one login", s.Ended)
		}
		time.Sleep(time.Second)
		if dials.Load() != 2 {
			t.Errorf("%d dials, want a second one soon", dials.Load())
		}
	})
}

func TestShutdownEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := false
		l := newLab(t, amitest.Options{}, nil, func(l *lab) {
			l.Handle("Shutdown", func(*ami.Event) { told = true })
		})
		l.up(t)
		l.srv.Emit("Shutdown", "Privilege", "system,all", "Shutdown", "Cleanly", "Restart", "True")
		l.down(t, ami.ReasonShutdown)
		if !told {
			t.Error("the handler of Shutdown was not called before down")
		}
		l.up(t)
	})
}

// While a handler takes its time, answers and pings are still read.
func TestSlowHandlerDoesNotBlockTheReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan bool)
		var handled atomic.Int32
		l := newLab(t, amitest.Options{}, nil, func(l *lab) {
			l.Handle("Hangup", func(*ami.Event) { <-release; handled.Add(1) })
		})
		l.up(t)
		for range 100 {
			l.srv.Emit("Hangup")
		}
		time.Sleep(time.Minute)
		if _, err := l.Do(t.Context(), ami.NewAction("Ping")); err != nil {
			t.Errorf("Do: %v", err)
		}
		if s := l.Stats(); !s.Up || s.Queued != 99 {
			t.Errorf("up %v with %d events queued, want true and 99", s.Up, s.Queued)
		}
		close(release)
		synctest.Wait()
		if n := handled.Load(); n != 100 {
			t.Errorf("%d events handled, want 100", n)
		}
	})
}

// When the queue is full the connection is dropped, what was queued is
// handled, and a resync follows.
func TestOverflow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan bool)
		var handled, resyncs atomic.Int32
		l := newLab(t, amitest.Options{}, func(o *ami.Options) {
			o.EventQueue = 10
			o.Resync = func(context.Context, *ami.Client) error { resyncs.Add(1); return nil }
		}, func(l *lab) {
			l.Handle("Hangup", func(*ami.Event) { <-release; handled.Add(1) })
		})
		l.up(t)
		for range 20 {
			l.srv.Emit("Hangup")
			synctest.Wait()
		}
		if s := l.Stats(); s.Lost != 1 || s.InFlight != 0 {
			t.Errorf("lost %d, in flight %d; want 1, 0", s.Lost, s.InFlight)
		}
		if _, err := l.Do(t.Context(), ami.NewAction("Ping")); !errors.Is(err, ami.ErrDisconnected) {
			t.Errorf("Do on the dropped connection: %v", err)
		}
		close(release)
		l.down(t, ami.ReasonOverflow)
		if n := handled.Load(); n != 11 {
			t.Errorf("%d events handled before down, want 11", n)
		}
		l.up(t)
		if n := resyncs.Load(); n != 2 {
			t.Errorf("%d resyncs, want 2", n)
		}
	})
}

func TestGiantMessage(t *testing.T) {
	for _, test := range []struct{ name, piece string }{
		{"line", strings.Repeat("x", 64<<10)},
		{"message", strings.Repeat("A: "+strings.Repeat("x", 61)+"\r\n", 1<<10)},
		{"rubbish", strings.Repeat(strings.Repeat("x", 62)+"\r\n", 1<<10)},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, amitest.Options{}, nil, nil)
				l.up(t)
				for range 2 * ami.MaxMessage / len(test.piece) {
					l.srv.Raw(test.piece)
				}
				l.down(t, ami.ReasonTooLong)
				l.up(t)
			})
		})
	}
}

func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		l := newLab(t, amitest.Options{}, func(o *ami.Options) {
			o.MinBackoff, o.MaxBackoff = time.Second, 8*time.Second
			o.Dial = func(context.Context, string, string) (net.Conn, error) {
				at = append(at, time.Now())
				return nil, errors.New("refused")
			}
		}, nil)
		time.Sleep(time.Minute)
		l.stop()
		bounds := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 8 * time.Second}
		jittered := false
		for i, bound := range bounds {
			pause := at[i+1].Sub(at[i])
			if pause < bound/2 || pause > bound {
				t.Errorf("pause %d is %v, want %v to %v", i, pause, bound/2, bound)
			}
			jittered = jittered || pause != bound && pause != bound/2
		}
		if !jittered {
			t.Error("pauses have no jitter")
		}
		if n := l.Stats().Ended[ami.ReasonDial]; n != uint64(len(at)) {
			t.Errorf("%d failed dials counted, want %d", n, len(at))
		}
	})
}

// Connections that end soon count as failures: the pauses grow all the same.
func TestBackoffOfShortConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, amitest.Options{}, nil, nil)
		var last time.Time
		var pause time.Duration
		for range 10 {
			l.up(t)
			pause, last = time.Since(last), time.Now()
			l.srv.Cut()
			l.down(t, ami.ReasonClosed)
		}
		if pause < 7*time.Second {
			t.Errorf("the tenth pause is %v, want it grown to 7.5 s at least", pause)
		}
		l.up(t)
		time.Sleep(time.Hour)
		l.srv.Cut()
		last = time.Now()
		l.down(t, ami.ReasonClosed)
		l.up(t)
		if pause = time.Since(last); pause > 100*time.Millisecond {
			t.Errorf("after an hour the pause is %v, want the shortest", pause)
		}
	})
}

func TestLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const offset = time.Hour // Asterisk's clock is ahead
		l := newLab(t, amitest.Options{}, nil, func(l *lab) {
			l.Handle("Hangup", func(*ami.Event) {})
			l.srv.Answer("Ping", func(r *amitest.Request) {
				r.Success("Ping", "Pong", "Timestamp", amitest.Timestamp(time.Now().Add(offset)))
			})
		})
		l.up(t)
		synctest.Wait()
		if got := l.Stats().ClockOffset; got != offset {
			t.Errorf("clock offset %v, want %v", got, offset)
		}
		l.srv.Emit("Hangup", "Timestamp", amitest.Timestamp(time.Now().Add(offset-3*time.Second)))
		l.srv.Emit("Hangup", "Timestamp", amitest.Timestamp(time.Now().Add(offset-time.Second)))
		l.srv.Emit("Hangup", "Timestamp", "rubbish")
		synctest.Wait()
		if got := l.Stats().Lag; got != 3*time.Second {
			t.Errorf("lag %v, want the greatest, 3 s", got)
		}
		time.Sleep(11 * time.Second)
		if got := l.Stats().Lag; got != 0 {
			t.Errorf("lag %v two pings later, want 0", got)
		}
	})
}

// Run returns only when its handlers have, and leaves no goroutine behind.
func TestRunReturnsLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan bool)
		l := newLab(t, amitest.Options{}, nil, func(l *lab) {
			l.Handle("Hangup", func(*ami.Event) { <-release })
		})
		l.up(t)
		l.srv.EmitText("Event: Hangup\n\nEvent: Hangup\n\n")
		synctest.Wait()
		var stopped atomic.Bool
		done := make(chan bool)
		go func() { l.stop(); stopped.Store(true); close(done) }()
		synctest.Wait()
		if stopped.Load() {
			t.Error("Run returned while a handler was at work")
		}
		close(release)
		<-done
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		if i := bytes.Index(stacks, []byte("calld/ami.(")); i >= 0 {
			t.Errorf("a goroutine is left behind:\n%s", stacks[i:min(i+500, len(stacks))])
		}
		if s := l.Stats(); s.Up || s.Lost != 1 || s.Ended[ami.ReasonStopped] != 1 {
			t.Errorf("up %v, lost %d, stopped %d; want false, 1 (the second event), 1", s.Up, s.Lost, s.Ended[ami.ReasonStopped])
		}
	})
}

// Over TCP, with recorded conversations.
func TestTranscripts(t *testing.T) {
	for _, version := range []string{"asterisk16", "asterisk22"} {
		t.Run(version, func(t *testing.T) {
			load := func(name string) *amitest.Transcript { return amitest.Load(t, "testdata/"+version+"/"+name) }
			srv := amitest.New(t, amitest.Options{Greeting: load("login-md5.txt").Greeting})
			for _, name := range []string{"command.txt", "devicestatelist.txt", "pjsip.txt", "coreshowchannels.txt"} {
				srv.Play(load(name))
			}
			states := make(chan ami.State, 2)
			ends := make(chan string, 100)
			client := ami.New(ami.Options{
				Addr: srv.Listen(), Username: srv.Username, Secret: srv.Secret, Log: logger(t),
				OnState: func(s ami.State) { states <- s },
			})
			client.Handle("DialEnd", func(e *ami.Event) { ends <- e.Get("DialStatus") + " " + e.Variable("DestChanVariable", "CALLD_ID") })
			ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
			done := make(chan error, 1)
			go func() { done <- client.Run(ctx) }()
			defer func() { cancel(); <-done }()
			if s := <-states; !s.Up {
				t.Fatalf("state %+v", s)
			}

			lists := []struct {
				action, header string
				want           []string
			}{
				{"CoreShowChannels", "ChanVariable", []string{"CALLD_ID=01JD", "CALLD_ID=01JD"}},
				{"DeviceStateList", "State", []string{"NOT_INUSE", "UNAVAILABLE"}},
				{"PJSIPShowContacts", "Uri", nil},
				{"PJSIPShowEndpoints", "DeviceState", []string{"Unavailable", "Not in use"}},
			}
			for _, list := range lists {
				events, err := client.List(ctx, ami.NewAction(list.action))
				if err != nil {
					t.Errorf("%s: %v", list.action, err)
				}
				var got []string
				for _, e := range events {
					got = append(got, e.Get(list.header))
				}
				if diff := cmp.Diff(list.want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", list.action, diff)
				}
			}

			command := ami.NewAction("Command").With("Command", "x")
			resp, err := client.Do(ctx, command)
			if out := resp.Values("Output"); err != nil || len(out) != 2 || !strings.HasPrefix(out[0], "System uptime") {
				t.Errorf("Command: %q, %v", out, err)
			}
			resp, err = client.Do(ctx, command)
			var refused *ami.ResponseError
			if out := resp.Values("Output"); !errors.As(err, &refused) || len(out) != 1 || refused.Response.Get("Output") != out[0] {
				t.Errorf("wrong Command: %q, %v; want a ResponseError with the output", out, err)
			}
			resp, err = client.Do(ctx, command)
			if out := resp.Values("Output"); err != nil || len(out) != 5 || !strings.HasPrefix(out[1], "  'long' =>") {
				t.Errorf("Command: %q, %v; want the indentation kept", out, err)
			}

			srv.EmitText(load("dial-three.txt").Events()...)
			for _, want := range []string{"BUSY 01JD-홍길동", "CANCEL 01JD-홍길동", "ANSWER 01JD-홍길동", "ANSWER "} {
				if got := <-ends; got != want {
					t.Errorf("DialEnd %q, want %q", got, want)
				}
			}
		})
	}
}
