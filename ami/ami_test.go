package ami_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"calld/ami"
	"calld/ami/amitest"

	"github.com/google/go-cmp/cmp"
)

// lab is a client that runs against a fake manager.
type lab struct {
	*ami.Client
	srv    *amitest.Server
	states chan ami.State
	stop   func() // ends Run and waits for it
}

// newLab starts a client in memory for a test in a bubble. The change may add
// options, the setup handlers and answers; it does not wait for the client to be up.
func newLab(t *testing.T, srvOpt amitest.Options, change func(*ami.Options), setup func(*lab)) *lab {
	t.Helper()
	l := &lab{srv: amitest.New(t, srvOpt), states: make(chan ami.State, 100)}
	opt := ami.Options{
		Username: l.srv.Username, Secret: l.srv.Secret, Dial: l.srv.Dial, Log: logger(t),
		OnState: func(s ami.State) { l.states <- s },
	}
	if change != nil {
		change(&opt)
	}
	l.Client = ami.New(opt)
	if setup != nil {
		setup(l)
	}
	l.run(t)
	return l
}

// run starts the client and has it end with the test.
func (l *lab) run(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(t.Context()))
	done := make(chan error)
	go func() { done <- l.Run(ctx) }()
	stopped := errors.New("stopped by the test")
	l.stop = sync.OnceFunc(func() {
		cancel(stopped)
		if err := <-done; !errors.Is(err, stopped) {
			t.Errorf("Run returned %v, want the cause of its context", err)
		}
	})
	t.Cleanup(l.stop)
}

// up waits until the client is up.
func (l *lab) up(t *testing.T) {
	t.Helper()
	if s := <-l.states; !s.Up {
		t.Fatalf("state %+v, want up", s)
	}
}

// down waits until the client is down, and checks why.
func (l *lab) down(t *testing.T, want ami.Reason) {
	t.Helper()
	s := <-l.states
	if s.Up || s.Err == nil || s.Err.Reason != want {
		t.Fatalf("state %+v, want down by %s", s, want)
	}
}

func TestLogin(t *testing.T) {
	tests := []struct {
		name   string
		server amitest.Options
		auth   ami.Auth
		want   map[string]string // of the Login; nil when there is none to be accepted
	}{
		{
			name: "MD5 first", auth: ami.AuthAuto,
			want: map[string]string{"Username": "calld", "AuthType": "MD5", "Key": "52278094fe1c4149d7bacc7d2712df7a", "Secret": ""},
		},
		{
			name: "plain when MD5 is refused", server: amitest.Options{RefuseMD5: true}, auth: ami.AuthAuto,
			want: map[string]string{"Username": "calld", "AuthType": "", "Key": "", "Secret": "secret"},
		},
		{
			name: "plain", auth: ami.AuthPlain,
			want: map[string]string{"Username": "calld", "AuthType": "", "Key": "", "Secret": "secret"},
		},
		{name: "MD5 alone does not send the secret", server: amitest.Options{RefuseMD5: true}, auth: ami.AuthMD5},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, test.server, func(o *ami.Options) { o.Auth = test.auth }, nil)
				if test.want == nil {
					l.srv.Await("Challenge")
					synctest.Wait()
					if s := l.Stats(); s.Up || s.Ended[ami.ReasonLogin] != 1 {
						t.Errorf("up %v, logins failed %d; want a refused login", s.Up, s.Ended[ami.ReasonLogin])
					}
					return
				}
				l.up(t)
				r := l.srv.Await("Login")
				got := make(map[string]string)
				for key := range test.want {
					got[key] = r.Get(key)
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("Login (-want +got):\n%s", diff)
				}
				if got := l.Stats().Version; got != "11.0.0" {
					t.Errorf("version %q", got)
				}
			})
		})
	}
}

