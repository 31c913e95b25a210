package store

import (
	"cmp"
	"container/list"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"calld/queue"
)

const (
	// RecorderQueue bounds the calls that wait for the disk: at 100 calls a
	// second, eleven minutes of a full disk.
	RecorderQueue = 65_536
	// PostQueue bounds the posts that wait for the disk.
	PostQueue = 16_384
	// DrainTime is how long Run goes on writing after its context has ended.
	DrainTime = 10 * time.Second

	// gatherFor is how long a change may wait for others before they are
	// written. A call changes five times until it is answered, mostly within
	// moments: joined into one record that is one write, not five.
	gatherFor = 50 * time.Millisecond

	retryMin   = 100 * time.Millisecond
	retryMax   = 5 * time.Second
	stallAfter = 5 * time.Second  // a write under way for longer is unhealthy
	logEvery   = 30 * time.Second // between two log lines of one lasting failure
	spillQueue = 1024             // overflowed records that wait for the log
)

// RecorderOptions sets up a [Recorder]. The zero value works,
// but nobody is told what is lost.
type RecorderOptions struct {
	Log *slog.Logger
	// OnDurable is called after a call's record is on disk, with the missed
	// calls it changed, in the order of writing. Of several records of one
	// call only the last may be written. It is called from Run, which writes
	// nothing until it returns.
	OnDurable func(c *queue.Call, missed []Missed)
	// OnPosted is called as OnDurable is, after a post is on disk, or with
	// the reason why it never will be.
	OnPosted func(*Post, error)
	Queue    int           // 0: RecorderQueue
	Drain    time.Duration // 0: DrainTime
}

// Recorder writes a board's calls to the store without ever making the board
// wait: Observe takes a call's record, Run writes it. Records that wait for the
// same call are joined into the last one.
//
// Post has an event for webhooks written with the records, in the order of
// Observe and Post: a call's record is never on disk before a post that came
// before it.
//
// A write that fails is tried again until it succeeds; meanwhile Healthy tells
// why, and calls wait in the bounded queue. What can't wait there, what can
// never be written and what is left when Run must return is logged with its
// whole content, so that it can be entered by hand, and counted.
type Recorder struct {
	store *Store
	o     RecorderOptions
	wake  chan struct{}    // capacity 1: something waits
	spill chan *queue.Call // overflowed, for the log

	mu       sync.Mutex // no I/O under it: Observe is called with the board locked
	order    *list.List // of *observed, the latest change last
	waiting  map[string]*list.Element
	inHand   int // taken by Run, not yet on disk
	posts    int // of order and inHand those that are posts
	stats    RecorderStats
	failure  error     // of the last write; nil when it succeeded
	writing  time.Time // since when a write is under way; zero when none is
	unlogged int       // overflowed beyond spillQueue

	writes    uint64
	writeTime time.Duration
}

// RecorderStats counts what became of the records.
type RecorderStats struct {
	Waiting    int    // not yet on disk
	Written    uint64 // on disk
	Overflowed uint64 // lost to a full queue
	Refused    uint64 // lost because they could never be written
	Undrained  uint64 // lost at the end because the disk did not take them in time
}

// observed is a call's latest state, or a post.
type observed struct {
	call  *queue.Call
	ended bool
	post  *Post
}

// change encodes it.
func (o *observed) change(s *Store) (*change, error) {
	if o.post == nil {
		return s.newChange(o.call, o.ended)
	}
	value, err := o.post.encode()
	return &change{post: o.post, value: value}, err
}

// NewRecorder makes a Recorder; Run starts it.
func NewRecorder(s *Store, o RecorderOptions) *Recorder {
	o.Queue = cmp.Or(o.Queue, RecorderQueue)
	o.Drain = cmp.Or(o.Drain, DrainTime)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.OnDurable == nil {
		o.OnDurable = func(*queue.Call, []Missed) {}
	}
	if o.OnPosted == nil {
		o.OnPosted = func(*Post, error) {}
	}
	return &Recorder{
		store:   s,
		o:       o,
		wake:    make(chan struct{}, 1),
		spill:   make(chan *queue.Call, spillQueue),
		order:   list.New(),
		waiting: map[string]*list.Element{},
	}
}

