package dialplan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"calld/agi"
	"calld/announce"
	"calld/queue"
)

// CampaignContext is where the generated dialplan takes a customer whom a campaign
// has dialled and who has answered, at extension s.
const CampaignContext = "calld-campaign"

// varVariable begins the names of the variables that a customer brings along.
const varVariable = "CALLD_VAR_"

// AMD's results that are asked for; app_amd.c.
const (
	varAMDStatus = "AMDSTATUS"
	varAMDCause  = "AMDCAUSE"
)

// Customer is what is to be done with a customer whom a campaign has dialled.
type Customer struct {
	// Entry is what the customer is on the board; the script adds the channel.
	Entry queue.Entry
	Grace time.Duration // how long an agent may take to answer; 0: as the queue has it
	AMD   bool          // a machine is looked for first
	// Message tells that a message is played; only Key, if set, leads to an agent.
	Message          bool
	Sound, Text, Key string
	AbandonSound     string // for a customer whom no agent takes in time
	Variables        map[string]string
}

// Campaigns is what the script needs of those who have customers dialled.
type Campaigns interface {
	// Met tells that the customer of a try has answered; false: the try is over.
	Met(ctx context.Context, try string) (Customer, bool)
	// Screened tells what AMD has found, and returns whether to go on.
	Screened(ctx context.Context, try, verdict, cause string) bool
	// Heard tells that the message was heard, or its key pressed.
	Heard(ctx context.Context, try string)
}

// serveCustomer serves the channel of a customer whom a campaign has dialled.
func (out *Outbound) serveCustomer(ctx context.Context, s *agi.Session, try string) {
	log := out.Log.With("channel", s.Env.Channel, "try", try)
	cust, ok := out.Campaigns.Met(ctx, try)
	if !ok {
		log.Warn("the try of a customer who answered is over")
		leaveResult(ctx, s, log, ResultUnknown)
		return
	}
	q, ok := out.Config().Queue(cust.Entry.Queue)
	if !ok {
		log.Error("the queue of a customer who answered is gone", "queue", cust.Entry.Queue)
		leaveResult(ctx, s, log, ResultUnknown)
		return
	}
	c := &caller{in: &Inbound{Board: out.Board, Announcer: out.Announcer, Config: out.Config, Log: out.Log}, s: s, cfg: out.Config(), queue: q, log: log, answered: true}
	before, err := c.before(ctx)
	if err == nil && before.id == "" {
		ok, err = out.greet(ctx, c, try, &cust)
	}
	switch {
	case err != nil:
		if !gone(err) && context.Cause(ctx) == nil {
			log.Error("customer can't be served", "err", err)
			leaveResult(ctx, s, log, ResultUnknown)
		}
		return
	case !ok: // a machine, or the message was all
		leaveResult(ctx, s, log, strings.ToUpper(string(queue.Answered)))
		return
	}
	if err := c.enterCustomer(ctx, cust, before); err != nil {
		log.Warn("customer not taken in", "err", err)
		leaveResult(ctx, s, log, ResultUnknown)
		return
	}
	if c.ticket == nil {
		return
	}
	c.log = log.With("queue", q.ID)
	defer c.ticket.Detach() // does nothing to a call that is over
	if err := c.serveCustomer(ctx, cust.AbandonSound); err != nil {
		c.leave(ctx, err)
	}
}

// greet does what comes before the customer is given to an agent; false: that is
// not to be.
func (out *Outbound) greet(ctx context.Context, c *caller, try string, cust *Customer) (bool, error) {
	if cust.AMD {
		if err := c.exec(ctx, "AMD"); err != nil && !gone(err) {
			return false, err
		}
		last, cancel := lastly(ctx)
		v, err := c.full(last, "${"+varAMDStatus+"}", "${"+varAMDCause+"}")
		cancel()
		if err != nil {
			return false, err
		}
		c.log.Info("looked for a machine", "verdict", v[0], "cause", v[1])
		verdict := v[0]
		if hungUp(ctx) {
			verdict = "HANGUP"
		}
		if !out.Campaigns.Screened(context.WithoutCancel(ctx), try, cmp.Or(verdict, "NOTSURE"), v[1]) || hungUp(ctx) {
			return false, nil
		}
	}
	for _, name := range slices.Sorted(maps.Keys(cust.Variables)) {
		if err := c.s.SetVariable(ctx, varVariable+name, cust.Variables[name]); err != nil {
			return false, err
		}
	}
	if !cust.Message {
		return true, nil
	}
	return out.message(ctx, c, try, cust)
}

