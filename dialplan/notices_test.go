package dialplan

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"calld/agi/agitest"
	"calld/config"
	"calld/queue"
)

// noticesConfig has a queue that is never open, others that it leads to, and
// one that tells of recording and waiting.
const noticesConfig = `
[asterisk]
secret = "x"
recordings = "/rec"
agent_dial = "PJSIP/{phone}"
[tts]
engine = "command"
[calendars.always.holidays]
"2000-01-01" = "when time begins in a bubble"
[queues.closed]
number = "1000"
announcement = "http://announce/1000"
recording = false
calendars = ["always"]
on_closed = { text = ["not now", "call later"], language = "en", queue = "open" }
[queues.open]
number = "2000"
announcement = "http://announce/2000"
music = "jazz"
recording_notice = { text = "recorded", language = "en" }
waiting_announcement = { every = "30s", text = ["place {position}", "{minutes} minutes"], sound = "wait", language = "en" }
max_wait = "40s"
on_max_wait = { text = ["sorry", "mute"], sound = "sorry-sound" }
[queues.away]
number = "3000"
announcement = false
holidays = ["2000-01-01"]
on_closed = { number = "0299", sound = "one-moment" }
[agents.a1]
password = "x"
phone = "801"
queues = ["open"]
`

func withNotices(t *testing.T, test func(*centre)) {
	t.Helper()
	inCentreOf(t, noticesConfig, test)
}

// inCentreOf runs a test in a bubble with a configuration.
func inCentreOf(t *testing.T, text string, test func(*centre)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cfg := loadConfig(t, text)
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

// TestLedToAnotherQueue: the caller hears why, and the other queue's notice, and
// is recorded there; not the announcement of either.
func TestLedToAnotherQueue(t *testing.T) {
	withNotices(t, func(c *centre) {
		c.logIn("a1")
		k := c.caller("1000")
		dials(k, answered)
		k.Dial(c.script)
		wantSaid(c.t, k, takenIn, "ANSWER", "STREAM FILE en/not now  0", "STREAM FILE en/call later  0", "STREAM FILE en/recorded  0",
			"MixMonitor(/rec/DAY/ID.wav,b)", "Dial(PJSIP/801,20,gim(jazz))", "SET VARIABLE CALLD_RESULT ANSWERED")
		got := c.wantEnd(k, queue.Answered, "16 agent")
		if got.Queue != "open" || got.Record == "" {
			c.t.Errorf("call %+v", got)
		}
	})
}

// TestLedToANumber: the number is called after the caller has been told.
func TestLedToANumber(t *testing.T) {
	withNotices(t, func(c *centre) {
		k := c.caller("3000")
		dials(k, map[string]string{"DIALSTATUS": "BUSY", "HANGUPCAUSE": "17"})
		k.Dial(c.script)
		wantSaid(c.t, k, takenIn, "ANSWER", "STREAM FILE one-moment  0", "MixMonitor(/rec/DAY/ID.wav,b)",
			"Dial(PJSIP/0299@trunk,30,gif(3000)m(default))", "SET VARIABLE CALLD_RESULT CLOSED")
		c.wantEnd(k, queue.Closed, "number_busy")
	})
}

// TestTellsWhileWaiting: sentences that nobody can fill in are left out; when the
// wait is over the caller hears why after the result is known. What can't be
// spoken has a sound in its place.
func TestTellsWhileWaiting(t *testing.T) {
	withNotices(t, func(c *centre) {
		if err := c.board.Connect("a1"); err != nil {
			c.t.Fatal(err)
		}
		if err := c.board.SetState("a1", true, ""); err != nil {
			c.t.Fatal(err)
		}
		k := c.caller("2000")
		k.Dial(c.script)
		time.Sleep(40 * time.Second)
		wantSaid(c.t, k, takenIn, "ANSWER", "STREAM FILE hello  0", "STREAM FILE en/recorded  0", "StartMusicOnHold(jazz)",
			"STREAM FILE en/place 1  0", "StartMusicOnHold(jazz)",
			"SET VARIABLE CALLD_RESULT TIMEOUT", "STREAM FILE sorry-sound  0")
		c.wantEnd(k, queue.Timeout, "")
	})
}

// TestAnAnnouncementIsCut: the moment an agent is free.
func TestAnAnnouncementIsCut(t *testing.T) {
	withNotices(t, func(c *centre) {
		if err := c.board.Connect("a1"); err != nil {
			c.t.Fatal(err)
		}
		if err := c.board.SetState("a1", true, ""); err != nil {
			c.t.Fatal(err)
		}
		k := c.caller("2000")
		dials(k, answered)
		k.Hold("STREAM FILE")
		for _, sound := range []string{"hello", "en/recorded"} {
			k.On("STREAM FILE "+sound, func(*agitest.Command) string { return "200 result=0 endpos=8" })
		}
		k.Dial(c.script)
		time.Sleep(31 * time.Second)
		wantSoFar(c.t, k, takenIn, "ANSWER", "STREAM FILE hello  0", "STREAM FILE en/recorded  0", "StartMusicOnHold(jazz)",
			"STREAM FILE en/place 1  0")
		began := time.Now()
		if err := c.board.SetState("a1", false, ""); err != nil {
			c.t.Fatal(err)
		}
		wantSaid(c.t, k, takenIn, "ANSWER", "STREAM FILE hello  0", "STREAM FILE en/recorded  0", "StartMusicOnHold(jazz)",
			"STREAM FILE en/place 1  0", "MixMonitor(/rec/DAY/ID.wav,b)", "Dial(PJSIP/801,9,gim(jazz))", "SET VARIABLE CALLD_RESULT ANSWERED")
		if took := time.Since(began); took > bothSides {
			c.t.Errorf("took %s", took)
		}
		c.wantEnd(k, queue.Answered, "16 agent")
	})
}

// TestFillIn: minutes are rounded up.
func TestFillIn(t *testing.T) {
	got := fillIn([]string{"{position}", "{minutes} {position}"}, queue.Place{Position: 3, Expected: 61 * time.Second})
	if len(got) != 2 || got[0] != "3" || got[1] != "2 3" {
		t.Errorf("got %q", got)
	}
}
