package dialplan

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"calld/agi"
	"calld/agi/agitest"
	"calld/announce"
	"calld/config"
	"calld/queue"

	"github.com/google/go-cmp/cmp"
)

// centreConfig is the call centre of these tests: two agents, and a queue of
// each kind.
const centreConfig = `
[callers]
blocked = ["0607*"]
[asterisk]
secret = "x"
recordings = "/rec"
agent_dial = "PJSIP/{phone}"
[queues.plain]
number = "1000"
recording = false
announcement = false
ring_timeout = "1500ms"
max_wait = "1m"
music = "jazz"
[queues.spoken]
number = "2000"
announcement = "http://announce/2000"
retry_pause = "1s"
[queues.all]
number = "3000"
queueing = "all"
recording = false
announcement = false
[queues.small]
number = "4000"
announcement = false
max_waiting = 1
no_agent_wait = "5s"
[queues.known]
number = "5000"
recording = false
announcement = false
sticky = "1d"
[agents."홍길동"]
password = "x"
phone = "801"
queues = ["plain", "spoken", "all", "known"]
[agents.second]
password = "x"
phone = "802"
queues = ["all", "known"]
`

// centre is a board with its script.
type centre struct {
	t         *testing.T
	board     *queue.Board
	script    *Inbound
	announcer *announcer
	ended     []queue.Call // guarded by the bubble: read after synctest.Wait
}

// announcer answers Fetch by a function.
type announcer struct {
	fetch func(context.Context, announce.Request, string) announce.Result
	asked []announce.Request
}

func (a *announcer) Fetch(ctx context.Context, r announce.Request, url string) announce.Result {
	a.asked = append(a.asked, r)
	return a.fetch(ctx, r, url)
}

// Speak has every text but "mute" as a sound of that name.
func (a *announcer) Speak(ctx context.Context, what announce.Spoken) announce.Result {
	if what.Text == "mute" || ctx.Err() != nil {
		return announce.Result{Kind: announce.Fallback, Reason: announce.ReasonTTSFailed}
	}
	return announce.Result{Kind: announce.Play, Sound: what.Language + "/" + what.Text}
}

// play is an announcer that has a sound at once.
func play(sound string) func(context.Context, announce.Request, string) announce.Result {
	return func(context.Context, announce.Request, string) announce.Result {
		return announce.Result{Kind: announce.Play, Sound: sound}
	}
}

// inCentre runs a test in a bubble, which fails if anything is left running.
func inCentre(t *testing.T, test func(*centre)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cfg := loadConfig(t, centreConfig)
		c := &centre{t: t, announcer: &announcer{fetch: play("hello")}}
		c.board = queue.New(queue.Options{Config: cfg, Seed: 1, Observers: []queue.Observer{
			queue.ObserverFunc(func(e *queue.Event) {
				if e.Kind == queue.CallEnded {
					c.ended = append(c.ended, *e.Call)
				}
			}),
		}})
		c.script = &Inbound{
			Board: c.board, Announcer: c.announcer, Config: func() *config.Config { return cfg },
			Log: slog.New(slog.DiscardHandler),
		}
		go c.board.Run(t.Context())
		test(c)
	})
}

// logIn makes an agent available.
func (c *centre) logIn(ids ...string) {
	c.t.Helper()
	for _, id := range ids {
		if err := c.board.Connect(id); err != nil {
			c.t.Fatal(err)
		}
	}
}

// caller prepares a call to a number, as the generated dialplan gives it to
// calld for the first time.
func (c *centre) caller(number string) *agitest.Caller {
	c.t.Helper()
	return c.channel(number, "new", "946652400000", "Ring", "")
}

// returning prepares a call that the dialplan brings back.
func (c *centre) returning(number string) *agitest.Caller {
	c.t.Helper()
	return c.channel(number)
}

func (c *centre) channel(args ...string) *agitest.Caller {
	c.t.Helper()
	k := agitest.New(c.t, agi.Env{NetworkScript: "inbound", Args: args, CallerID: "01012345678"})
	k.SetVar("CHANNEL(state)", "Ring")
	k.On("ANSWER", func(*agitest.Command) string {
		k.SetVar("CHANNEL(state)", "Up")
		return ""
	})
	return k
}

// dials makes Dial end like this, one after the other.
func dials(k *agitest.Caller, results ...map[string]string) {
	next := 0
	k.On("EXEC Dial", func(*agitest.Command) string {
		for name, value := range results[min(next, len(results)-1)] {
			k.SetVar(name, value)
		}
		next++
		return "200 result=0"
	})
}

// takenIn is the first thing a script says to a new call.
const takenIn = "SET VARIABLE __CALLD_ID ID"

// said is the commands a script sent, as one line each; questions for
// variables are left out.
func said(k *agitest.Caller) []string {
	var list []string
	for _, cmd := range k.Commands() {
		switch cmd.Verb {
		case "GET FULL VARIABLE":
		case "EXEC":
			list = append(list, cmd.Arg(0)+"("+cmd.Arg(1)+")")
		default:
			list = append(list, strings.Join(cmd.Words, " "))
		}
	}
	return list
}

// wantSaid compares the commands of a script that is over. ID stands for the
// call's id, DAY for the folders of its day.
func wantSaid(t *testing.T, k *agitest.Caller, want ...string) {
	t.Helper()
	k.Wait()
	wantSoFar(t, k, want...)
}

// wantSoFar compares the commands that a script has sent.
func wantSoFar(t *testing.T, k *agitest.Caller, want ...string) {
	t.Helper()
	got := said(k)
	for i := range got {
		if id := k.Var(VarID); id != "" {
			got[i] = strings.ReplaceAll(got[i], id, "ID")
		}
		got[i] = strings.ReplaceAll(got[i], "2000/01/01", "DAY") // when time begins in a bubble
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
}

// wantEnd checks the outcome on the channel and of the only call that ended.
func (c *centre) wantEnd(k *agitest.Caller, outcome queue.Outcome, cause string) queue.Call {
	c.t.Helper()
	k.Wait()
	synctest.Wait()
	if got := k.Var(VarResult); got != strings.ToUpper(string(outcome)) {
		c.t.Errorf("%s = %q, want %q", VarResult, got, strings.ToUpper(string(outcome)))
	}
	if len(c.ended) != 1 {
		c.t.Fatalf("%d calls ended, want 1", len(c.ended))
	}
	if got := c.ended[0]; got.Outcome != outcome || got.Cause != cause {
		c.t.Errorf("ended %s, cause %q; want %s, %q", got.Outcome, got.Cause, outcome, cause)
	}
	return c.ended[0]
}

// answered is how Dial ends when the agent of 801 talked for two seconds.
var answered = map[string]string{
	"DIALSTATUS": "ANSWER", "DIALEDPEERNAME": "PJSIP/801-00000002", "ANSWEREDTIME_MS": "0", "ANSWEREDTIME": "0",
	"HANGUPCAUSE": "16", "CHANNEL(hangupsource)": "PJSIP/801-00000002",
}
