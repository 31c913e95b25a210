// Package agi is a FastAGI server shaped like net/http: Asterisk's dialplan
// runs AGI(agi://host:4573/inbound?x=y), connects here, and a [Handler] tells
// the channel what to do, one command after the other.
//
//	mux := &agi.Mux{}
//	mux.HandleFunc("/inbound", func(ctx context.Context, s *agi.Session) {
//		if err := s.Answer(ctx); err != nil {
//			return
//		}
//		_, err := s.StreamFile(ctx, "welcome", "", 0)
//		if errors.Is(err, agi.ErrHangup) {
//			return // the caller left in the middle of it
//		}
//		...
//	})
//	srv := &agi.Server{Addr: "127.0.0.1:4573", Handler: mux, Log: log}
//	err := srv.ListenAndServe()
//
// The package imports the standard library alone. Rules of the protocol are
// those of Asterisk's res_agi.c, named where they are applied; they were tried
// on Asterisk 22.10.
//
// # Concurrency
//
// A session has the handler's goroutine and, from the handler's first look at
// its context on, one that reads what Asterisk says; a handler that only sends
// one command after the other does without. A [Session] may be used by several
// goroutines, but it carries out one command at a time: AGI has no second command
// in flight, and a line sent while Asterisk plays a sound stops the sound and
// swallows its answer (ast_waitstream_full). So commands wait for their turn.
//
// The context given to the handler ends when the session does, whether or not
// a command runs, and [context.Cause] says why:
//
//	ErrHangup        the channel was hung up
//	ErrRedirected    somebody sent the channel elsewhere in the dialplan: the caller lives on
//	ErrDead          the channel left this session, and which of the two it was can't be told
//	ErrClosed        Asterisk ended the connection
//	ErrServerClosed  [Server.Close] was called
//	a *ProtocolError the peer did not speak AGI
//
// A handler waiting for something else than Asterisk selects on ctx.Done().
// How a hang-up is told from a redirect is written at [ErrHangup].
//
// After the first three causes the socket is still open, and commands that
// Asterisk marks safe on a dead channel (EXEC, GET and SET VARIABLE, DATABASE,
// NOOP, VERBOSE) work: leave last results with a context that outlives the
// session's, such as context.WithTimeout(context.WithoutCancel(ctx), time.Second).
// All other commands then fail with [ErrDead].
//
// The end of a context in the middle of a command ends the wait, not the
// command: AGI has no cancel. The method returns the context's cause at once,
// Asterisk goes on, the late answer is thrown away, and until it has come other
// commands wait. Returning from the handler closes the socket; an application
// running under EXEC goes on to its own end even then.
//
// # Failure
//
// Bad arguments fail before anything is sent ([ArgumentError], [LimitError]).
// What Asterisk refuses is a [CommandError]. A panic in a handler ends its
// session alone. Peers that may not connect, are too many, too slow, or talk
// nonsense are cut off and counted by [Reason]; where a peer may be Asterisk it
// is first told "failure", which sets AGISTATUS=FAILURE in the dialplan, for a
// bare end of the socket reads as SUCCESS (run_agi). [Server.Stats] has all
// counters.
//
// Package agitest has the other side for tests: a scripted caller.
package agi
