// Package spy lets supervisors listen to live talks on their own telephones:
// listen (hear both), whisper (the agent alone hears the supervisor) and barge
// (both do).
//
// # Usage
//
//	s := spy.New(exchange.New(client, slow), func() string { return cfg.Asterisk.AgentDial })
//	err := s.Start(ctx, supervisor, spy.Talk{Channel: agentsChannel, Agent: agent}, spy.Listen)
//
// The supervisor's telephone rings, and when it is answered ChanSpy begins on
// it. A supervisor who is listening already changes to another mode or another
// talk without hanging up. It ends with the talk, or when the supervisor hangs
// up.
//
// # Concurrency
//
// All methods may be called from any goroutine; Start waits for Asterisk.
//
// # Failure
//
// Errors are those of package exchange, or [ErrNoPhone]. Start returns when
// Asterisk has taken the order: a telephone that is not answered within
// [RingFor] is no error.
package spy
