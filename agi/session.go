package agi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Session is one run of AGI() in the dialplan: a channel that does what the
// methods say. See the package comment for contexts and concurrency.
type Session struct {
	Env Env
	// Path is the decoded path of the URL, with a leading slash; Query holds
	// what followed the question mark, nil when nothing did.
	Path  string
	Query url.Values

	srv     *Server
	conn    net.Conn
	limit   int // bytes of one command
	cancel  context.CancelCauseFunc
	turn    chan struct{} // full while a command is under way; of no account once err is set
	answers chan answer   // to the one who has the turn
	gone    chan struct{} // closed when err is set
	owners  atomic.Int32  // goroutines that use the session; the last one forgets it
	out     []byte        // the command being sent; belongs to the turn
	place   place         // where the channel was when last asked; belongs to the turn

	in      *lines  // belongs to the one who reads
	decoder decoder // likewise

	mu        sync.Mutex
	reading   reading
	wanted    bool  // a reader is to follow the command that reads
	waiting   bool  // an answer is due
	cutting   bool  // the answer that is due is that to cutMark
	abandoned bool  // nobody waits for it any more; it carries the turn
	hungUp    bool  // HANGUP was read
	verdict   error // what HANGUP meant, once settled: ErrHangup, ErrRedirected or ErrDead
	err       error // why the session is over
}

func newSession(srv *Server, conn net.Conn) *Session {
	return &Session{
		srv:     srv,
		conn:    conn,
		turn:    make(chan struct{}, 1),
		answers: make(chan answer, 1),
		gone:    make(chan struct{}),
	}
}

// RemoteAddr is the address of the Asterisk that this session belongs to.
func (s *Session) RemoteAddr() net.Addr { return s.conn.RemoteAddr() }

// Command carries out any AGI command: the verb, such as "SPEECH CREATE", and
// its arguments, each quoted as needed. Answers other than 200 are a
// [CommandError]. A result of -1 is returned as it is with a nil error while the
// channel lives. When the channel died under the command, the error is a
// CommandError with the Cause, beside the reply: after -1, and after EXEC
// whatever its result, for a redirect ends Dial with 0.
func (s *Session) Command(ctx context.Context, verb string, args ...string) (Reply, error) {
	return s.command(ctx, nil, verb, args)
}

// command is Command for a sound that is cut when stop is closed.
func (s *Session) command(ctx context.Context, stop <-chan struct{}, verb string, args []string) (Reply, error) {
	if !validVerb(verb) {
		return Reply{}, fmt.Errorf("agi: not the name of a command: %q", clip(verb))
	}
	if err := s.begin(ctx); err != nil {
		return Reply{}, fmt.Errorf("agi: %s: %w", verb, err)
	}
	line, err := appendCommand(s.out[:0], s.limit, verb, args)
	if err != nil {
		s.end()
		return Reply{}, err
	}
	s.out = line
	a, err := s.exchange(ctx, line, stop)
	if err != nil {
		return Reply{}, fmt.Errorf("agi: %s: %w", verb, err)
	}
	now, dead := s.follow(ctx, verb, args, a)
	s.end()
	switch {
	case a.code != 200:
		return Reply{}, &CommandError{Command: verb, Code: a.code, Text: a.text, Cause: dead}
	case dead != nil && (a.reply.Result == "-1" || now && strings.EqualFold(verb, "EXEC")):
		return a.reply, &CommandError{Command: verb, Code: 200, Text: "result=" + a.reply.Result, Cause: dead}
	}
	return a.reply, nil
}

// do is Command for commands whose result -1 is a failure.
func (s *Session) do(ctx context.Context, verb string, args ...string) (Reply, error) {
	r, err := s.Command(ctx, verb, args...)
	if err == nil && r.Result == "-1" {
		err = &CommandError{Command: verb, Code: 200, Text: "result=-1"}
	}
	return r, err
}

// follow does what must be done between an answer and the next command, and
// says whether the channel died now, and why it is dead, nil when it is not.
//
// After result=-1 it sends one harmless command. run_agi drains the channel of
// a caller who left, and says HANGUP, before it reads any further command; so
// when that command is answered, HANGUP has come or the channel lives.
func (s *Session) follow(ctx context.Context, verb string, args []string, a answer) (now bool, dead error) {
	s.mu.Lock()
	hungUp, verdict := s.hungUp, s.verdict
	s.mu.Unlock()
	if verdict != nil {
		return false, verdict
	}
	var asked *place // where the channel is, asked after HANGUP
	if !hungUp && (a.reply.Result == "-1" || moves(verb, args)) {
		var ok bool
		if asked, ok = s.ask(ctx); !ok {
			return true, s.failure()
		}
	} else if a.code == 200 && len(args) == 0 && strings.EqualFold(verb, "HANGUP") {
		s.place.ended = true
	}
	s.mu.Lock()
	hungUp = s.hungUp
	s.mu.Unlock()
	if !hungUp {
		return false, nil
	}
	return true, s.settle(ctx, asked)
}

