package notify

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"calld/ami"
	"calld/queue"
)

// Times of a watcher.
const (
	// sweepEvery is how often the board is compared with Asterisk's channels
	// and devices, should the event of a change have been missed.
	sweepEvery = 15 * time.Second
	// sweepWait bounds one comparison.
	sweepWait = 10 * time.Second
	// bootWait is how long after a listing the event that tells Asterisk's
	// age may still be on its way.
	bootWait = time.Second
	// lagStep is the grain of the lag told to pages.
	lagStep = 100 * time.Millisecond
)

// WatcherOptions say how a watcher is made.
type WatcherOptions struct {
	// AMI says where Asterisk is. Its Resync and OnState are the watcher's.
	AMI   ami.Options
	Board *queue.Board
	// Context is where in Asterisk's dialplan callers wait for calld.
	Context string
	// HoldContext is where an agent's channel waits while the customer is held;
	// HeldVariable names to it the customer's channel. In ConsultContext it is
	// while the agent who holds consults somebody.
	HoldContext, ConsultContext, HeldVariable string
	// CallVariable names to a caller's channel the call's id, EnteredVariable when
	// it came in, in milliseconds since 1970.
	CallVariable, EnteredVariable string
	// Record tells where the talks of a call are recorded; nil: nowhere.
	Record func(*queue.Call) string
	// AgentDial is the template of an agent's dial string, with {phone}.
	AgentDial string
	// Tries is told of the customers whom campaigns dial; nil: nobody is.
	Tries Tries
	// OnState is told when the connection comes up or goes down, and its lag;
	// nil: nobody is. It must return at once.
	OnState func(AsteriskState)
	Log     *slog.Logger
}

// Watcher hears from Asterisk and tells the board.
type Watcher struct {
	client   *ami.Client
	board    *queue.Board
	context  string
	hold     struct{ context, consult, variable string }
	call     struct{ id, entered string } // variables
	record   func(*queue.Call) string
	template template
	tries    Tries
	onState  func(AsteriskState)
	log      *slog.Logger

	legs     *legs
	booted   chan time.Time // when Asterisk was started, from its own telling
	refresh  chan struct{}
	failed   atomic.Uint64 // sweeps
	released atomic.Uint64 // orphans

	mu      sync.Mutex
	started time.Time // of Asterisk; zero when not known
	offset  time.Duration
	state   AsteriskState

	devices sync.Mutex // held while the board is told of a phone
	// heard lists the phones whose state was heard while a listing is under
	// way: what was heard is newer. It is nil when none is.
	heard map[string]bool
}

// NewWatcher makes a watcher and its AMI client; [Watcher.Run] starts them.
func NewWatcher(o WatcherOptions) *Watcher {
	w := &Watcher{
		board: o.Board, tries: o.Tries, context: o.Context, template: newTemplate(o.AgentDial), onState: o.OnState, log: o.Log,
		legs:    newLegs(),
		booted:  make(chan time.Time, 1),
		refresh: make(chan struct{}, 1),
		state:   AsteriskState{State: AsteriskDown, Since: time.Now()},
	}
	w.hold.context, w.hold.consult, w.hold.variable = o.HoldContext, o.ConsultContext, o.HeldVariable
	w.call.id, w.call.entered, w.record = o.CallVariable, o.EnteredVariable, o.Record
	if w.record == nil {
		w.record = func(*queue.Call) string { return "" }
	}
	if w.log == nil {
		w.log = slog.New(slog.DiscardHandler)
	}
	if w.tries == nil {
		w.tries = noTries{}
	}
	if w.onState == nil {
		w.onState = func(AsteriskState) {}
	}
	o.AMI.Resync = func(ctx context.Context, _ *ami.Client) error { return w.resync(ctx) }
	o.AMI.OnState = w.connection
	w.client = ami.New(o.AMI)
	w.client.Handle("FullyBooted", w.fullyBooted)
	w.client.Handle("DialBegin", w.dialBegin)
	w.client.Handle("DialState", w.dialState)
	w.client.Handle("DialEnd", w.dialEnd)
	w.client.Handle("Hangup", w.hangup)
	w.client.Handle("DeviceStateChange", w.deviceState)
	w.client.Handle("OriginateResponse", w.originated)
	return w
}

