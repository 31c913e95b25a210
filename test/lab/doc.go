// Package lab is a telephone laboratory: private Asterisks, SIP phones and
// callers with real voices, a load generator, and an agent's WebSocket
// client. The end-to-end tests, the load program and the demonstration are
// made of it.
//
//	pbx := lab.StartT(t, lab.Options{
//		Phones: []lab.Account{{User: "8001", Password: "secret"}},
//		Files: map[string]string{"extensions_calld.conf": dialplan},
//		Log:   log,
//	})
//	phone, err := lab.NewPhone(pbx, lab.PhoneOptions{User: "8001", Password: "secret", Log: log})
//	err = phone.Register(ctx)
//	caller, err := lab.NewCaller(pbx, lab.CallerOptions{Log: log})
//	leg, err := caller.Call(ctx, "0215881234", lab.CallOptions{Number: "01012345678", Tone: 440})
//	rung, err := phone.WaitRinging(ctx)
//	err = rung.Answer(ctx)
//	err = rung.WaitTone(ctx, 440)
//
// # What runs where
//
// An Asterisk runs in a root folder made once by mmdebstrap and kept in the
// cache ([MakeRoot]); that takes about a minute and needs root. Where the
// wanted version of Asterisk is installed, that one is used and no root
// is needed. Each instance has folders and loopback ports of its own, so
// many run side by side, and leaves nothing behind when it is stopped; when
// the process that started it dies, the kernel kills the Asterisk too.
// Everything speaks on loopback only.
//
// # Concurrency
//
// All methods may be called from any goroutine. Wait methods return when
// the fact is there or ctx ends; nothing here sleeps for a guessed time.
//
// # Failure
//
// A missing tool is installed by apt-get when that can be done and is
// otherwise an error that names it. A wait that ends with its ctx says
// what was waited for and what was seen instead.
package lab
