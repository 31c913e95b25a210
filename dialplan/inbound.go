package dialplan

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path"
	"strconv"
	"strings"
	"time"

	"calld/agi"
	"calld/announce"
	"calld/config"
	"calld/queue"
)

// The channel variables through which calld and the dialplan speak.
const (
	// VarID holds the call's id. It is inherited by the channels dialled.
	VarID = "CALLD_ID"
	// VarEntered holds when the call came in, in milliseconds since 1970 by
	// Asterisk's clock: its place in the queue, should calld know of it from
	// nowhere else.
	VarEntered = "CALLD_ENTERED"
	// VarResult is set when calld has finished with the call: an outcome in
	// capitals, or UNKNOWN for a number that is no queue's.
	VarResult = "CALLD_RESULT"
	// VarTry counts the dialplan's vain tries to reach calld.
	VarTry = "CALLD_TRY"
	// VarHeld names, on the channel of an agent who holds, the channel of the
	// customer.
	VarHeld = "CALLD_HELD"
	// varHeader begins the names of the variables with SIP headers.
	varHeader = "CALLD_HEADER"
)

// Context is where the generated dialplan holds a call, at the number called,
// until calld has finished with it.
const Context = "calld-call"

// Three more contexts of the generated dialplan: where an agent's channel waits
// while the customer is held, where the customer of an outbound call gets a
// script at the number of the queue, and what gives SIP headers to a channel
// that is about to be dialled.
const (
	HoldContext    = "calld-hold"
	TurnedContext  = "calld-turned"
	HeadersContext = "calld-headers"
)

// ResultUnknown is the result for numbers that are no queue's.
const ResultUnknown = "UNKNOWN"

// lastWords is how long a script may take to leave its results on a channel
// that has hung up, or when the server shuts down.
const lastWords = 2 * time.Second

// Board is what a script needs of the queue's board.
type Board interface {
	QueueForNumber(number string) (config.Queue, bool)
	Enter(queue.Entry) (*queue.Ticket, error)
	OutcomeOf(callID string) (queue.Outcome, bool)
	Load(queueID string) (waiting int, expected time.Duration)
}

// Announcer finds out what a caller hears first, and speaks.
type Announcer interface {
	Fetch(ctx context.Context, r announce.Request, url string) announce.Result
	Speak(ctx context.Context, what announce.Spoken) announce.Result
}

// Recordings is the folder of the recordings, as calld sees it.
type Recordings interface {
	// Length is how long a recording plays.
	Length(record string) (time.Duration, error)
	Discard(record string) error
}

// Inbound is the script of an incoming call: agi://HOST/inbound. It is an
// [agi.Handler].
type Inbound struct {
	Board     Board
	Announcer Announcer
	// LastAgent tells who talked with a customer last, since a time; "" when
	// nobody did.
	LastAgent func(number string, since time.Time) (agent string, err error)
	// Ended tells how a call ended, as the history has it: the board remembers the
	// latest alone, and none of an earlier calld. nil: nobody else remembers.
	Ended      func(callID string) (o queue.Outcome, ended bool)
	Recordings Recordings
	// Config gives the configuration in force.
	Config func() *config.Config
	Log    *slog.Logger
}

// ServeAGI serves one caller until the call is over, the caller has left, or
// the connection is lost.
func (in *Inbound) ServeAGI(ctx context.Context, s *agi.Session) {
	cfg := in.Config()
	number := calledNumber(s)
	q, ok := in.Board.QueueForNumber(number)
	log := in.Log.With("number", number, "channel", s.Env.Channel)
	if !ok {
		log.Debug("not a queue's number: left to the dialplan")
		if err := s.SetVariable(ctx, VarResult, ResultUnknown); err != nil {
			log.Warn("result not set", "err", err)
		}
		return
	}
	c := &caller{in: in, s: s, cfg: cfg, queue: q, log: log}
	if err := c.enter(ctx); err != nil {
		c.log.Warn("call not taken in; the caller is expected back", "err", err)
		return
	}
	if c.ticket == nil {
		return // it was over already
	}
	c.log = c.log.With("call_id", c.ticket.CallID(), "queue", q.ID)
	defer c.ticket.Detach() // does nothing to a call that is over
	if err := c.serve(ctx); err != nil {
		c.leave(ctx, err)
	}
}

