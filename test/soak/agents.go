package main

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"calld/test/centre"
)

const (
	// atWork is how long an agent works on an average before going away.
	atWork = 40 * time.Second
	// The shortest and the longest absence.
	shortBreak = 2 * time.Second
	longBreak  = 8 * time.Second
)

// moves counts what agents have done.
type moves struct{ away, logouts, drops, logins atomic.Int64 }

// live is an agent's day: at work, away, logged out, or with the page closed
// without a word, again and again. In the end the agent is at work.
func (s *soak) live(ctx context.Context, agent int, p *centre.Page) error {
	for rest(ctx, time.Duration(rand.ExpFloat64()*float64(atWork))) {
		if !p.Open() && !s.guest(agent) {
			s.wrong("the page of %s was ended: %v", p.Agent, p.Lost())
		}
		pause := shortBreak + rand.N(longBreak-shortBreak)
		kind := rand.N(6)
		if !p.Open() {
			kind = 5
		}
		switch kind {
		case 0, 1, 2:
			s.moves.away.Add(1)
			s.say(agent, p.State("away"))
			rest(ctx, pause)
			s.say(agent, p.State("available"))
		case 3, 4:
			s.moves.logouts.Add(1)
			s.say(agent, p.Logout())
			rest(ctx, pause)
			s.login(ctx, agent, p)
		default:
			s.moves.drops.Add(1)
			p.Drop()
			rest(ctx, pause)
			s.login(ctx, agent, p)
		}
	}
	return nil
}

func (s *soak) login(ctx context.Context, agent int, p *centre.Page) {
	p.Drop() // it may have been ended
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), centre.Patience)
	defer cancel()
	if s.guest(agent) {
		s.guests.Lock()
		defer s.guests.Unlock()
		if !s.guestIn {
			return
		}
	}
	s.moves.logins.Add(1)
	s.say(agent, p.Login(ctx))
}

// say notes what an agent could not do. The guest's page may have been ended by
// a reload.
func (s *soak) say(agent int, err error) {
	if err != nil && !s.guest(agent) {
		s.wrong("%v", err)
	}
}

// rest waits, and tells whether ctx still goes on.
func rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
