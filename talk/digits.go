package talk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"calld/queue"
)

// Times of digits.
const (
	// digitLength is how long a digit sounds: twice what Q.24 asks receivers to
	// recognise, and the least that Asterisk plays.
	digitLength = 100 * time.Millisecond
	// digitSpacing is from the beginning of a digit to that of the next.
	digitSpacing = 250 * time.Millisecond
	// digitPause is what a comma or a w stands for.
	digitPause = 500 * time.Millisecond
)

// MaxDigits bounds the digits and pauses of one request, maxRequests how many
// requests for one call are served or wait at a time.
const (
	MaxDigits   = 32
	maxRequests = 32
)

// ErrTooManyRequests says that enough digits for the call wait to be played.
var ErrTooManyRequests = errors.New("talk: too many requests for digits of the call")

// Side is one end of a talk.
type Side string

// The sides that digits can be played to.
const (
	ToCaller Side = "caller" // the customer
	ToAgent  Side = "agent"
)

// DigitsError says why a text can't be played.
type DigitsError struct{ Reason string }

func (e *DigitsError) Error() string { return "talk: digits: " + e.Reason }

// checkDigits looks for what is no digit.
func checkDigits(s string) error {
	switch bad := strings.Trim(s, "0123456789*#ABCD,w"); {
	case s == "":
		return &DigitsError{"there are none"}
	case len(s) > MaxDigits:
		return &DigitsError{fmt.Sprintf("%d of them; there may be %d", len(s), MaxDigits)}
	case bad != "":
		return &DigitsError{fmt.Sprintf("%q is none of 0-9, *, #, A-D, or a comma or w for a pause", bad)}
	}
	return nil
}

// Digits plays digits to one side of a talk, one after another, and returns
// when the last has been played or one could not be. They are meant for the talk
// under way when they are asked for: when it has been handed over before they
// are played, the error is [queue.ErrNotTalking].
func (t *Talks) Digits(ctx context.Context, callID string, to Side, digits string) error {
	if err := checkDigits(digits); err != nil {
		return err
	}
	meant, err := t.talking(callID)
	if err != nil {
		return err
	}
	if err := t.digits.enter(ctx, callID); err != nil {
		return err
	}
	defer t.digits.leave(callID)
	_, customer, agent, err := t.ends(ctx, callID)
	if err != nil {
		return err
	}
	channel := agent
	if to == ToCaller {
		channel = customer
	}
	for i := range len(digits) {
		next := digitPause
		if digits[i] != ',' && digits[i] != 'w' {
			next = digitSpacing
			if err := t.same(&meant); err != nil {
				return err
			}
			if err := t.exchange.PlayDTMF(ctx, channel, digits[i], digitLength); err != nil {
				return sorted(err)
			}
		}
		if err := wait(ctx, next); err != nil {
			return err
		}
	}
	return nil
}

// same tells whether a talk goes on with the agent whom it was found with.
func (t *Talks) same(meant *queue.Call) error {
	c, err := t.talking(meant.ID)
	if err == nil && (c.Agent != meant.Agent || len(c.Transfers) != len(meant.Transfers)) {
		err = fmt.Errorf("%w: it was handed over", queue.ErrNotTalking)
	}
	return err
}

// wait waits for a time, or for the end of ctx.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// lanes let one request for each call through at a time.
type lanes struct {
	mu   sync.Mutex
	byID map[string]*lane
}

type lane struct {
	turn  chan struct{} // full while somebody has it
	users int
}

func newLanes() lanes { return lanes{byID: map[string]*lane{}} }

// enter waits for one's turn; it must be followed by leave when it has come. The
// error is ctx's cause or [ErrTooManyRequests].
func (l *lanes) enter(ctx context.Context, id string) error {
	l.mu.Lock()
	x := l.byID[id]
	if x == nil {
		x = &lane{turn: make(chan struct{}, 1)}
		l.byID[id] = x
	}
	if x.users == maxRequests {
		l.mu.Unlock()
		return fmt.Errorf("%w: %s", ErrTooManyRequests, id)
	}
	x.users++
	l.mu.Unlock()
	select {
	case x.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		l.release(id)
		return context.Cause(ctx)
	}
}

func (l *lanes) leave(id string) {
	l.mu.Lock()
	x := l.byID[id]
	l.mu.Unlock()
	<-x.turn
	l.release(id)
}

func (l *lanes) release(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	x := l.byID[id]
	if x.users--; x.users == 0 {
		delete(l.byID, id)
	}
}
