package store

import "calld/mask"

// Masked is the missed call for who is to see no customer's number.
func (m *Missed) Masked() Missed {
	shown := *m
	shown.Caller, shown.CallerName = mask.Number(m.Caller), mask.Text(m.CallerName, m.Caller)
	if m.Resolved != nil {
		r := *m.Resolved
		r.Reason = mask.Text(r.Reason, m.Caller)
		shown.Resolved = &r
	}
	return shown
}