// calledNumber is the number the caller dialled: the script's first argument
// when the dialplan gives one, else the extension.
func calledNumber(s *agi.Session) string {
	if args := s.Env.Args; len(args) > 0 && args[0] != "" {
		return config.NormalNumber(args[0])
	}
	return config.NormalNumber(s.Env.Extension)
}

// caller is one run of the inbound script.
type caller struct {
	in     *Inbound
	s      *agi.Session
	cfg    *config.Config
	queue  config.Queue
	ticket *queue.Ticket
	log    *slog.Logger

	number     string // the customer's, as agents' phones show it
	record     string // path of the recording below the recordings folder; empty: none
	recordPath string // the path, if there is to be one
	greeting   chan announce.Result
	answered   bool // the channel is up: it has been answered by us
	music      bool // music plays
	recording  bool // MixMonitor runs
	warned     bool // the caller knows of the recording
	offered    bool // the caller knows of the queue's keys
	returned   bool // an earlier script was lost
}

// enter puts the caller on the board, or back at its place. A caller who has
// left already is put there too: that call is over, but it was one.
func (c *caller) enter(ctx context.Context) error {
	env := c.s.Env
	c.number = env.CallerID
	before, err := c.before(ctx)
	if err != nil {
		return err
	}
	if before.id != "" && c.in.Ended != nil {
		if outcome, over := c.in.Ended(before.id); over {
			c.log.Info("caller is back after the end of the call", "call_id", before.id, "outcome", outcome)
			c.finish(ctx, outcome)
			return nil
		}
	}
	// Not In a time zone: that would strip the monotonic clock, and whoever waits
	// when the machine's clock is set would have waited for an hour.
	now := time.Now()
	e := queue.Entry{
		ID: before.id, Queue: c.queue.ID, Caller: env.CallerID, CallerName: env.CallerIDName,
		Callee: c.queue.Number, Channel: env.Channel, UniqueID: env.UniqueID, Begin: before.entered,
		Returning: before.id != "", Ready: before.id != "" || !c.queue.Announcement && c.queue.RecordingNotice.Empty(),
	}
	c.warned, c.returned = e.Returning, e.Returning
	if e.Returning && before.dialStatus == "ANSWER" {
		e.Answered, e.Phone, e.Talked = true, before.phone, before.talked
	}
	c.answered = before.up
	if e.Begin.IsZero() || e.Begin.After(now) || e.ID == "" && !before.tried {
		e.Begin = now // calld was there when the call came in
	}
	if e.ID == "" {
		e.ID = queue.NewCallID(now.In(c.cfg.Server.Timezone))
		c.askGreeting(ctx, e.ID)
		e.Sticky = c.lastAgent(now)
		err = c.s.SetVariable(ctx, "__"+VarID, e.ID)
		if err == nil && before.tried {
			err = c.s.SetVariable(ctx, VarTry, "")
		}
		if err == nil && before.dialStatus != "" { // left of a Dial before this call
			err = c.s.SetVariable(ctx, "DIALSTATUS", "")
		}
	} else {
		c.log.Info("caller is back", "call_id", e.ID, "answered", e.Answered)
		err = c.s.SetVariable(ctx, VarTry, "")
	}
	if err != nil && !hungUp(ctx) {
		return err
	}
	c.recordPath = RecordPath(e.Begin.In(c.cfg.Server.Timezone), e.ID)
	// Of a call that was turned over the day may be another.
	c.recording = path.Base(before.recording) == path.Base(c.recordPath)
	if c.queue.Recording {
		c.record = c.recordPath
		e.Record = c.record
	}
	c.ticket, err = c.in.Board.Enter(e)
	if errors.Is(err, queue.ErrBooked) {
		c.finish(ctx, queue.CalledBack)
		return nil
	}
	if errors.Is(err, queue.ErrEnded) {
		outcome, _ := c.in.Board.OutcomeOf(e.ID)
		c.finish(ctx, outcome)
		return nil
	}
	return err
}

// earlier is what a channel brings along.
type earlier struct {
	id         string // of the call whose script was lost; empty for a new call
	entered    time.Time
	tried      bool // the dialplan has tried in vain to reach calld
	dialStatus string
	phone      string // who was dialled last and answered
	talked     time.Duration
	up         bool
	recording  string // the file of the channel's recording
}

