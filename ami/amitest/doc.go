// Package amitest is an Asterisk manager for tests: it greets, checks logins,
// answers actions by functions or from recorded transcripts, emits events,
// and fails in the ways the real one and the network do.
//
//	srv := amitest.New(t, amitest.Options{})
//	srv.Answer("CoreShowChannels", func(r *amitest.Request) {
//		r.StartList("Channels will follow")
//		r.Item("CoreShowChannel", "Channel", "PJSIP/a-1")
//		r.EndList("CoreShowChannelsComplete")
//	})
//	client := ami.New(ami.Options{Addr: srv.Listen(), Username: srv.Username, Secret: srv.Secret})
//	...
//	srv.Emit("Hangup", "Channel", "PJSIP/a-1", "Cause", "16")
//	request := srv.Await("Originate")
//
// Listen serves real TCP on loopback. Dial serves connections in memory, for
// tests in a testing/synctest bubble.
//
// All methods may be called from any goroutine. Answering functions are called
// on the goroutine of their connection, one after another, as Asterisk serves
// actions; one that sends nothing leaves its action without answer. What is
// wrong with a test's use of the server ends the test or panics; the server
// and its connections end with the test.
package amitest
