// Package ami is a client of the Asterisk Manager Interface that lives for
// years: it logs in, sends actions, hands out events in order, notices a dead
// or lagging connection, reconnects, and has its user rebuild what it knows
// after every connection. It was tried on Asterisk 16 and 22, speaks the
// protocol they share, and uses only the standard library.
//
// # Usage
//
//	client := ami.New(ami.Options{
//		Addr: "127.0.0.1:5038", Username: "calld", Secret: secret, Log: log,
//		FilterEvents: true,
//		Resync: func(ctx context.Context, c *ami.Client) error {
//			channels, err := c.List(ctx, ami.NewAction("CoreShowChannels"))
//			...
//		},
//	})
//	client.Handle("DialBegin", func(e *ami.Event) { ring(e.Get("DestChannel")) })
//	go client.Run(ctx)
//	...
//	_, err := client.Do(ctx, ami.NewAction("Hangup").With("Channel", channel))
//
// # Concurrency
//
// New starts nothing. Run owns every goroutine of the client and returns when
// its context has ended and all of them have returned. Do, List and Stats may
// be called from any goroutine at any time.
//
// Events go from the reader through a queue of [Options.EventQueue] to one
// dispatcher, which calls the handlers one after another, in the order in
// which Asterisk sent the events. The reader never waits for a handler. A
// handler may call Do and List, but all later events wait meanwhile.
//
// Actions and events are not synchronised: the events that an action causes
// may be handled before Do returns. List keeps its own events to itself.
// Asterisk serves the actions of one connection one after another, so one
// that blocks there holds up the pings too: give Originate "Async: true".
//
// # Connections
//
// After login the client waits for FullyBooted, at most
// [Options.BootTimeout], and calls Resync; when that succeeds it is up. A user
// without read class "system" never gets FullyBooted, and one who logs in
// while Asterisk starts gets it late: then Resync runs after the time limit,
// and once more if FullyBooted comes after all. Events are handled from login
// on, hence also while Resync runs: what Resync lists is newer than any event
// handled before its answer came, and events handled after may be older.
//
// Ping goes out every [Options.PingInterval]. A ping without answer in
// [Options.PingTimeout] ends the connection: that is how a half-open one is
// found. Asterisk also flushes its waiting events after every action, so the
// interval bounds how late an event can be when Asterisk misses its own
// wake-up (its issue 2145).
//
// Asterisk wakes each connection for each event that it makes. A client that only
// sends actions, now and then, costs no call anything with [Options.Linger]: it
// connects for an action, and stays for as long as more come.
//
// # Rights
//
// What a user of manager.conf needs, as Asterisk 22.10 and 16.28 showed. Read
// class "call": the events of channels, dials, bridges and device states,
// and OriginateResponse. Read class "system": ContactStatus, PeerStatus,
// FullyBooted and Shutdown. Read class "dialplan": VarSet and Newexten.
//
//	action                                  write class, any of
//	Ping, Events, Challenge, Login, Logoff  none
//	Originate                               originate
//	Redirect, Setvar, PlayDTMF              call
//	BlindTransfer, Atxfer                   call
//	Getvar, DeviceStateList                 call, reporting
//	Hangup                                  call, system
//	Status                                  call, system, reporting
//	CoreShowChannels                        system, reporting
//	PJSIPShowContacts, PJSIPShowEndpoints   system
//	Filter                                  system
//	Command                                 command
//
// # Failure
//
// Nothing ends Run but its context. Whatever goes wrong ends the connection
// with a [Reason], counted in [Stats], and the next one follows after a
// jittered, growing pause; a refused login waits for the longest. Actions in
// flight fail at once with a [*DisconnectError], which is [ErrDisconnected], and
// as [ErrUnanswered]: Asterisk may have carried them out.
// Events received before the end are still handled before OnState tells it.
//
// When the handlers are too slow and the queue overflows, the connection is
// dropped on purpose (ReasonOverflow): the resync that follows repairs what
// lost events would have broken for good. The same goes for a message over
// [MaxMessage]. A line without a colon is skipped and counted as malformed;
// the rest of its message counts.
//
// A handler must return and must not panic: neither is cured here.
package ami
