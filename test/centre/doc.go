// Package centre is a call centre under load, for the programs that measure
// calld and that try to break it: a real Asterisk, calld as a process of its
// own, callers and phones by SIPp, and the agents' pages.
//
//	c, err := centre.Start(ctx, centre.Options{Plan: centre.NewPlan(100, 5), Binary: binary, CDR: true, People: true, Log: log})
//	defer c.Close()
//	err = c.OpenPages(ctx)
//	callers, err := c.Call(ctx, centre.Calls{Rate: 20, For: time.Minute, Talk: time.Second})
//	// let it be
//	books, err := c.Books(ctx, callers)
//	faults := books.Compare(centre.Tolerance{Clock: 200*time.Millisecond})
//
// # Ledger
//
// Three parties write down each call: SIPp, which made it, Asterisk in its
// CDRs, and calld in its history. [Books] holds what they wrote, and
// [Books.Compare] tells every difference: a call that one of them lacks or
// has twice, and an answer or an end that they saw otherwise.
//
// # Concurrency
//
// A [Centre] is started, changed and closed by one goroutine; pages, metrics and
// samples may be asked by any.
//
// # Failure
//
// What the centre itself needs and does not get is an error. What calld does
// wrong is none: it is in the figures.
package centre
