// Package e2e tries calld as a whole: the real binary beside a real Asterisk,
// with real SIP calls and voices, and agents on real WebSockets.
//
// The tests have the build tag e2e; make test runs them. Each test makes a
// call centre of its own ([start]) on free loopback ports and leaves nothing
// behind.
package e2e
