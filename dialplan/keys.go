package dialplan

import (
	"context"
	"errors"
	"path"
	"strconv"
	"strings"
	"time"

	"calld/config"
	"calld/queue"
)

// varRecordStatus is what Record() leaves on the channel (app_record.c).
const varRecordStatus = "RECORD_STATUS"

// errBooked ends the script of a caller who is to be called back.
var errBooked = errors.New("dialplan: the caller is to be called back")

// wait waits for something to do, tells the caller from time to time how long
// that will take, and does what the keys say that the caller presses.
func (c *caller) wait(ctx context.Context) error {
	for {
		c.follow() // an agent may have handed the call to another queue
		if c.ticket.Pending() {
			return nil
		}
		key, err := c.waitAWhile(ctx, c.keys())
		if err == nil && key != 0 && !c.ticket.Pending() {
			err = c.pressed(ctx, key)
		}
		if err != nil {
			return err
		}
	}
}

// waitAWhile tells of the keys at first, and then waits with music, until the
// caller has been told about the wait, one of the keys is pressed, or there is
// something to do.
func (c *caller) waitAWhile(ctx context.Context, keys string) (key byte, err error) {
	if !c.offered {
		c.offered = true
		if key, err = c.tellUntil(ctx, keys, c.offers(keys)); err != nil || key != 0 || c.ticket.Pending() {
			return key, err
		}
	}
	if !c.music {
		if err := c.startMusic(ctx); err != nil {
			return 0, err
		}
	}
	if key, err = c.idle(ctx, keys); err != nil || key != 0 || c.ticket.Pending() {
		return key, err
	}
	return c.tellWaiting(ctx, keys)
}

// keys are those that do something now.
func (c *caller) keys() string {
	keys := ""
	if c.ticket.MayLeaveMessage() {
		keys = c.queue.Message.Key
	}
	if c.queue.Callback.Key != "" && c.ticket.MayBook() {
		keys += c.queue.Callback.Key
	}
	return keys
}

// idle waits with music for something to do, for one of the keys, which it
// returns, or until it is time to tell the caller about the wait. Without keys the
// AGI session is idle meanwhile; Asterisk then drops what is pressed.
func (c *caller) idle(ctx context.Context, keys string) (key byte, err error) {
	every := c.queue.Waiting.Every
	pause, cancel := ctx, context.CancelFunc(func() {})
	if every > 0 {
		pause, cancel = context.WithTimeout(ctx, every)
	}
	defer cancel()
	if keys == "" {
		if err := c.ticket.Wait(pause); err != nil && context.Cause(ctx) != nil {
			return 0, err
		}
		return 0, nil
	}
	err = c.untilOffer(pause, func(offer context.Context) error {
		for offer.Err() == nil {
			if key, err = c.s.WaitForDigitUntil(ctx, offer.Done(), -1); err != nil || key != 0 && strings.IndexByte(keys, key) >= 0 {
				return err
			}
			key = 0
		}
		return context.Cause(ctx)
	})
	return key, err
}

// untilOffer does something with a context that ends when there is something to do
// for the script.
func (c *caller) untilOffer(ctx context.Context, do func(offer context.Context) error) error {
	offer, stop := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		defer stop()
		_ = c.ticket.Wait(offer) // whatever it says, it is over
	}()
	defer func() {
		stop()
		<-watched
	}()
	return do(offer)
}

// tellWaiting tells the caller about the wait and the keys, until there is
// something to do or one of these is pressed.
func (c *caller) tellWaiting(ctx context.Context, keys string) (key byte, err error) {
	place, ok := c.ticket.Place()
	if !ok {
		return 0, nil
	}
	notice := c.queue.Waiting.Notice
	notice.Text = fillIn(notice.Text, place)
	return c.tellUntil(ctx, keys, append([]config.Notice{notice}, c.offers(keys)...))
}

// offers tell of the keys.
func (c *caller) offers(keys string) (notices []config.Notice) {
	for _, offered := range []struct {
		key   string
		offer config.Notice
	}{{c.queue.Callback.Key, c.queue.Callback.Offer}, {c.queue.Message.Key, c.queue.Message.Offer}} {
		if offered.key != "" && strings.Contains(keys, offered.key) {
			notices = append(notices, offered.offer)
		}
	}
	return notices
}

