package centre

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"calld/queue"
	"calld/test/lab"
)

// Tolerance is by how much the parties may differ.
type Tolerance struct {
	// Clock is between the moments at which Asterisk and calld take down an answer
	// or an end. Both read the same clock, but calld a little later.
	Clock time.Duration
}

// rounding is by how much two figures in milliseconds may differ that were
// made of the same moments.
const rounding = 2 // ms

// FaultKind is a kind of difference between the books.
type FaultKind string

// The kinds.
const (
	Missing    FaultKind = "missing"     // a call that SIPp has ended or Asterisk has a CDR of is not in the history
	Twice      FaultKind = "twice"       // a caller has more than one call in the history
	Unknown    FaultKind = "unknown"     // a call in the history that nobody made
	NoCDR      FaultKind = "no_cdr"      // Asterisk has no CDR of a call in the history
	NoOutcome  FaultKind = "no_outcome"  // the outcome is none that there is, or there is no end
	NotTalked  FaultKind = "not_talked"  // answered in the history; Asterisk saw no answer of that agent
	Unanswered FaultKind = "unanswered"  // not answered in the history; Asterisk saw an agent answer
	AnswerTime FaultKind = "answer_time" // the moment of the answer differs
	EndTime    FaultKind = "end_time"    // the moment of the end differs
	Figures    FaultKind = "figures"     // the times of wait or talk are not those between begin, start and end
	Contrary   FaultKind = "contrary"    // SIPp was refused and the history says answered
)

// Fault is one difference.
type Fault struct {
	Kind   FaultKind
	Caller string
	Text   string
}

func (f Fault) String() string { return fmt.Sprintf("%s: caller %s: %s", f.Kind, f.Caller, f.Text) }

// Ledger is the books compared.
type Ledger struct {
	Outcomes map[string]int      // calls in the history, by outcome
	Ends     map[lab.CallEnd]int // SIPp's
	Failed   int                 // calls that SIPp says have failed
	CDRs     int                 // callers' channels of which Asterisk has some
	Answers  int                 // of which an agent has answered, by the CDRs
	Exact    int                 // answered calls whose CDR tells when the agent answered
	// The largest differences in the moments of those answers, and of ends.
	AnswerApart, EndApart time.Duration
	Faults                []Fault
}

// Calls is how many the history has.
func (l *Ledger) Calls() int {
	n := 0
	for _, k := range l.Outcomes {
		n += k
	}
	return n
}

// comparison is what is compared, by what it is found by.
type comparison struct {
	*Ledger
	tolerance Tolerance
	agents    map[string]string
	cdrs      map[string][]CDR // by unique id
}

// Compare compares the books call by call. The faults are sorted by caller.
func (b *Books) Compare(t Tolerance) *Ledger {
	c := comparison{
		Ledger:    &Ledger{Outcomes: map[string]int{}, Ends: map[lab.CallEnd]int{}, Failed: b.Callers.Failed},
		tolerance: t, agents: b.Agents, cdrs: map[string][]CDR{},
	}
	for _, r := range b.CDRs {
		c.cdrs[r.UniqueID] = append(c.cdrs[r.UniqueID], r)
	}
	c.CDRs = len(c.cdrs)
	calls := map[string]string{} // ids by caller
	known := map[string]bool{}   // unique ids
	var unended []string         // callers of whom SIPp knows no end
	for i := range b.Calls {
		call := &b.Calls[i]
		c.Outcomes[call.Outcome]++
		known[call.UniqueID] = true
		if before, twice := calls[call.Caller]; twice {
			c.fault(Twice, call.Caller, "calls %s and %s", before, call.ID)
		}
		calls[call.Caller] = call.ID
		if _, ended := b.Callers.Ends[call.Caller]; !ended {
			unended = append(unended, call.Caller)
		}
		c.call(call, b.Callers.Ends[call.Caller])
	}
	for caller, end := range b.Callers.Ends {
		c.Ends[end]++
		if calls[caller] == "" {
			c.fault(Missing, caller, "SIPp's call %s", end)
		}
	}
	for id, records := range c.cdrs {
		if !known[id] {
			c.fault(Missing, records[0].Caller, "CDR of %s at %s", id, records[0].Start.Format(time.TimeOnly))
		}
	}
	// A call that failed for SIPp has no end there; calld may have had it.
	if len(unended) > b.Callers.Failed {
		for _, caller := range unended {
			c.fault(Unknown, caller, "SIPp has ended no such call, and only %d failed", b.Callers.Failed)
		}
	}
	slices.SortFunc(c.Faults, func(x, y Fault) int {
		return cmp.Or(cmp.Compare(x.Caller, y.Caller), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Text, y.Text))
	})
	return c.Ledger
}

func (c *comparison) fault(kind FaultKind, caller, format string, a ...any) {
	c.Faults = append(c.Faults, Fault{kind, caller, fmt.Sprintf(format, a...)})
}