// Client is the watcher's AMI client, for those who send actions. Handlers of
// further events must be set before Run.
func (w *Watcher) Client() *ami.Client { return w.client }

// AgentChannel finds the channel on which the agent of a phone talks with a
// caller, or is rung for one: its unique id, by that of the caller's channel.
func (w *Watcher) AgentChannel(callerID, phone string) (uniqueID string, ok bool) {
	return w.legs.at(callerID, phone)
}

// Resuming tells that a phone is about to take up the talk it is in on another
// channel, which replaces the one known. It must be told before Asterisk is.
func (w *Watcher) Resuming(phone string) {
	s := w.board.Snapshot()
	for i := range s.Calls {
		c := &s.Calls[i]
		// The channel on which an agent has made a call is no leg. Once the
		// customer is turned over it is like one.
		if c.ByAgent() || !c.FirstAgent() || c.Phase != queue.Talking {
			continue
		}
		for j := range s.Agents {
			if s.Agents[j].ID == c.Agent && s.Agents[j].Phone == phone {
				w.follow(queue.OutChannel(c.ID), leg{caller: c.UniqueID, phone: phone, since: time.Now(), over: true, talks: true})
			}
		}
	}
	w.legs.resume(phone)
}

// Started is when Asterisk was started, to the second; zero when it has not
// told.
func (w *Watcher) Started() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.started
}

// Refresh has all phones looked at anew, as after a reload that brought new
// agents.
func (w *Watcher) Refresh() {
	select {
	case w.refresh <- struct{}{}:
	default: // it is already asked for
	}
}

// Run watches until ctx ends, and returns when all that it started has.
func (w *Watcher) Run(ctx context.Context) error {
	var sweeping sync.WaitGroup
	sweeping.Go(func() { w.sweepAlways(ctx) })
	err := w.client.Run(ctx)
	sweeping.Wait()
	return err
}

// connection is told when the AMI connection comes up or goes down.
func (w *Watcher) connection(s ami.State) {
	w.board.Deaf(!s.Up)
	w.tries.Connected(s.Up)
	w.mu.Lock()
	w.state = AsteriskState{State: AsteriskDown, Since: time.Now()}
	if s.Up {
		w.state.State = AsteriskUp
	}
	state := w.state
	w.mu.Unlock()
	w.onState(state)
}

// sweepAlways compares the board with Asterisk now and then until ctx ends.
func (w *Watcher) sweepAlways(ctx context.Context) {
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.refresh:
		case <-sweep.C:
		}
		if !w.client.Stats().Up {
			continue // the resync does it all
		}
		w.measure()
		ctx, cancel := context.WithTimeout(ctx, sweepWait)
		err := w.channels(ctx)
		if err == nil {
			err = w.phones(ctx)
		}
		cancel()
		if err != nil {
			w.failed.Add(1)
			w.log.Warn("the board could not be compared with asterisk", "err", err)
		}
	}
}

// measure takes up what the client has measured of clock and lag.
func (w *Watcher) measure() {
	s := w.client.Stats()
	lag := s.Lag.Round(lagStep).Milliseconds()
	w.mu.Lock()
	w.offset = s.ClockOffset
	news := w.state.State == AsteriskUp && w.state.LagMS != lag
	w.state.LagMS = lag
	state := w.state
	w.mu.Unlock()
	if news {
		w.onState(state)
	}
}

// WatcherStats counts what a watcher has done since its start.
type WatcherStats struct {
	Legs         int    // agents' channels followed now
	LegsRefused  uint64 // not followed, because there were too many
	LegsSwept    uint64 // whose end was missed
	SweepsFailed uint64
	Orphans      uint64 // agents' channels that Asterisk has left alone, hung up
}

// Stats tells what the watcher has done; its client has counters of its own.
func (w *Watcher) Stats() WatcherStats {
	s := WatcherStats{SweepsFailed: w.failed.Load(), Orphans: w.released.Load()}
	s.Legs, s.LegsRefused, s.LegsSwept = w.legs.counts()
	return s
}
