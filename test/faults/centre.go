package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/crypto/argon2"

	"calld/test/centre"
)

// The call centre: each agent serves one queue.
const (
	agents = 300
	// The first two queues have too few agents, so that callers wait in them: the
	// first rings one after another, the second all at once. Callers of the
	// third hear an announcement. The others have agents enough.
	scarce, scarceAll, told = 0, 1, 2
	queues                  = 15
	scarceAgents            = 4
	toldAgents              = 20
)

const (
	// patience bounds how long anything may take that is to happen by itself.
	// A dialog whose other side is gone takes SIP 32 s to give up.
	patience = 90 * time.Second
	// lastLines is how much of a program's output an error shows, in bytes.
	lastLines = 1500
)

// plan is what calld's configuration says, with all that it asks of helpers.
func plan(h *helpers) centre.Plan {
	p := centre.NewPlan(agents, queues)
	for q := range p.Queues {
		queueing := "inline"
		if q == scarceAll {
			queueing = "all"
		}
		p.Queues[q].Keys = fmt.Sprintf("order = \"round-robin\"\nring_timeout = \"5s\"\nrecording = false\n"+
			"queueing = %q\nannouncement = %v", queueing, q == told)
	}
	for a := range p.Agents {
		p.Agents[a].Queues = []string{p.Queues[queueOf(a)].ID}
		p.Agents[a].Password = cheapHash()
	}
	p.Tables = fmt.Sprintf("[announcement]\nurl = %q\n[tts]\nengine = \"http\"\nurl = %q\nmodel = \"m\"\nvoice = \"v\"\n"+
		"[webhooks.crm]\nurl = %q\nsecret = \"a secret of sixteen bytes\"\nevents = [\"call.ended\"]\ntimeout = \"2s\"\n",
		h.url("/announcement"), h.url("/speech"), h.url("/webhook"))
	return p
}

// password is that of all agents.
const password = "password"

// cheapHash is the hash of it that costs least to check: three hundred agents log
// in at once, and what that costs is not the question here.
func cheapHash() string {
	const passes, memory, threads, keyLen = 1, 8, 1, 16
	salt := []byte("salt of all")
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memory, passes, threads,
		b64(salt), b64(argon2.IDKey([]byte(password), salt, passes, memory, threads, keyLen)))
}

// queueOf is the queue that an agent serves.
func queueOf(agent int) int {
	switch {
	case agent < scarceAgents:
		return scarce
	case agent < 2*scarceAgents:
		return scarceAll
	case agent < 2*scarceAgents+toldAgents:
		return told
	}
	return told + 1 + agent%(queues-told-1)
}

// scene is a running call centre, with all that can fail between calld and
// the machine.
type scene struct {
	*centre.Centre
	dir     string
	disk    *disk // with calld's store
	clock   clock // calld's
	helpers *helpers
	cable   *cable // to the manager interface
	pages   *pages
}

// newScene makes a call centre whose agents all wait for calls.
func newScene(ctx context.Context, binary string, log *slog.Logger) (s *scene, err error) {
	s = &scene{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.dir, err = os.MkdirTemp("", "calld-faults-"); err != nil {
		return s, err
	}
	if s.clock, err = newClock(s.dir); err != nil {
		return s, err
	}
	if s.disk, err = mountDisk(filepath.Join(s.dir, "disk")); err != nil {
		return s, err
	}
	if s.helpers, err = startHelpers(ctx); err != nil {
		return s, err
	}
	s.Centre, err = centre.Start(ctx, centre.Options{
		Plan: plan(s.helpers), Binary: binary, CDR: true, People: true, Log: log,
		// The number of a call stands behind its caller's prefix.
		App:     fmt.Sprintf("Goto(calld-inbound,0$[%d + (${CALLERID(num):%d} %% %d)],1)", centre.FirstNumber+told+1, prefixLen, queues-told-1),
		Between: s.lay, Data: s.disk.store(), Env: []string{clockVariable + "=" + s.clock.path},
	})
	if err != nil {
		return s, err
	}
	s.pages = openPages(ctx, s.URL(""))
	return s, s.quiet(ctx)
}

// lay lays the cable to the manager interface.
func (s *scene) lay(ctx context.Context, ami string) (string, error) {
	var err error
	if s.cable, err = newCable(ctx, ami); err != nil {
		return "", err
	}
	return s.cable.addr(), nil
}

// close ends all of it.
func (s *scene) close() error {
	var errs []error
	if s.pages != nil {
		s.pages.close()
	}
	if s.Centre != nil {
		errs = append(errs, s.Close())
	}
	if s.cable != nil {
		errs = append(errs, s.cable.close())
	}
	if s.helpers != nil {
		errs = append(errs, s.helpers.die())
	}
	if s.disk != nil {
		errs = append(errs, s.disk.unmount())
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}
