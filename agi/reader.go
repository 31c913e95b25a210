package agi

import "context"

// reading says who reads from the connection.
//
// A session that goes from command to command reads its own answers: that
// spares it a second goroutine and two switches a command. A goroutine of its
// own reads as soon as anybody could see the difference: from the first look at
// the session's context on, which only then must tell of a hang-up by itself,
// and from the first command on whose wait may end before its answer.
type reading uint8

const (
	byNobody  reading = iota // between commands, and nobody has looked at the context
	byCommand                // the one who has the turn
	byReader                 // from then on to the end
)

// sessionContext is the handler's context. To look at it starts the reader.
type sessionContext struct {
	context.Context
	s *Session
}

func (c *sessionContext) Done() <-chan struct{} {
	c.s.watch()
	return c.Context.Done()
}

func (c *sessionContext) Err() error {
	c.s.watch()
	return c.Context.Err()
}

// Value is how context.Cause looks.
func (c *sessionContext) Value(key any) any {
	c.s.watch()
	return c.Context.Value(key)
}

func (s *Session) owns(ctx context.Context) bool {
	c, ok := ctx.(*sessionContext)
	return ok && c.s == s
}

// watch has the reader started, now or after the command that reads.
func (s *Session) watch() {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.err != nil:
	case s.reading == byNobody:
		s.startReader()
	case s.reading == byCommand:
		s.wanted = true
	}
}

// startReader is called with mu held.
func (s *Session) startReader() {
	s.reading = byReader
	s.owners.Add(1)
	go func() {
		defer s.release()
		defer s.in.free()
		for {
			if err := s.take(); err != nil {
				s.fail(err)
				return
			}
		}
	}()
}

// readAnswer is exchange's wait for a command that reads by itself.
func (s *Session) readAnswer() (answer, error) {
	for {
		err := s.take()
		if err != nil {
			s.fail(err)
			return answer{}, s.failure()
		}
		select {
		case a := <-s.answers:
			// What came along with it is read too: a HANGUP, or what no
			// Asterisk sends.
			for err == nil && s.in.more() {
				err = s.take()
			}
			if err != nil {
				s.fail(err)
				return a, nil
			}
			s.stopReading()
			return a, nil
		default:
		}
	}
}

func (s *Session) stopReading() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reading = byNobody
	if s.wanted && s.err == nil {
		s.startReader()
	}
}

// take reads one line and does what it says.
func (s *Session) take() error {
	line, err := s.in.next()
	if err != nil {
		return err
	}
	a, m, err := s.decoder.line(line)
	switch {
	case m == hangup:
		s.sawHangup()
	case m == answered && !s.deliver(a):
		return &ProtocolError{BadAnswer, "an answer to no command"}
	}
	return err
}

// deliver hands an answer to the one who waits for it. It reports whether any
// answer was due.
func (s *Session) deliver(a answer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.waiting {
		return false
	}
	if s.cutting {
		if a.code != 200 || a.reply.Data != cutMark {
			return true // the sound had ended by itself when it was cut
		}
		s.cutting = false
	}
	s.waiting = false
	if s.abandoned {
		s.abandoned = false
		s.endLocked()
		return true
	}
	a.dead = s.hungUp
	s.answers <- a // has room: one command at a time
	return true
}

// sawHangup notes the line HANGUP and has its meaning found out, by the one who
// has the turn or, when the session is idle, right away. run_agi says HANGUP
// once when the channel dies and once more at its own end.
func (s *Session) sawHangup() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hungUp || s.err != nil {
		return
	}
	s.hungUp = true
	select {
	case s.turn <- struct{}{}:
		s.inquire()
	default:
	}
}

// inquire settles in a goroutine of its own, which inherits the turn; it is
// called with mu held, often by the reader, who must go on reading.
func (s *Session) inquire() {
	s.owners.Add(1)
	go func() {
		_ = s.settle(context.Background(), nil) // the context's cause tells it
		s.end()
		s.release()
	}()
}
