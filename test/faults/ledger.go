package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"calld/queue"
	"calld/test/centre"
)

const (
	// tolerance is by how much the order of two callers may be told otherwise by
	// two clocks' readings of one moment, and the length of a wait or a talk by
	// its ends.
	tolerance = 50 * time.Millisecond
	// overloaded is how long after Asterisk has told of an overload it may still
	// take no notice of INVITEs.
	overloaded = 10 * time.Second
)

// books is what the three who write calls down have of one round: sipp,
// Asterisk, and calld.
type books struct {
	calls   []*heard
	cdrs    map[string][]centre.CDR // by the customer's number
	history map[string][]queue.Call // by the customer's number
	// overloads is when Asterisk told that it has more to do than it can.
	overloads []time.Time
}

func (s *scene) books(ctx context.Context, crowds []*crowd, begin time.Time) (*books, error) {
	b := &books{cdrs: map[string][]centre.CDR{}, history: map[string][]queue.Call{}, overloads: overloads(s.PBX.LogText(), begin)}
	for _, w := range crowds {
		calls, err := w.calls()
		if err != nil {
			return nil, err
		}
		b.calls = append(b.calls, calls...)
	}
	round := crowds[0].prefix[:prefixLen-1]
	history, err := s.Server.Ask(ctx, "/api/v1/history/export?format=jsonl")
	if err != nil {
		return nil, err
	}
	defer history.Close() //nolint:errcheck // read to its end
	for d := json.NewDecoder(history); ; {
		var call queue.Call
		err := d.Decode(&call)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("history: %w", err)
		}
		if strings.HasPrefix(call.Caller, round) {
			unstep(&call, begin)
			b.history[call.Caller] = append(b.history[call.Caller], call)
		}
	}
	cdrs, err := s.CDRs()
	for _, r := range cdrs {
		if strings.HasPrefix(r.Caller, round) {
			b.cdrs[r.Caller] = append(b.cdrs[r.Caller], r)
		}
	}
	return b, err
}

// overloads reads from Asterisk's log since when it had more to do than it can: it
// has the time of day to the millisecond, such as [20:22:12.794].
func overloads(log string, begin time.Time) (list []time.Time) {
	for line := range strings.Lines(log) {
		stamp, rest, _ := strings.Cut(strings.TrimPrefix(line, "["), "]")
		of, err := time.ParseInLocation("15:04:05.000", stamp, begin.Location())
		if err != nil || !strings.Contains(rest, "taskprocessor.c: Taskprocessor") || !strings.Contains(rest, "queue reached") {
			continue
		}
		at := time.Date(begin.Year(), begin.Month(), begin.Day(), of.Hour(), of.Minute(), of.Second(), of.Nanosecond(), begin.Location())
		if at.Before(begin.Add(-12 * time.Hour)) { // past midnight
			at = at.AddDate(0, 0, 1)
		}
		list = append(list, at)
	}
	return list
}

// unstep takes the steps of calld's clock out of what it has written of a call
// of a round that began at a time and is much shorter than a step. Of what it
// reckons with that clock, no length may have changed, nor any order.
func unstep(c *queue.Call, begin time.Time) {
	step := func(at *time.Time) {
		if at != nil {
			*at = at.Add(-at.Sub(begin).Round(clockStep))
		}
	}
	step(&c.Begin)
	step(c.Start)
	step(c.End)
	for i := range c.Rings {
		step(&c.Rings[i].At)
		step(c.Rings[i].End)
	}
}

// talked tells whether Asterisk has connected the customer with an agent.
func (b *books) talked(number string) bool {
	return slices.ContainsFunc(b.cdrs[number], func(r centre.CDR) bool { return r.Answered })
}

// times are the moments of a round's fault.
type times struct {
	broke, healed, recovered time.Time
}

