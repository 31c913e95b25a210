package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"calld/queue"
	"calld/test/centre"
)

var begin = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func after(seconds float64) time.Time {
	return begin.Add(time.Duration(seconds * float64(time.Second)))
}

// messages is what sipp writes of one call: S sent, R received.
func messages(lines ...string) *heard {
	h := &heard{number: "01000001", kind: "brief", called: begin}
	for i, line := range lines {
		h.take(after(float64(i)), line[0] == 'S', "CSeq: 1 INVITE", line[2:])
	}
	return h
}

func TestWhatIsWrongWithACall(t *testing.T) {
	talk := []string{"S INVITE sip:x", "R SIP/2.0 100 Trying", "R SIP/2.0 200 OK", "S ACK sip:x", "S BYE sip:x"}
	gaveUp := []string{"S INVITE sip:x", "R SIP/2.0 100 Trying", "S CANCEL sip:x", "R SIP/2.0 487 Request Terminated"}
	dropped := []string{"S INVITE sip:x", "R SIP/2.0 200 OK", "S ACK sip:x", "R BYE sip:x"}
	refused := []string{"S INVITE sip:x", "R SIP/2.0 503 Service Unavailable"}
	ignored := []string{"S INVITE sip:x", "S CANCEL sip:x"}
	end := begin
	of := func(o queue.Outcome) queue.Call { return queue.Call{Outcome: o, Begin: begin, End: &end} }
	answered, abandoned, failed, long := of(queue.Answered), of(queue.Abandoned), of(queue.Failed), of(queue.Answered)
	long.WaitMS = time.Hour.Milliseconds()
	round := times{broke: after(1), healed: after(2), recovered: after(3)}
	for _, tt := range []struct {
		name    string
		fault   fault
		heard   []string
		talked  bool // by the CDRs
		history []queue.Call
		busy    float64 // since when Asterisk has more to do than it can, in seconds; 0: it has not
		want    string
	}{
		{"a talk", fault{}, talk, true, []queue.Call{answered}, 0, ""},
		{"nobody came", fault{}, gaveUp, false, []queue.Call{abandoned}, 0, ""},
		{"no outcome", fault{}, talk, true, nil, 0, "no outcome"},
		{"two outcomes", fault{}, talk, true, []queue.Call{answered, abandoned}, 0, "2 outcomes"},
		{"dropped", fault{}, dropped, true, []queue.Call{answered}, 0, "dropped"},
		{"dropped by Asterisk", fault{asterisk: true}, dropped, true, []queue.Call{failed}, 0, ""},
		{"refused", fault{}, refused, false, nil, 0, "refused with 503"},
		{"refused by Asterisk", fault{asterisk: true}, refused, false, nil, 0, ""},
		{"lost by calld", fault{away: true}, dropped, false, []queue.Call{failed}, 0, "dropped"},
		{"failed", fault{away: true}, talk, false, []queue.Call{failed}, 0, "outcome failed"},
		{"never talked", fault{}, talk, false, []queue.Call{answered}, 0, "by Asterisk's CDRs"},
		{"talk not seen", fault{}, talk, true, []queue.Call{abandoned}, 0, "by Asterisk's CDRs"},
		{"talk that began and ended while calld was away", fault{away: true}, talk[1:], true, []queue.Call{abandoned}, 0, ""},
		{"left while calld was away", fault{away: true}, gaveUp, false, nil, 0, ""},
		{"answered, but not for the customer", fault{}, gaveUp[:2], true, []queue.Call{answered}, 0, "not for the customer"},
		{"answered while the customer gave up", fault{}, gaveUp, true, []queue.Call{answered}, 0, ""},
		{"waited for an hour", fault{}, talk, true, []queue.Call{long}, 0, "wait 3600000 ms and talk 0 ms, by their ends 0s and 0s"},
		{"in the store that is gone", fault{away: true, behind: true}, gaveUp, false, nil, 0, ""},
		{"went on with another store", fault{away: true, behind: true}, append(talk[:4:4], "R x", "R x", "S BYE sip:x"), true, nil, 0, "no outcome"},
		{"no notice taken", fault{}, ignored, false, nil, 0, "never answered"},
		{"no notice taken, overloaded", fault{}, ignored, false, nil, 0.5, ""},
		{"no notice taken, overloaded later", fault{}, ignored, false, nil, 5, "never answered"},
		{"no notice taken by an Asterisk at fault", fault{asterisk: true}, ignored, false, nil, 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := messages(tt.heard...)
			b := books{calls: []*heard{h}, cdrs: map[string][]centre.CDR{}, history: map[string][]queue.Call{h.number: tt.history}}
			if tt.talked {
				b.cdrs[h.number] = []centre.CDR{{Phone: "800000", Answered: true}}
			}
			if tt.busy > 0 {
				b.overloads = []time.Time{after(tt.busy)}
			}
			s := b.check(tt.fault, round, func(string) bool { return true })
			got := strings.Join(s.violations, "\n")
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("violations %q, want %q", got, tt.want)
			}
		})
	}
}

