// Package announce finds out what a caller is to hear before an agent is
// rung: it asks the announcement server, downloads or has spoken what the
// server names, converts it to a file that every Asterisk plays, and keeps
// that file for the next caller.
//
//	s := announce.New(announce.Options{Sounds: cfg.Asterisk.Sounds, SoundsHere: cfg.Asterisk.SoundsHere, Log: log})
//	s.Configure(cfg)
//	go func() { done <- s.Run(ctx) }()
//	…
//	r := s.Fetch(ctx, announce.Request{Call: id, Queue: "123456"}, queue.AnnouncementURL)
//	if r.Sound != "" {
//		session.StreamFile(r.Sound)
//	}
//
// # Time
//
// [Service.Fetch] returns within the configured time-out, which covers
// asking, downloading, speaking, converting and waiting for another call's
// download of the same sound. Work that other callers can use (a download by
// URL, a spoken sentence, a conversion) is shared, goes on when the call that
// began it has given up, and ends by a limit of its own: a sound that takes
// longer than the time-out fails the first caller only.
//
// # Concurrency
//
// All methods of [Service] may be called from any goroutine. [Service.Run]
// sweeps old files; when it returns, all shared work has ended and Fetch
// answers with [ReasonStopped]. The numbers of concurrent requests,
// transfers, speech syntheses and conversions are bounded by constants; what
// is over a bound gives [ReasonBusy].
//
// # Failure
//
// Whatever goes wrong, Fetch gives a [Result] to go on with: the fallback
// sound, with a [Reason] from a closed list, counted in [Stats] and logged as
// a warning (at most one a second for each reason, saying how many were left
// out). Nothing that a server sends makes it panic, block or use more memory
// than its limits.
//
// # Files
//
// Sounds are kept in the folder "announce" below Options.SoundsHere, named by
// the hash of what they were made from, so they are found again after a
// restart. Only files with such names are ever removed, and never within an
// hour of their last use, since they may be playing.
package announce
