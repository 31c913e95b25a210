// Package store keeps what must outlive the process: live calls, the history,
// memos, the missed calls, who is away, and the campaigns with their lists and
// results, in one bbolt file.
//
//	s, err := store.Open("calld.db", store.Options{})
//	...
//	defer s.Close()
//	rec := store.NewRecorder(s, store.RecorderOptions{Log: log})
//	board := queue.New(queue.Options{Observers: []queue.Observer{rec}}) // takes events without blocking
//	go rec.Run(ctx)                                                     // writes them, in order, in batches
//	page, err := s.History(store.Query{Queues: []string{"123456"}})
//
// # What is written when
//
// A call is put into the live table as it enters and as it changes. When it
// ends, one transaction writes the history record with its indexes, opens,
// adds to or resolves the missed-call entry, and removes the live record: no
// moment exists at which a call is in both or in neither. A memo stands in a
// table of its own and is joined when a call is read, so a later write of the
// call can't undo it.
//
// Every method that changes something returns after the change is on disk
// (fdatasync), or with an error. After a disk error the change may be on disk
// all the same; every change can safely be made again.
//
// An entry of a dial list is claimed for a try before it is dialled, and settled
// in one transaction with the try's result: after a crash each claim is found
// among the tries under way.
//
// # Concurrency
//
// All methods may be called from any goroutine. Writers share transactions:
// while one commits, the others that arrive are gathered for the next commit,
// so many writers cost few disk flushes and a lone writer waits for nobody.
// Readers see the last commit and block nobody.
//
// # Failure
//
// A damaged page never takes the process down: bbolt's panics, and the memory
// faults of a file that became unreadable, come back as [ErrDamaged]. [Open]
// tells a foreign, damaged, newer, locked or forbidden file apart, see
// [OpenError]. The [Recorder] keeps what it can't write, tries again, and says
// so in [Recorder.Healthy].
//
// # The file
//
// Values are JSON: readable with any tool, and a new field needs no migration.
// Keys sort by time, as eight big-endian bytes of nanoseconds and the call id,
// so that history is appended at the end of its tables instead of written all
// over the file. An index puts the queue, the number or the agent in front.
package store
