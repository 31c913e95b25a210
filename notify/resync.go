package notify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"calld/ami"
	"calld/queue"
)

// resync makes the board's picture right after a connection came about.
func (w *Watcher) resync(ctx context.Context) error {
	if err := w.awaitAge(ctx); err != nil {
		return err
	}
	if err := w.channels(ctx); err != nil {
		return err
	}
	return w.phones(ctx)
}

// awaitAge takes in when Asterisk was started. The event that tells it comes
// before the resync begins, but may still wait for its handler; without read
// class "system" it never comes.
func (w *Watcher) awaitAge(ctx context.Context) error {
	var started time.Time
	wait := time.NewTimer(bootWait)
	defer wait.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case started = <-w.booted:
	case <-wait.C:
		w.log.Warn("asterisk did not tell when it was started")
	}
	w.mu.Lock()
	w.started = started
	w.mu.Unlock()
	return nil
}

// channels compares board and legs with Asterisk's channels.
func (w *Watcher) channels(ctx context.Context) error {
	asOf := time.Now()
	list, err := w.client.List(ctx, ami.NewAction("CoreShowChannels"))
	if err != nil {
		return fmt.Errorf("notify: channels can't be listed: %w", err)
	}
	for _, e := range list {
		if id := e.Get("Uniqueid"); id == "" || strings.ContainsFunc(id, unprintable) {
			return fmt.Errorf("%w: unique id %.40q", errDamaged, id)
		}
	}
	if err := w.rebuild(ctx, asOf, list); err != nil {
		return err
	}
	if err := w.adopt(ctx, asOf, list); err != nil {
		return err
	}
	live := make(map[string]bool, len(list))
	tries := map[string]bool{}       // whether they have been answered
	rung := map[string]bool{}        // callers to whom a phone's channel belongs
	phones := map[string][]phoneAt{} // by bridge
	inBridge := map[string]int{}
	holding := map[string]string{} // by caller: the agent's channel
	for _, e := range list {
		id := e.Get("Uniqueid")
		live[id] = true
		if try, ok := queue.TryOf(id); ok {
			tries[try] = e.Get("ChannelStateDesc") == "Up"
		}
		inBridge[e.Get("BridgeId")]++
		l, ok := w.legs.get(id)
		if !ok {
			continue
		}
		rung[l.caller] = true
		if w.holds(e) {
			holding[l.caller] = e.Get("Channel")
		}
		if bridge := e.Get("BridgeId"); bridge != "" {
			phones[bridge] = append(phones[bridge], phoneAt{id, l.phone})
		}
	}
	w.legs.sweep(asOf, live)
	channels := make([]queue.Channel, 0, len(list))
	for _, e := range list {
		c := queue.Channel{UniqueID: e.Get("Uniqueid")}
		c.Rings = rung[c.UniqueID]
		c.HeldBy = holding[c.UniqueID]
		c.Bridged = e.Get("BridgeId") != "" && inBridge[e.Get("BridgeId")] > 1
		if e.Get("Context") == w.context {
			c.Number, c.Since = e.Get("Exten"), sinceOf(e, asOf)
		}
		for _, p := range phones[e.Get("BridgeId")] {
			if p.id != c.UniqueID {
				c.TalksTo = p.phone
				w.legs.answer(p.id) // should its answer have been missed
			}
		}
		channels = append(channels, c)
	}
	w.mu.Lock()
	started := w.started
	w.mu.Unlock()
	w.board.Reconcile(asOf, started, channels)
	w.tries.Live(asOf, started, tries)
	return w.orphans(ctx, asOf, list)
}

// errDamaged says that a list of channels is not what Asterisk has sent. Nobody's
// call is ended by such a list.
var errDamaged = errors.New("notify: the list of channels is damaged")

func unprintable(r rune) bool { return r < ' ' || r == '\x7f' || r == utf8.RuneError }

// sinceOf is the earliest that a listed channel can have been made: its age is
// told in whole seconds, rounded down.
func sinceOf(e *ami.Event, asOf time.Time) time.Time {
	var h, m, s int
	if n, err := fmt.Sscanf(e.Get("Duration"), "%d:%d:%d", &h, &m, &s); err != nil || n != 3 {
		return asOf
	}
	age := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s+1)*time.Second
	return asOf.Add(-age)
}

// phoneAt is a channel to an agent's phone.
type phoneAt struct{ id, phone string }

