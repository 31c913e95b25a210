// Package webhook tells other people's servers what happens on the board, by
// signed HTTP requests.
//
//	hooks, err := webhook.New(webhook.Options{Store: st, Post: recorder.Post, Log: log})
//	...
//	board := queue.New(queue.Options{Observers: []queue.Observer{hooks, recorder}}) // hooks first
//	err = hooks.Configure(ctx, cfg)
//	go hooks.Run(ctx)
//
// # What is promised
//
// Each event is delivered at least once to each webhook that asks for it. It is
// in the store's outbox before it is sent, and stays there until the receiver
// has answered 2xx, over crashes too. Because the Service observes the board
// before the recorder does, a call's record is never on disk before the events
// that led to it: what a crash takes from the outbox it takes from the record as
// well, and the next calld sees it happen again.
//
// Events of one call, and those of one agent, are sent in their order, each
// after the one before was taken or given up. Between calls there is no order.
// Every try of an event carries the same id. An event that is not taken within
// [GiveUp] is dropped, and so is the oldest when a webhook has [MaxPending]
// waiting; both are counted and logged.
//
// # Concurrency
//
// Observe never blocks. Each webhook has a goroutine and a bounded list of its
// own: a slow or dead receiver holds up neither calls nor other receivers.
//
// # Who is trusted
//
// The addresses are the admin's. They may be private ones, and nothing that a
// caller or agent sends chooses them; redirects are not followed.
package webhook
