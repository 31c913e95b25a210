package campaign

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"calld/config"
	"calld/exchange"
	"calld/queue"
)

const (
	// factQueue bounds what is heard and not yet taken in: several seconds of
	// the heaviest load. Beyond it facts are left out, and the dialler looks at
	// board and exchange anew.
	factQueue = 8192
	// orderQueue bounds what scripts, users and the dialler's own work wait to say.
	orderQueue = 1024
	// tickEvery is how often pacers are asked when nothing happens.
	tickEvery = time.Second
	// saveEvery is how often the progress of campaigns is written.
	saveEvery = 10 * time.Second
	// lookEvery is how often campaigns are looked at that are to start by a schedule,
	// and lists for new entries.
	lookEvery = 5 * time.Second
	// stopTime bounds the writing of what is under way when the dialler stops.
	stopTime = 5 * time.Second
	// orderTime bounds how long Asterisk may take to accept an order, and its
	// channel to come about.
	orderTime = 5 * time.Second
	// storeTime bounds one write.
	storeTime = 10 * time.Second
)

// ErrStopped says that the dialler does not run.
var ErrStopped = errors.New("campaign: the dialler does not run")

// Exchange is what a dialler asks of Asterisk; [*exchange.Exchange] does it.
type Exchange interface {
	Originate(ctx context.Context, o exchange.Origination) error
	Hangup(ctx context.Context, channel string, cause int) error
	// DeviceState tells the state of a device, such as PJSIP/trunk; "": it is not known.
	DeviceState(ctx context.Context, device string) (string, error)
}

// Board is what a dialler asks of the queue's board; [*queue.Board] does it.
type Board interface {
	Snapshot() queue.Snapshot
	OutcomeOf(callID string) (queue.Outcome, bool)
}

// Options say how a dialler is made.
type Options struct {
	Store    Store
	Board    Board
	Exchange Exchange
	// CallOut has an agent call a customer, by the agent's own phone: preview.
	CallOut func(ctx context.Context, o queue.OutCall) error
	// Config gives the configuration in force.
	Config func() *config.Config
	// Context is where in Asterisk's dialplan an answered customer goes, at
	// extension s.
	Context string
	// OnStats is told the figures of a campaign when they have changed, a few
	// times a second at the most; nil: nobody is. It must return at once.
	OnStats func(Stats)
	// Now is the clock; nil: time.Now.
	Now func() time.Time
	Log *slog.Logger
}

// Dialler runs the campaigns. It is a [queue.Observer] to be given to the
// board, and hears of its channels by [Dialler.Rings] and those after it. See
// the package comment.
type Dialler struct {
	o   Options
	now func() time.Time
	log *slog.Logger

	facts   chan func() // heard; left out when full
	orders  chan func() // asked for; waits
	lost    atomic.Bool // facts had to be left out
	idle    atomic.Bool // no campaign runs: the board is not listened to
	dropped atomic.Uint64
	// connected is what up is to be, should that have been left out.
	connected atomic.Bool
	done      chan struct{} // Run has ended
	life      sync.Mutex    // one campaign's life changes at a time

	counts counts

	// For the goroutine of Run alone.
	runs     map[string]*run   // by campaign
	tries    map[string]*try   // under way
	inUse    map[string]int    // numbers as they are compared: of tries and live calls
	live     map[string]string // such numbers of others' calls, by call
	agents   map[string]*seat
	shares   shares
	seq      uint64 // of the board
	up       bool   // Asterisk can be asked
	met      bool   // its channels have been listed since calld came up
	dialAt   time.Time
	wakeAt   time.Time
	saved    time.Time
	looked   time.Time
	first    int // whose turn to dial is first
	working  sync.WaitGroup
	stopping bool
	wanted   map[string]bool   // scheduled campaigns that should have run when last looked at
	refused  map[string]Faults // what kept campaigns from starting by themselves
}