// before tells what the channel was before. It has a call's id when its script
// was lost with an earlier calld and the dialplan came back.
func (c *caller) before(ctx context.Context) (earlier, error) {
	if e, ok := newcomer(c.s.Env.Args); ok {
		return e, nil
	}
	// A dead channel tells too, and its caller counts.
	v, err := c.full(context.WithoutCancel(ctx), "${"+VarID+"}", "${"+VarEntered+"}", "${"+VarTry+"}",
		"${DIALSTATUS}", "${CHANNEL(state)}", "${DIALEDPEERNAME}", "${ANSWEREDTIME_MS}", "${ANSWEREDTIME}", "${MIXMONITOR_FILENAME}")
	if err != nil {
		return earlier{}, err
	}
	e := earlier{
		id: v[0], tried: v[2] != "", dialStatus: v[3], up: v[4] == "Up",
		phone: c.phoneOf(v[5]), talked: answeredTime(v[6], v[7]), recording: v[8],
	}
	if ms, err := strconv.ParseInt(v[1], 10, 64); err == nil {
		e.entered = time.UnixMilli(ms)
	}
	return e, nil
}

// newcomer reads what the generated dialplan says of a call that it gives to
// calld for the first time: the number, "new", VarEntered, the channel's state
// and DIALSTATUS. That spares each call a question.
func newcomer(args []string) (e earlier, ok bool) {
	if len(args) < 4 || args[1] != "new" {
		return earlier{}, false
	}
	e.up = args[3] == "Up"
	if len(args) > 4 {
		e.dialStatus = args[4]
	}
	return e, true
}

// serve greets the caller and then does what the board asks for until the
// call is over.
func (c *caller) serve(ctx context.Context) error {
	if !c.ticket.Pending() { // else the queue has not taken the call
		if err := c.greet(ctx); err != nil {
			return err
		}
		c.ticket.Ready()
	}
	for {
		if err := c.wait(ctx); err != nil {
			return err
		}
		offer, outcome, err := c.ticket.Next(ctx)
		switch {
		case err != nil:
			return err
		case offer == nil:
			// First the result: should calld go away now, the call is over.
			c.finish(ctx, outcome)
			return c.tell(ctx, c.ticket.Notices()...)
		}
		if err := c.tell(ctx, c.ticket.Notices()...); err != nil {
			return err
		}
		if offer.Message {
			if err := c.takeMessage(ctx); err != nil {
				return err
			}
			continue
		}
		if offer.Moved {
			c.follow()
			if err := c.tellRecorded(ctx); err != nil {
				return err
			}
			c.ticket.Ready()
			continue
		}
		if err := c.ring(ctx, offer); err != nil {
			return err
		}
	}
}

func (c *caller) startMusic(ctx context.Context) error {
	if err := c.answer(ctx); err != nil {
		return err
	}
	c.music = true
	// From here on the socket is idle: an offer is acted on at once.
	return c.exec(ctx, "StartMusicOnHold", c.queue.Music)
}

// answer answers the channel. It is done as late as possible: the caller pays
// from here on, and Asterisk waits up to half a second for the first audio.
func (c *caller) answer(ctx context.Context) error {
	if c.answered {
		return nil
	}
	c.answered = true
	return c.s.Answer(ctx)
}

// askGreeting has the announcement made while everything that does not need
// it goes on.
func (c *caller) askGreeting(ctx context.Context, callID string) {
	if !c.queue.Announcement || c.cfg.Callers.IsBlocked(&c.cfg.Outbound.Numbering, c.s.Env.CallerID) {
		return
	}
	url := c.queue.AnnouncementURL
	if url == "" {
		url = c.cfg.Announcement.URL
	}
	waiting, expected := c.in.Board.Load(c.queue.ID)
	r := announce.Request{
		Call: callID, Queue: c.queue.ID, Number: c.queue.Number, Caller: c.s.Env.CallerID,
		Language: c.cfg.Server.Language, Waiting: waiting, ExpectedWaitMS: expected.Milliseconds(),
	}
	c.greeting = make(chan announce.Result, 1)
	// It ends with ctx, and in any case after the announcement's time-out.
	go func() { c.greeting <- c.in.Announcer.Fetch(ctx, r, url) }()
}

// lastAgent is to whom the queue has the caller come first.
func (c *caller) lastAgent(now time.Time) string {
	if c.queue.Sticky <= 0 || c.s.Env.CallerID == "" {
		return ""
	}
	agent, err := c.in.LastAgent(c.s.Env.CallerID, now.Add(-c.queue.Sticky))
	if err != nil {
		c.log.Error("last agent of the caller not found", "err", err)
	}
	return agent
}