// begin waits for the turn.
func (s *Session) begin(ctx context.Context) error {
	if s.owns(ctx) {
		return s.beginOwn()
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-s.gone:
		return s.failure()
	}
}

// beginOwn is begin with the session's own context, without a look at it: that
// would start the reader.
func (s *Session) beginOwn() error {
	select {
	case s.turn <- struct{}{}:
	case <-s.gone:
		return s.failure()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.err != nil:
		return s.err
	case s.verdict != nil:
		s.endLocked()
		return s.verdict
	}
	return nil
}

// end gives the turn back.
func (s *Session) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endLocked()
}

// endLocked gives the turn back. When HANGUP came meanwhile, the turn goes to
// the one who finds out what that meant.
func (s *Session) endLocked() {
	switch {
	case s.err != nil:
	case s.hungUp && s.verdict == nil:
		s.inquire()
	default:
		<-s.turn
	}
}

// exchange sends one line and waits for its answer; when stop is closed before,
// the sound that the line plays is cut. It is called with the
// turn. After an error the caller has it no more: the session is over, or the
// turn stays with the answer that nobody waits for now.
func (s *Session) exchange(ctx context.Context, line []byte, stop <-chan struct{}) (answer, error) {
	own := s.owns(ctx)
	if !own || stop != nil {
		s.watch() // only a reader leaves this goroutine free to follow ctx
	}
	s.mu.Lock()
	if err := s.err; err != nil {
		s.mu.Unlock()
		return answer{}, err
	}
	s.waiting = true
	direct := s.reading != byReader
	if direct {
		s.reading = byCommand
	}
	s.mu.Unlock()
	if err := s.write(line); err != nil {
		return answer{}, err
	}
	if direct {
		return s.readAnswer()
	}
	var done <-chan struct{} // the own context does not end under a command but with the session
	if !own {
		done = ctx.Done()
	}
	for {
		select {
		case a := <-s.answers:
			return a, nil
		case <-stop:
			stop = nil // once is enough
			if err := s.cut(); err != nil {
				return answer{}, err
			}
		case <-done:
			s.mu.Lock()
			defer s.mu.Unlock()
			if !s.waiting { // it came at the same moment
				return <-s.answers, nil
			}
			s.abandoned = true
			return answer{}, context.Cause(ctx)
		case <-s.gone:
			select {
			case a := <-s.answers: // it came before the end
				return a, nil
			default:
				return answer{}, s.failure()
			}
		}
	}
}

// write sends one line. An error is the session's end.
func (s *Session) write(line []byte) error {
	err := s.conn.SetWriteDeadline(time.Now().Add(s.srv.writeTimeout()))
	if err == nil {
		_, err = s.conn.Write(line)
	}
	if err == nil {
		return nil
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = &ProtocolError{StalledWrite, "a command could not be sent in time"}
	}
	s.fail(err)
	return s.failure()
}

// fail ends the session: the first error counts. The socket is closed, which
// ends the reader.
func (s *Session) fail(err error) {
	var protocol *ProtocolError
	if !errors.As(err, &protocol) && !errors.Is(err, ErrServerClosed) {
		err = ErrClosed // the end of the socket, by whatever error it shows
	}
	s.mu.Lock()
	first := s.err == nil
	if first {
		s.err = err
		s.cancel(err) // before any command can fail by it: the context tells why
	}
	s.mu.Unlock()
	if !first {
		return
	}
	close(s.gone)
	if protocol != nil {
		s.srv.refused(protocol.Reason, s.conn, protocol)
	}
	_ = s.conn.Close() // it is over whatever this says
}

// finish ends the session when its handler has returned.
func (s *Session) finish() {
	s.fail(ErrClosed)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reading == byNobody {
		s.in.free() // else the one who reads has it
	}
}

func (s *Session) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// release is called by each goroutine that is done with the session.
func (s *Session) release() {
	if s.owners.Add(-1) == 0 {
		s.srv.forget(s)
	}
}
