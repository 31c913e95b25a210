// Package agitest plays Asterisk's side of a FastAGI session for tests: it sends
// the environment, answers each command as Asterisk would, and hangs up or
// redirects when it is told to.
//
//	c := agitest.New(t, agi.Env{NetworkScript: "inbound", Extension: "0215881234"})
//	c.Hold("EXEC Dial")                      // the test answers these itself
//	c.Reply("GET DATA", "200 result=42")     // a fixed answer
//	c.On("STREAM FILE", func(cmd *agitest.Command) string { ... })
//	c.Dial(handler)                          // an agi.Server of its own, over net.Pipe
//
//	dial := c.Expect("EXEC", "Dial")         // the next command, whatever it is, must be this
//	c.SetVar("DIALSTATUS", "NOANSWER")
//	dial.Reply("200 result=0")
//	c.Hangup(16)                             // the caller leaves
//	c.Wait()                                 // the handler has returned
//	if got := c.Var("CALLD_RESULT"); got != "ABANDONED" { ... }
//
// Without a word of the test every command works: channel variables and the
// database are kept, sounds play to their end at once, EXEC returns 0, and on a
// dead channel what Asterisk refuses is refused. Questions that a session asks
// of its own accord, about the place of its channel, are answered and shown
// nowhere.
//
// # Concurrency
//
// A Caller has one goroutine that answers, which also runs the functions given
// to On, one command after the other as Asterisk does, and one that writes, so
// that no method waits for the session to read. Methods may be called from any
// goroutine, but Expect and Wait only from the test's. Everything ends before
// the test does. Over net.Pipe nothing waits for the network, so a Caller works
// within a testing/synctest bubble.
//
// # Failure
//
// Expect and Wait end the test when what they wait for has not come within
// [Patience], or can't come any more.
package agitest
