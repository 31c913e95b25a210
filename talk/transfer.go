package talk

import (
	"context"
	"fmt"
	"strings"
	"time"

	"calld/config"
	"calld/queue"
)

// Bounds of the SIP headers of a transfer.
const (
	maxHeaders     = 16
	maxHeaderName  = 64  // bytes
	maxHeaderValue = 256 // bytes
)

// transferWait is how long the answer to a transfer is waited for: longer than
// a target may ring by default, and shorter than an HTTP answer may take.
const transferWait = 45 * time.Second

// What a transfer may have come to beside its results on record.
const (
	// Waiting: the customer stands in the queue.
	Waiting = "waiting"
	// Ringing: the target has not answered yet. The call's transfers will tell.
	Ringing = "ringing"
)

// TargetError says what is wrong with the target of a transfer.
type TargetError struct{ Field, Reason string }

func (e *TargetError) Error() string { return "talk: " + e.Field + ": " + e.Reason }

// Transfer hands a call over and waits until the target has answered, or has
// not; ctx may end the waiting, not the transfer. Whoever has asked for it is
// off the call at once, and gets it back when the target does not answer. The
// transfer's result is one of those on record, Waiting or Ringing.
func (t *Talks) Transfer(ctx context.Context, callID string, to queue.Target) (queue.Transfer, error) {
	if err := checkTarget(&to); err != nil {
		return queue.Transfer{}, err
	}
	c, customer, agent, err := t.ends(ctx, callID)
	if err != nil {
		return queue.Transfer{}, err
	}
	done, err := t.board.Transfer(c.ID, to)
	if err != nil {
		return queue.Transfer{}, err
	}
	if t.byAgent(&c) { // whose channel has nothing left to do when the customer's leaves
		err = t.carriedOut(c.ID, t.exchange.Redirect(ctx, customer, t.turnedContext, c.Caller))
	} else {
		err = t.takeOut(ctx, &c, agent)
	}
	if err != nil {
		return queue.Transfer{}, err
	}
	return await(ctx, done, queue.Transfer{At: time.Now(), To: to.String(), Kind: queue.Blind, From: c.Agent, Queue: c.Queue, Result: Ringing})
}

// await waits for what came of a transfer; after a while it is as it is yet.
func await(ctx context.Context, done <-chan queue.Transfer, yet queue.Transfer) (queue.Transfer, error) {
	patience := time.NewTimer(transferWait)
	defer patience.Stop()
	select {
	case x := <-done:
		if x.Result == queue.TransferPending {
			x.Result = Waiting
		}
		return x, nil
	case <-ctx.Done():
		return queue.Transfer{}, context.Cause(ctx)
	case <-patience.C:
		return yet, nil
	}
}

// checkTarget looks for what a script could not tell Asterisk, and writes the
// number as it is dialled. Headers are those
// of one's own making: another header could break the message.
func checkTarget(to *queue.Target) error {
	given := 0
	for _, s := range []string{to.Number, to.Agent, to.Queue} {
		if s != "" {
			given++
		}
	}
	switch {
	case given != 1:
		return &TargetError{"to", "give one of number, agent and queue"}
	case len(to.Headers) > maxHeaders:
		return &TargetError{"headers", fmt.Sprintf("%d of them; there may be %d", len(to.Headers), maxHeaders)}
	}
	if to.Number != "" {
		number, err := config.DialNumber(to.Number)
		if err != nil {
			return &TargetError{"to.number", err.Error()}
		}
		to.Number = number
	}
	for name, value := range to.Headers {
		switch {
		case len(name) > maxHeaderName || !isHeader(name):
			return &TargetError{"headers", fmt.Sprintf("%q is no name of a header that begins with X-", name)}
		case len(value) > maxHeaderValue || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }):
			return &TargetError{"headers." + name, "no control characters, and 256 bytes at the most"}
		}
	}
	return nil
}

func isHeader(name string) bool {
	rest, ok := strings.CutPrefix(name, "X-")
	return ok && rest != "" && !strings.ContainsFunc(rest, func(r rune) bool {
		return r != '-' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
}
