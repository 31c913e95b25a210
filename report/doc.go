// Package report counts calls: what came in, what was answered and how soon, by
// queue and hour of the day.
//
// # Usage
//
// A [Day] is the day's figures. It is a [queue.Observer] to be given to the
// board, and is told by [Day.Add] of the calls that ended before:
//
//	day := report.NewDay(report.Options{Location: loc, Threshold: threshold})
//	board := queue.New(queue.Options{Observers: []queue.Observer{day}, …})
//	for _, c := range history { day.Add(&c) }
//
// A report of any time, cut by [Cut] into intervals, is counted from the history
// by [Queues] and [Agents], which are given the calls of that time and the
// states in which agents were ([Span]).
//
// # What is counted
//
// Calls that customers make, under the day and the hour at which they came in:
// each from the moment it is answered, or else from its end; its talk when it
// is over. So the figures are those that the history gives.
//
// The service level is the share of calls answered within the queue's
// threshold (service_level), of all that were answered or missed. Callers who
// hang up within [ShortAbandon] gave nobody the time to answer: they are missed
// calls, but no part of the service level.
//
// # Concurrency
//
// All methods of a Day may be called from any goroutine. None waits. Queues and
// Agents are for one goroutine each.
package report
