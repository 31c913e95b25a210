// Package queuelog writes what happens on the board as Asterisk's app_queue
// writes its queue_log, for the reporting tools that read such files.
//
//	log := queuelog.New(queuelog.Options{Log: logger})
//	log.Configure(cfg, nil)
//	board := queue.New(queue.Options{Observers: []queue.Observer{log}})
//	go log.Run(ctx)
//
// Observe never blocks: lines wait in memory, at most [Queue] of them, for Run
// to write them. What does not fit and what the disk does not take is counted
// and logged, and lost: the store has every call all the same.
//
// The file is appended to. When it has been moved away, and at each Configure,
// it is opened anew, so any way of rotating it will do.
//
// The lines are those of app_queue.c and logger.c of Asterisk 22, with calld's
// agents as members that log in and out:
//
//	time|unique id of the caller's channel|queue|agent|EVENT|data…
package queuelog
