package webhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"calld/config"
	"calld/queue"
	"calld/store"
	"calld/webhook"

	"github.com/google/go-cmp/cmp"
)

// site is a store with a recorder and the webhooks, run within a synctest
// bubble, and their receivers.
type site struct {
	t        *testing.T
	path     string
	store    *store.Store
	recorder *store.Recorder
	hooks    *webhook.Service
	cfg      *config.Config
	stop     func()

	mu       sync.Mutex
	got      []string // "webhook type call"
	ids      []string
	answer   func(hook string, e webhook.Event) (status int, err error)
	requests int
}

func newSite(t *testing.T, names ...string) *site {
	t.Helper()
	s := &site{t: t, path: filepath.Join(t.TempDir(), "calld.db"), cfg: &config.Config{}}
	for _, name := range names {
		s.cfg.Webhooks = append(s.cfg.Webhooks, config.Webhook{
			Name: name, URL: "http://" + name + "/", Secret: "0123456789abcdef", Timeout: 10 * time.Second, Events: config.WebhookEvents(),
		})
	}
	s.cfg.Agents = []config.Agent{{ID: "lee", Name: "이상담"}}
	s.start()
	return s
}

// start opens the store and runs everything, as a calld that starts does.
func (s *site) start() {
	s.t.Helper()
	var err error
	if s.store, err = store.Open(s.path, store.Options{}); err != nil {
		s.t.Fatal(err)
	}
	s.recorder = store.NewRecorder(s.store, store.RecorderOptions{OnPosted: func(p *store.Post, err error) { s.hooks.Posted(p, err) }})
	s.hooks, err = webhook.New(webhook.Options{
		Store: s.store, Post: s.recorder.Post, Transport: s, Version: "test", Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.hooks.Configure(s.t.Context(), s.cfg); err != nil {
		s.t.Fatal(err)
	}
	var running sync.WaitGroup
	stops := make([]context.CancelFunc, 2)
	for i, run := range []func(context.Context) error{s.recorder.Run, s.hooks.Run} {
		ctx, stop := context.WithCancel(context.Background())
		stops[i] = stop
		running.Go(func() {
			if err := run(ctx); err != nil {
				s.t.Error(err)
			}
		})
	}
	s.stop = func() {
		stops[1]() // as calld does: what writes is the last
		synctest.Wait()
		stops[0]()
		running.Wait()
		if err := errors.Join(s.store.Check(), s.store.Close()); err != nil {
			s.t.Error(err)
		}
	}
}

// RoundTrip is every receiver.
func (s *site) RoundTrip(r *http.Request) (*http.Response, error) {
	body, _ := io.ReadAll(r.Body)
	var e webhook.Event
	if err := errors.Join(json.Unmarshal(body, &e), webhook.Verify([]byte("0123456789abcdef"), r.Header, body, time.Now())); err != nil {
		s.t.Errorf("delivery: %v: %s", err, body)
	}
	s.mu.Lock()
	answer := s.answer
	s.requests++
	s.mu.Unlock()
	status := http.StatusNoContent
	if answer != nil {
		var err error
		if status, err = answer(r.URL.Host, e); err != nil {
			return nil, err
		}
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if status < 300 {
		what := e.Type
		if e.Call != nil {
			what += " " + e.Call.ID
		} else if e.Agent != nil {
			what += " " + e.Agent.ID
		}
		s.got = append(s.got, r.URL.Host+" "+what)
		s.ids = append(s.ids, r.Header.Get(webhook.HeaderID))
	}
	return &http.Response{StatusCode: status, Body: http.NoBody, Header: http.Header{"Location": {"http://elsewhere/"}}}, nil
}

// answers makes the receivers answer so; nil: they take everything.
func (s *site) answers(f func(hook string, e webhook.Event) (int, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = f
}

func down(string, webhook.Event) (int, error) { return 0, errors.New("connection refused") }

// taken returns and forgets what was delivered.
func (s *site) taken() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	got := s.got
	s.got = nil
	return got
}

// observe has the webhooks and the recorder observe one event of a call.
func (s *site) observe(kind queue.Kind, id string) {
	c := &queue.Call{ID: id, Queue: "q", Direction: queue.In, Phase: queue.Waiting, Begin: time.Now(), Rings: []queue.Ring{}}
	switch kind {
	case queue.CallAnswered:
		c.Agent, c.Phase, c.Start = "lee", queue.Talking, new(time.Now())
	case queue.CallEnded:
		c.Phase, c.Outcome, c.End = queue.Ended, queue.Abandoned, new(time.Now())
	default:
	}
	e := &queue.Event{At: time.Now(), Kind: kind, Call: c}
	s.hooks.Observe(e)
	s.recorder.Observe(e)
}

func (s *site) status(name string) webhook.Health {
	s.t.Helper()
	for _, w := range s.hooks.List() {
		if w.Name == name {
			return w
		}
	}
	s.t.Fatalf("no webhook %s", name)
	return webhook.Health{}
}

// pass lets time pass.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func wantTaken(t *testing.T, s *site, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, s.taken()); diff != "" {
		t.Errorf("delivered (-want +got):\n%s", diff)
	}
}

// TestOrder: a receiver that fails twice gets each event once more, with the
// same id, and a call's events in their order.
func TestOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, "crm")
		defer s.stop()
		fails := 2
		s.answers(func(string, webhook.Event) (int, error) {
			if fails--; fails >= 0 {
				return http.StatusInternalServerError, nil
			}
			return http.StatusOK, nil
		})
		s.observe(queue.CallWaiting, "a")
		s.observe(queue.CallRinging, "a")
		s.observe(queue.CallAnswered, "a")
		s.hooks.Observe(&queue.Event{At: time.Now(), Kind: queue.AgentChanged, Agent: &queue.AgentStatus{ID: "lee"}})
		s.hooks.Observe(&queue.Event{At: time.Now(), Kind: queue.QueueChanged, Queue: &queue.QueueStatus{ID: "q"}})
		pass(10 * time.Second)
		got := s.taken()
		agent := slices.Index(got, "crm agent.state lee")
		if agent < 0 {
			t.Fatalf("delivered: %q", got)
		}
		want := []string{"crm call.waiting a", "crm call.ringing a", "crm call.answered a"}
		if diff := cmp.Diff(want, slices.Delete(got, agent, agent+1)); diff != "" {
			t.Errorf("delivered (-want +got):\n%s", diff)
		}
		if n := len(slices.Compact(slices.Sorted(slices.Values(s.ids)))); n != 4 {
			t.Errorf("%d ids of 4 events: %q", n, s.ids)
		}
		if w := s.status("crm"); w.Delivered != 4 || w.Failed != 2 || w.Pending != 0 || w.LastError == "" {
			t.Errorf("%+v", w)
		}
		s.observe(queue.CallEnded, "missed")
		pass(time.Second)
		wantTaken(t, s, "crm call.ended missed", "crm call.missed missed")
	})
}