// Observe takes the record of a call event and ignores the others. It never
// blocks. It is a [queue.Observer].
func (r *Recorder) Observe(e *queue.Event) {
	switch e.Kind {
	case queue.CallWaiting, queue.CallRinging, queue.CallAnswered, queue.CallChanged, queue.CallEnded:
	default:
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	o := &observed{call: e.Call, ended: e.Kind == queue.CallEnded}
	if el := r.waiting[o.call.ID]; el != nil {
		// To the end: what follows from ended calls depends on their order.
		el.Value = o
		r.order.MoveToBack(el)
		return
	}
	if r.order.Len()+r.inHand-r.posts >= r.o.Queue {
		r.stats.Overflowed++
		select {
		case r.spill <- o.call:
		default:
			r.unlogged++
		}
		return
	}
	r.waiting[o.call.ID] = r.order.PushBack(o)
	r.wakeUp()
}

// Post takes a post, or reports false when too many wait. It never blocks.
func (r *Recorder) Post(p *Post) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.posts >= PostQueue {
		return false
	}
	r.posts++
	r.order.PushBack(&observed{post: p})
	r.wakeUp()
	return true
}

func (r *Recorder) wakeUp() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Healthy tells why records are not being written, or nil.
func (r *Recorder) Healthy() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.writing.IsZero() {
		if d := time.Since(r.writing); d > stallAfter {
			return fmt.Errorf("store: a write has been under way for %s", d.Round(time.Second))
		}
	}
	return r.failure
}

// Stats returns the counts so far.
func (r *Recorder) Stats() RecorderStats {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.stats
	s.Waiting = r.order.Len() + r.inHand - r.posts
	return s
}

// Writes returns how many times the Recorder has written, in vain or not, and
// what that took in all.
func (r *Recorder) Writes() (n uint64, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.writes, r.writeTime
}

// Run writes until ctx ends and then what still waits, for at most the drain
// time. Stop whatever calls Observe before. The error tells that records were
// lost at the end.
func (r *Recorder) Run(ctx context.Context) error {
	overflow, stop := context.WithCancel(context.WithoutCancel(ctx))
	var logger sync.WaitGroup
	logger.Go(func() { r.logOverflow(overflow) })
	defer logger.Wait()
	defer stop()
	return r.write(ctx)
}

func (r *Recorder) write(ctx context.Context) error {
	// Records outlive the request to stop.
	durable := context.WithoutCancel(ctx)
	stopping := ctx.Done()
	gather, retry, deadline := newStoppedTimer(), newStoppedTimer(), newStoppedTimer()
	defer gather.Stop()
	defer retry.Stop()
	defer deadline.Stop()
	var batch []*observed
	log := failureLog{log: r.o.Log}
	pause := retryMin
	for {
		batch = r.take(batch)
		var wait <-chan time.Time
		if len(batch) > 0 {
			var err error
			batch, err = r.writeBatch(durable, batch)
			log.note(err, len(batch))
			if err == nil {
				pause = retryMin
				continue
			}
			retry.Reset(pause)
			pause = min(2*pause, retryMax)
			wait = retry.C
		} else if stopping == nil {
			return nil
		}
		wake := r.wake
		if wait != nil {
			wake = nil // more records don't mend the disk
		}
		select {
		case <-wake:
			gather.Reset(gatherFor)
			select {
			case <-gather.C:
			case <-stopping: // looked at again after the write
			}
		case <-wait:
		case <-stopping:
			stopping = nil
			deadline.Reset(r.o.Drain)
		case <-deadline.C:
			return r.giveUp(batch)
		}
	}
}

func newStoppedTimer() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

// take fills a batch up from what waits.
func (r *Recorder) take(batch []*observed) []*observed {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(batch) < maxBatch && r.order.Len() > 0 {
		o := r.order.Remove(r.order.Front()).(*observed)
		if o.post == nil {
			delete(r.waiting, o.call.ID)
		}
		batch = append(batch, o)
	}
	r.inHand = len(batch)
	return batch
}

