// Package exchange is what calld asks of a live Asterisk through its manager:
// to originate a call, to hang a channel up, to send it elsewhere in the
// dialplan, to play digits into it, to set a variable on it.
//
// # Usage
//
//	x := exchange.New(client, slow)
//	err := x.Originate(ctx, exchange.Origination{
//		Channel: "PJSIP/8001", ID: id, Context: "calld-outbound", Extension: "s",
//		RingFor: 30 * time.Second,
//	})
//
// # Concurrency
//
// All methods may be called from any goroutine. Each waits for Asterisk's
// answer, so none may be called where calls are decided.
//
// # Failure
//
// [ErrAway] says that Asterisk can't be asked now, [ErrNoChannel] that the
// channel is gone; anything else that Asterisk refuses is a
// [*ami.ResponseError], and what the action would have done has not happened.
// After [ErrUnanswered] it may have happened, or still may.
package exchange
