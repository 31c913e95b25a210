package centre

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"calld/test/lab"
)

// The moments of a call that came in, rang, was answered and ended.
var (
	begin  = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	rang   = begin.Add(100 * time.Millisecond)
	start  = begin.Add(300 * time.Millisecond)
	end    = begin.Add(1300 * time.Millisecond)
	agents = map[string]string{"800000": "a0", "800001": "a1"}
)

// answered is the books of one call that all agree on.
func answered() *Books {
	s, e := start.Add(2*time.Millisecond), end.Add(5*time.Millisecond)
	return &Books{
		Calls: []Call{{
			ID: "c1", UniqueID: "1.1", Caller: "0101", Agent: "a0", Begin: begin, Start: &s, End: &e,
			Outcome: "answered", WaitMS: 302, TalkMS: 1003, Rings: []Ring{{"a1", begin}, {"a0", rang}},
		}},
		CDRs: []CDR{
			{UniqueID: "1.1", Caller: "0101", Start: begin, End: rang},
			{UniqueID: "1.1", Caller: "0101", Phone: "800001", Start: rang, End: rang},
			{UniqueID: "1.1", Caller: "0101", Phone: "800000", Answered: true, Start: rang, Answer: start, End: end},
		},
		Callers: lab.CallersResult{Ends: map[string]lab.CallEnd{"0101": lab.CallEnded}, Calls: 1},
		Agents:  agents,
	}
}

// abandoned turns it into a call that nobody answered.
func abandoned(b *Books) {
	c := &b.Calls[0]
	c.Outcome, c.Agent, c.Start, c.WaitMS, c.TalkMS = "abandoned", "", nil, 1305, 0
	b.CDRs = b.CDRs[:2]
	b.Callers.Ends["0101"] = lab.CallGaveUp
}

func TestCompare(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*Books)
		want   []FaultKind
	}{
		{"all agree", func(*Books) {}, nil},
		{"nobody answered", abandoned, nil},
		{"no calls at all", func(b *Books) { *b = Books{} }, nil},
		{"not in the history", func(b *Books) { b.Calls = nil }, []FaultKind{Missing, Missing}},
		{"failed for SIPp and never reached Asterisk", func(b *Books) {
			*b = Books{Callers: lab.CallersResult{Calls: 1, Failed: 1}}
		}, nil},
		{"failed for SIPp, well for the others", func(b *Books) { b.Callers = lab.CallersResult{Calls: 1, Failed: 1} }, nil},
		{"failed for SIPp, lacking in the history", func(b *Books) {
			b.Callers = lab.CallersResult{Calls: 1, Failed: 1}
			b.Calls = nil
		}, []FaultKind{Missing}},
		{"made by nobody", func(b *Books) { b.Callers.Ends = nil }, []FaultKind{Unknown}},
		{"twice in the history", func(b *Books) {
			again := b.Calls[0]
			again.ID = "c2"
			b.Calls = append(b.Calls, again)
		}, []FaultKind{Twice}},
		{"no CDR", func(b *Books) { b.CDRs = nil }, []FaultKind{NoCDR}},
		{"an outcome that there is not", func(b *Books) { b.Calls[0].Outcome = "lost" }, []FaultKind{NoOutcome}},
		{"no outcome", func(b *Books) { b.Calls[0].Outcome = "" }, []FaultKind{NoOutcome}},
		{"no end", func(b *Books) { b.Calls[0].End = nil }, []FaultKind{NoOutcome}},
		{"answered here, not there", func(b *Books) { b.CDRs = b.CDRs[:2] }, []FaultKind{NotTalked}},
		{"answered there, not here", func(b *Books) {
			cdrs := b.CDRs
			abandoned(b)
			b.CDRs = cdrs
		}, []FaultKind{Unanswered}},
		{"another agent", func(b *Books) { b.Calls[0].Agent = "a1" }, []FaultKind{NotTalked}},
		{"a talk without a start", func(b *Books) {
			b.Calls[0].Start, b.Calls[0].WaitMS, b.Calls[0].TalkMS = nil, 1305, 0
		}, []FaultKind{NotTalked}},
		{"another moment of the answer", func(b *Books) { b.CDRs[2].Answer = start.Add(-time.Second) }, []FaultKind{AnswerTime}},
		{"another moment of the end", func(b *Books) { b.CDRs[2].End = end.Add(time.Second) }, []FaultKind{EndTime}},
		{"the line was answered before the agent did", func(b *Books) {
			b.CDRs[2].Answer = begin
			b.Calls[0].Rings[1].At = begin.Add(atOnce)
		}, nil},
		{"the line was answered before, and nothing can have been played", func(b *Books) { b.CDRs[2].Answer = begin }, []FaultKind{AnswerTime}},
		{"answered before the line was", func(b *Books) {
			b.CDRs[2].Answer = start.Add(time.Second)
			b.Calls[0].Rings[1].At = begin.Add(atOnce)
		}, []FaultKind{AnswerTime}},
		{"answered after the end", func(b *Books) {
			b.CDRs[2].Answer, b.CDRs[2].End = begin, begin
			b.Calls[0].Rings[1].At = begin.Add(atOnce)
		}, []FaultKind{AnswerTime, EndTime}},
		{"another length of talk", func(b *Books) { b.Calls[0].TalkMS = 900 }, []FaultKind{Figures}},
		{"another length of wait", func(b *Books) { b.Calls[0].WaitMS = 0 }, []FaultKind{Figures}},
		{"refused, and yet answered", func(b *Books) { b.Callers.Ends["0101"] = lab.CallRefused }, []FaultKind{Contrary}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := answered()
			tt.change(b)
			l := b.Compare(Tolerance{Clock: 50 * time.Millisecond})
			var got []FaultKind
			for _, f := range l.Faults {
				got = append(got, f.Kind)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s\n%v", diff, l.Faults)
			}
		})
	}
}

