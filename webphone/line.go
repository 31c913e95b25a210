package webphone

import (
	"errors"
	"net"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// line is one page's way to Asterisk.
type line struct {
	agent, phone   string
	browser        string // that the page is in, by a name of its own choice
	page, asterisk *websocket.Conn
	resuming       func(phone string)

	look  chan struct{} // holds one token when the page's right is to be looked at now
	ended chan struct{} // closed when the line is to end
	once  sync.Once
	why   Reason // set before ended is closed
	fault error  // of a message that was refused; set before ended is closed
}

func (l *line) end(why Reason, fault error) {
	l.once.Do(func() {
		l.why, l.fault = why, fault
		close(l.ended)
	})
}

// recheck has the page's right looked at now.
func (l *line) recheck() {
	select {
	case l.look <- struct{}{}:
	default: // it is about to be
	}
}

// serve passes messages on until the line ends. valid is asked now and then
// whether the page may still have it.
func (l *line) serve(valid func() Reason) {
	var passing sync.WaitGroup
	passing.Go(l.fromPage)
	passing.Go(l.fromAsterisk)
	ping, recheck := time.NewTicker(pingEvery), time.NewTicker(recheckEvery)
	defer ping.Stop()
	defer recheck.Stop()
	check := func() {
		if why := valid(); why != "" {
			l.end(why, nil)
		}
	}
	for open := true; open; {
		select {
		case <-l.ended:
			open = false
		case <-ping.C:
			if err := l.page.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeWait)); err != nil {
				l.end(Unwritable, nil)
			}
		case <-recheck.C:
			check()
		case <-l.look:
			check()
		}
	}
	// Whoever is still there is told; the rest is seen by the closing.
	deadline := time.Now().Add(closeWait)
	_ = l.page.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(l.why.closeCode(), string(l.why)), deadline)
	_ = l.asterisk.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseGoingAway, ""), deadline)
	_ = l.asterisk.Close()
	_ = l.page.Close()
	passing.Wait()
}

// fromPage passes on what the page says, if it may say so.
func (l *line) fromPage() {
	l.page.SetReadLimit(maxMessage)
	l.page.SetPongHandler(func(string) error { return l.page.SetReadDeadline(time.Now().Add(silenceLimit)) })
	for {
		_ = l.page.SetReadDeadline(time.Now().Add(silenceLimit)) // a broken connection is found by the read
		kind, message, err := l.page.ReadMessage()
		if err != nil {
			l.end(readFault(err, Gone), nil)
			return
		}
		resumes, err := check(message, l.phone)
		if err != nil {
			l.end(Forbidden, err)
			return
		}
		if resumes {
			l.resuming(l.phone)
		}
		if !pass(l.asterisk, kind, message) {
			l.end(Asterisk, nil)
			return
		}
	}
}

// fromAsterisk passes on what Asterisk says.
func (l *line) fromAsterisk() {
	l.asterisk.SetReadLimit(maxMessage)
	for {
		kind, message, err := l.asterisk.ReadMessage()
		if err != nil {
			l.end(readFault(err, Asterisk), nil)
			return
		}
		if !pass(l.page, kind, message) {
			l.end(Unwritable, nil)
			return
		}
	}
}

// pass writes a message in time.
func pass(to *websocket.Conn, kind int, message []byte) bool {
	return to.SetWriteDeadline(time.Now().Add(writeWait)) == nil && to.WriteMessage(kind, message) == nil
}

// readFault tells why reading ended; closed is the reason when the other side
// closed.
func readFault(err error, closed Reason) Reason {
	var timeout net.Error
	switch {
	case errors.Is(err, websocket.ErrReadLimit):
		return TooBig
	case errors.As(err, &timeout) && timeout.Timeout():
		return Silent
	}
	return closed
}