// call looks at one call of the history.
func (c *comparison) call(call *Call, end lab.CallEnd) {
	if call.End == nil || !slices.Contains(queue.Outcomes(), queue.Outcome(call.Outcome)) {
		c.fault(NoOutcome, call.Caller, "call %s: outcome %q, end %v", call.ID, call.Outcome, call.End)
		return
	}
	c.figures(call)
	records := c.cdrs[call.UniqueID]
	if len(records) == 0 {
		c.fault(NoCDR, call.Caller, "call %s, channel %s, %s", call.ID, call.UniqueID, call.Outcome)
		return
	}
	answered := slices.IndexFunc(records, func(r CDR) bool { return r.Answered })
	if answered >= 0 {
		c.Answers++
	}
	switch {
	case call.Outcome != string(queue.Answered):
		if answered >= 0 {
			c.fault(Unanswered, call.Caller, "call %s %s; phone %s answered by its CDR", call.ID, call.Outcome, records[answered].Phone)
		}
	case answered < 0 || call.Start == nil || c.agents[records[answered].Phone] != call.Agent:
		c.fault(NotTalked, call.Caller, "call %s with %s: CDRs %v", call.ID, call.Agent, records)
	default:
		c.talk(call, records[answered])
	}
	if end == lab.CallRefused && call.Outcome == string(queue.Answered) {
		c.fault(Contrary, call.Caller, "call %s %s, SIPp's was %s", call.ID, call.Outcome, end)
	}
}

// figures compares the lengths that calld tells with its moments.
func (c *comparison) figures(call *Call) {
	until, talk := *call.End, time.Duration(0)
	if call.Start != nil {
		until, talk = *call.Start, call.End.Sub(*call.Start)
	}
	wait := until.Sub(call.Begin)
	if apart(wait.Milliseconds(), call.WaitMS) > rounding || apart(talk.Milliseconds(), call.TalkMS) > rounding {
		c.fault(Figures, call.Caller, "call %s says wait %d ms, talk %d ms; by its moments %d ms, %d ms",
			call.ID, call.WaitMS, call.TalkMS, wait.Milliseconds(), talk.Milliseconds())
	}
}

// talk compares the moments of an answered call.
func (c *comparison) talk(call *Call, r CDR) {
	// Where the caller heard something before, the CDR does not tell when the
	// agent answered, but when the line was.
	late := call.Start.Sub(r.Answer)
	if rungAtOnce(call) {
		c.Exact++
		c.AnswerApart = max(c.AnswerApart, late.Abs())
	}
	if late < -c.tolerance.Clock || late > c.tolerance.Clock && rungAtOnce(call) || call.Start.After(r.End.Add(c.tolerance.Clock)) {
		c.fault(AnswerTime, call.Caller, "call %s: %s, CDR %s", call.ID, stamp(*call.Start), stamp(r.Answer))
	}
	d := call.End.Sub(r.End).Abs()
	c.EndApart = max(c.EndApart, d)
	if d > c.tolerance.Clock {
		c.fault(EndTime, call.Caller, "call %s: %s, CDR %s", call.ID, stamp(*call.End), stamp(r.End))
	}
}

// atOnce is how soon an agent is rung of a caller who hears nothing before: to
// answer a line in order to play something takes 400 ms and more where the
// caller sends no sound (channel.c, __ast_answer).
const atOnce = 200 * time.Millisecond

// rungAtOnce tells whether the agent who answered was rung before the caller
// can have heard anything.
func rungAtOnce(call *Call) bool {
	return slices.ContainsFunc(call.Rings, func(r Ring) bool { return r.Agent == call.Agent && r.At.Sub(call.Begin) < atOnce })
}

// Kinds counts the faults.
func (l *Ledger) Kinds() map[FaultKind]int {
	kinds := map[FaultKind]int{}
	for _, f := range l.Faults {
		kinds[f.Kind]++
	}
	return kinds
}

// Lines describe it, with at most so many of each kind of fault.
func (l *Ledger) Lines(most int) []string {
	lines := []string{
		fmt.Sprintf("history: %d calls %s", l.Calls(), counts(l.Outcomes)),
		fmt.Sprintf("SIPp: %s, failed %d", counts(l.Ends), l.Failed),
		fmt.Sprintf("CDRs: %d channels, %d answered by an agent; answers at most %v apart (of %d that nothing was played to), ends %v",
			l.CDRs, l.Answers, l.AnswerApart, l.Exact, l.EndApart),
		fmt.Sprintf("differences: %d %s", len(l.Faults), counts(l.Kinds())),
	}
	shown := map[FaultKind]int{}
	for _, f := range l.Faults {
		if shown[f.Kind]++; shown[f.Kind] <= most {
			lines = append(lines, "  "+f.String())
		}
	}
	return lines
}

func counts[K ~string](m map[K]int) string {
	words := make([]string, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		words = append(words, fmt.Sprintf("%s %d", k, m[k]))
	}
	return "(" + strings.Join(words, ", ") + ")"
}

func apart(a, b int64) int64 { return max(a-b, b-a) }

func stamp(t time.Time) string { return t.UTC().Format("15:04:05.000") }