func TestLedgerCounts(t *testing.T) {
	t.Parallel()
	b := answered()
	other := answered()
	abandoned(other)
	c := other.Calls[0]
	c.ID, c.UniqueID, c.Caller = "c2", "1.2", "0102"
	b.Calls = append(b.Calls, c)
	b.CDRs = append(b.CDRs, CDR{UniqueID: "1.2", Caller: "0102", Start: begin, End: end})
	b.Callers.Ends["0102"] = lab.CallGaveUp
	want := []string{
		"history: 2 calls (abandoned 1, answered 1)",
		"SIPp: (ended 1, gave_up 1), failed 0",
		"CDRs: 2 channels, 1 answered by an agent; answers at most 2ms apart (of 1 that nothing was played to), ends 5ms",
		"differences: 0 ()",
	}
	if diff := cmp.Diff(want, b.Compare(Tolerance{Clock: time.Second}).Lines(1)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestParseCDRs(t *testing.T) {
	t.Parallel()
	text := "1795379259.0,0101,PJSIP/trunk-00000000,PJSIP/800001-00000001,ANSWERED,1795379259.747414,1795379259.856558,1795379260.366388\n" +
		"1795379260.6,0104,PJSIP/trunk-00000004,,NO ANSWER,1795379260.146535,0.000000,1795379260.529146\n" +
		"1795379260.7,800001,PJSIP/800001-00000005,,ANSWERED,1795379260.1,0.0,1795379260.5\n"
	got, err := parseCDRs(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	at := func(us int64) time.Time { return time.UnixMicro(us) }
	want := []CDR{
		{UniqueID: "1795379259.0", Caller: "0101", Phone: "800001", Answered: true, Start: at(1795379259747414), Answer: at(1795379259856558), End: at(1795379260366388)},
		{UniqueID: "1795379260.6", Caller: "0104", Start: at(1795379260146535), End: at(1795379260529146)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, bad := range []string{"1.1,0101,PJSIP/trunk-1\n", "1.1,0101,PJSIP/trunk-1,,NO ANSWER,now,0.0,1.0\n"} {
		if got, err := parseCDRs(strings.NewReader(bad)); err == nil {
			t.Errorf("%q gives %v", bad, got)
		}
	}
}

func TestGroupLog(t *testing.T) {
	t.Parallel()
	text := `time=2026-11-22T20:27:37.201Z level=WARN msg=configuration warning="a \"level=ERROR msg=x\" b"
time=2026-11-22T20:27:38.201Z level=INFO msg="agent logged in" agent=a0
time=2026-11-22T20:27:39.201Z level=ERROR msg="script failed" err=EOF
time=2026-11-22T20:27:40.201Z level=ERROR msg="script failed" err=boom
panic: nothing is well
`
	var got []LogGroup
	for _, g := range GroupLog([]byte(text)) {
		g.First, g.Last = "", ""
		got = append(got, g)
	}
	want := []LogGroup{
		{Level: "ERROR", Message: "script failed", Count: 2},
		{Level: "?", Message: "(no line of the log)", Count: 1},
		{Level: "WARN", Message: "configuration", Count: 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