// greet plays the announcement, if there is one, and tells of the recording.
// What goes wrong with it is the announcer's to report; the call goes on.
func (c *caller) greet(ctx context.Context) error {
	if c.greeting != nil {
		r := <-c.greeting
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if r.Sound != "" {
			if _, err := c.play(ctx, context.Background(), r.Sound, ""); err != nil {
				return err
			}
		}
	}
	return c.tellRecorded(ctx)
}

// finish leaves the outcome on the channel.
func (c *caller) finish(ctx context.Context, o queue.Outcome) {
	leaveResult(ctx, c.s, c.log, strings.ToUpper(string(o)))
}

// finishEnded is finish for a channel that is dead here: its hang-up handlers,
// or where it was sent, may look at the outcome.
func (c *caller) finishEnded(ctx context.Context) {
	if o, ok := c.in.Board.OutcomeOf(c.ticket.CallID()); ok {
		c.finish(ctx, o)
	}
}

// leave tells the board why the script ends before the call is over.
func (c *caller) leave(ctx context.Context, err error) {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(err, errBooked) {
		err = cause
	}
	switch {
	case errors.Is(err, errBooked):
		c.log.Info("caller is to be called back")
	case errors.Is(err, agi.ErrHangup), errors.Is(err, agi.ErrDead):
		if _, over := c.in.Board.OutcomeOf(c.ticket.CallID()); !over { // else the end of its Dial has told why
			if cause, dropped := c.hangupCause(ctx); dropped {
				c.ticket.Drop(cause)
			} else {
				c.ticket.Hangup(cause)
			}
		}
		c.finishEnded(ctx)
	case errors.Is(err, agi.ErrRedirected):
		c.log.Info("caller was redirected by somebody else")
		c.ticket.Fail("redirected")
		c.finishEnded(ctx)
	case errors.Is(err, queue.ErrSuperseded):
		c.log.Info("another script serves the caller now")
	case errors.Is(err, agi.ErrServerClosed):
		c.ticket.Detach()
	case context.Cause(ctx) != nil:
		c.log.Warn("script lost; the caller is expected back", "err", err)
		c.ticket.Detach()
	default:
		// The channel lives but can't be told what to do: coming back would end
		// in the same.
		c.log.Error("script failed", "err", err)
		c.ticket.Fail("script")
		c.finishEnded(ctx)
	}
}

// hangupSource names the channel whose far end has hung up. It is empty when
// Asterisk itself did: it hangs everything up before it stops
// (ast_begin_shutdown), at an AMI Hangup, or when a time-out is over. The cause
// does not tell: it may be left of a Dial before.
const hangupSource = "${CHANNEL(hangupsource)}"

// hangupCause asks the dead channel for its hang-up cause, 0 when it does not
// tell, and whether it was Asterisk's doing.
func (c *caller) hangupCause(ctx context.Context) (code int, dropped bool) {
	ctx, cancel := lastly(ctx)
	defer cancel()
	v, err := c.full(ctx, "${HANGUPCAUSE}", hangupSource)
	if err != nil {
		return 0, false
	}
	code, _ = strconv.Atoi(v[0]) // 0 when it is none
	return code, v[1] == ""
}

// exec runs an application whose own result does not matter.
func (c *caller) exec(ctx context.Context, app string, args ...string) error {
	_, err := c.s.Exec(ctx, app, args...)
	return err
}

func (c *caller) full(ctx context.Context, exprs ...string) ([]string, error) {
	return expand(ctx, c.s, exprs...)
}

// expand expands several expressions in one round trip. Of the values only the
// last may hold the separator.
func expand(ctx context.Context, s *agi.Session, exprs ...string) ([]string, error) {
	const separator = "|"
	v, _, err := s.GetFullVariable(ctx, strings.Join(exprs, separator), "")
	if err != nil {
		return nil, err
	}
	got := strings.SplitN(v, separator, len(exprs))
	if len(got) != len(exprs) {
		return nil, fmt.Errorf("dialplan: %d values asked for, got %q", len(exprs), v)
	}
	return got, nil
}

// lastly is a context for what must still be asked or told of a channel that
// has hung up: a dead channel answers too.
func lastly(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), lastWords)
}

// gone reports whether an error only says that the caller or the connection
// is no more.
func gone(err error) bool {
	return errors.Is(err, agi.ErrHangup) || errors.Is(err, agi.ErrDead) || errors.Is(err, agi.ErrClosed) ||
		errors.Is(err, agi.ErrServerClosed)
}