// rebuild begins the legs of channels in progress whose DialBegin was missed.
// The caller is whom the phone holds, also while its agent consults somebody or
// comes from that, or whom it shares a bridge with. While it
// rings it is the channel that the linked id names: that of the oldest channel,
// which dialled channels inherit.
func (w *Watcher) rebuild(ctx context.Context, asOf time.Time, list []*ami.Event) error {
	callers := map[string]string{} // by bridge
	ids := make(map[string]string, len(list))
	for _, e := range list {
		ids[e.Get("Channel")] = e.Get("Uniqueid")
		if w.template.ofChannel(e.Get("Channel")) == "" {
			if bridge := e.Get("BridgeId"); bridge != "" {
				callers[bridge] = e.Get("Uniqueid")
			}
		}
	}
	for _, e := range list {
		id, channel := e.Get("Uniqueid"), e.Get("Channel")
		if _, known := w.legs.get(id); known {
			continue
		}
		phone := w.template.ofChannel(channel)
		caller := e.Get("Linkedid")
		holds := phone != "" && !queue.IsOutChannel(id) && (w.holds(e) || w.consults(e))
		if holds {
			held, err := w.heldBy(ctx, channel)
			if err != nil {
				return err
			}
			caller = ids[held]
		} else if c := callers[e.Get("BridgeId")]; c != "" {
			caller = c
		}
		if phone == "" || caller == "" || caller == id || queue.IsOutChannel(caller) || queue.IsOutChannel(id) {
			continue // no phone, or one that calls itself
		}
		l := leg{caller: caller, phone: phone, since: asOf, over: holds, talks: holds, passing: w.template.passing(channel)}
		if !w.legs.add(id, l) {
			return nil // counted
		}
	}
	return nil
}

// holds tells whether a listed channel waits while its customer is held. One
// that was taken back keeps its place in the dialplan, but is in a bridge.
func (w *Watcher) holds(e *ami.Event) bool {
	return e.Get("Context") == w.hold.context && e.Get("BridgeId") == ""
}

// consults tells whether a listed channel is that of an agent who consults
// somebody, or has since the customer was last held.
func (w *Watcher) consults(e *ami.Event) bool {
	return w.hold.consult != "" && e.Get("Context") == w.hold.consult
}

// heldBy asks whose channel is held by an agent's that waits; "" when that has
// ended meanwhile. The linked id of a channel that took another's place is its
// own, but the variable stays.
func (w *Watcher) heldBy(ctx context.Context, channel string) (string, error) {
	return w.variable(ctx, channel, w.hold.variable)
}

// variable asks for a variable of a channel; "" when it has none, or has ended
// meanwhile.
func (w *Watcher) variable(ctx context.Context, channel, name string) (string, error) {
	r, err := w.client.Do(ctx, ami.NewAction("Getvar").With("Channel", channel).With("Variable", name))
	var refused *ami.ResponseError
	switch {
	case errors.As(err, &refused):
		w.log.Info("asterisk does not tell a channel's variable", "channel", channel, "variable", name, "err", err)
		return "", nil
	case err != nil:
		return "", fmt.Errorf("notify: variable %s of a channel can't be asked: %w", name, err)
	}
	return r.Get("Value"), nil
}

// phones tells the board the state of every agent's phone.
func (w *Watcher) phones(ctx context.Context) error {
	agents := w.board.Snapshot().Agents
	if !w.template.plain() {
		for i := range agents {
			w.board.Phone(agents[i].Phone, queue.PhoneUnknown)
		}
		return nil
	}
	w.devices.Lock()
	w.heard = map[string]bool{}
	w.devices.Unlock()
	state, err := w.deviceStates(ctx)
	w.devices.Lock()
	defer w.devices.Unlock()
	for i := range agents {
		phone := agents[i].Phone
		if err == nil && phone != "" && !w.heard[phone] {
			w.board.Phone(phone, state(w.template.device(phone)))
		}
	}
	w.heard = nil
	return err
}

// deviceStates lists the states of all devices. Endpoints of PJSIP are there
// from the start, UNAVAILABLE until a phone registers (tried on Asterisk 16
// and 22): what is not there can't be rung.
func (w *Watcher) deviceStates(ctx context.Context) (func(device string) queue.PhoneState, error) {
	missing := queue.PhoneUnknown
	list, err := w.client.List(ctx, ami.NewAction("DeviceStateList"))
	var refused *ami.ResponseError
	switch {
	case errors.As(err, &refused):
		w.log.Warn("asterisk refuses to list device states: every phone is tried", "err", err)
	case err != nil:
		return nil, fmt.Errorf("notify: device states can't be listed: %w", err)
	case strings.HasPrefix(w.template[0], "PJSIP/"):
		missing = queue.PhoneUnreachable
	}
	states := map[string]queue.PhoneState{}
	for _, e := range list {
		if device := e.Get("Device"); device != "" {
			states[device] = phoneState(e.Get("State"))
		}
	}
	return func(device string) queue.PhoneState {
		if s, ok := states[device]; ok {
			return s
		}
		return missing
	}, nil
}