// writeBatch returns what must be tried again, and why.
func (r *Recorder) writeBatch(ctx context.Context, batch []*observed) ([]*observed, error) {
	var changes []*change
	var writes []func(*tables) error
	var valid []*observed
	for _, o := range batch {
		ch, err := o.change(r.store)
		if err != nil {
			r.lose(o, "call record refused", err, &r.stats.Refused)
			continue
		}
		valid, changes, writes = append(valid, o), append(changes, ch), append(writes, ch.apply)
	}
	began := time.Now()
	r.setWriting(began)
	errs := r.store.updateAll(ctx, writes)
	r.setWriting(time.Time{})

	var failed []*observed
	var failure error
	posts := 0
	for i, err := range errs {
		switch {
		case err != nil:
			failed = append(failed, valid[i])
			failure = err
		case valid[i].post != nil:
			posts++
		}
	}
	r.mu.Lock()
	r.writes++
	r.writeTime += time.Since(began)
	r.failure = failure
	r.inHand = len(failed)
	r.posts -= posts
	r.stats.Written += uint64(len(valid) - len(failed) - posts)
	r.mu.Unlock()
	for i, err := range errs {
		switch {
		case err != nil:
		case changes[i].post != nil:
			r.o.OnPosted(changes[i].post, nil)
		default:
			r.o.OnDurable(changes[i].call, changes[i].missed)
		}
	}
	return failed, failure
}

func (r *Recorder) setWriting(t time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writing = t
}

// giveUp logs what could not be written in time.
func (r *Recorder) giveUp(batch []*observed) error {
	cause := r.Healthy()
	lost := 0
	for ; len(batch) > 0; batch = r.take(nil) {
		for _, o := range batch {
			if o.post == nil {
				lost++
			}
			r.lose(o, "call record not written before the end", cause, &r.stats.Undrained)
		}
	}
	return fmt.Errorf("store: %d call records not written before the end: %w", lost, cause)
}

// lose logs a record that won't be written and counts it. Of a post whoever
// posted it is told.
func (r *Recorder) lose(o *observed, why string, err error, count *uint64) {
	r.mu.Lock()
	if o.post == nil {
		*count++
	} else {
		r.posts--
	}
	r.mu.Unlock()
	if o.post != nil {
		r.o.OnPosted(o.post, cmp.Or(err, ErrClosed))
		return
	}
	c := o.call
	r.o.Log.Error("call record lost", "call_id", c.ID, "reason", why, "err", err, "record", payload(c))
}

// logOverflow logs overflowed records until ctx ends, and then what is left.
func (r *Recorder) logOverflow(ctx context.Context) {
	for {
		select {
		case c := <-r.spill:
			r.spilled(c)
			continue
		default:
		}
		select {
		case c := <-r.spill:
			r.spilled(c)
		case <-ctx.Done():
			return
		}
	}
}

func (r *Recorder) spilled(c *queue.Call) {
	r.o.Log.Error("call record lost", "call_id", c.ID, "reason", "queue full", "record", payload(c))
	r.mu.Lock()
	n := r.unlogged
	r.unlogged = 0
	r.mu.Unlock()
	if n > 0 {
		r.o.Log.Error("call records lost faster than they could be logged", "records", n)
	}
}

// payload is a record as the log shows it.
func payload(c *queue.Call) string {
	v, err := json.Marshal(c)
	if err != nil {
		return fmt.Sprintf("%+v", *c)
	}
	return string(v)
}

// failureLog logs a lasting or flapping failure now and then, not at each try.
type failureLog struct {
	log    *slog.Logger
	tries  int       // in vain since the last success
	logged time.Time // the last failure in the log
	told   bool      // the log says that writing fails
}

func (l *failureLog) note(err error, records int) {
	if err == nil {
		if l.told {
			l.log.Info("call records are written again", "failed_tries", l.tries)
		}
		l.tries, l.told = 0, false
		return
	}
	l.tries++
	if now := time.Now(); now.Sub(l.logged) >= logEvery {
		l.logged, l.told = now, true
		l.log.Error("call records can't be written, trying again", "err", err, "failed_tries", l.tries, "records", records)
	}
}
