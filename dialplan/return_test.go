package dialplan

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"calld/agi"
	"calld/agi/agitest"
	"calld/config"
	"calld/queue"
)

// TestLostScript: the connection breaks, or calld stops. The caller comes
// back, with the same call, to the same place.
func TestLostScript(t *testing.T) {
	inCentre(t, func(c *centre) {
		t := c.t
		k := c.caller("1000")
		k.Dial(c.script)
		synctest.Wait()
		begin := c.board.Snapshot().Calls[0].Begin
		k.Drop()
		k.Wait()
		synctest.Wait()
		if got := k.Var(VarResult); got != "" {
			t.Fatalf("%s = %q: the dialplan would not come back", VarResult, got)
		}
		time.Sleep(time.Second)

		back := c.returning("1000")
		for _, name := range []string{VarID, VarEntered, "CHANNEL(state)"} {
			back.SetVar(name, k.Var(name))
		}
		back.SetVar(VarTry, "2")
		dials(back, answered)
		back.Dial(c.script)
		synctest.Wait()
		if got := c.board.Snapshot().Calls; len(got) != 1 || got[0].ID != k.Var(VarID) || !got[0].Begin.Equal(begin) {
			t.Fatalf("calls = %+v, want %s from %v", got, k.Var(VarID), begin)
		}
		c.logIn("홍길동")
		wantSaid(t, back, "SET VARIABLE CALLD_TRY ", "StartMusicOnHold(jazz)", "Dial(PJSIP/801,2,gim(jazz))",
			"SET VARIABLE CALLD_RESULT ANSWERED")
		c.wantEnd(back, queue.Answered, "16 agent")
	})
}

// TestReturning: what a caller brings along from an earlier calld.
func TestReturning(t *testing.T) {
	entered := func(k *agitest.Caller, ago time.Duration) {
		k.SetVar(VarEntered, fmt.Sprint(time.Now().Add(-ago).UnixMilli()))
	}
	t.Run("talked meanwhile", func(t *testing.T) {
		inCentre(t, func(c *centre) {
			t := c.t
			k := c.returning("2000")
			k.SetVar(VarID, "old")
			k.SetVar("CHANNEL(state)", "Up")
			k.SetVar("DIALSTATUS", "ANSWER")
			entered(k, time.Minute)
			k.Dial(c.script)
			wantSaid(t, k, "SET VARIABLE CALLD_TRY ", "SET VARIABLE CALLD_RESULT ANSWERED")
			c.wantEnd(k, queue.Answered, "unrecorded")
		})
	})
	for _, status := range []string{"", "NOANSWER", "BUSY", "CHANUNAVAIL", "CANCEL"} {
		t.Run("waits on after "+status, func(t *testing.T) {
			inCentre(t, func(c *centre) {
				c.logIn("홍길동")
				k := c.returning("2000")
				k.SetVar(VarID, "old")
				k.SetVar("CHANNEL(state)", "Up")
				k.SetVar("DIALSTATUS", status)
				k.SetVar("MIXMONITOR_FILENAME", "/rec/1999/12/31/old.wav")
				entered(k, 10*time.Hour)
				dials(k, answered)
				k.Dial(c.script)
				// It waited longer than max_wait already, by its own account.
				c.wantEnd(k, queue.Timeout, "")
			})
		})
	}
	t.Run("ended long ago", func(t *testing.T) {
		inCentre(t, func(c *centre) {
			t := c.t
			c.logIn("홍길동")
			c.script.Ended = func(id string) (queue.Outcome, bool) { return queue.Timeout, id == "old" }
			k := c.returning("2000")
			k.SetVar(VarID, "old")
			entered(k, 10*time.Minute)
			k.Dial(c.script)
			// It is no call again, which would take the place of the one in the history.
			wantSaid(t, k, "SET VARIABLE CALLD_RESULT TIMEOUT")
			if len(c.ended) > 0 || len(c.board.Snapshot().Calls) > 0 {
				t.Errorf("the call lives again: %+v", c.ended)
			}
		})
	})
	t.Run("recorded already", func(t *testing.T) {
		inCentre(t, func(c *centre) {
			t := c.t
			c.logIn("홍길동")
			k := c.returning("2000")
			k.SetVar(VarID, "old")
			k.SetVar("CHANNEL(state)", "Up")
			k.SetVar("DIALSTATUS", "NOANSWER")
			k.SetVar("MIXMONITOR_FILENAME", "/rec/2000/01/01/old.wav")
			entered(k, time.Second)
			dials(k, answered)
			k.Dial(c.script)
			// No second greeting, no second recording, no ringing tone.
			wantSaid(t, k, "SET VARIABLE CALLD_TRY ", "Dial(PJSIP/801,20,gim(default))", "SET VARIABLE CALLD_RESULT ANSWERED")
			if got := c.wantEnd(k, queue.Answered, "16 agent"); got.Record != "2000/01/01/old.wav" || got.WaitMS != 1000 {
				t.Errorf("call = %+v", got)
			}
		})
	})
	t.Run("recorded by somebody else", func(t *testing.T) {
		inCentre(t, func(c *centre) {
			t := c.t
			c.logIn("홍길동")
			k := c.returning("2000")
			k.SetVar(VarID, "old")
			k.SetVar("MIXMONITOR_FILENAME", "/elsewhere/a|b.wav")
			entered(k, time.Second)
			dials(k, answered)
			k.Dial(c.script)
			wantSaid(t, k, "SET VARIABLE CALLD_TRY ", "MixMonitor(/rec/DAY/ID.wav,b)", "Dial(PJSIP/801,20,gi)",
				"SET VARIABLE CALLD_RESULT ANSWERED")
		})
	})
	t.Run("over already", func(t *testing.T) {
		inCentre(t, func(c *centre) {
			t := c.t
			c.logIn("홍길동")
			k := c.caller("1000")
			dials(k, answered)
			k.Dial(c.script)
			k.Wait()
			again := c.returning("1000")
			again.SetVar(VarID, k.Var(VarID))
			again.Dial(c.script)
			wantSaid(t, again, "SET VARIABLE CALLD_TRY ", "SET VARIABLE CALLD_RESULT ANSWERED")
		})
	})
	t.Run("calld was away from the first", func(t *testing.T) {
		inCentre(t, func(c *centre) {
			t := c.t
			k := c.returning("1000")
			k.SetVar(VarTry, "3")
			k.SetVar("CHANNEL(state)", "Up")
			entered(k, 5*time.Second)
			k.Dial(c.script)
			synctest.Wait()
			if got := time.Since(c.board.Snapshot().Calls[0].Begin); got != 5*time.Second {
				t.Errorf("came in %v ago", got)
			}
			wantSoFar(t, k, takenIn, "SET VARIABLE CALLD_TRY ", "StartMusicOnHold(jazz)")
			k.Hangup(16)
			c.wantEnd(k, queue.Abandoned, "16 caller")
		})
	})
	for name, value := range map[string]string{"later": "", "rubbish": "soon", "empty": ""} {
		t.Run("place "+name, func(t *testing.T) {
			inCentre(t, func(c *centre) {
				t := c.t
				k := c.returning("1000")
				k.SetVar(VarTry, "1")
				k.SetVar(VarEntered, value)
				if name == "later" {
					entered(k, -time.Hour)
				}
				k.Dial(c.script)
				synctest.Wait()
				if got := c.board.Snapshot().Calls[0].Begin; !got.Equal(time.Now()) {
					t.Errorf("came in at %v", got)
				}
				k.Hangup(16)
				k.Wait()
			})
		})
	}
}

