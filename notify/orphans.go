package notify

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"calld/ami"
)

// Times of channels that are left alone.
const (
	// orphanAfter is how long an agent's channel is alone before it is hung up:
	// sweeps being sweepEvery apart, a third look in a row has to find it so.
	// A talk that has just ended, or a channel on its way into a bridge, looks
	// like that for some milliseconds; the second look may follow the first at
	// once, and find an Asterisk that has stood still between the two.
	orphanAfter = 2*sweepEvery - 5*time.Second
	// lookGap is how far apart looks may be and still be in a row: when a sweep
	// has failed, nobody knows what was meanwhile.
	lookGap = sweepEvery + 5*time.Second
)

// normalClearing is the hang-up cause of a channel that is not needed any more (Q.850).
const normalClearing = "16"

// lonely is since when, and where, a leg was alone in each look.
type lonely struct {
	since time.Time // zero: the last look has not found it alone
	place string
}

// orphans hangs up agents' channels that Asterisk has left alone. Dial puts the
// phone that answers into a bridge, and then the caller; when file handles are
// out just then, the second fails (bridge_channel.c, bridge_channel_internal_alloc:
// a channel in a bridge needs an alert pipe), Dial is over, and nothing takes the
// phone out again (features.c, ast_bridge_call_with_flags). It is in use for
// ever, and its agent gets no calls.
//
// Nobody's talk must be ended by that. Hung up is only what is all of this:
//   - a channel to an agent's phone, dialled from another channel, and answered: no
//     call that an agent has made, and nobody who listens to a talk;
//   - that other channel has ended;
//   - it is in a bridge of Dial's kind alone, or, in none, has never run anything of
//     the dialplan: no phone that waits on hold, was parked or led elsewhere;
//   - all that in each look for orphanAfter, in the same place;
//   - it names a call of calld's, and that call is over.
func (w *Watcher) orphans(ctx context.Context, asOf time.Time, list []*ami.Event) error {
	at := make(map[string]*ami.Event, len(list))
	within := map[string]int{} // channels, by bridge
	for _, e := range list {
		at[e.Get("Uniqueid")] = e
		within[e.Get("BridgeId")]++
	}
	agents := w.board.Snapshot().Agents
	phones := make(map[string]bool, len(agents))
	for i := range agents {
		phones[agents[i].Phone] = true
	}
	orphans := w.legs.orphans(asOf, func(l *leg) (place string, alone bool) {
		e := at[l.id]
		if e == nil || at[l.caller] != nil || !phones[l.phone] || e.Get("ChannelStateDesc") != "Up" {
			return "", false
		}
		bridge := e.Get("BridgeId")
		if bridge == "" {
			// app_dial.c: what was dialled says AppDial until it runs something.
			return "", e.Get("Application") == "AppDial"
		}
		return bridge, within[bridge] == 1
	})
	if len(orphans) == 0 {
		return nil
	}
	bridges, err := w.talkBridges(ctx)
	if err != nil {
		return err
	}
	for _, l := range orphans {
		if l.alone.place != "" && bridges[l.alone.place] != 1 {
			continue
		}
		if err := w.release(ctx, asOf, l, at[l.id].Get("Channel")); err != nil {
			return err
		}
	}
	return nil
}

// talkBridges counts the channels in each bridge of Dial and Bridge; where calls
// are parked or a program plays to them, is another type.
func (w *Watcher) talkBridges(ctx context.Context) (map[string]int, error) {
	const basic = "basic" // bridge_basic.c
	// manager_bridges.c: what BridgeList calls BridgeType in its request is the technology.
	list, err := w.client.List(ctx, ami.NewAction("BridgeList"))
	if err != nil {
		return nil, fmt.Errorf("notify: bridges can't be listed: %w", err)
	}
	channels := make(map[string]int, len(list))
	for _, e := range list {
		if n, err := strconv.Atoi(e.Get("BridgeNumChannels")); err == nil && e.Get("BridgeType") == basic {
			channels[e.Get("BridgeUniqueid")] = n
		}
	}
	return channels, nil
}

// release hangs an agent's channel up that was found alone, if it was dialled
// for a call of calld's that is over.
func (w *Watcher) release(ctx context.Context, asOf time.Time, l leg, channel string) error {
	call, err := w.variable(ctx, channel, w.call.id)
	if err != nil {
		return err
	}
	if _, live := w.board.Call(call); live || call == "" {
		return nil
	}
	log := w.log.With("call_id", call, "channel", channel, "phone", l.phone,
		"caller_unique_id", l.caller, "bridge", l.alone.place, "alone_ms", asOf.Sub(l.alone.since).Milliseconds())
	_, err = w.client.Do(ctx, ami.NewAction("Hangup").With("Channel", channel).With("Cause", normalClearing))
	var refused *ami.ResponseError
	switch {
	case errors.As(err, &refused):
		log.Warn("an agent's phone that asterisk has left alone could not be hung up", "err", err)
		return nil
	case err != nil:
		return fmt.Errorf("notify: a channel left alone can't be hung up: %w", err)
	}
	w.released.Add(1)
	log.Warn("asterisk has left an agent's phone alone after its call was over: hung up")
	return nil
}

// orphans notes which legs are alone, and where, and returns those that were so
// for orphanAfter in looks that follow one another.
func (s *legs) orphans(asOf time.Time, alone func(*leg) (place string, alone bool)) (orphans []leg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	inRow := asOf.Sub(s.looked) <= lookGap
	s.looked = asOf
	for _, l := range s.byID {
		place, is := alone(l)
		switch {
		case !is:
			l.alone = lonely{}
		case l.alone.since.IsZero() || l.alone.place != place || !inRow:
			l.alone = lonely{since: asOf, place: place}
		case asOf.Sub(l.alone.since) >= orphanAfter:
			orphans = append(orphans, *l)
		}
	}
	return orphans
}