// TestOutage: what happened while the receiver was away, and a restart of calld
// between, is delivered afterwards.
func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, "crm")
		s.answers(down)
		s.observe(queue.CallWaiting, "a")
		s.observe(queue.CallEnded, "a")
		pass(5 * time.Hour)
		s.stop()
		s.answers(nil)
		s.start()
		s.observe(queue.CallWaiting, "b")
		pass(time.Second)
		got := s.taken()
		slices.Sort(got[:len(got)-1])
		want := []string{"crm call.ended a", "crm call.waiting a", "crm call.waiting b"}
		slices.Sort(got)
		if diff := cmp.Diff([]string{want[0], "crm call.missed a", want[1], want[2]}, got); diff != "" {
			t.Errorf("delivered (-want +got):\n%s", diff)
		}
		s.stop()
		s.start()
		defer s.stop()
		pass(time.Hour)
		wantTaken(t, s) // nothing twice
	})
}

// TestRecovery: after an outage everything comes at once, not each event when
// its own pause is over.
func TestRecovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, "crm")
		defer s.stop()
		s.answers(down)
		for i := range 100 {
			s.observe(queue.CallWaiting, fmt.Sprint(i))
		}
		pass(8 * time.Hour)
		if w := s.status("crm"); w.Pending != 100 || w.Failed < 8*60 || w.Failed > 8*120+20 {
			t.Errorf("%d pending after %d tries in eight hours", w.Pending, w.Failed)
		}
		s.answers(nil)
		pass(time.Minute)
		if got := s.taken(); len(got) != 100 {
			t.Errorf("%d of 100 delivered within a minute", len(got))
		}
	})
}

// TestPoison: an event that its receiver always fails at holds up its own call
// only, and is given up after a day.
func TestPoison(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, "crm")
		defer s.stop()
		s.answers(func(_ string, e webhook.Event) (int, error) {
			if e.Call.ID == "poison" {
				return http.StatusBadRequest, nil
			}
			return http.StatusOK, nil
		})
		s.observe(queue.CallWaiting, "poison")
		s.observe(queue.CallAnswered, "poison")
		for i := range 20 {
			s.observe(queue.CallWaiting, fmt.Sprint(i))
			pass(time.Minute)
		}
		if got := s.taken(); len(got) != 20 {
			t.Errorf("delivered: %q", got)
		}
		pass(webhook.GiveUp)
		w := s.status("crm")
		if w.Pending != 0 || w.Dropped[webhook.Expired] != 2 || w.Failed > 400 {
			t.Errorf("%+v", w)
		}
		if left, err := s.store.Outbox(); err != nil || len(left) > 0 {
			t.Errorf("left %v, %v", left, err)
		}
	})
}

