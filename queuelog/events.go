package queuelog

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"calld/queue"
)

// none stands where a line has no queue, agent or call.
const none = "NONE"

// manager is the id of the lines about members that come and go, as when the
// manager interface adds them.
const manager = "MANAGER"

// transferContext stands for the dialplan context of a transfer's target:
// calld dials targets itself.
const transferContext = "calld"

// transferMethod is how a caller gets to whom the agent has consulted
// (app_queue.c, log_attended_transfer); its destination is the target.
const transferMethod = "BRIDGE"

// translator makes lines of events. It is not safe for concurrent use.
type translator struct {
	calls   map[string]*caller
	members map[string]*member
	waiting map[string][]*caller // by queue, the first in line first
}

// caller is a call as its lines need it.
type caller struct {
	id       string    // of its lines, which a call back keeps when it goes on on another channel
	queue    string    // that it waits in, or whose agent talks; empty when neither
	entered  time.Time // that queue
	position int       // on entering
	agent    string    // who talks, reached by the queue
	since    time.Time // of that talk
	// What of the call's record has been written.
	rings     map[int]bool
	transfers int
}

// member is an agent as logged in.
type member struct {
	queues []string
	paused bool
}

// newTranslator takes up live calls where they are.
func newTranslator(live []queue.Call) *translator {
	t := &translator{calls: map[string]*caller{}, members: map[string]*member{}, waiting: map[string][]*caller{}}
	for i := range live {
		t.calls[live[i].ID] = t.meet(&live[i])
	}
	return t
}

// line is one line of the file. logger.c: "%ld|%s|%s|%s|%s|" and the event's data.
// What would end a field or, for any reader, a line becomes a space.
func line(at time.Time, call, queueID, agent, event string, data ...any) string {
	fields := make([]string, 0, 5+len(data))
	fields = append(fields, fmt.Sprint(at.Unix()), call, queueID, agent, event)
	for _, d := range data {
		fields = append(fields, fmt.Sprint(d))
	}
	for i, f := range fields {
		fields[i] = strings.Map(func(r rune) rune {
			if r == '|' || unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp) {
				return ' '
			}
			return r
		}, f)
	}
	if len(data) == 0 {
		fields = append(fields, "")
	}
	return strings.Join(fields, "|") + "\n"
}

// translate makes the lines of an event.
func (t *translator) translate(e *queue.Event) []string {
	switch e.Kind {
	case queue.CallWaiting, queue.CallRinging, queue.CallAnswered, queue.CallChanged, queue.CallEnded:
		return t.call(e)
	case queue.AgentChanged:
		return t.agent(e.At, e.Agent)
	default:
		return nil
	}
}

func (t *translator) call(e *queue.Event) (lines []string) {
	c, s := e.Call, t.calls[e.Call.ID]
	if s == nil {
		s = &caller{id: c.UniqueID, rings: map[int]bool{}}
		t.calls[c.ID] = s
	}
	write := func(agent, event string, data ...any) {
		lines = append(lines, line(e.At, s.id, s.queue, agent, event, data...))
	}
	t.rung(s, c, write)
	if x := s.moved(c); x != nil {
		place := t.leave(s)
		switch {
		case s.agent != "" && x.Kind == queue.Consultative:
			write(s.agent, "ATTENDEDTRANSFER", transferMethod, x.To, s.hold(), seconds(s.since, e.At), s.position)
		case s.agent != "":
			write(s.agent, "BLINDTRANSFER", x.To, transferContext, s.hold(), seconds(s.since, e.At), s.position)
		case s.queue != "" && x.Kind == queue.KindOverflow:
			write(none, exit(x.Reason), place, s.position, seconds(s.entered, e.At))
		}
		s.queue, s.agent = "", ""
	}
	if s.queue != "" && s.agent == "" && (c.Key != "" || c.Phase == queue.Messaging) {
		data := []any{t.leave(s), s.position, seconds(s.entered, e.At)}
		if c.Key != "" { // app_queue.c, queue_exec
			write(none, "EXITWITHKEY", append([]any{c.Key}, data...)...)
		} else {
			write(none, exit(c.Unserved), data...)
		}
		s.queue = ""
	}
	switch e.Kind {
	case queue.CallWaiting:
		// app_queue.c, queue_exec: a caller who can't join has no line.
		if s.queue == "" && e.Refused == "" && c.Phase != queue.Booked {
			t.enter(s, c.Queue, e.At)
			write(none, "ENTERQUEUE", "", c.CustomerNumber(), s.position)
		}
	case queue.CallAnswered:
		// Who is called back enters when reached, as app_queue knows only callers.
		if c.CallbackFor != "" && s.queue == "" && len(c.Transfers) == 0 {
			s.queue, s.entered, s.position = c.Queue, e.At, 1
			write(none, "ENTERQUEUE", "", c.CustomerNumber(), s.position)
		}
		if s.queue != "" && s.agent == "" {
			t.leave(s)
			s.agent, s.since = c.Agent, e.At
			write(s.agent, "CONNECT", s.hold(), "", ringTime(c))
		}
	case queue.CallEnded:
		delete(t.calls, c.ID)
		switch {
		case s.agent != "":
			write(s.agent, completed(c), s.hold(), seconds(s.since, e.At), s.position)
		case s.queue != "":
			write(none, exit(c.Outcome), t.leave(s), s.position, seconds(s.entered, e.At))
		}
	default:
	}
	return lines
}

