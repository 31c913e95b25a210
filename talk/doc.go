// Package talk is what an agent does with a call in hand: hang it up, and play
// digits into it.
//
// # Usage
//
//	t := talk.New(talk.Options{Board: board, Exchange: exchange.New(client)})
//	err := t.Digits(ctx, callID, talk.ToCaller, "12#")
//
// A conversation lives in Asterisk, inside a Dial of the script that serves the
// caller. What is asked for here is told to the board first and carried out on
// the channels second; what came of it the script reports to the board, as it
// does when somebody hangs up.
//
// # Concurrency
//
// All methods may be called from any goroutine. They wait for Asterisk's
// answer. Digits for one call are played one request after the other.
//
// # Failure
//
// [ErrNoCall] and [ErrNotTalking] say what the call is not, [*DigitsError] what
// can't be played. An error of package exchange says that Asterisk did not do
// it; the talk then goes on as it was.
package talk
