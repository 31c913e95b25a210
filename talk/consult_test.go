package talk

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"calld/exchange"
	"calld/queue"

	"github.com/google/go-cmp/cmp"
)

// TestConsult: the board is told before Asterisk when the agent's channel
// leaves, and of who was consulted by the name of its channel.
func TestConsult(t *testing.T) {
	consult := func(ctx context.Context, t *Talks) error {
		_, err := t.Consult(ctx, "c1", queue.Target{Agent: "이몽룡"})
		return err
	}
	complete := func(ctx context.Context, t *Talks) error { _, err := t.Complete(ctx, "c1"); return err }
	cancel := func(ctx context.Context, t *Talks) error { _, err := t.Cancel(ctx, "c1"); return err }
	unhold := func(ctx context.Context, t *Talks) error { return t.Unhold(ctx, "c1") }
	refused := errors.New("permission denied")
	tests := map[string]struct {
		do             func(context.Context, *Talks) error
		held, consults bool
		refusal        error // of the board
		asterisk       error
		want           []string
		err            error
	}{
		"in a talk": {do: consult, want: []string{
			"set PJSIP/8001-1 __HELD=PJSIP/trunk-1", "board: PJSIP/8001-1 consults 이몽룡 on UNIQUEID of PJSIP/8001-1 for c1",
			"redirect PJSIP/8001-1 to consult,s",
		}},
		"while held": {do: consult, held: true, want: []string{
			"set PJSIP/8001-9 __HELD=PJSIP/trunk-1", "board: PJSIP/8001-9 consults 이몽룡 on UNIQUEID of PJSIP/8001-9 for c1",
			"redirect PJSIP/8001-9 to consult,s",
		}},
		"the board says no": {do: consult, held: true, refusal: queue.ErrConsulting, err: queue.ErrConsulting, want: []string{
			"set PJSIP/8001-9 __HELD=PJSIP/trunk-1", "board: PJSIP/8001-9 consults 이몽룡 on UNIQUEID of PJSIP/8001-9 for c1",
		}},
		"asterisk says no":    {do: consult, held: true, asterisk: refused, err: refused},
		"complete":            {do: complete, held: true, consults: true, want: []string{"board: complete c1 with PJSIP/8002-1"}},
		"complete nothing":    {do: complete, held: true, refusal: queue.ErrNotConsulting, err: queue.ErrNotConsulting, want: []string{"board: complete c1 with "}},
		"take back":           {do: cancel, held: true, consults: true, want: []string{"board: cancel c1"}},
		"take back, ringing":  {do: cancel, held: true, want: []string{"board: cancel c1"}},
		"unhold":              {do: unhold, held: true, consults: true, want: []string{"board: unhold c1"}},
		"nobody can be asked": {do: complete, held: true, consults: true, asterisk: exchange.ErrAway, err: exchange.ErrAway},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := talking()
				c.held, c.consults, c.refusal, c.err = tt.held, tt.consults, tt.refusal, tt.asterisk
				if tt.consults {
					c.peer = "PJSIP/8002-1"
				}
				c.done <- queue.Transfer{Result: queue.TransferAnswered}
				if err := tt.do(t.Context(), c.talks()); !errors.Is(err, tt.err) {
					t.Errorf("error %v, want %v", err, tt.err)
				}
				for i := range tt.want {
					tt.want[i] = "0 " + tt.want[i]
				}
				if diff := cmp.Diff(tt.want, c.asked); diff != "" {
					t.Errorf("asked (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestConsultNoQueue(t *testing.T) {
	c := talking()
	_, err := c.talks().Consult(t.Context(), "c1", queue.Target{Queue: "q"})
	var bad *TargetError
	if !errors.As(err, &bad) || bad.Field != "to.queue" || len(c.asked) > 0 {
		t.Errorf("%v, asked %v", err, c.asked)
	}
}
