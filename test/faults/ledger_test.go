package main

import (
	"strings"
	"testing"
	"time"

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
	answered := queue.Call{Outcome: queue.Answered}
	abandoned := queue.Call{Outcome: queue.Abandoned}
	failed := queue.Call{Outcome: queue.Failed}
	round := times{broke: after(1), healed: after(2), recovered: after(3)}
	for _, tt := range []struct {
		name    string
		fault   fault
		heard   []string
		talked  bool // by the CDRs
		history []queue.Call
		want    string
	}{
		{"a talk", fault{}, talk, true, []queue.Call{answered}, ""},
		{"nobody came", fault{}, gaveUp, false, []queue.Call{abandoned}, ""},
		{"no outcome", fault{}, talk, true, nil, "no outcome"},
		{"two outcomes", fault{}, talk, true, []queue.Call{answered, abandoned}, "2 outcomes"},
		{"dropped", fault{}, dropped, true, []queue.Call{answered}, "dropped"},
		{"dropped by Asterisk", fault{asterisk: true}, dropped, true, []queue.Call{failed}, ""},
		{"refused", fault{}, refused, false, nil, "refused with 503"},
		{"refused by Asterisk", fault{asterisk: true}, refused, false, nil, ""},
		{"lost by calld", fault{away: true}, dropped, false, []queue.Call{failed}, "dropped"},
		{"failed", fault{away: true}, talk, false, []queue.Call{failed}, "outcome failed"},
		{"never talked", fault{}, talk, false, []queue.Call{answered}, "by Asterisk's CDRs"},
		{"talk not seen", fault{}, talk, true, []queue.Call{abandoned}, "by Asterisk's CDRs"},
		{"talk that began and ended while calld was away", fault{away: true}, talk[1:], true, []queue.Call{abandoned}, ""},
		{"left while calld was away", fault{away: true}, gaveUp, false, nil, ""},
		{"answered, but not for the customer", fault{}, gaveUp[:2], true, []queue.Call{answered}, "not for the customer"},
		{"answered while the customer gave up", fault{}, gaveUp, true, []queue.Call{answered}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := messages(tt.heard...)
			b := books{calls: []*heard{h}, cdrs: map[string][]centre.CDR{}, history: map[string][]queue.Call{h.number: tt.history}}
			if tt.talked {
				b.cdrs[h.number] = []centre.CDR{{Phone: "800000", Answered: true}}
			}
			s := b.check(tt.fault, round, func(string) bool { return true })
			got := strings.Join(s.violations, "\n")
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("violations %q, want %q", got, tt.want)
			}
		})
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
			if got := b.overtaken(); len(got) != tt.want {
				t.Errorf("%d were overtaken, want %d: %v", len(got), tt.want, got)
			}
		})
	}
}
