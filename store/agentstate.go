package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"calld/queue"
)

const (
	// spanStep bounds the changes of state that one transaction reads, and so
	// the time for which pages that writers have freed can't be used again.
	spanStep = 5000
	// keyAlive is where bucketAlive keeps when calld last said that it runs.
	keyAlive = "alive"
)

// AgentState is a change of an agent's state: what it is from then on.
type AgentState struct {
	Agent  string           `json:"-"`
	From   time.Time        `json:"-"`
	State  queue.AgentState `json:"state"`
	Reason string           `json:"reason,omitempty"` // of being away
	Queue  string           `json:"queue,omitempty"`  // of after-call work: that of the call
}

// AgentSpan is how long an agent was in a state: From included, To not.
type AgentSpan struct {
	Agent  string
	State  queue.AgentState
	Reason string
	Queue  string
	From   time.Time
	To     time.Time
}

// PutAgentStates writes changes of state, in order, and that calld was alive
// at a time.
func (s *Store) PutAgentStates(ctx context.Context, changes []AgentState, alive time.Time) error {
	return s.update(ctx, func(t *tables) error {
		for i := range changes {
			if err := t.putAgentState(&changes[i]); err != nil {
				return err
			}
		}
		if err := t.alive.Put([]byte(keyAlive), timeKey(alive)); err != nil {
			return fmt.Errorf("store: alive: %w", err)
		}
		return nil
	})
}

func (t *tables) putAgentState(a *AgentState) error {
	v, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("%w: state of agent %.40q: %w", ErrInvalid, a.Agent, err)
	}
	if err := t.states.Put(join(term(a.Agent), timeKey(a.From)), v); err != nil {
		return fmt.Errorf("store: state of agent %.40q: %w", a.Agent, err)
	}
	return nil
}

// CloseAgentStates ends the states that an earlier calld left open, at the time
// at which it was last known to run: nobody knows what the agents did after.
// It returns how many it ended. Call it before the first change is recorded.
func (s *Store) CloseAgentStates(ctx context.Context) (n int, err error) {
	err = s.update(ctx, func(t *tables) error {
		n = 0
		last := keyTime(t.alive.Get([]byte(keyAlive)))
		for _, agent := range t.stateAgents() {
			a, ok, err := t.agentStateBefore(agent, time.Time{})
			if err != nil {
				return err
			}
			if !ok || a.State == queue.Offline {
				continue
			}
			end := AgentState{Agent: agent, State: queue.Offline, From: last}
			if !a.From.Before(last) { // the change was the last thing that was written
				end.From = a.From.Add(1)
			}
			if err := t.putAgentState(&end); err != nil {
				return err
			}
			n++
		}
		return nil
	})
	return n, err
}

// AgentSpans tells each state that agents were in between two times, by agent
// and time, cut at both ends. A state that lasts ends at to. No agents are all
// that are known. It reads in steps: a long report holds no writer up.
func (s *Store) AgentSpans(ctx context.Context, agents []string, from, to time.Time, each func(AgentSpan)) error {
	if agents == nil {
		if err := s.view(func(t *tables) error { agents = t.stateAgents(); return nil }); err != nil {
			return err
		}
	}
	for _, agent := range agents {
		if err := s.agentSpans(ctx, agent, from, to, each); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) agentSpans(ctx context.Context, agent string, from, to time.Time, each func(AgentSpan)) error {
	var now *AgentState // what the agent is in at the place that was reached
	tell := func(until time.Time) {
		if now == nil {
			return
		}
		begin := now.From
		if begin.Before(from) {
			begin = from
		}
		if begin.Before(until) {
			each(AgentSpan{Agent: agent, State: now.State, Reason: now.Reason, Queue: now.Queue, From: begin, To: until})
		}
	}
	prefix := term(agent)
	next := join(prefix, timeKey(from))
	end := join(prefix, timeKey(to))
	for first := true; next != nil; first = false {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		err := s.view(func(t *tables) error {
			if first {
				a, ok, err := t.agentStateBefore(agent, from)
				if err != nil {
					return err
				}
				if ok {
					now = &a
				}
			}
			c := t.states.Cursor()
			k, v := c.Seek(next)
			for range spanStep {
				if k == nil || bytes.Compare(k, end) >= 0 {
					next = nil
					return nil
				}
				a, err := decodeAgentState(agent, k, v)
				if err != nil {
					return err
				}
				tell(a.From)
				now = &a
				k, v = c.Next()
			}
			next = bytes.Clone(k)
			return nil
		})
		if err != nil {
			return err
		}
	}
	tell(to)
	return nil
}

// agentStateBefore is the last change before a time, or of all when it is zero.
func (t *tables) agentStateBefore(agent string, before time.Time) (a AgentState, ok bool, err error) {
	prefix := term(agent)
	end := join(prefix, []byte{0xff}) // above every time
	if !before.IsZero() {
		end = join(prefix, timeKey(before))
	}
	c := t.states.Cursor()
	above, _ := c.Seek(end)
	k, v := c.Prev()
	if above == nil {
		k, v = c.Last()
	}
	if !bytes.HasPrefix(k, prefix) {
		return a, false, nil
	}
	a, err = decodeAgentState(agent, k, v)
	return a, err == nil, err
}

func decodeAgentState(agent string, key, value []byte) (a AgentState, err error) {
	if err := json.Unmarshal(value, &a); err != nil {
		return a, fmt.Errorf("%w: state of agent %q: %w", ErrDamaged, agent, err)
	}
	a.Agent, a.From = agent, keyTime(key[len(key)-timeLen:])
	return a, nil
}

// stateAgents lists the agents whose states are kept, one look for each.
func (t *tables) stateAgents() (agents []string) {
	c := t.states.Cursor()
	for k, _ := c.First(); k != nil; {
		prefix := k[:len(k)-timeLen]
		agents = append(agents, string(prefix[2:]))
		k, _ = c.Seek(join(prefix, []byte{0xff}))
	}
	return agents
}

// purgeAgentStates removes changes of state before a time, at most purgeStep. Those
// to a state that lasted at that time stay: it would be missing in later reports.
func (t *tables) purgeAgentStates(before []byte) (n int, err error) {
	for _, agent := range t.stateAgents() {
		keys := oldest(t.states, term(agent), before)
		last, ok, err := t.agentStateBefore(agent, keyTime(before).Add(1))
		if err != nil {
			return 0, err
		}
		if ok && last.State != queue.Offline {
			lasts := join(term(agent), timeKey(last.From))
			keys = slices.DeleteFunc(keys, func(key []byte) bool { return bytes.Equal(key, lasts) })
		}
		for _, key := range keys[:min(len(keys), purgeStep-n)] {
			if err := t.states.Delete(key); err != nil {
				return 0, fmt.Errorf("store: remove state of agent %q: %w", agent, err)
			}
			n++
		}
		if n == purgeStep {
			break
		}
	}
	return n, nil
}

// keyTime is the time of a timeKey; of none, 1970.
func keyTime(key []byte) time.Time {
	if len(key) != timeLen {
		return time.Unix(0, 0)
	}
	return time.Unix(0, int64(binary.BigEndian.Uint64(key)))
}
