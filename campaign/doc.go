// Package campaign is the predictive dialler: it dials the customers of a
// list, gives those who answer to the waiting agents of a queue, and writes
// down exactly what became of every try.
//
// A [Campaign] joins a [Plan] (how), a [DialList] (who) and a queue (with
// which agents). Each try of one number of an [Entry] leaves one [Result].
//
// # Usage
//
//	d := campaign.New(campaign.Options{Store: st, Board: board, Exchange: x, ...})
//	board := queue.New(queue.Options{Observers: []queue.Observer{d, ...}})
//	go d.Run(ctx)
//	err := d.Start(ctx, id) // [Faults]: what of the campaign is not fit for it
//
// Which number of an entry is next and when is told by [Plan.Next] and
// [Plan.After], which are pure.
//
// # Concurrency
//
// One goroutine, that of [Dialler.Run], owns everything live. All methods may be
// called from any goroutine. Those that hear ([Dialler.Observe],
// [Dialler.Rings] …) return at once; the others wait for that goroutine, which
// itself never waits: reading, writing and orders to Asterisk go on beside it.
//
// # Failure
//
// A try is claimed in the store before it is dialled, and its result is written
// until that has worked. While the store fails nobody is dialled. When facts come
// faster than they can be taken in, some are left out, counted, and board and
// channels are looked at anew. After a restart the claims are compared with
// Asterisk's channels before anybody is dialled.
package campaign