// New makes a dialler; it does nothing before [Dialler.Run].
func New(o Options) *Dialler {
	d := &Dialler{
		o: o, now: o.Now, log: o.Log,
		facts: make(chan func(), factQueue), orders: make(chan func(), orderQueue), done: make(chan struct{}),
		runs: map[string]*run{}, tries: map[string]*try{}, inUse: map[string]int{}, live: map[string]string{},
		agents: map[string]*seat{}, shares: newShares(), wanted: map[string]bool{}, refused: map[string]Faults{},
	}
	if d.now == nil {
		d.now = time.Now
	}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	if d.o.OnStats == nil {
		d.o.OnStats = func(Stats) {}
	}
	return d
}

// Run dials until ctx ends. Calls go on then; the next dialler takes them up.
func (d *Dialler) Run(ctx context.Context) error {
	defer close(d.done)
	if err := d.restore(); err != nil {
		return err
	}
	d.sync()
	alarm := time.NewTimer(0)
	defer alarm.Stop()
	for {
		select {
		case <-ctx.Done():
			d.stop()
			return nil
		case f := <-d.facts:
			f()
		case f := <-d.orders:
			d.obey(f)
		case <-alarm.C:
		}
		d.drain()
		d.pass()
		alarm.Reset(max(0, d.wakeAt.Sub(d.now())))
	}
}

// drain takes in what else is there, so that one decision follows all of it.
func (d *Dialler) drain() {
	for range factQueue {
		select {
		case f := <-d.facts:
			f()
		case f := <-d.orders:
			d.obey(f)
		default:
			return
		}
	}
}

// obey does what was asked for, after what had been heard before it was.
func (d *Dialler) obey(order func()) {
	for range factQueue {
		select {
		case f := <-d.facts:
			f()
			continue
		default:
		}
		break
	}
	order()
}

// stop waits for the writing that is under way, and saves how far campaigns
// have come.
func (d *Dialler) stop() {
	d.stopping = true
	for _, r := range d.runs {
		d.save(r)
	}
	idle := make(chan struct{})
	go func() { // ends with the work, whose time is bounded
		d.working.Wait()
		close(idle)
	}()
	limit := time.NewTimer(stopTime)
	defer limit.Stop()
	for {
		select {
		case f := <-d.orders:
			f()
		case f := <-d.facts:
			f()
		case <-idle:
			return
		case <-limit.C:
			d.log.Warn("stopped while something of campaigns was being written")
			return
		}
	}
}

// hear takes in what was heard, without waiting.
func (d *Dialler) hear(f func()) {
	select {
	case d.facts <- f:
	default:
		d.dropped.Add(1)
		d.lost.Store(true)
	}
}

// ask has f run where the dialler's state may be touched, and waits for it.
func (d *Dialler) ask(ctx context.Context, f func()) error {
	ran := make(chan struct{})
	select {
	case d.orders <- func() { f(); close(ran) }:
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-d.done:
		return ErrStopped
	}
	select {
	case <-ran:
		return nil
	case <-d.done:
		return ErrStopped
	}
}

// work does something that takes time, and then says so where the dialler's
// state may be touched.
func (d *Dialler) work(wait time.Duration, do func(context.Context), then func()) {
	d.working.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), wait)
		defer cancel()
		do(ctx)
		select {
		case d.orders <- then:
		case <-d.done:
		}
	})
}

// wake has the dialler look again at a time.
func (d *Dialler) wake(at time.Time) {
	if at.Before(d.wakeAt) {
		d.wakeAt = at
	}
}

// pass looks at everything that time or what was heard may have changed.
func (d *Dialler) pass() {
	now := d.now()
	d.wakeAt = now.Add(tickEvery)
	if d.stopping {
		return
	}
	if d.lost.Swap(false) {
		d.log.Warn("more was heard than could be taken in: board and channels are looked at anew", "dropped", d.dropped.Load())
		d.up = d.connected.Load()
		d.sync()
	}
	for _, t := range d.tries {
		d.look(t, now)
	}
	if now.Sub(d.looked) >= lookEvery {
		d.looked = now
		d.lookAtCampaigns()
	}
	d.dial(now)
	for _, r := range d.runs {
		d.proceed(r, now)
		d.tell(r, now)
	}
	if now.Sub(d.saved) >= saveEvery {
		d.saved = now
		for _, r := range d.runs {
			d.save(r)
		}
	}
	d.listenNoMore()
}