// A refused login is tried again after the longest pause, so that nothing
// locks the client out.
func TestLoginRefusedWaitsLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, amitest.Options{}, func(o *ami.Options) { o.Secret = "wrong"; o.MaxBackoff = time.Minute }, nil)
		time.Sleep(10*time.Minute + time.Second)
		// Each pause is between half a minute and a minute.
		if n := l.Stats().Ended[ami.ReasonLogin]; n < 10 || n > 21 {
			t.Errorf("%d logins in ten minutes, want 10 to 21", n)
		}
		if _, err := l.Do(t.Context(), ami.NewAction("Ping")); !errors.Is(err, ami.ErrDisconnected) {
			t.Errorf("Do while refused: %v, want ErrDisconnected", err)
		}
	})
}

// An Asterisk that shuts down for a restart refuses nothing: it is asked again soon,
// and is not sent the secret because it has no challenge.
func TestLoginWhileAsteriskShutsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, amitest.Options{}, func(o *ami.Options) { o.Auth = ami.AuthAuto; o.MaxBackoff = time.Minute }, nil)
		l.up(t)
		l.srv.Answer("Challenge", func(r *amitest.Request) { r.Error("Asterisk is shutting down") })
		l.srv.Answer("Login", func(*amitest.Request) { t.Error("a login without a challenge") })
		l.srv.Cut()
		l.down(t, ami.ReasonClosed)
		time.Sleep(time.Second)
		l.srv.Answer("Challenge", nil)
		l.srv.Answer("Login", nil)
		began := time.Now()
		l.up(t)
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("up again after %v", took)
		}
		if s := l.Stats(); s.Ended[ami.ReasonLogin] != 0 || s.Ended[ami.ReasonShutdown] == 0 {
			t.Errorf("connections ended by %v", s.Ended)
		}
	})
}

func TestPeersThatAreNoManager(t *testing.T) {
	tests := []struct {
		name, greeting string
		want           ami.Reason
	}{
		{"another protocol", "SSH-2.0-OpenSSH_9.2p1 Debian-2", ami.ReasonProtocol},
		{"garbage without end", strings.Repeat("\x00\xff", 40_000), ami.ReasonProtocol},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, amitest.Options{Greeting: test.greeting}, nil, nil)
				synctest.Wait()
				if s := l.Stats(); s.Ended[test.want] != 1 {
					t.Errorf("ended %v, want one by %s", s.Ended, test.want)
				}
			})
		})
	}
}

func TestActions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, amitest.Options{}, nil, nil)
		l.srv.Answer("Getvar", func(r *amitest.Request) { r.Success("Variable", r.Get("Variable"), "Value", "v-"+r.Get("Variable")) })
		l.srv.Answer("Redirect", func(r *amitest.Request) { r.Error("Channel does not exist: x") })
		l.up(t)

		// Many at once: each gets its own answer.
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				name := fmt.Sprintf("V%d", i)
				resp, err := l.Do(t.Context(), ami.NewAction("Getvar").With("Variable", name))
				if err != nil || resp.Get("Value") != "v-"+name {
					t.Errorf("Getvar %s: %q, %v", name, resp.Get("Value"), err)
				}
			})
		}
		wg.Wait()

		_, err := l.Do(t.Context(), ami.NewAction("Redirect").With("Channel", "x"))
		var refused *ami.ResponseError
		if !errors.As(err, &refused) || refused.Action != "Redirect" || refused.Message != "Channel does not exist: x" {
			t.Errorf("Redirect: %v, want a ResponseError", err)
		}
		if _, err := l.Do(t.Context(), ami.NewAction("Setvar").With("Value", "a\r\n\r\nAction: Originate")); !errors.Is(err, ami.ErrBadAction) {
			t.Errorf("injection: %v, want ErrBadAction", err)
		}
		if n := l.Stats().InFlight; n != 0 {
			t.Errorf("%d actions in flight at rest", n)
		}
	})
}

func TestActionTimeLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, amitest.Options{}, func(o *ami.Options) { o.ActionTimeout = 3 * time.Second }, nil)
		late := make(chan *amitest.Request, 3)
		l.srv.Answer("Originate", func(r *amitest.Request) { late <- r })
		l.up(t)

		began := time.Now()
		_, err := l.Do(t.Context(), ami.NewAction("Originate"))
		if !errors.Is(err, ami.ErrTimeout) || !errors.Is(err, ami.ErrUnanswered) || !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 3*time.Second {
			t.Errorf("%v after %v, want ErrTimeout after 3 s", err, time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began = time.Now()
		_, err = l.Do(ctx, ami.NewAction("Originate"))
		if errors.Is(err, ami.ErrTimeout) || !errors.Is(err, ami.ErrUnanswered) || !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("%v after %v, want the context's end after 1 s", err, time.Since(began))
		}
		ctx, stop := context.WithCancel(t.Context())
		stop()
		if _, err = l.Do(ctx, ami.NewAction("Originate")); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}

		// Answers that come too late harm nobody and are counted.
		(<-late).Success()
		(<-late).Success()
		if _, err := l.Do(t.Context(), ami.NewAction("Ping")); err != nil {
			t.Error(err)
		}
		if n := l.Stats().Unmatched; n != 2 {
			t.Errorf("%d unmatched answers, want 2", n)
		}
	})
}

func TestTooManyActions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, amitest.Options{}, nil, nil)
		l.srv.Answer("Wait", func(*amitest.Request) {})
		l.up(t)
		synctest.Wait() // for the first ping's answer
		var wg sync.WaitGroup
		for range ami.MaxInFlight {
			wg.Go(func() {
				if _, err := l.Do(t.Context(), ami.NewAction("Wait")); !errors.Is(err, ami.ErrTimeout) {
					t.Errorf("Wait: %v", err)
				}
			})
		}
		synctest.Wait()
		if _, err := l.Do(t.Context(), ami.NewAction("Wait")); !errors.Is(err, ami.ErrBusy) {
			t.Errorf("one more: %v, want ErrBusy", err)
		}
		wg.Wait()
		synctest.Wait() // for the ping of this moment
		if n := l.Stats().InFlight; n != 0 {
			t.Errorf("%d in flight after their time limits", n)
		}
	})
}

func TestOwnActionID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, amitest.Options{}, nil, nil)
		release := make(chan bool)
		l.srv.Answer("Originate", func(r *amitest.Request) { <-release; r.Success() })
		l.up(t)
		originate := ami.NewAction("Originate").With("ActionID", "try-17")
		first := make(chan error)
		go func() { _, err := l.Do(t.Context(), originate); first <- err }()
		synctest.Wait()
		if _, err := l.Do(t.Context(), originate); !errors.Is(err, ami.ErrBadAction) {
			t.Errorf("the same id again: %v, want ErrBadAction", err)
		}
		release <- true
		if err := <-first; err != nil {
			t.Error(err)
		}
		if got := l.srv.Await("Originate").ActionID; got != "try-17" {
			t.Errorf("ActionID %q", got)
		}
	})
}

