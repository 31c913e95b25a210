package queuelog

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"calld/config"
	"calld/queue"

	"github.com/google/go-cmp/cmp"
)

var at = time.Unix(1_795_311_850, 0)

// step is an event so many seconds after at.
func step(seconds int, kind queue.Kind, c queue.Call) *queue.Event {
	return &queue.Event{At: at.Add(time.Duration(seconds) * time.Second), Kind: kind, Call: &c}
}

func agentStep(seconds int, state queue.AgentState, reason string, queues ...string) *queue.Event {
	return &queue.Event{
		At: at.Add(time.Duration(seconds) * time.Second), Kind: queue.AgentChanged,
		Agent: &queue.AgentStatus{ID: "홍길동", State: state, Reason: reason, Queues: queues},
	}
}

func rung(result queue.RingResult, from, to int) queue.Ring {
	r := queue.Ring{Agent: "홍길동", At: at.Add(time.Duration(from) * time.Second), Result: result}
	if result != queue.Pending {
		r.End = new(at.Add(time.Duration(to) * time.Second))
	}
	return r
}

// TestLines has what TestQueueLog of the end-to-end tests does not compare with
// app_queue itself.
func TestLines(t *testing.T) {
	base := queue.Call{ID: "a", UniqueID: "1.1", Queue: "q", Direction: queue.In, Caller: "0101", Begin: at, Phase: queue.Waiting}
	with := func(change func(*queue.Call)) queue.Call {
		c := base
		change(&c)
		return c
	}
	other := with(func(c *queue.Call) { c.ID, c.UniqueID, c.Caller = "b", "1.2", "" })
	talk := with(func(c *queue.Call) {
		c.Phase, c.Agent, c.Start, c.Rings = queue.Talking, "홍길동", new(at.Add(9*time.Second)), []queue.Ring{rung(queue.RingAnswer, 4, 9)}
	})
	end := func(c queue.Call, o queue.Outcome, cause string) queue.Call {
		c.Phase, c.Outcome, c.Cause = queue.Ended, o, cause
		return c
	}
	handed := talk
	handed.Phase, handed.Queue, handed.Transfers = queue.Waiting, "r", []queue.Transfer{{To: "r", Kind: "blind", From: "홍길동"}}
	consulted := func(c queue.Call, result string) queue.Call {
		c.Transfers = append(slices.Clip(c.Transfers), queue.Transfer{To: "성춘향", Kind: queue.Consultative, From: "홍길동", Queue: "q", Result: result})
		return c
	}
	led := func(c queue.Call, from, to string, why queue.Outcome) queue.Call {
		c.Queue = to
		c.Transfers = append(slices.Clip(c.Transfers), queue.Transfer{To: to, Kind: queue.KindOverflow, Queue: from, Reason: why})
		return c
	}
	refused := func(seconds int, c queue.Call, why queue.Outcome) *queue.Event {
		e := step(seconds, queue.CallWaiting, c)
		e.Refused = why
		return e
	}
	outside := led(base, "q", "0299", queue.NoAgent)
	outside.Queue, outside.Phase = "q", queue.Transferred
	booked := with(func(c *queue.Call) { c.Phase, c.Key, c.Callback = queue.Booked, "5", &queue.Booking{Number: "0101"} })
	back := queue.Call{
		ID: "c", UniqueID: queue.OutChannel("c"), Queue: "q", Direction: queue.Out, Callee: "0101", Agent: "홍길동", CallbackFor: "a",
		Phase: queue.Dialling, Rings: []queue.Ring{rung(queue.RingAnswer, 30, 35)},
	}
	reachedBack := back
	reachedBack.Phase, reachedBack.Start = queue.Talking, new(at.Add(40*time.Second))
	turned := reachedBack
	turned.UniqueID = "1.9"
	leaves := func(c queue.Call, key string, why queue.Outcome) queue.Call {
		c.Phase, c.Key, c.Unserved = queue.Messaging, key, why
		return c
	}
	reached := outside
	reached.Start = new(at.Add(40 * time.Second))
	for _, c := range []struct {
		name   string
		live   []queue.Call
		events []*queue.Event
		want   string
	}{
		{"places in line", nil, []*queue.Event{
			step(0, queue.CallWaiting, base), step(1, queue.CallWaiting, other), step(2, queue.CallWaiting, base),
			step(3, queue.CallEnded, end(base, queue.Abandoned, "16 caller")), step(5, queue.CallEnded, end(other, queue.NoAgent, "")),
		}, `
1795311850|1.1|q|NONE|ENTERQUEUE||0101|1
1795311851|1.2|q|NONE|ENTERQUEUE|||2
1795311853|1.1|q|NONE|ABANDON|1|1|3
1795311855|1.2|q|NONE|EXITEMPTY|1|2|4`},
		{"handed to another queue", nil, []*queue.Event{
			step(0, queue.CallWaiting, base), step(9, queue.CallAnswered, talk), step(30, queue.CallWaiting, handed),
			step(40, queue.CallEnded, end(handed, queue.Abandoned, "16 caller")),
		}, `
1795311850|1.1|q|NONE|ENTERQUEUE||0101|1
1795311859|1.1|q|홍길동|CONNECT|9||5
1795311880|1.1|q|홍길동|BLINDTRANSFER|r|calld|9|21|1
1795311880|1.1|r|NONE|ENTERQUEUE||0101|1
1795311890|1.1|r|NONE|ABANDON|1|1|10`},
		{"handed over after a consultation, the second one", nil, []*queue.Event{
			step(0, queue.CallWaiting, base), step(9, queue.CallAnswered, talk), step(20, queue.CallChanged, consulted(talk, queue.TransferCancelled)),
			step(30, queue.CallChanged, consulted(consulted(talk, queue.TransferCancelled), queue.TransferAnswered)),
			step(60, queue.CallEnded, end(consulted(consulted(talk, queue.TransferCancelled), queue.TransferAnswered), queue.Answered, "16 caller")),
		}, `
1795311850|1.1|q|NONE|ENTERQUEUE||0101|1
1795311859|1.1|q|홍길동|CONNECT|9||5
1795311880|1.1|q|홍길동|ATTENDEDTRANSFER|BRIDGE|성춘향|9|21|1`},
		{"consulted, and not handed over", nil, []*queue.Event{
			step(0, queue.CallWaiting, base), step(9, queue.CallAnswered, talk), step(20, queue.CallChanged, consulted(talk, queue.TransferBusy)),
			step(30, queue.CallEnded, end(consulted(talk, queue.TransferBusy), queue.Answered, "16 caller")),
		}, `
1795311850|1.1|q|NONE|ENTERQUEUE||0101|1
1795311859|1.1|q|홍길동|CONNECT|9||5
1795311880|1.1|q|홍길동|COMPLETECALLER|9|21|1`},
		{"what became of ringing, once each", nil, []*queue.Event{
			step(0, queue.CallWaiting, base),
			step(5, queue.CallRinging, with(func(c *queue.Call) { c.Rings = []queue.Ring{rung(queue.NoAnswer, 1, 5), rung(queue.Pending, 1, 0)} })),
			step(6, queue.CallWaiting, with(func(c *queue.Call) {
				c.Rings = []queue.Ring{rung(queue.NoAnswer, 1, 5), rung(queue.Refused, 1, 6), rung(queue.Unreachable, 1, 1), rung(queue.Elsewhere, 1, 2)}
			})),
		}, `
1795311850|1.1|q|NONE|ENTERQUEUE||0101|1
1795311855|1.1|q|홍길동|RINGNOANSWER|4000
1795311856|1.1|q|홍길동|RINGNOANSWER|5000`},
		{"calls of an earlier calld", []queue.Call{talk, other}, []*queue.Event{
			step(20, queue.CallWaiting, other),
			step(21, queue.CallEnded, end(talk, queue.Answered, "16 agent")), step(22, queue.CallEnded, end(other, queue.Timeout, "")),
		}, `
1795311871|1.1|q|홍길동|COMPLETEAGENT|9|12|1
1795311872|1.2|q|NONE|EXITWITHTIMEOUT|1|1|22`},
		{"led on after the wait, through a queue that is full", nil, []*queue.Event{
			step(0, queue.CallWaiting, base), step(1, queue.CallWaiting, other),
			step(30, queue.CallWaiting, led(led(other, "q", "full", queue.Timeout), "full", "r", queue.Full)),
			step(40, queue.CallEnded, end(led(led(other, "q", "full", queue.Timeout), "full", "r", queue.Full), queue.Abandoned, "16 caller")),
			step(50, queue.CallEnded, end(base, queue.Abandoned, "16 caller")),
		}, `
1795311850|1.1|q|NONE|ENTERQUEUE||0101|1
1795311851|1.2|q|NONE|ENTERQUEUE|||2
1795311880|1.2|q|NONE|EXITWITHTIMEOUT|2|2|29
1795311880|1.2|r|NONE|ENTERQUEUE|||1
1795311890|1.2|r|NONE|ABANDON|1|1|10
1795311900|1.1|q|NONE|ABANDON|1|1|50`},
		{"led on from where nobody is, to a number", nil, []*queue.Event{
			step(0, queue.CallWaiting, base), step(30, queue.CallChanged, outside), step(40, queue.CallAnswered, reached),
			step(60, queue.CallEnded, end(reached, queue.Answered, "16 target")),
		}, `
1795311850|1.1|q|NONE|ENTERQUEUE||0101|1
1795311880|1.1|q|NONE|EXITEMPTY|1|1|30`},
		{"led on after the wait, to where it is not taken", nil, []*queue.Event{
			step(0, queue.CallWaiting, base), step(6, queue.CallEnded, end(led(base, "q", "r", queue.Timeout), queue.Closed, "")),
		}, `
1795311850|1.1|q|NONE|ENTERQUEUE||0101|1
1795311856|1.1|q|NONE|EXITWITHTIMEOUT|1|1|6`},
		{"refused", nil, []*queue.Event{
			refused(0, base, queue.Full), step(0, queue.CallEnded, end(base, queue.Full, "")),
			refused(1, other, queue.Closed), step(1, queue.CallWaiting, led(other, "q", "r", queue.Closed)),
			step(2, queue.CallEnded, end(led(other, "q", "r", queue.Closed), queue.Abandoned, "16 caller")),
		}, `
1795311851|1.2|r|NONE|ENTERQUEUE|||1
1795311852|1.2|r|NONE|ABANDON|1|1|1`},
		{"a campaign's customer", nil, []*queue.Event{
			step(0, queue.CallWaiting, with(func(c *queue.Call) {
				c.Direction, c.Campaign, c.Caller, c.Callee = queue.Out, "1", "0215881234", "0101"
			})),
			step(2, queue.CallEnded, end(with(func(c *queue.Call) { c.Direction, c.Campaign = queue.Out, "1" }), queue.NoAgent, "")),
		}, `
1795311850|1.1|q|NONE|ENTERQUEUE||0101|1
1795311852|1.1|q|NONE|EXITEMPTY|1|1|2`},
		{"called back, on a channel that changes", nil, []*queue.Event{
			step(0, queue.CallWaiting, base), step(1, queue.CallWaiting, other), step(9, queue.CallWaiting, booked),
			step(30, queue.CallRinging, back), step(40, queue.CallAnswered, reachedBack),
			step(40, queue.CallEnded, end(booked, queue.CalledBack, queue.CauseReached)), step(50, queue.CallChanged, turned),
			step(60, queue.CallEnded, end(turned, queue.Answered, "16 agent")), step(70, queue.CallEnded, end(other, queue.Abandoned, "16 caller")),
		}, `
1795311850|1.1|q|NONE|ENTERQUEUE||0101|1
1795311851|1.2|q|NONE|ENTERQUEUE|||2
1795311859|1.1|q|NONE|EXITWITHKEY|5|1|1|9
1795311890|calld-out-c|q|NONE|ENTERQUEUE||0101|1
1795311890|calld-out-c|q|홍길동|CONNECT|0||5
1795311910|calld-out-c|q|홍길동|COMPLETEAGENT|0|20|1
1795311920|1.2|q|NONE|ABANDON|1|2|69`},
		{"not reached when called back", nil, []*queue.Event{
			step(0, queue.CallWaiting, base), step(9, queue.CallWaiting, booked), step(30, queue.CallRinging, back),
			step(40, queue.CallEnded, end(back, queue.Failed, "19 no_answer")), step(40, queue.CallWaiting, booked),
			step(90, queue.CallEnded, end(booked, queue.Abandoned, queue.CauseCallbackExpired)),
		}, `
1795311850|1.1|q|NONE|ENTERQUEUE||0101|1
1795311859|1.1|q|NONE|EXITWITHKEY|5|1|1|9`},
		{"called back by an earlier calld", []queue.Call{reachedBack}, []*queue.Event{
			step(60, queue.CallEnded, end(reachedBack, queue.Answered, "16 customer")),
		}, `
1795311910|calld-out-c|q|홍길동|COMPLETECALLER|0|20|1`},
		{"messages, by a key and by an overflow", nil, []*queue.Event{
			step(0, queue.CallWaiting, base), step(1, queue.CallWaiting, other),
			step(4, queue.CallChanged, leaves(base, "2", queue.Abandoned)), step(6, queue.CallChanged, leaves(other, "", queue.Timeout)),
			step(20, queue.CallEnded, end(leaves(base, "2", queue.Abandoned), queue.Abandoned, "")),
			step(30, queue.CallEnded, end(leaves(other, "", queue.Timeout), queue.Timeout, "")),
		}, `
1795311850|1.1|q|NONE|ENTERQUEUE||0101|1
1795311851|1.2|q|NONE|ENTERQUEUE|||2
1795311854|1.1|q|NONE|EXITWITHKEY|2|1|1|4
1795311856|1.2|q|NONE|EXITWITHTIMEOUT|1|2|5`},
		{"an outbound call", nil, []*queue.Event{
			step(0, queue.CallRinging, with(func(c *queue.Call) { c.Direction, c.Rings = queue.Out, []queue.Ring{rung(queue.NoAnswer, 0, 3)} })),
			step(3, queue.CallEnded, with(func(c *queue.Call) { c.Direction, c.Outcome = queue.Out, queue.Failed })),
		}, "\n"},
		{"members", nil, []*queue.Event{
			agentStep(0, queue.Offline, "", "q", "r"), agentStep(1, queue.Available, "", "q", "r"), agentStep(2, queue.AgentTalks, "", "q", "r"),
			agentStep(3, queue.Away, "점|심\n", "q", "r"), agentStep(4, queue.PhoneAway, "", "q", "r"), agentStep(5, queue.Available, "", "q"),
			agentStep(6, queue.Away, "", "q"), agentStep(7, queue.Offline, "", "q"), agentStep(8, queue.Away, "교육", "q"),
		}, `
1795311851|MANAGER|q|홍길동|ADDMEMBER|
1795311851|MANAGER|r|홍길동|ADDMEMBER|
1795311853|NONE|NONE|홍길동|PAUSEALL|점 심 
1795311853|NONE|q|홍길동|PAUSE|점 심 
1795311853|NONE|r|홍길동|PAUSE|점 심 
1795311855|MANAGER|r|홍길동|REMOVEMEMBER|
1795311855|NONE|NONE|홍길동|UNPAUSEALL|
1795311855|NONE|q|홍길동|UNPAUSE|
1795311856|NONE|NONE|홍길동|PAUSEALL|
1795311856|NONE|q|홍길동|PAUSE|
1795311857|MANAGER|q|홍길동|REMOVEMEMBER|
1795311858|MANAGER|q|홍길동|ADDMEMBER|PAUSED`},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr := newTranslator(c.live)
			var got strings.Builder
			for _, e := range c.events {
				got.WriteString(strings.Join(tr.translate(e), ""))
			}
			if diff := cmp.Diff(strings.TrimPrefix(c.want, "\n"), strings.TrimSuffix(got.String(), "\n")); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
			for id := range tr.calls {
				if strings.HasPrefix(c.name, "calls") || strings.HasPrefix(c.name, "places") {
					t.Errorf("call %s is still known", id)
				}
			}
		})
	}
}

