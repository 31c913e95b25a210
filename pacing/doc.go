// Package pacing decides how many customers an outbound campaign dials ahead
// of its agents.
//
// A [Pacer] is fed facts as they come ([Pacer.Learn]) and asked after every
// event, and once a second, what to do ([Pacer.Decide]):
//
//	p, err := pacing.New(pacing.Options{Method: pacing.Risk, Limit: 0.03})
//	...
//	p.Learn(pacing.Fact{Kind: pacing.Answered, At: now, Took: ring})
//	d := p.Decide(view, now) // dial d.Dial more, hang up d.HangUp
//
// It is pure: no clock, no goroutine, no randomness, no I/O. The same facts
// and views give the same decisions. Time goes forward only; a fact or view
// from the past is taken as of the latest time seen.
//
// # Methods
//
// [Progressive] dials one call for each free agent. [Power] dials a fixed
// number of calls for each. [Lite] keeps the expected answers of what rings
// under an adapted multiple of the free agents; it knows no handling times.
// [Risk] forecasts answers and agents becoming free, and dials while the
// chance that one more call finds nobody stays under an adapted price.
//
// # State
//
// [Pacer.State] is everything learnt, as JSON; [Options.State] takes it up
// again. Price, tally and models go on where they were.
//
// # Concurrency
//
// A Pacer is for one goroutine at a time, or under its owner's mutex. A
// decision costs microseconds and never waits.
package pacing