func TestOverloads(t *testing.T) {
	log := "[09:59:59.500] NOTICE[1] loader.c: 60 modules will be loaded.\n" +
		"[10:00:01.250] WARNING[2][C-1] taskprocessor.c: Taskprocessor 'p' queue reached 500 scheduled tasks (high water mark: 500).\n" +
		"[00:00:01.250] WARNING[2] taskprocessor.c: Taskprocessor 'p' queue reached 500 scheduled tasks (high water mark: 500) again.\n"
	want := []time.Time{after(1.25), time.Date(2026, 11, 22, 0, 0, 1, 250e6, time.UTC)}
	if d := cmp.Diff(want, overloads(log, begin)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if got := overloads(log, begin.Add(13*time.Hour)); !got[1].Equal(time.Date(2026, 11, 23, 0, 0, 1, 250e6, time.UTC)) {
		t.Errorf("after midnight: %v", got)
	}
}

// Steps are taken out, but not what a program has reckoned with them.
func TestUnstep(t *testing.T) {
	start, end := after(2).Add(clockStep), after(4)
	c := queue.Call{Begin: after(1).Add(-clockStep), Start: &start, End: &end, WaitMS: 3601000, TalkMS: 2000, Rings: []queue.Ring{{At: after(1.5).Add(clockStep)}}}
	unstep(&c, begin)
	if !c.Begin.Equal(after(1)) || !c.Start.Equal(after(2)) || !c.End.Equal(after(4)) || !c.Rings[0].At.Equal(after(1.5)) {
		t.Errorf("%+v", c)
	}
	if got := figures(&c); !strings.Contains(got, "wait 3601000 ms") {
		t.Errorf("figures: %q", got)
	}
	if c.WaitMS = 1000; figures(&c) != "" {
		t.Errorf("figures: %q", figures(&c))
	}
}

func TestOvertaken(t *testing.T) {
	call := func(caller string, begin, offered, end float64) queue.Call {
		over := after(end)
		c := queue.Call{Queue: "q0", Caller: caller, Begin: after(begin), End: &over}
		if offered > 0 {
			c.Rings = []queue.Ring{{At: after(offered)}}
		}
		return c
	}
	for _, tt := range []struct {
		name  string
		calls []queue.Call
		want  int
	}{
		{"in order", []queue.Call{call("1", 0, 5, 9), call("2", 1, 6, 9)}, 0},
		{"overtaken", []queue.Call{call("1", 0, 6, 9), call("2", 1, 5, 9)}, 1},
		{"overtaken, and left", []queue.Call{call("1", 0, 0, 9), call("2", 1, 5, 9)}, 1},
		{"left before", []queue.Call{call("1", 0, 0, 4), call("2", 1, 5, 9)}, 0},
		{"at one moment", []queue.Call{call("1", 0, 5.01, 9), call("2", 1, 5, 9)}, 0},
		{"of two both overtaken by one", []queue.Call{call("1", 0, 7, 9), call("2", 1, 6, 9), call("3", 2, 5, 9)}, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := books{history: map[string][]queue.Call{}}
			for _, c := range tt.calls {
				b.history[c.Caller] = append(b.history[c.Caller], c)
			}
			if got := b.overtaken(fault{}); len(got) != tt.want {
				t.Errorf("%d were overtaken, want %d: %v", len(got), tt.want, got)
			}
		})
	}
}

// An Asterisk that can't reach calld brings callers late.
func TestOvertakenInAsterisk(t *testing.T) {
	for _, tt := range []struct {
		name  string
		id    string // of the one who came first
		fault fault
		want  int
	}{
		{"calld had not met it", "20261122-190005-1a2b", fault{asterisk: true}, 0},
		{"calld had met it", "20261122-190004-1a2b", fault{asterisk: true}, 1},
		{"not met, for another reason", "20261122-190005-1a2b", fault{}, 1},
		{"unknown", "x", fault{asterisk: true}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := books{history: map[string][]queue.Call{
				"1": {{ID: tt.id, Queue: "q0", Caller: "1", Begin: after(0), Rings: []queue.Ring{{At: after(6)}}}},
				"2": {{Queue: "q0", Caller: "2", Begin: after(1), Rings: []queue.Ring{{At: after(5.5)}}}},
			}}
			if got := b.overtaken(tt.fault); len(got) != tt.want {
				t.Errorf("%d were overtaken, want %d: %v", len(got), tt.want, got)
			}
		})
	}
}