func configured(path string) *config.Config {
	return &config.Config{QueueLog: config.QueueLog{File: path}}
}

// events are the words in a file's lines.
func events(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for l := range strings.Lines(string(text)) {
		words = append(words, strings.Split(l, "|")[4])
	}
	return strings.Join(words, " ")
}

// TestRotation: a file that was moved away goes on under its name, with a
// reload or without; a folder that is not there loses lines, which is counted.
func TestRotation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "queue_log")
	l := New(Options{Log: slog.New(slog.DiscardHandler)})
	l.Configure(configured(path), nil)
	l.flush()
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	l.Observe(agentStep(0, queue.Available, "", "q"))
	l.flush()
	l.Configure(configured(path), nil)
	l.flush()
	if got, want := events(t, path+".1")+", "+events(t, path), "QUEUESTART, ADDMEMBER CONFIGRELOAD"; got != want {
		t.Errorf("wrote %q, not %q", got, want)
	}
	l.Configure(configured(filepath.Join(t.TempDir(), "gone", "queue_log")), nil)
	l.flush()
	l.Configure(configured(""), nil)
	l.Observe(agentStep(0, queue.Offline, "", "q"))
	l.flush()
	if s := l.Stats(); s != (Stats{Written: 3, Failed: 1}) {
		t.Errorf("%+v", s)
	}
}

// TestOverflow: what the disk is too slow for is counted, and Run writes the
// rest before it ends.
func TestOverflow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "queue_log")
	l := New(Options{Log: slog.New(slog.DiscardHandler)})
	l.Configure(configured(path), nil)
	for i := range Queue {
		state := queue.Available
		if i%2 == 1 {
			state = queue.Offline
		}
		l.Observe(agentStep(i, state, "", "q"))
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var running sync.WaitGroup
	running.Go(func() {
		if err := l.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	running.Wait()
	if s := l.Stats(); s != (Stats{Written: Queue, Overflowed: 1}) {
		t.Errorf("%+v", s)
	}
}