// sum is what a round's books come to.
type sum struct {
	calls, answered int
	kept            int // talks that went on through the fault
	lost            int // talks that ended with it, which only an Asterisk's may
	unheard         int // customers who called and left while calld or Asterisk was away
	violations      []string
}

// check compares what is written down of each call.
func (b *books) check(f fault, t times, told func(call string) bool) sum {
	var s sum
	known := map[string]bool{}
	for _, h := range b.calls {
		known[h.number] = true
		s.calls++
		if b.talked(h.number) && !h.answered.IsZero() && h.answered.Before(t.broke) {
			if h.hungUp.After(t.healed) {
				s.kept++
			} else if !h.droppedAt.IsZero() {
				s.lost++
			}
		}
		if why := b.fault(h, f, t, &s); why != "" {
			s.violations = append(s.violations, why+": "+b.tell(h))
		}
	}
	for number, calls := range b.history {
		if !known[number] {
			s.violations = append(s.violations, fmt.Sprintf("nobody made the call %+v", calls[0]))
		}
		for _, c := range calls {
			if !f.behind && !told(c.ID) {
				s.violations = append(s.violations, "the webhook was not told of the end of "+c.ID)
			}
		}
	}
	s.violations = append(s.violations, b.overtaken(f)...)
	return s
}

// fault tells what is wrong with a call; empty: nothing.
func (b *books) fault(h *heard, f fault, t times, s *sum) string {
	calls, talked := b.history[h.number], b.talked(h.number)
	if !h.reached && len(calls) == 0 && len(b.cdrs[h.number]) == 0 && (f.asterisk || b.ignored(h)) {
		s.unheard++
		return ""
	}
	if talked {
		s.answered++
	}
	if !f.asterisk {
		switch {
		case !h.droppedAt.IsZero():
			return "dropped"
		case h.refused != 0:
			return fmt.Sprintf("refused with %d", h.refused)
		case !h.reached:
			return "never answered by Asterisk"
		}
	}
	switch {
	case len(calls) > 1:
		return fmt.Sprintf("%d outcomes", len(calls))
	case len(calls) == 1:
	case f.asterisk && len(b.cdrs[h.number]) == 0, // it did not get as far as that
		f.asterisk && !talked && h.answered.IsZero(),
		f.asterisk && !talked && left(h, t),
		f.away && left(h, t): // perhaps after a talk that had not been written down yet
		s.unheard++
		return ""
	case f.behind && h.called.Before(t.broke) && over(h).Before(t.recovered.Add(time.Second)): // was in the store that is gone
		s.unheard++
		return ""
	default:
		return "no outcome"
	}
	c := calls[0]
	if wrong := figures(&c); wrong != "" {
		return wrong
	}
	switch {
	case c.Outcome == queue.Failed && f.asterisk:
	case c.Outcome != queue.Answered && c.Outcome != queue.Abandoned:
		return "outcome " + string(c.Outcome)
	case f.asterisk: // its CDRs may be gone, and its 200 unheard
	case talked != (c.Outcome == queue.Answered):
		if f.away && talked && left(h, t) { // a talk that began and ended unseen
			s.unheard++
			return ""
		}
		return "outcome " + string(c.Outcome) + ", by Asterisk's CDRs it is not"
	case c.Outcome == queue.Answered && h.answered.IsZero() && h.gaveUp.IsZero(): // else the two crossed
		return "answered, but not for the customer"
	}
	return ""
}

// ignored tells whether Asterisk may have taken no notice of the customer's
// INVITEs because it had told that it is overloaded (res_pjsip,
// taskprocessor_overload_trigger).
func (b *books) ignored(h *heard) bool {
	return slices.ContainsFunc(b.overloads, func(at time.Time) bool {
		return at.After(h.called.Add(-overloaded)) && at.Before(over(h))
	})
}

