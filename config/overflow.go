package config

import (
	"fmt"
	"slices"
	"strings"
)

// Overflow is what becomes of a call that its queue does not serve: it is told
// the notice, and then goes to a queue or a number, leaves a message, or ends.
type Overflow struct {
	Notice
	Queue  string // at most one of the two
	Number string
	// Message: it ends with a voice message.
	Message bool
}

// Leads reports whether the call goes on.
func (o *Overflow) Leads() bool { return o.Queue != "" || o.Number != "" }

// overflows names the keys, in the order of the documentation.
func (q *Queue) overflows() []struct {
	key string
	to  *Overflow
} {
	return []struct {
		key string
		to  *Overflow
	}{
		{"on_closed", &q.OnClosed},
		{"on_holiday", &q.OnHoliday},
		{"on_full", &q.OnFull},
		{"on_no_agent", &q.OnNoAgent},
		{"on_max_wait", &q.OnMaxWait},
	}
}

// readOverflows reads where a queue's calls go that it does not serve.
func (s *section) readOverflows(q *Queue, c *Config) {
	for _, o := range q.overflows() {
		if n := s.get(o.key); n == nil || n.value == false {
			continue
		}
		sub := s.inner(o.key, "text")
		*o.to = Overflow{Notice: sub.noticeKeys(c, sayNothing), Queue: sub.str("queue", "", notEmpty), Number: sub.str("number", "", dialable), Message: sub.boolean("message", false)}
		o.to.Number = NormalNumber(o.to.Number)
		switch {
		case o.to.Queue != "" && o.to.Number != "":
			sub.fault("number", "and queue are two ways to go; remove one")
		case o.to.Message && o.to.Leads():
			sub.fault("message", "and another way to go; remove one")
		case !o.to.Leads() && !o.to.Message && o.to.Empty() && len(sub.node.order) == 0:
			s.fault(o.key, "says neither what is told nor where the call goes; set text, sound, queue, number or message")
		case o.to.Queue == q.ID:
			sub.fault("queue", "leads to the queue itself; name another one")
		}
		sub.done()
	}
	if !s.has("on_holiday") {
		q.OnHoliday = q.OnClosed
	}
}

func dialable(s string) error {
	_, err := DialNumber(s)
	return err
}

// checkOverflows checks that the queues led to exist, and that no number is a
// queue's own, which would come back through the trunk as a new call, again and
// again. It warns of circles: a call is led to each queue once, so its way ends
// there.
func checkOverflows(sections map[string]*section, c *Config) {
	for i := range c.Queues {
		q := &c.Queues[i]
		s := sections[q.ID]
		for _, o := range q.overflows() {
			if i := slices.IndexFunc(c.Queues, func(x Queue) bool { return x.Number == o.to.Number }); o.to.Number != "" && i >= 0 && s.has(o.key) {
				s.fault(o.key, "%s is the number of queue %q, so the call would come in anew; give queue instead, or another number", o.to.Number, c.Queues[i].ID)
			}
			if o.to.Queue == "" || o.to.Queue == q.ID || !s.has(o.key) {
				continue
			}
			if _, ok := c.Queue(o.to.Queue); !ok {
				var ids []string
				for _, known := range c.Queues {
					ids = append(ids, known.ID)
				}
				s.fault(o.key, "there is no queue %q%s", o.to.Queue, didYouMean(o.to.Queue, ids))
			} else if way := c.wayBack(o.to.Queue, q.ID, []string{q.ID}); way != nil {
				s.warn(o.key, "leads in a circle, %s; a call is led to each queue once and ends then", strings.Join(way, " → "))
			}
		}
	}
}

// wayBack finds how calls may be led from a queue to another; nil: not at all.
func (c *Config) wayBack(from, to string, way []string) []string {
	way = append(slices.Clone(way), from)
	if from == to {
		return way
	}
	q, ok := c.Queue(from)
	if !ok {
		return nil
	}
	for _, o := range q.overflows() {
		if next := o.to.Queue; next == to || next != "" && !slices.Contains(way, next) {
			if back := c.wayBack(next, to, way); back != nil {
				return back
			}
		}
	}
	return nil
}

// String is the overflow as the file would have it.
func (o *Overflow) String() string {
	pairs := o.pairs()
	if o.Queue != "" {
		pairs = append(pairs, fmt.Sprintf("queue = %q", o.Queue))
	}
	if o.Number != "" {
		pairs = append(pairs, fmt.Sprintf("number = %q", o.Number))
	}
	if o.Message {
		pairs = append(pairs, "message = true")
	}
	if len(pairs) == 0 {
		return "false"
	}
	return "{ " + strings.Join(pairs, ", ") + " }"
}