// moved is the first new transfer that has taken the caller away from the queue,
// or from its agent; nil: none has. Those after it led through queues that
// refused the caller, and a consultation that came to nothing leads nowhere.
func (s *caller) moved(c *queue.Call) *queue.Transfer {
	added := c.Transfers[min(s.transfers, len(c.Transfers)):]
	s.transfers = len(c.Transfers)
	for i := range added {
		if x := &added[i]; x.Moved() {
			return x
		}
	}
	return nil
}

// meet takes up a call that has had its lines.
func (t *translator) meet(c *queue.Call) *caller {
	s := &caller{id: c.UniqueID, rings: map[int]bool{}, transfers: len(c.Transfers)}
	for i := range c.Rings {
		s.rings[i] = c.Rings[i].Result != queue.Pending
	}
	switch {
	case c.CallbackFor != "" && c.Start != nil && s.transfers == 0:
		s.queue, s.entered, s.position = c.Queue, *c.Start, 1
		s.agent, s.since = c.Agent, *c.Start
	case c.Direction == queue.Out || s.transfers > 0: // no telling how it came there
	case c.Phase == queue.Greeting, c.Phase == queue.Waiting, c.Phase == queue.Ringing:
		t.enter(s, c.Queue, c.Begin)
	case c.Start != nil:
		t.enter(s, c.Queue, c.Begin)
		t.leave(s)
		s.agent, s.since = c.Agent, *c.Start
	}
	return s
}

// rung writes what became of agents who were rung for the queue.
func (t *translator) rung(s *caller, c *queue.Call, write func(agent, event string, data ...any)) {
	for i := range c.Rings {
		r := &c.Rings[i]
		if r.Result == queue.Pending || s.rings[i] {
			continue
		}
		s.rings[i] = true
		if s.queue == "" || r.End == nil {
			continue
		}
		took := r.End.Sub(r.At).Milliseconds()
		switch r.Result {
		case queue.NoAnswer, queue.Refused, queue.CutShort:
			write(r.Agent, "RINGNOANSWER", took)
		case queue.CallerLeft:
			write(r.Agent, "RINGCANCELED", took)
		default: // app_queue has no line for who was not rung, and who was not the first to answer
		}
	}
}

// enter puts a caller at the end of a queue.
func (t *translator) enter(s *caller, queueID string, at time.Time) {
	s.queue, s.entered = queueID, at
	t.waiting[queueID] = append(t.waiting[queueID], s)
	s.position = len(t.waiting[queueID])
}

// leave takes a caller out of the queue and returns the place held there.
func (t *translator) leave(s *caller) (position int) {
	list := t.waiting[s.queue]
	i := slices.Index(list, s)
	if i < 0 {
		return s.position
	}
	if list = slices.Delete(list, i, i+1); len(list) == 0 {
		delete(t.waiting, s.queue)
	} else {
		t.waiting[s.queue] = list
	}
	return i + 1
}

// hold is for how long the caller waited for the agent who talks.
func (s *caller) hold() int64 { return seconds(s.entered, s.since) }

// seconds is a difference of times in whole seconds, as app_queue takes it.
func seconds(from, to time.Time) int64 { return max(0, to.Unix()-from.Unix()) }

// ringTime is for how long the agent who answered was rung, in seconds.
func ringTime(c *queue.Call) int64 {
	for _, r := range slices.Backward(c.Rings) {
		if r.Agent == c.Agent && r.Result == queue.RingAnswer && r.End != nil {
			return int64(r.End.Sub(r.At) / time.Second)
		}
	}
	return 0
}

// completed is the event of a talk's end, by who hung up.
func completed(c *queue.Call) string {
	if strings.HasSuffix(c.Cause, "agent") {
		return "COMPLETEAGENT"
	}
	return "COMPLETECALLER"
}

// exit is the event of leaving a queue without having talked. A queue that is
// full or closed is never entered.
func exit(o queue.Outcome) string {
	switch o {
	case queue.Timeout:
		return "EXITWITHTIMEOUT"
	case queue.NoAgent:
		return "EXITEMPTY"
	default:
		return "ABANDON"
	}
}

// agent makes the lines of an agent who logged in or out or went away or back.
func (t *translator) agent(at time.Time, a *queue.AgentStatus) (lines []string) {
	var was, now member
	if m := t.members[a.ID]; m != nil {
		was = *m
	}
	now.paused = was.paused
	switch a.State {
	case queue.Away:
		now.paused = true
	case queue.Available, queue.Offline:
		now.paused = false
	default: // a call in hand, or a phone that is away, says nothing of it
	}
	if a.State == queue.Offline {
		delete(t.members, a.ID)
	} else {
		now.queues = a.Queues
		t.members[a.ID] = &now
	}
	write := func(call, queueID, event, data string) {
		lines = append(lines, line(at, call, queueID, a.ID, event, data))
	}
	for _, q := range was.queues {
		if !slices.Contains(now.queues, q) {
			write(manager, q, "REMOVEMEMBER", "")
		}
	}
	prefix, reason, state := "UN", "", ""
	if now.paused {
		prefix, reason, state = "", a.Reason, "PAUSED"
	}
	first := true
	for _, q := range now.queues {
		switch {
		case !slices.Contains(was.queues, q):
			write(manager, q, "ADDMEMBER", state)
		case was.paused != now.paused:
			if first {
				write(none, none, prefix+"PAUSEALL", reason)
				first = false
			}
			write(none, q, prefix+"PAUSE", reason)
		}
	}
	return lines
}