func TestLists(t *testing.T) {
	tests := []struct {
		name   string
		answer func(*amitest.Request)
		want   []string // Names of the events
		err    string
	}{
		{
			name: "EventList", want: []string{"Item", "Item"},
			answer: func(r *amitest.Request) {
				r.StartList("Items will follow")
				r.Item("Item", "N", "1")
				r.Item("Item", "N", "2")
				r.EndList("ItemListComplete")
			},
		},
		{
			name: "announced and completed without EventList", want: []string{"Item"},
			answer: func(r *amitest.Request) {
				r.Success("Message", "Items will follow")
				r.Item("Item")
				r.Item("ItemsComplete")
			},
		},
		{name: "success without a list", answer: func(r *amitest.Request) { r.Success("Message", "Nothing there") }},
		{name: "none found", answer: func(r *amitest.Request) { r.Error("No Contacts found") }},
		{name: "refused", answer: func(r *amitest.Request) { r.Error("Permission denied") }, err: "ami: action Items: Permission denied"},
		{
			name: "as many items as said", want: []string{"Item"},
			answer: func(r *amitest.Request) {
				r.StartList("x")
				r.Item("Item")
				r.Send("Event", "ItemsComplete", "ActionID", r.ActionID, "EventList", "Complete", "ListItems", "1")
			},
		},
		{
			name: "an item is lost", err: "ami: list Items: ami: items of the list are missing",
			answer: func(r *amitest.Request) {
				r.StartList("x")
				r.Item("Item")
				r.Send("Event", "ItemsComplete", "ActionID", r.ActionID, "EventList", "Complete", "ListItems", "2")
			},
		},
		{
			name: "never complete", err: "ami: list Items: ami: sent and not answered: ami: no answer in time: context deadline exceeded",
			answer: func(r *amitest.Request) { r.StartList("x"); r.Item("Item") },
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				// What belongs to a list is no event, even when one is handled by
				// that name.
				l := newLab(t, amitest.Options{}, nil, func(l *lab) {
					l.Handle("Item", func(*ami.Event) { t.Error("an event of a list was handled") })
				})
				var request *amitest.Request
				l.srv.Answer("Items", func(r *amitest.Request) { request = r; test.answer(r) })
				l.up(t)
				events, err := l.List(t.Context(), ami.NewAction("Items").With("ActionID", "ignored"))
				if text := fmt.Sprint(err); err != nil && text != test.err || err == nil && test.err != "" {
					t.Errorf("error %v, want %q", err, test.err)
				}
				var got []string
				for _, e := range events {
					got = append(got, e.Name())
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("events (-want +got):\n%s", diff)
				}
				// The rest of a list that nobody waits for is no event either.
				request.Item("Item")
				request.EndList("ItemListComplete")
				synctest.Wait()
				if s := l.Stats(); s.Unmatched != 2 || s.InFlight != 0 {
					t.Errorf("late rest of the list: %d unmatched, %d in flight; want 2, 0", s.Unmatched, s.InFlight)
				}
			})
		})
	}
}

func TestListTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, amitest.Options{}, nil, nil)
		l.srv.Answer("Items", func(r *amitest.Request) {
			r.StartList("x")
			item := "Event: Item\nActionID: " + r.ActionID + "\n\n"
			for range 101 {
				r.SendText(strings.Repeat(item, ami.MaxListItems/100))
			}
			r.EndList("ItemListComplete")
		})
		l.up(t)
		if events, err := l.List(t.Context(), ami.NewAction("Items")); !errors.Is(err, ami.ErrListTooLong) || events != nil {
			t.Errorf("%d events, %v; want ErrListTooLong", len(events), err)
		}
		if _, err := l.Do(t.Context(), ami.NewAction("Ping")); err != nil {
			t.Errorf("the connection after it: %v", err)
		}
	})
}

// Answers come between events, and before or after the events they cause.
func TestAnswersBetweenEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []string
		l := newLab(t, amitest.Options{}, nil, func(l *lab) {
			l.Handle("Step", func(e *ami.Event) { got = append(got, e.Get("N")) })
			l.Handle("OriginateResponse", func(e *ami.Event) { got = append(got, e.Name()+" "+e.Get("Response")) })
		})
		l.srv.Answer("Originate", func(r *amitest.Request) {
			l.srv.Emit("Step", "N", "1")
			// An event that has a header Response and the action's id.
			l.srv.Emit("OriginateResponse", "ActionID", r.ActionID, "Response", "Failure")
			r.Success("Message", "Originate successfully queued")
			l.srv.Emit("Step", "N", "2")
		})
		l.up(t)
		resp, err := l.Do(t.Context(), ami.NewAction("Originate"))
		if err != nil || resp.Message() != "Originate successfully queued" {
			t.Errorf("Originate: %q, %v", resp.Message(), err)
		}
		synctest.Wait()
		if diff := cmp.Diff([]string{"1", "OriginateResponse Failure", "2"}, got); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