// TestDeadReceiver: it holds up neither the board nor other receivers, and of
// what waits for it the oldest makes room.
func TestDeadReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, "dead", "fine")
		defer s.stop()
		free := make(chan struct{})
		s.answers(func(hook string, _ webhook.Event) (int, error) {
			if hook == "dead" {
				<-free
			}
			return http.StatusOK, nil
		})
		const extra = 100
		began := time.Now()
		for i := range webhook.MaxPending + extra {
			s.observe(queue.CallWaiting, fmt.Sprint(i))
			if i%1000 == 0 {
				pass(time.Second)
			}
		}
		if took := time.Since(began); took > time.Minute {
			t.Errorf("the board was held up for %s", took)
		}
		pass(time.Second)
		if w := s.status("fine"); w.Delivered != webhook.MaxPending+extra {
			t.Errorf("the other one: %+v", w)
		}
		w := s.status("dead")
		if w.Pending != webhook.MaxPending || w.Dropped[webhook.Overflow] != extra {
			t.Errorf("the dead one: %+v", w)
		}
		left, err := s.store.Outbox()
		if err != nil || len(left) != webhook.MaxPending {
			t.Errorf("%d in the store, %v", len(left), err)
		}
		close(free)
	})
}

// TestGone: a receiver that answers 410 is sent nothing until a test is taken.
func TestGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, "crm")
		defer s.stop()
		s.answers(func(string, webhook.Event) (int, error) { return http.StatusGone, nil })
		s.observe(queue.CallWaiting, "a")
		pass(time.Second)
		s.observe(queue.CallAnswered, "a")
		pass(time.Hour)
		if w := s.status("crm"); !w.Disabled || w.Pending != 0 || w.Dropped[webhook.Gone] != 2 || s.requests != 1 {
			t.Errorf("%d requests: %+v", s.requests, w)
		}
		s.answers(nil)
		if d, err := s.hooks.Test(t.Context(), "crm"); err != nil || d.Error != "" || d.Status != http.StatusNoContent {
			t.Errorf("test: %+v, %v", d, err)
		}
		s.observe(queue.CallWaiting, "b")
		pass(time.Second)
		wantTaken(t, s, "crm webhook.test", "crm call.waiting b")
		if _, err := s.hooks.Test(t.Context(), "other"); !errors.Is(err, webhook.ErrUnknown) {
			t.Errorf("unknown: %v", err)
		}
	})
}

// TestRedirect: an event goes nowhere but where the admin wrote.
func TestRedirect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, "crm")
		defer s.stop()
		s.answers(func(hook string, _ webhook.Event) (int, error) {
			if hook != "crm" {
				t.Errorf("asked %s", hook)
			}
			return http.StatusTemporaryRedirect, nil
		})
		d, err := s.hooks.Test(t.Context(), "crm")
		if err != nil || d.Status != http.StatusTemporaryRedirect || !strings.Contains(d.Error, "307") {
			t.Errorf("%+v, %v", d, err)
		}
	})
}

// TestReload: webhooks come, go with what waits for them, and change what they
// are told.
func TestReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, "gone", "stays")
		defer s.stop()
		s.answers(down)
		s.observe(queue.CallWaiting, "a")
		pass(time.Second)
		cfg := *s.cfg
		cfg.Webhooks = slices.Clone(s.cfg.Webhooks[1:])
		cfg.Webhooks[0].URL, cfg.Webhooks[0].Events = "http://moved/", []string{"call.ended"}
		added := s.cfg.Webhooks[0]
		added.Name, added.URL, added.Queues = "added", "http://added/", []string{"other"}
		cfg.Webhooks = append(cfg.Webhooks, added)
		s.answers(nil)
		if err := s.hooks.Configure(t.Context(), &cfg); err != nil {
			t.Fatal(err)
		}
		pass(0)
		wantTaken(t, s, "moved call.waiting a") // at once: it may be mended
		s.observe(queue.CallAnswered, "a")
		s.observe(queue.CallEnded, "a")
		pass(time.Second)
		wantTaken(t, s, "moved call.ended a")
		if left, err := s.store.Outbox(); err != nil || len(left) > 0 {
			t.Errorf("left %v, %v", left, err)
		}
	})
}
