// Package dialplan says what happens to a call: the scripts that Asterisk's
// dialplan runs over FastAGI, and the Asterisk configuration that calls them.
//
// [Inbound] serves one incoming call. It looks the dialled number up as a
// queue, puts the caller on the board, plays the announcement, plays music
// while nobody is free, dials whom the board offers, and leaves the outcome on
// the channel in CALLD_RESULT:
//
//	mux.Handle("/inbound", &dialplan.Inbound{Board: board, Announcer: announcer, Config: cfg, Log: log})
//
// [AsteriskConfig] makes Asterisk's side: the extensions that run the script
// and come back to it while calld is away, the agents' phones, and the manager
// user.
//
// # A lost script
//
// A script ends when calld does, when the connection breaks, or when the
// caller's channel is sent elsewhere. None of that is the end of the call: the
// script detaches from its ticket, the dialplan plays music and runs the script
// anew, and the new one finds the call's id on the channel and takes its place
// up again. A conversation goes on without any script: when it is over, the
// dialplan comes back and the new script finds DIALSTATUS to be ANSWER.
//
// # Calls that agents make
//
// [Outbound] serves the agent's channel, inside whose Dial the customer talks.
// When the agent holds the customer or hands the call over, the customer's
// channel is sent to [TurnedContext]: [Inbound] serves it from then on, and the
// agent's script ends.
//
// # Concurrency
//
// Each script runs in its own goroutine and touches nothing but its session
// and its ticket.
package dialplan
