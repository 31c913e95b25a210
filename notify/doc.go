// Package notify joins the board of calls with the world around it.
// [Watcher] hears from Asterisk and tells the board what phones do; [Hub]
// shows the board to browsers over WebSockets and carries out what agents do
// there.
//
// # Usage
//
//	hub := notify.NewHub(notify.HubOptions{Auth: sessions, Memos: memos, Earlier: earlier, Log: log})
//	board := queue.New(queue.Options{Config: cfg, Observers: []queue.Observer{hub}, Log: log})
//	watcher := notify.NewWatcher(notify.WatcherOptions{
//		AMI:       ami.Options{Addr: "127.0.0.1:5038", Username: "calld", Secret: secret},
//		Board:     board,
//		Context:   "calld-call", HoldContext: "calld-hold", HeldVariable: "CALLD_HELD",
//		AgentDial: "PJSIP/{phone}",
//		OnState:   hub.SetAsterisk,
//		Log:       log,
//	})
//	go hub.Run(ctx, board)
//	go watcher.Run(ctx)
//	mux.Handle("/ws", hub)
//
// The hub is made before the board because observers must be there when the
// board is made; it gets the board in Run.
//
// # Concurrency
//
// All methods may be called from any goroutine. Nothing that the board or the
// AMI client calls ever waits for a browser: Observe puts the event on a
// bounded channel; one goroutine encodes each event once and puts the bytes on
// the bounded queue of each client that may see it; each socket has one
// goroutine that writes and one that reads.
//
// # Failure
//
// A client whose queue is full is disconnected and counted: it comes back and
// takes a snapshot. When events come faster than they can be handed out, they
// are left out, counted, and every client gets a new snapshot in their place.
// So a page never shows a picture with silent gaps. A client that sends
// rubbish gets errors with stable codes, and after some in a row is
// disconnected. The protocol is described in docs/websocket.md.
//
// When the connection to Asterisk is lost the board is told that it is deaf
// and goes on by what the scripts tell it; when it is back the watcher lists
// channels and devices and makes the board's picture right.
package notify
