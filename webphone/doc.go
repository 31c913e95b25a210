// Package webphone is the way of the pages' own telephones to Asterisk: SIP
// over WebSocket (RFC 7118), passed on between a page and Asterisk's HTTP
// server. Sound does not come this way: it goes between browser and Asterisk.
//
//	gate := webphone.New(webphone.Options{...})
//	mux.Handle("/sip", gate)
//	err := gate.Run(ctx) // until ctx ends
//
// # Who may
//
// A page of calld's own host, with a valid session, of an agent with
// web_phone. Its requests must come from that agent's telephone and from no
// other: [Gate] reads their From and Authorization, and ends the line of a page
// that tries. Asterisk's own authentication, by the phone's secret, stands
// behind this.
//
// An agent has one line. A new one of the same browser ends the older: it was
// loaded again, or has lost it. One of another browser gets it only when it
// asks for that by "take", since the agent may be talking on the older. Whose
// line ended thus is told why, and does not try again by itself.
//
// A line ends with its session, at the latest when it is looked at again
// ([recheckEvery]).
//
// # Concurrency
//
// A line has a goroutine for each direction, which holds one frame at a time: a
// slow reader slows its writer down, and nothing queues up. The goroutine of
// ServeHTTP pings and ends it.
//
// # Failure
//
// Whatever fails ends the line, and the page opens another. Talks go on
// meanwhile: their sound does not come this way.
package webphone
