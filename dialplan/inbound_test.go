package dialplan

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"calld/agi"
	"calld/agi/agitest"
	"calld/announce"
	"calld/config"
	"calld/queue"

	"github.com/google/go-cmp/cmp"
)

func TestUnknownNumber(t *testing.T) {
	inCentre(t, func(c *centre) {
		t := c.t
		k := c.caller("9999")
		k.Dial(c.script)
		wantSaid(t, k, "SET VARIABLE CALLD_RESULT UNKNOWN")
		if len(c.ended) != 0 {
			t.Errorf("calls: %v", c.ended)
		}
	})
}

// TestCalledNumber: the argument goes before the extension, however it is
// written.
func TestCalledNumber(t *testing.T) {
	tests := map[string]struct {
		args      []string
		extension string
		known     bool
	}{
		"argument":         {[]string{"1000"}, "s", true},
		"written out":      {[]string{"1-0 (0).0"}, "s", true},
		"extension":        {nil, "1000", true},
		"empty argument":   {[]string{""}, "1000", true},
		"argument unknown": {[]string{"77"}, "1000", false},
		"neither":          {nil, "s", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inCentre(t, func(c *centre) {
				t := c.t
				c.logIn("홍길동")
				k := agitest.New(t, agi.Env{Args: tt.args, Extension: tt.extension})
				dials(k, answered)
				k.Dial(c.script)
				k.Wait()
				if got := k.Var(VarResult); (got == "ANSWERED") != tt.known || (got == "UNKNOWN") == tt.known {
					t.Errorf("%s = %q", VarResult, got)
				}
			})
		})
	}
}

// TestAnsweredAtOnce: nothing to play, an agent free: the channel is not
// answered before the agent does it, and Dial has no music.
func TestAnsweredAtOnce(t *testing.T) {
	inCentre(t, func(c *centre) {
		t := c.t
		c.logIn("홍길동")
		k := c.caller("1000")
		dials(k, answered)
		k.Dial(c.script)
		wantSaid(t, k, takenIn, "Dial(PJSIP/801,2,gi)", "SET VARIABLE CALLD_RESULT ANSWERED")
		got := c.wantEnd(k, queue.Answered, "16 agent")
		if got.ID != k.Var(VarID) || got.Agent != "홍길동" || got.Caller != "01012345678" || got.Callee != "1000" || got.Record != "" {
			t.Errorf("call = %+v", got)
		}
		if k.Status() != "SUCCESS" {
			t.Errorf("AGISTATUS = %s", k.Status())
		}
	})
}

// TestRecording: it starts once, before the first ringing, on the caller's
// channel, under the day's folder.
func TestRecording(t *testing.T) {
	inCentre(t, func(c *centre) {
		t := c.t
		c.announcer.fetch = play("")
		c.logIn("홍길동")
		k := c.caller("2000")
		dials(k, map[string]string{"DIALSTATUS": "NOANSWER"}, answered)
		k.Dial(c.script)
		wantSaid(t, k,
			takenIn, "MixMonitor(/rec/DAY/ID.wav,b)", "Dial(PJSIP/801,20,gi)",
			"ANSWER", "StartMusicOnHold(default)", // a vain ring: from now on music
			"Dial(PJSIP/801,20,gim(default))", "SET VARIABLE CALLD_RESULT ANSWERED")
		if got := c.wantEnd(k, queue.Answered, "16 agent"); got.Record != "2000/01/01/"+got.ID+".wav" {
			t.Errorf("record = %q", got.Record)
		}
	})
}

// A caller who waits through a reload is rung as the new configuration says: numbers are
// hidden from the agents from then on.
func TestReloadWhileWaiting(t *testing.T) {
	inCentre(t, func(c *centre) {
		k := c.caller("1000")
		dials(k, answered)
		k.Dial(c.script)
		synctest.Wait()
		cfg := loadConfig(t, centreConfig+"[privacy]\nmask_numbers_for = [\"agent\"]\n")
		c.script.Config = func() *config.Config { return cfg }
		c.board.Reload(cfg)
		c.logIn("홍길동")
		c.wantEnd(k, queue.Answered, "16 agent")
		if got := strings.Join(said(k), "\n"); !strings.Contains(got, "Dial(PJSIP/801,2,gif(010****5678)m(jazz))") {
			t.Errorf("the agent's phone shows the number:\n%s", got)
		}
	})
}