// message plays a message; true: the customer asks for an agent.
func (out *Outbound) message(ctx context.Context, c *caller, try string, cust *Customer) (bool, error) {
	sound := cust.Sound
	if sound == "" {
		r := out.Announcer.Speak(ctx, announce.Spoken{Call: try, Queue: c.queue.ID, Text: cust.Text, Language: c.cfg.Server.Language})
		if sound = r.Sound; sound == "" {
			return false, fmt.Errorf("dialplan: the message can't be spoken: %w", cmp.Or(r.Err, errSilent))
		}
	}
	played, err := c.s.StreamFile(ctx, sound, cust.Key, 0)
	if err != nil {
		return false, err
	}
	out.Campaigns.Heard(ctx, try)
	digit := played.Digit
	if digit == 0 && cust.Key != "" {
		if digit, err = c.s.WaitForDigit(ctx, keyWait); err != nil {
			return false, err
		}
	}
	return digit != 0 && string(digit) == cust.Key, nil
}

var errSilent = errors.New("there is no sound")

// keyWait is how long after a message its key is waited for.
const keyWait = 5 * time.Second

// enterCustomer puts the customer on the board.
func (c *caller) enterCustomer(ctx context.Context, cust Customer, before earlier) error {
	e := cust.Entry
	now := time.Now() // not In a time zone: that would strip the monotonic clock
	e.Channel, e.UniqueID, e.Begin = c.s.Env.Channel, c.s.Env.UniqueID, now
	e.Returning, e.Ready = before.id != "", true
	if cust.Grace > 0 {
		e.AnswerBy = now.Add(cust.Grace)
	}
	if e.Returning && before.dialStatus == "ANSWER" {
		e.Answered, e.Phone, e.Talked = true, before.phone, before.talked
	}
	c.recordPath = RecordPath(now.In(c.cfg.Server.Timezone), e.ID)
	c.recording = before.recording != ""
	if c.queue.Recording {
		c.record = c.recordPath
		e.Record = c.record
	}
	// The agent's phone shows the customer, not what the customer was shown.
	c.number = e.Callee
	if err := c.exec(ctx, "MSet", "__"+VarID+"="+e.ID, "CALLERID(num)="+e.Callee, "CALLERID(name)="); err != nil && !gone(err) {
		return err
	}
	ticket, err := c.in.Board.Enter(e)
	if errors.Is(err, queue.ErrEnded) {
		outcome, _ := c.in.Board.OutcomeOf(e.ID)
		c.finish(ctx, outcome)
		return nil
	}
	c.ticket = ticket
	return err
}

// serveCustomer has agents rung for a customer until the call is over.
func (c *caller) serveCustomer(ctx context.Context, abandonSound string) error {
	for {
		if err := c.wait(ctx); err != nil {
			return err
		}
		offer, outcome, err := c.ticket.Next(ctx)
		if err != nil {
			return err
		}
		if offer == nil {
			if outcome == queue.Timeout && abandonSound != "" {
				c.say(ctx, abandonSound)
			}
			c.finish(ctx, outcome)
			return nil
		}
		if err := c.tell(ctx, c.ticket.Notices()...); err != nil {
			return err
		}
		if offer.Moved { // handed over by an agent to a queue that leads it on
			c.follow()
			c.ticket.Ready()
			continue
		}
		if err := c.ring(ctx, offer); err != nil {
			return err
		}
	}
}

// say plays a sound to a customer whom nobody has taken. What goes wrong with it
// changes nothing any more.
func (c *caller) say(ctx context.Context, sound string) {
	if err := c.exec(ctx, "StopMusicOnHold"); err != nil {
		return
	}
	if _, err := c.s.StreamFile(ctx, sound, "", 0); err != nil && !gone(err) {
		c.log.Warn("sound not played", "sound", sound, "err", err)
	}
}