// TestSuperseded: the channel came back while its first script still runs.
// The first one leaves the channel and the call alone.
func TestSuperseded(t *testing.T) {
	inCentre(t, func(c *centre) {
		t := c.t
		first := c.caller("1000")
		first.Dial(c.script)
		synctest.Wait()
		second := c.returning("1000")
		second.SetVar(VarID, first.Var(VarID))
		dials(second, answered)
		second.Dial(c.script)
		first.Wait()
		if got := first.Var(VarResult); got != "" {
			t.Errorf("the first script left %s = %q", VarResult, got)
		}
		c.logIn("홍길동")
		c.wantEnd(second, queue.Answered, "16 agent")
	})
}

// TestServerStops: the script ends at once and leaves the caller to the
// dialplan, which comes back.
func TestServerStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := loadConfig(t, centreConfig)
		board := queue.New(queue.Options{Config: cfg})
		go board.Run(t.Context())
		script := &Inbound{
			Board: board, Config: func() *config.Config { return cfg }, Log: slog.New(slog.DiscardHandler),
			Announcer: &announcer{},
		}
		k := agitest.New(t, agi.Env{Args: []string{"1000"}})
		ctx, stop := context.WithCancelCause(t.Context())
		k.Dial(agi.HandlerFunc(func(session context.Context, s *agi.Session) {
			session, cancel := context.WithCancelCause(session)
			defer cancel(nil)
			defer context.AfterFunc(ctx, func() { cancel(agi.ErrServerClosed) })()
			script.ServeAGI(session, s)
		}))
		synctest.Wait()
		stop(agi.ErrServerClosed)
		k.Wait()
		if got := k.Var(VarResult); got != "" {
			t.Errorf("%s = %q: the dialplan would not come back", VarResult, got)
		}
		if got := board.Snapshot().Calls; len(got) != 1 || got[0].Phase != queue.Waiting {
			t.Errorf("calls = %+v", got)
		}
	})
}