// TestRingAll: every free agent in one Dial.
func TestRingAll(t *testing.T) {
	inCentre(t, func(c *centre) {
		t := c.t
		c.logIn("홍길동", "second")
		k := c.caller("3000")
		dials(k, map[string]string{
			"DIALSTATUS": "ANSWER", "DIALEDPEERNAME": "PJSIP/802-00000002", "ANSWEREDTIME_MS": "0", "HANGUPCAUSE": "16",
		})
		k.Dial(c.script)
		wantSaid(t, k, takenIn, "Dial(PJSIP/801&PJSIP/802,20,gi)", "SET VARIABLE CALLD_RESULT ANSWERED")
		if got := c.wantEnd(k, queue.Answered, "16 agent"); got.Agent != "second" {
			t.Errorf("agent = %s", got.Agent)
		}
	})
}

// TestMusicWhileWaiting: with nobody free there is music, once; the Dial that
// follows has music in place of the ringing tone.
func TestMusicWhileWaiting(t *testing.T) {
	inCentre(t, func(c *centre) {
		t := c.t
		c.logIn("홍길동")
		if err := c.board.SetState("홍길동", true, "lunch"); err != nil {
			t.Fatal(err)
		}
		k := c.caller("1000")
		dials(k, answered)
		k.Dial(c.script)
		synctest.Wait()
		wantSoFar(t, k, takenIn, "ANSWER", "StartMusicOnHold(jazz)")
		if err := c.board.SetState("홍길동", false, ""); err != nil {
			t.Fatal(err)
		}
		wantSaid(t, k, takenIn, "ANSWER", "StartMusicOnHold(jazz)", "Dial(PJSIP/801,2,gim(jazz))",
			"SET VARIABLE CALLD_RESULT ANSWERED")
		c.wantEnd(k, queue.Answered, "16 agent")
	})
}

