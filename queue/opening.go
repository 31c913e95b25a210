package queue

import "calld/config"

// setHours takes the hours of a queue from the configuration.
func (m *machine) setHours(l *line, cfg *config.Config) {
	l.schedule = cfg.Schedule(&l.cfg)
	m.lookAtClock(l)
}

// lookAtClock notes whether a queue is open now, and when to look again.
func (m *machine) lookAtClock(l *line) {
	before := l.opening.Until
	l.opening = l.schedule.At(m.now)
	if until := l.opening.Until; until != nil && (before == nil || !before.Equal(*until)) {
		m.at(*until, timer{line: l})
	}
	m.touchLine(l)
}
