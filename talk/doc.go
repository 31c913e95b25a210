// Package talk is what an agent does with a call in hand: hang it up, hold
// it and take it back, hand it over to somebody else, and play digits into it.
//
// # Usage
//
//	t := talk.New(talk.Options{Board: board, Exchange: exchange.New(client, slow)})
//	err := t.Digits(ctx, callID, talk.ToCaller, "12#")
//
// A conversation lives in Asterisk, inside a Dial of the script that serves the
// caller. What is asked for here is told to the board first and carried out on
// the agent's channel second; that ends the Dial, and the script reports it to
// the board, which then tells it how the call goes on. So what came of it is
// known for certain, and a customer is never left to a channel of somebody
// else's making.
//
// # Concurrency
//
// All methods may be called from any goroutine. They wait for Asterisk's
// answer. Digits for one call are played one request after the other.
//
// # Failure
//
// [queue.ErrUnknownCall], [queue.ErrNotTalking] and their like say why the call
// can't be worked with, [*DigitsError] and [*TargetError] what is wrong with
// what was asked for, [ErrTooManyRequests] that too much was. An error of package
// exchange says that Asterisk did not do it; the talk then goes on as it was.
// After [exchange.ErrUnanswered] nobody knows, and when the talk ends within
// [queue.OrderWait] it has ended by what was asked for.
package talk