// tellUntil plays what a caller who waits is to hear, until there is something to
// do or one of the keys is pressed, which it returns.
func (c *caller) tellUntil(ctx context.Context, keys string, notices []config.Notice) (key byte, err error) {
	if len(notices) == 0 {
		return 0, nil
	}
	err = c.untilOffer(ctx, func(offer context.Context) error {
		for _, n := range notices {
			for _, sound := range c.sounds(offer, n) {
				if offer.Err() != nil {
					return context.Cause(ctx)
				}
				if key, err = c.play(ctx, offer, sound, keys); err != nil || key != 0 {
					return err
				}
			}
		}
		return context.Cause(ctx)
	})
	return key, err
}

// pressed does what a key says.
func (c *caller) pressed(ctx context.Context, key byte) error {
	switch string(key) {
	case c.queue.Callback.Key:
		if !c.ticket.Book(string(key)) {
			return nil
		}
		// First the result: should calld go away now, the caller may.
		c.finish(ctx, queue.CalledBack)
		if err := c.tell(ctx, c.queue.Callback.Confirm); err != nil {
			return err
		}
		return errBooked
	case c.queue.Message.Key:
		if c.ticket.LeaveMessage(string(key)) {
			return c.takeMessage(ctx)
		}
	}
	return nil
}

// takeMessage records a voice message, which is the end of the call. It does so
// with Record() and not with the AGI command, which makes no folders. Asterisk
// goes on recording when calld goes away; the message that the caller has left
// meanwhile counts.
func (c *caller) takeMessage(ctx context.Context) error {
	record, begun := strings.TrimSuffix(c.recordPath, ".wav")+"-message.wav", time.Now()
	left, err := c.messageLeft(ctx)
	if err == nil && !left {
		err = c.recordMessage(ctx, record)
	}
	if err != nil {
		return err
	}
	r := queue.MessageReport{CallerGone: hungUp(ctx)}
	if r.CallerGone {
		r.Cause, _ = c.hangupCause(ctx)
	}
	length, err := c.in.Recordings.Length(record)
	if err != nil {
		c.log.Error("voice message can't be looked at", "err", err)
		length = time.Since(begun)
	}
	if length >= c.queue.Message.Shortest && length > 0 {
		r.Record, r.Length = record, length
	} else if err := c.in.Recordings.Discard(record); err != nil {
		c.log.Warn("voice message that is too short not removed", "err", err)
	}
	c.log.Info("voice message", "length_ms", length.Milliseconds(), "kept", r.Record != "", "caller_gone", r.CallerGone)
	c.ticket.MessageLeft(r)
	return nil
}

// messageLeft reports whether a message was recorded while the script was lost.
func (c *caller) messageLeft(ctx context.Context) (bool, error) {
	if !c.returned {
		return false, c.s.SetVariable(ctx, varRecordStatus, "") // of another recording before
	}
	v, err := c.full(ctx, "${"+varRecordStatus+"}")
	return err == nil && v[0] != "", err
}

// recordMessage prompts for a message and records it. A caller who hangs up then is no
// error.
func (c *caller) recordMessage(ctx context.Context, record string) error {
	m := c.queue.Message
	if err := c.answer(ctx); err != nil {
		return err
	}
	if c.music {
		c.music = false
		if err := c.exec(ctx, "StopMusicOnHold"); err != nil {
			return err
		}
	}
	if err := c.tell(ctx, m.Prompt); err != nil {
		return err
	}
	// app_record.c: a beep, and # ends it; k keeps it when the caller hangs up.
	err := c.exec(ctx, "Record", path.Join(c.cfg.Asterisk.Recordings, record), wholeSeconds(m.Silence), wholeSeconds(m.Longest), "k")
	switch {
	case err == nil, hungUp(ctx):
		return nil
	case context.Cause(ctx) == nil && !gone(err):
		c.log.Error("voice message not recorded", "err", err)
		return nil
	}
	return err
}

func wholeSeconds(d time.Duration) string {
	return strconv.Itoa(int((d + time.Second - 1) / time.Second))
}
