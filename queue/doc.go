// Package queue is the core of the call centre: agents, queues, calls, and
// the decision who is rung for whom.
//
// [Board] is the one owner of live state. Scripts that serve a caller call
// [Board.Enter] and then follow the [Ticket] they are given: it hands them
// offers (ring these agents for so long) until the call ends. Facts heard
// from the telephone exchange go in by [Board.Heard], what agents do by
// [Board.Connect], [Board.SetState] and their like. Every change comes out as
// an [Event] to each [Observer], in order.
//
// Calls that agents make begin with [Board.CallOut]: the agent is reserved as by
// an offer, and whoever ordered has the agent's phone rung. Once that has
// answered, a script takes the call up with [Board.PickUp] and dials the
// customer. When the agent holds the customer or hands the call over, a script
// on the customer's channel takes it up with [Board.Enter].
//
// # Decisions
//
// All decisions are made by a machine that does no input or output, reads no
// clock and starts no goroutine: each input is a method, run at a time it is
// given, that changes the state and appends what is to be done to a list. The
// Board puts a mutex and one timer round it. So every rule here can be tried with made-up
// times, and the random model test compares millions of steps with a naive
// twin.
//
// # Rules that always hold
//
//   - An agent is offered to one call at a time, across all queues, and to none
//     while making a call.
//   - A call is offered to one set of agents at a time.
//   - Of the callers an agent could serve, the one who came first is served
//     first, across queues, where VIPs and callers of heavy queues count as
//     having come earlier, by a fixed time ([VIPLead], [WeightLead]): so nobody
//     is overtaken by others for ever. A caller keeps its place over a restart.
//   - A free agent and a waiting caller of one of that agent's queues never
//     coexist longer than one decision, save for the pause after that agent
//     let that same call ring, a place kept for an older caller who is
//     expected back ([ReturnGrace]), the time that the queue has callers wait
//     for the agents of a lower level or for the one who knows them, and the
//     last moments before max_wait.
//   - Every call ends in exactly one [Outcome].
//   - A call that is handed over is offered to its target alone. When that does
//     not answer, the caller goes back to the agent, or in line when that one is
//     not free, and waits for a max_wait of its own from then on.
//   - Every agent state other than offline, away, unreachable and available
//     has an owning call or a deadline.
//
// # Two sources of facts
//
// What became of an offer is told twice: by the script, when its Dial
// returns, and by the event stream, while it happens. Either may come first
// or be missing. Every input is idempotent, and a fact, once seen, wins over
// whatever comes later: an answered call stays answered.
package queue