// figures tells what is wrong with the lengths that calld tells of a call, by
// their ends; empty: nothing.
func figures(c *queue.Call) string {
	if c.End == nil {
		return "no end"
	}
	until, talk := *c.End, time.Duration(0)
	if c.Start != nil {
		until, talk = *c.Start, c.End.Sub(*c.Start)
	}
	wait := until.Sub(c.Begin)
	if (wait-time.Duration(c.WaitMS)*time.Millisecond).Abs() > tolerance || (talk-time.Duration(c.TalkMS)*time.Millisecond).Abs() > tolerance {
		return fmt.Sprintf("wait %d ms and talk %d ms, by their ends %v and %v", c.WaitMS, c.TalkMS, wait, talk)
	}
	return ""
}

// left tells whether a customer left while the fault lasted, or before all was
// well again.
func left(h *heard, t times) bool {
	at := over(h)
	return !at.IsZero() && at.After(t.broke.Add(-time.Second)) && at.Before(t.recovered.Add(time.Second))
}

// over is when the customer ended the call; zero: did not.
func over(h *heard) time.Time {
	at := h.hungUp
	if at.IsZero() || !h.gaveUp.IsZero() && h.gaveUp.Before(at) {
		at = h.gaveUp
	}
	return at
}

// overtaken looks for callers of the queues without enough agents who were
// first offered to an agent after somebody who came later was. Whom an Asterisk
// at fault had not brought to calld by then was overtaken in Asterisk.
func (b *books) overtaken(f fault) []string {
	var violations []string
	lines := map[string][]queue.Call{}
	for _, calls := range b.history {
		for _, c := range calls {
			if c.Queue == "q0" || c.Queue == "q1" {
				lines[c.Queue] = append(lines[c.Queue], c)
			}
		}
	}
	for _, line := range lines {
		slices.SortFunc(line, func(a, b queue.Call) int {
			return cmp.Or(offered(a).Compare(offered(b)), a.Begin.Compare(b.Begin))
		})
		for i, later := range line {
			if len(later.Rings) == 0 {
				break // nor was anybody after it
			}
			for _, first := range line[i+1:] {
				if f.asterisk && offered(later).Before(met(first)) {
					continue
				}
				if first.Begin.Before(later.Begin.Add(-tolerance)) && offered(first).After(offered(later).Add(tolerance)) {
					violations = append(violations, fmt.Sprintf("%s, who came at %v, was overtaken by %s, who came at %v and was offered at %v: %+v",
						first.Caller, first.Begin, later.Caller, later.Begin, offered(later), first))
					break
				}
			}
		}
	}
	return violations
}

// met is by when calld has met a call: its id begins with the second in which it
// did (queue.NewCallID), in the zone that server.timezone has by default.
func met(c queue.Call) time.Time {
	const layout, seoul = "20060102-150405", 9 * 60 * 60
	at, err := time.ParseInLocation(layout, c.ID[:min(len(c.ID), len(layout))], time.FixedZone("KST", seoul))
	if err != nil {
		return time.Time{}
	}
	return at.Add(time.Second)
}

// offered is when a call was first offered to an agent, or left.
func offered(c queue.Call) time.Time {
	if len(c.Rings) > 0 {
		return c.Rings[0].At
	}
	return *c.End
}

// tell is all that is known of a call.
func (b *books) tell(h *heard) string {
	var s strings.Builder
	clock := func(what string, t time.Time) {
		if !t.IsZero() {
			fmt.Fprintf(&s, ", %s %s", what, t.Format("15:04:05.000"))
		}
	}
	fmt.Fprintf(&s, "customer %s (%s)", h.number, h.kind)
	clock("called", h.called)
	clock("answered", h.answered)
	clock("gave up", h.gaveUp)
	clock("hung up", h.hungUp)
	clock("was dropped", h.droppedAt)
	for _, r := range b.cdrs[h.number] {
		fmt.Fprintf(&s, "\n    CDR %+v", r)
	}
	for _, c := range b.history[h.number] {
		fmt.Fprintf(&s, "\n    history %+v", c)
	}
	return s.String()
}
