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
			if _, err := c.play(ctx, context.Background(), sound, ""); err != nil {
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

// play plays a sound until it ends, offer is done, or a key of escape is pressed,
// which it returns. A sound that is not there is no error.
func (c *caller) play(ctx, offer context.Context, sound, escape string) (key byte, err error) {
	if err := c.answer(ctx); err != nil {
		return 0, err
	}
	c.music = false // file.c, ast_openstream_full: a sound ends it
	p, err := c.s.StreamFileUntil(ctx, offer.Done(), sound, escape)
	if errors.Is(err, agi.ErrFailed) && context.Cause(ctx) == nil {
		c.log.Warn("sound not played", "sound", sound, "err", err)
		return 0, nil
	}
	return p.Digit, err
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
	c.queue, c.offered = q, false
	c.log = c.log.With("now_in", q.ID)
	if c.recording {
		return
	}
	if c.record = ""; q.Recording {
		c.record = c.recordPath
	}
	c.ticket.Records(c.record)
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