func TestAnnouncement(t *testing.T) {
	const missing = "200 result=-1 endpos=0"
	tests := map[string]struct {
		result announce.Result
		stream string // Asterisk's answer, when it is not the usual one
		want   []string
	}{
		"played": {
			announce.Result{Kind: announce.Play, Sound: "calld/x"},
			"",
			[]string{"ANSWER", `STREAM FILE calld/x  0`, "MixMonitor(/rec/DAY/ID.wav,b)", "Dial(PJSIP/801,20,gim(default))"},
		},
		"skipped": {
			announce.Result{Kind: announce.Skip},
			"",
			[]string{"MixMonitor(/rec/DAY/ID.wav,b)", "Dial(PJSIP/801,20,gi)"},
		},
		"fallback": {
			announce.Result{Kind: announce.Fallback, Sound: "sorry", Reason: announce.ReasonStatus},
			"",
			[]string{"ANSWER", `STREAM FILE sorry  0`, "MixMonitor(/rec/DAY/ID.wav,b)", "Dial(PJSIP/801,20,gim(default))"},
		},
		"no fallback": {
			announce.Result{Kind: announce.Fallback, Reason: announce.ReasonStatus},
			"",
			[]string{"MixMonitor(/rec/DAY/ID.wav,b)", "Dial(PJSIP/801,20,gi)"},
		},
		"sound is missing": {
			announce.Result{Kind: announce.Play, Sound: "gone"},
			missing,
			[]string{"ANSWER", `STREAM FILE gone  0`, "MixMonitor(/rec/DAY/ID.wav,b)", "Dial(PJSIP/801,20,gim(default))"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inCentre(t, func(c *centre) {
				t := c.t
				c.announcer.fetch = func(_ context.Context, _ announce.Request, url string) announce.Result {
					if url != "http://announce/2000" {
						t.Errorf("url = %q", url)
					}
					return tt.result
				}
				c.logIn("홍길동")
				k := c.caller("2000")
				if tt.stream != "" {
					k.Reply("STREAM FILE", tt.stream)
				}
				dials(k, answered)
				k.Dial(c.script)
				wantSaid(t, k, slices.Concat([]string{takenIn}, tt.want, []string{"SET VARIABLE CALLD_RESULT ANSWERED"})...)
				c.wantEnd(k, queue.Answered, "16 agent")
				want := []announce.Request{{
					Call: k.Var(VarID), Queue: "spoken", Number: "2000", Caller: "01012345678", Language: "ko",
				}}
				if diff := cmp.Diff(want, c.announcer.asked); diff != "" {
					t.Errorf("asked (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestSlowAnnouncementHangUp: the caller leaves while the announcement is
// still being made. Its maker is told.
func TestSlowAnnouncementHangUp(t *testing.T) {
	inCentre(t, func(c *centre) {
		t := c.t
		told := false
		c.announcer.fetch = func(ctx context.Context, _ announce.Request, _ string) announce.Result {
			<-ctx.Done()
			told = errors.Is(context.Cause(ctx), agi.ErrHangup)
			return announce.Result{Kind: announce.Fallback, Sound: "sorry", Reason: announce.ReasonCallerLeft}
		}
		c.logIn("홍길동")
		k := c.caller("2000")
		k.Dial(c.script)
		synctest.Wait()
		k.Hangup(16)
		c.wantEnd(k, queue.Abandoned, "16 caller")
		if !told {
			t.Error("the announcer was not told that the caller left")
		}
	})
}

// TestHangup: the caller hangs up within each command, and while the session
// is idle.
func TestHangup(t *testing.T) {
	away := func(c *centre) { c.board.SetState("홍길동", true, "") }
	tests := map[string]struct {
		number string
		hold   string // the command under way; empty: idle
		before func(*centre)
	}{
		"taking in":        {"2000", "SET VARIABLE", nil},
		"answer":           {"2000", "ANSWER", nil},
		"announcement":     {"2000", "STREAM FILE", nil},
		"recording begins": {"2000", "EXEC MixMonitor", nil},
		"ringing":          {"2000", "EXEC Dial", nil},
		"music begins":     {"1000", "EXEC StartMusicOnHold", away},
		"waiting":          {"1000", "", away},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inCentre(t, func(c *centre) {
				t := c.t
				c.logIn("홍길동")
				if tt.before != nil {
					tt.before(c)
				}
				k := c.caller(tt.number)
				if tt.hold != "" {
					once := false
					k.On(tt.hold, func(*agitest.Command) string {
						if once {
							return ""
						}
						once = true
						k.Hangup(16) // busy: the line HANGUP follows this answer
						k.SetVar("DIALSTATUS", "CANCEL")
						if tt.hold == "SET VARIABLE" {
							return "" // it has done its work
						}
						return "200 result=-1"
					})
				}
				k.Dial(c.script)
				if tt.hold == "" {
					synctest.Wait()
					k.Hangup(16)
				}
				got := c.wantEnd(k, queue.Abandoned, "16 caller")
				if got.Start != nil || got.Record != "" {
					t.Errorf("call = %+v", got)
				}
				if s := c.board.Snapshot(); s.Agents[0].State == queue.AgentRings {
					t.Error("the agent still rings")
				}
			})
		})
	}
}

// TestHangupInTalk: the caller ends the conversation.
func TestHangupInTalk(t *testing.T) {
	inCentre(t, func(c *centre) {
		t := c.t
		c.logIn("홍길동")
		k := c.caller("1000")
		k.Hold("EXEC Dial")
		k.Dial(c.script)
		synctest.Wait()
		uid := c.board.Snapshot().Calls[0].UniqueID
		c.board.Heard(queue.Fact{Kind: queue.PhoneAnswers, UniqueID: uid, Phone: "801"})
		time.Sleep(2 * time.Second) // in the bubble
		for name, value := range map[string]string{"DIALSTATUS": "ANSWER", "DIALEDPEERNAME": "PJSIP/801-00000002", "ANSWEREDTIME_MS": "2000"} {
			k.SetVar(name, value)
		}
		k.Hangup(16)
		if got := c.wantEnd(k, queue.Answered, "16 caller"); got.TalkMS != 2000 {
			t.Errorf("talked %d ms", got.TalkMS)
		}
	})
}

// TestRedirect: somebody sends the caller elsewhere, idle or while the
// phone rings.
func TestRedirect(t *testing.T) {
	for _, ringing := range []bool{false, true} {
		t.Run(fmt.Sprintf("ringing=%t", ringing), func(t *testing.T) {
			inCentre(t, func(c *centre) {
				t := c.t
				if ringing {
					c.logIn("홍길동")
				} else if err := c.board.RestoreAway("홍길동", ""); err != nil {
					t.Fatal(err)
				}
				k := c.caller("1000")
				k.Hold("EXEC Dial")
				k.Dial(c.script)
				synctest.Wait()
				if ringing {
					k.SetVar("DIALSTATUS", "CANCEL") // as of a hang-up
				}
				k.Redirect("elsewhere", "s", 1)
				c.wantEnd(k, queue.Failed, "redirected")
			})
		})
	}
}

// TestBoardEndsIt: outcomes that the board decides reach the channel.
func TestBoardEndsIt(t *testing.T) {
	t.Run("timeout", func(t *testing.T) {
		inCentre(t, func(c *centre) {
			t := c.t
			c.logIn("홍길동")
			c.board.SetState("홍길동", true, "")
			k := c.caller("1000")
			k.Dial(c.script)
			synctest.Wait()
			time.Sleep(time.Minute) // in the bubble: max_wait
			if got := c.wantEnd(k, queue.Timeout, ""); got.WaitMS != 60_000 {
				t.Errorf("waited %d ms", got.WaitMS)
			}
		})
	})
	t.Run("nobody logged in", func(t *testing.T) {
		inCentre(t, func(c *centre) {
			k := c.caller("4000")
			k.Dial(c.script)
			synctest.Wait()
			time.Sleep(5 * time.Second)
			c.wantEnd(k, queue.NoAgent, "")
		})
	})
	t.Run("full", func(t *testing.T) {
		inCentre(t, func(c *centre) {
			t := c.t
			first := c.caller("4000")
			first.Dial(c.script)
			synctest.Wait()
			k := c.caller("4000")
			k.Dial(c.script)
			wantSaid(t, k, takenIn, "SET VARIABLE CALLD_RESULT FULL")
			c.wantEnd(k, queue.Full, "")
			first.Hangup(16)
			first.Wait()
		})
	})
}

// TestHostileCaller: what a caller sends as name and number reaches no
// application and no dial string.
func TestHostileCaller(t *testing.T) {
	for _, evil := range []string{
		`";Dial(PJSIP/premium)`, `a,b&PJSIP/premium`, `${SHELL(id)}`, `$[1+1]`, `|rm -rf /`, `홍"길\동`, "../../etc/passwd", "%n%s",
	} {
		inCentre(t, func(c *centre) {
			t := c.t
			c.logIn("홍길동")
			k := agitest.New(t, agi.Env{Args: []string{"2000"}, CallerID: evil, CallerIDName: evil})
			dials(k, answered)
			k.Dial(c.script)
			k.Wait()
			for _, cmd := range k.Commands() {
				if strings.Contains(strings.Join(cmd.Words, " "), evil) {
					t.Errorf("%q reached %q", evil, cmd.Line)
				}
			}
			if len(c.ended) != 1 || c.ended[0].Caller != evil || c.ended[0].CallerName != evil {
				t.Errorf("recorded %+v", c.ended)
			}
		})
	}
}

// TestBrokenDial: Dial is not there. Coming back would end in the same, and
// ring nobody for ever: the call fails, and is a missed call.
func TestBrokenDial(t *testing.T) {
	inCentre(t, func(c *centre) {
		t := c.t
		c.logIn("홍길동")
		k := c.caller("1000")
		k.Reply("EXEC Dial", "200 result=-2")
		k.Dial(c.script)
		k.Wait()
		if got := k.Var(VarResult); got != "FAILED" {
			t.Errorf("%s = %q", VarResult, got)
		}
		if len(c.ended) != 1 || c.ended[0].Outcome != queue.Failed || c.ended[0].Cause != "script" || !c.ended[0].Missed() {
			t.Errorf("recorded %+v", c.ended)
		}
	})
}

// TestBrokenRecording: a call that can't be recorded goes on without.
func TestBrokenRecording(t *testing.T) {
	inCentre(t, func(c *centre) {
		t := c.t
		c.logIn("홍길동")
		k := c.caller("1000")
		dials(k, answered)
		k.Reply("EXEC MixMonitor", "200 result=-2")
		k.Dial(c.script)
		k.Wait()
		if len(c.ended) != 1 || c.ended[0].Outcome != queue.Answered || c.ended[0].Record != "" {
			t.Errorf("recorded %+v", c.ended)
		}
	})
}

// TestNewcomer: what the dialplan says of a new call spares a question; what it
// leaves out is asked.
func TestNewcomer(t *testing.T) {
	tests := map[string]struct {
		args []string
		want earlier
		ok   bool
	}{
		"not answered":       {[]string{"1000", "new", "946652400000", "Ring", ""}, earlier{}, true},
		"answered":           {[]string{"1000", "new", "946652400000", "Up"}, earlier{up: true}, true},
		"after another":      {[]string{"1000", "new", "", "Up", "NOANSWER"}, earlier{up: true, dialStatus: "NOANSWER"}, true},
		"back":               {[]string{"1000"}, earlier{}, false},
		"a dialplan by hand": {[]string{"1000", "new"}, earlier{}, false},
		"no arguments":       {nil, earlier{}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, ok := newcomer(tt.args)
			if got != tt.want || ok != tt.ok {
				t.Errorf("newcomer(%q) = %+v, %v", tt.args, got, ok)
			}
		})
	}
	t.Run("an earlier DIALSTATUS goes", func(t *testing.T) {
		inCentre(t, func(c *centre) {
			k := c.channel("1000", "new", "", "Up", "ANSWER")
			k.SetVar("DIALSTATUS", "ANSWER")
			k.Dial(c.script)
			synctest.Wait()
			wantSoFar(t, k, takenIn, "SET VARIABLE DIALSTATUS ", "StartMusicOnHold(jazz)")
			k.Hangup(16)
			c.wantEnd(k, queue.Abandoned, "16 caller")
		})
	})
}
