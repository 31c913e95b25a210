package queue

import "time"

// stranger is a caller who is waiting for calld's return, as the exchange tells.
// Nothing is known of the call yet but since when it has been there.
type stranger struct{ since, until time.Time }

// meetStrangers keeps the places of those who were in the dialplan already when
// this board heard of the exchange for the first time: callers who came while
// calld was down, or so shortly before that no record of theirs was written.
func (m *machine) meetStrangers(channels []Channel) {
	for _, ch := range channels {
		l := m.numbers[ch.Number]
		if l == nil || m.channels[ch.UniqueID] != nil {
			continue
		}
		if l.strangers == nil {
			l.strangers = map[string]stranger{}
		}
		until := m.now.Add(ReturnGrace)
		l.strangers[ch.UniqueID] = stranger{ch.Since, until}
		m.at(until, timer{line: l})
	}
}

// partStrangers forgets those who have hung up.
func (m *machine) partStrangers(live map[string]Channel) {
	for _, l := range m.lines {
		for id := range l.strangers {
			if _, ok := live[id]; !ok {
				delete(l.strangers, id)
				m.mark(l)
			}
		}
	}
}

// holdsUp reports whether a stranger has been there longer than c. Who it is
// nobody knows: a VIP goes first.
func (l *line) holdsUp(c *call, now time.Time) bool {
	for id, s := range l.strangers {
		if !now.Before(s.until) {
			delete(l.strangers, id)
		} else if s.since.Before(c.place()) {
			return true
		}
	}
	return false
}
