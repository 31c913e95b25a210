package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// fault is one way in which things go wrong.
type fault struct {
	name string
	// asterisk: Asterisk itself suffers, and may lose, refuse and drop calls.
	asterisk bool
	// away: calld hears of nothing meanwhile, so it can't know who called and
	// left before it was back.
	away bool
	// behind: calld goes on with a store of some moments before.
	behind bool
	// The fault lasts so long, and some chance.
	atLeast, chance time.Duration
	// inflict does it and returns what heals it.
	inflict func(ctx context.Context, s *scene, chance *rand.Rand) (heal func(context.Context) error, err error)
}

// deaf is how many clients never read, and silenceLimit by when calld has
// ended them.
const (
	deaf         = 50
	silenceLimit = 30 * time.Second
)

// clockStep is by how much calld's clock steps, to either side.
const clockStep = time.Hour

// Why a store that can't be used must be told in these words.
const (
	wayBack  = "calld backup"
	readOnly = "read-only"
)

func faults(minute bool) []fault {
	frozen := fault{name: "asterisk-frozen", asterisk: true, atLeast: 6 * time.Second, chance: 6 * time.Second, inflict: freeze}
	if minute {
		frozen.atLeast, frozen.chance = time.Minute, 0
	}
	return []fault{
		{name: "calld-killed", away: true, chance: 3 * time.Second, inflict: killCalld},
		{name: "calld-drained", away: true, chance: 3 * time.Second, inflict: drainCalld},
		{name: "calld-handles", away: true, atLeast: 3 * time.Second, chance: 3 * time.Second, inflict: calldHandles},
		{name: "ami-cut", atLeast: 2 * time.Second, chance: 4 * time.Second, inflict: weatherOf(cut)},
		{name: "ami-half-open", atLeast: 4 * time.Second, chance: 12 * time.Second, inflict: weatherOf(stuck)},
		{name: "ami-slow", atLeast: 4 * time.Second, chance: 6 * time.Second, inflict: weatherOf(slow)},
		{name: "ami-garbage", atLeast: time.Second, chance: 4 * time.Second, inflict: weatherOf(garbled)},
		{name: "asterisk-restart", asterisk: true, inflict: restartAsterisk},
		{name: "asterisk-crash", asterisk: true, inflict: crashAsterisk},
		frozen,
		{name: "asterisk-handles", asterisk: true, atLeast: 2 * time.Second, chance: 3 * time.Second, inflict: asteriskHandles},
		{name: "servers-dead", atLeast: 3 * time.Second, chance: 4 * time.Second, inflict: serversDie},
		{name: "servers-slow", atLeast: 3 * time.Second, chance: 4 * time.Second, inflict: serversDawdle},
		{name: "disk-full", atLeast: 3 * time.Second, chance: 4 * time.Second, inflict: fillDisk},
		{name: "store-read-only", away: true, inflict: protectStore},
		{name: "store-damaged", away: true, behind: true, inflict: damageStore},
		{name: "clock-stepped", atLeast: 3 * time.Second, chance: 3 * time.Second, inflict: stepClock},
		{name: "pages-dropped", atLeast: time.Second, chance: 4 * time.Second, inflict: dropPages},
		{name: "pages-deaf", atLeast: silenceLimit, inflict: deafPages},
	}
}

func killCalld(_ context.Context, s *scene, _ *rand.Rand) (func(context.Context) error, error) {
	return s.Serve, s.Server.Kill()
}

func drainCalld(_ context.Context, s *scene, _ *rand.Rand) (func(context.Context) error, error) {
	return s.Serve, s.Server.Stop()
}

func calldHandles(_ context.Context, s *scene, _ *rand.Rand) (func(context.Context) error, error) {
	restore, err := handles(s.Server.PID())
	return func(context.Context) error { return restore() }, err
}

func asteriskHandles(_ context.Context, s *scene, _ *rand.Rand) (func(context.Context) error, error) {
	restore, err := handles(s.PBX.PID())
	return func(context.Context) error { return restore() }, err
}

func weatherOf(w weather) func(context.Context, *scene, *rand.Rand) (func(context.Context) error, error) {
	return func(_ context.Context, s *scene, _ *rand.Rand) (func(context.Context) error, error) {
		s.cable.turn(w)
		return func(context.Context) error {
			s.cable.turn(fair)
			return nil
		}, nil
	}
}