// TestDamagedEvents: when the line between two events is damaged, the first is
// not taken for one that has the second's headers.
func TestDamagedEvents(t *testing.T) {
	for name, between := range map[string]string{
		"rubbish for the empty line":            "\x01\xff\n",
		"rubbish with a colon":                  "\x01:\xff\n",
		"rubbish that hides a header's name":    "\xffChan: a\n",
		"rubbish and the beginning of the next": "\x01\x02Event: B\nPrivilege: call,all\n",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got []string
				l := newLab(t, amitest.Options{}, nil, func(l *lab) {
					l.Handle("A", func(e *ami.Event) { got = append(got, e.Get("Uniqueid")) })
				})
				l.up(t)
				l.srv.EmitText("Event: A\nPrivilege: call,all\n" + between + "Uniqueid: other\n\nEvent: A\nUniqueid: next\n\n")
				synctest.Wait()
				if diff := cmp.Diff([]string{"next"}, got); diff != "" {
					t.Errorf("handled (-want +got):\n%s", diff)
				}
				if s := l.Stats(); s.Damaged != 1 || s.Handled != 1 || !s.Up {
					t.Errorf("damaged %d, handled %d, up %v; want 1, 1, true", s.Damaged, s.Handled, s.Up)
				}
			})
		})
	}
}

func TestHandlers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []string
		l := newLab(t, amitest.Options{}, nil, func(l *lab) {
			l.Handle("A", func(e *ami.Event) { got = append(got, "first "+e.Get("N")) })
			l.Handle("B", func(e *ami.Event) { got = append(got, "b "+e.Get("N")) })
			l.Handle("A", func(e *ami.Event) {
				got = append(got, "second "+e.Get("N"))
				if _, err := l.Do(t.Context(), ami.NewAction("Ping")); err != nil {
					t.Errorf("Do in a handler: %v", err)
				}
				if _, err := l.List(t.Context(), ami.NewAction("Filter")); err != nil {
					t.Errorf("List in a handler: %v", err)
				}
			})
		})
		l.up(t)
		l.srv.EmitText("Event: A\nN: 1\n\nEvent: C\nN: 2\n\nEvent: B\nN: 3\n\nno key\n\nEvent: A\nN: 4\n\n", "Odd: x\n\n")
		synctest.Wait()
		if diff := cmp.Diff([]string{"first 1", "second 1", "b 3", "first 4", "second 4"}, got); diff != "" {
			t.Errorf("handled (-want +got):\n%s", diff)
		}
		s := l.Stats()
		if s.Handled != 3 || s.Ignored != 2 || s.Malformed != 2 || !s.Up {
			t.Errorf("handled %d, ignored %d, malformed %d, up %v; want 3, 2 (one FullyBooted), 2, true", s.Handled, s.Ignored, s.Malformed, s.Up)
		}
		defer func() {
			if recover() == nil {
				t.Error("Handle after Run did not panic")
			}
		}()
		l.Handle("D", func(*ami.Event) {})
	})
}

func TestRunOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, amitest.Options{}, nil, nil)
		l.up(t)
		if err := l.Run(t.Context()); !errors.Is(err, ami.ErrRunning) {
			t.Errorf("second Run: %v, want ErrRunning", err)
		}
	})
}

func TestFilterEvents(t *testing.T) {
	for _, refused := range []bool{false, true} {
		t.Run(fmt.Sprintf("refused %v", refused), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, amitest.Options{}, func(o *ami.Options) { o.FilterEvents = true }, func(l *lab) {
					l.Handle("Hangup", func(*ami.Event) {})
					l.Handle("DialEnd", func(*ami.Event) {})
					l.Handle("FullyBooted", func(*ami.Event) {})
					if refused {
						l.srv.Answer("Filter", func(r *amitest.Request) { r.Error("Permission denied") })
					}
				})
				l.up(t)
				if refused {
					l.srv.Await("Filter")
					return // it goes on all the same
				}
				var got []string
				for range 4 {
					r := l.srv.Await("Filter")
					got = append(got, r.Get("Operation")+" "+r.Get("MatchCriteria")+" "+r.Get("Filter"))
				}
				slices.Sort(got)
				want := []string{
					"Add name(DialEnd),method(regex) ^Event: DialEnd[[:space:]]",
					"Add name(FullyBooted),method(regex) ^Event: FullyBooted[[:space:]]",
					"Add name(Hangup),method(regex) ^Event: Hangup[[:space:]]",
					"Add name(Shutdown),method(regex) ^Event: Shutdown[[:space:]]",
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("filters (-want +got):\n%s", diff)
				}
			})
		})
	}
}
