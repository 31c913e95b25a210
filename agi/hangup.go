package agi

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// settleLimit bounds the questions the session asks of its own accord. An
// Asterisk that is silent for so long is taken for gone.
const settleLimit = 30 * time.Second

// whereabouts asks where the channel is. GET FULL VARIABLE works on a dead
// channel, and all four are part of the channel itself: no module is needed.
const whereabouts = `GET FULL VARIABLE ${CONTEXT},${EXTEN},${PRIORITY},${HANGUPCAUSE}` + "\n"

// place is where a channel is in the dialplan.
type place struct {
	known    bool
	ended    bool   // the session itself hung up
	at       string // "context,extension"
	priority int
	cause    string // HANGUPCAUSE
}

func envPlace(e *Env) place {
	return place{known: true, at: e.Context + "," + e.Extension, priority: e.Priority, cause: "0"}
}

// parsePlace reads the answer to whereabouts. Context and extension may hold
// commas, priority and cause do not.
func parsePlace(v string) (p place) {
	at := strings.LastIndexByte(v, ',')
	if at < 0 {
		return place{}
	}
	v, p.cause = v[:at], v[at+1:]
	if at = strings.LastIndexByte(v, ','); at < 0 {
		return place{}
	}
	priority, err := strconv.Atoi(v[at+1:])
	if err != nil {
		return place{}
	}
	p.at, p.priority, p.known = v[:at], priority, true
	return p
}

// moves reports whether a command may send the channel elsewhere, so that its
// place must be asked anew. Applications that are known not to are those a call
// uses often; any other costs one more command.
func moves(verb string, args []string) bool {
	switch strings.ToUpper(verb) {
	case "SET CONTEXT", "SET EXTENSION", "SET PRIORITY":
		return true
	case "EXEC":
		if len(args) == 0 {
			return true
		}
		switch strings.ToLower(args[0]) {
		case "answer", "mixmonitor", "mset", "musiconhold", "noop", "playback", "playtones", "progress", "ringing",
			"senddtmf", "set", "startmusiconhold", "stopmixmonitor", "stopmusiconhold", "stopplaytones",
			"userevent", "verbose", "wait":
			return false
		}
		return true
	}
	return false
}

// question sends a line of the session's own. The turn is with the caller.
func (s *Session) question(ctx context.Context, line string) (answer, bool) {
	// The answer decides what the session is told, so it is awaited even when
	// the command that led here need no longer be.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleLimit)
	defer cancel()
	s.out = append(s.out[:0], line...)
	a, err := s.exchange(ctx, s.out, nil)
	if err == nil {
		return a, true
	}
	s.fail(&ProtocolError{NoAnswer, "silent about the place of its channel"})
	return answer{}, false
}

// ask notes where the channel is. When HANGUP came before the answer, it
// returns the place instead: what happened is settled by the difference.
func (s *Session) ask(ctx context.Context) (dead *place, ok bool) {
	a, ok := s.question(ctx, whereabouts)
	if !ok {
		return nil, false
	}
	now := parsePlace(a.reply.Data)
	if a.dead {
		return &now, true
	}
	s.mu.Lock()
	hungUp := s.hungUp
	s.mu.Unlock()
	if !hungUp {
		now.ended = s.place.ended
		s.place = now
	}
	return nil, true
}

// settle finds out what HANGUP meant, ends the context by it, and returns it;
// the rule is told at [ErrHangup]. The place is the dead channel's when it has
// been asked already.
func (s *Session) settle(ctx context.Context, asked *place) error {
	verdict := s.judge(ctx, asked)
	s.mu.Lock()
	err := s.err
	if err == nil {
		s.verdict = verdict
		s.cancel(verdict) // before any command can fail by it
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	s.srv.counts.died(verdict)
	return verdict
}

func (s *Session) judge(ctx context.Context, asked *place) error {
	if s.place.ended {
		return ErrHangup
	}
	if asked == nil {
		a, ok := s.question(ctx, whereabouts)
		if !ok {
			return ErrDead
		}
		p := parsePlace(a.reply.Data)
		asked = &p
	}
	now := *asked
	switch {
	case !now.known || !s.place.known:
		return ErrDead
	case now.at != s.place.at || now.priority != s.place.priority:
		return ErrRedirected
	case now.cause != s.place.cause && now.cause != "0":
		return ErrHangup
	case !s.Env.recent():
		return ErrDead
	}
	return s.tryGoto(ctx, now)
}

// tryGoto tells a hang-up from a redirect by what Goto does: ast_explicit_goto
// leaves a channel alone that is on its way elsewhere (AST_SOFTHANGUP_ASYNCGOTO),
// and moves one that is hung up. It need not exist where it is sent, for it
// never gets there; and it is sent back, for the h extension to see the place
// of its call.
func (s *Session) tryGoto(ctx context.Context, was place) error {
	const step = 1000
	if _, ok := s.question(ctx, "EXEC Goto "+strconv.Itoa(was.priority+step)+"\n"); !ok {
		return ErrDead
	}
	a, ok := s.question(ctx, whereabouts)
	now := parsePlace(a.reply.Data)
	switch {
	case !ok || !now.known:
		return ErrDead
	case now.priority == was.priority:
		return ErrRedirected
	}
	// Within the dialplan's loop Goto sets one less, for the loop to add it.
	back := was.priority + (was.priority + step - now.priority)
	s.question(ctx, "EXEC Goto "+strconv.Itoa(back)+"\n")
	return ErrHangup
}