func restartAsterisk(ctx context.Context, s *scene, _ *rand.Rand) (func(context.Context) error, error) {
	// The command line's connection ends before it is answered.
	_, _ = s.PBX.CLI(ctx, "core restart now")
	return func(context.Context) error { return nil }, nil
}

func crashAsterisk(_ context.Context, s *scene, _ *rand.Rand) (func(context.Context) error, error) {
	return s.PBX.Restart, s.PBX.Kill()
}

func freeze(_ context.Context, s *scene, _ *rand.Rand) (func(context.Context) error, error) {
	return func(context.Context) error { return s.PBX.Thaw() }, s.PBX.Freeze()
}

func serversDie(_ context.Context, s *scene, _ *rand.Rand) (func(context.Context) error, error) {
	return s.helpers.revive, s.helpers.die()
}

func serversDawdle(_ context.Context, s *scene, _ *rand.Rand) (func(context.Context) error, error) {
	s.helpers.dawdle()
	return func(context.Context) error {
		s.helpers.hurry()
		return nil
	}, nil
}

func fillDisk(_ context.Context, s *scene, _ *rand.Rand) (func(context.Context) error, error) {
	return func(context.Context) error { return s.disk.empty() }, s.disk.fill()
}

// protectStore has calld killed and started on a read-only disk.
func protectStore(ctx context.Context, s *scene, _ *rand.Rand) (func(context.Context) error, error) {
	if err := s.Server.Kill(); err != nil {
		return nil, err
	}
	if err := s.disk.protect(true); err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		if err := s.disk.protect(false); err != nil {
			return err
		}
		return s.Serve(ctx)
	}, s.refuses(ctx, readOnly)
}

// damageStore has calld killed and its store damaged. The last backup, some
// moments old, takes its place.
func damageStore(ctx context.Context, s *scene, chance *rand.Rand) (func(context.Context) error, error) {
	backup := filepath.Join(s.dir, "backup.db")
	if _, err := s.CLI(ctx, "backup", backup); err != nil {
		return nil, err
	}
	copied, err := os.Stat(backup) // it has what is used, and no more
	if err != nil {
		return nil, err
	}
	if err := s.Server.Kill(); err != nil {
		return nil, err
	}
	damage := damages()[chance.IntN(len(damages()))]
	if err := damage(s.disk.store(), copied.Size()); err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		text, err := os.ReadFile(backup)
		if err == nil {
			err = errors.Join(os.Remove(s.disk.store()), os.WriteFile(s.disk.store(), text, 0o600), os.Remove(backup))
		}
		if err != nil {
			return err
		}
		return s.Serve(ctx)
	}, s.refuses(ctx, wayBack)
}

// refuses starts calld, which must end by itself and say why.
func (s *scene) refuses(ctx context.Context, why string) error {
	calld, err := s.Launch(ctx)
	if err != nil {
		return err
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-calld.Ended():
	case <-timer.C:
		return errors.Join(errors.New("calld runs with a store that it should refuse"), calld.Kill())
	}
	last := strings.TrimSpace(calld.Tail())
	last = last[strings.LastIndexByte(last, '\n')+1:]
	if code := calld.ExitCode(); code != 1 || !strings.Contains(last, why) {
		return fmt.Errorf("calld refuses its store with status %d and %q, which should tell %q", code, last, why)
	}
	return nil
}

// stepClock steps calld's clock to either side, and back.
func stepClock(_ context.Context, s *scene, chance *rand.Rand) (func(context.Context) error, error) {
	step := clockStep
	if chance.IntN(2) == 0 {
		step = -step
	}
	return func(context.Context) error { return s.clock.step(0) }, s.clock.step(int64(step / time.Second))
}

func dropPages(_ context.Context, s *scene, _ *rand.Rand) (func(context.Context) error, error) {
	s.pages.drop()
	return func(context.Context) error {
		s.pages.release()
		return nil
	}, nil
}

func deafPages(ctx context.Context, s *scene, _ *rand.Rand) (func(context.Context) error, error) {
	closeAll, err := openDeaf(ctx, s.URL(""), deaf)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		defer closeAll()
		m, err := s.Server.Metrics(ctx)
		if n := int(m.Sum("calld_pages", "")); err == nil && n > agents {
			err = fmt.Errorf("calld has %d pages, %d of them never read for %v", n, n-agents, silenceLimit)
		}
		return err
	}, nil
}
