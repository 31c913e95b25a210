package dialplan

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"calld/agi"
	"calld/announce"
	"calld/config"
	"calld/queue"
)

// tell plays what the caller is to hear before the call goes on or ends. What
// can't be played is left out: the call goes on.
func (c *caller) tell(ctx context.Context, notices ...config.Notice) error {
	for _, n := range notices {
		for _, sound := range c.sounds(ctx, n) {
			if err := c.play(ctx, sound, nil); err != nil {
				return err
			}
		}
	}
	return context.Cause(ctx)
}

// sounds has the texts of a notice spoken. When one of them can't be, the sound
// of the notice stands for all.
func (c *caller) sounds(ctx context.Context, n config.Notice) []string {
	var list []string
	for _, text := range n.Text {
		r := c.in.Announcer.Speak(ctx, announce.Spoken{Call: c.ticket.CallID(), Queue: c.queue.ID, Text: text, Language: n.Language})
		if r.Sound == "" {
			list = nil
			break
		}
		list = append(list, r.Sound)
	}
	if list == nil && n.Sound != "" {
		return []string{n.Sound}
	}
	return list
}

// play plays a sound until it ends, or stop is closed. A sound that is not there
// is no error.
func (c *caller) play(ctx context.Context, sound string, stop <-chan struct{}) error {
	if err := c.answer(ctx); err != nil {
		return err
	}
	c.music = false // file.c, ast_openstream_full: a sound ends it
	_, err := c.s.StreamFileUntil(ctx, stop, sound)
	if errors.Is(err, agi.ErrFailed) && context.Cause(ctx) == nil {
		c.log.Warn("sound not played", "sound", sound, "err", err)
		return nil
	}
	return err
}

// tellRecorded tells once that the call is recorded, if it is.
func (c *caller) tellRecorded(ctx context.Context) error {
	if c.record == "" || c.warned || c.queue.RecordingNotice.Empty() {
		return nil
	}
	c.warned = true
	return c.tell(ctx, c.queue.RecordingNotice)
}

// follow takes the queue that the call is in now. Until somebody talks, that one
// decides what is recorded.
func (c *caller) follow() {
	q, ok := c.ticket.Queue()
	if !ok || q.ID == c.queue.ID {
		return
	}
	c.music = c.music && q.Music == c.queue.Music
	c.queue = q
	c.log = c.log.With("now_in", q.ID)
	if c.recording {
		return
	}
	if c.record = ""; q.Recording {
		c.record = c.recordPath
	}
	c.ticket.Records(c.record)
}

// wait waits for something to do, and tells the caller from time to time how
// long that will take. What is being said is cut when there is something.
func (c *caller) wait(ctx context.Context) error {
	for {
		c.follow() // an agent may have handed the call to another queue
		if c.ticket.Pending() {
			return nil
		}
		if !c.music {
			if err := c.startMusic(ctx); err != nil {
				return err
			}
		}
		if c.queue.Waiting.Every == 0 {
			return c.ticket.Wait(ctx)
		}
		pause, cancel := context.WithTimeout(ctx, c.queue.Waiting.Every)
		err := c.ticket.Wait(pause)
		cancel()
		if err == nil || context.Cause(ctx) != nil {
			return err
		}
		if err := c.tellWaiting(ctx); err != nil {
			return err
		}
	}
}

// tellWaiting tells the caller about the wait until there is something to do.
func (c *caller) tellWaiting(ctx context.Context) error {
	place, ok := c.ticket.Place()
	if !ok {
		return nil
	}
	notice := c.queue.Waiting.Notice
	notice.Text = fillIn(notice.Text, place)
	quiet, stop := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		defer stop()
		_ = c.ticket.Wait(quiet) // whatever it says, it is over
	}()
	defer func() {
		stop()
		<-watched
	}()
	for _, sound := range c.sounds(quiet, notice) {
		if quiet.Err() != nil {
			break
		}
		if err := c.play(ctx, sound, quiet.Done()); err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

// fillIn puts the place and the wait into sentences. One that tells of a wait
// that nobody knows is left out.
func fillIn(sentences []string, p queue.Place) []string {
	var list []string
	for _, text := range sentences {
		if p.Expected <= 0 && strings.Contains(text, config.PlaceMinutes) {
			continue
		}
		minutes := int64((p.Expected + time.Minute - 1) / time.Minute)
		list = append(list, strings.NewReplacer(
			config.PlacePosition, strconv.Itoa(p.Position), config.PlaceMinutes, strconv.FormatInt(minutes, 10),
		).Replace(text))
	}
	return list
}
