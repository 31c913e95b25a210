package centre

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"calld/config"
	"calld/dialplan"
	"calld/test/lab"
)

// loginsAtOnce bounds the pages that log in at the same time.
const loginsAtOnce = 8

// Options says what centre to start.
type Options struct {
	Plan   Plan
	Binary string // the calld to run (see [Build]); empty: Asterisk and phones alone
	// App is what the dialplan runs for each call that comes in; by default it
	// goes on to the next queue's consultation number. See [Turn].
	App    string
	CDR    bool // have Asterisk write CDRs
	People bool // phones are answered by people, not at once
	// Colleagues: phones ring together, and only some are answered. See
	// [lab.StartSIPpColleagues].
	Colleagues bool
	// Between is told the manager's address and returns another one that
	// calld is given instead. May be nil.
	Between func(ctx context.Context, ami string) (string, error)
	Files   map[string]string // further files of Asterisk, see [lab.Options]
	Data    string            // calld's store; by default a file in the centre's folder
	Env     []string          // calld's environment besides this process's
	Log     *slog.Logger
}

// Centre is a running call centre.
type Centre struct {
	Plan   Plan // that it was started with
	PBX    *lab.Asterisk
	Phones *lab.SIPpPhones
	Server *Server // the running calld, or the last one
	Pages  []*Page // in the order of the plan's agents

	binary string
	env    []string
	log    *slog.Logger
	dir    string
	place  place
}

// Turn is an expression of the dialplan: which of n has this call.
func Turn(n int) string { return "${CALLERID(num):3} % " + strconv.Itoa(n) }

// Start makes a centre, with calld ready. No agent is logged in yet.
func Start(ctx context.Context, o Options) (c *Centre, err error) {
	c = &Centre{Plan: o.Plan.Clone(), binary: o.Binary, env: append(os.Environ(), o.Env...), log: o.Log}
	defer func() {
		if err != nil {
			c, err = nil, errors.Join(err, c.Close())
		}
	}()
	if c.dir, err = os.MkdirTemp("", "calld-centre-"); err != nil {
		return c, err
	}
	phones := lab.StartSIPpPhones
	switch {
	case o.People:
		phones = lab.StartSIPpPeople
	case o.Colleagues:
		phones = lab.StartSIPpColleagues
	}
	if c.Phones, err = phones(ctx, o.Log); err != nil {
		return c, err
	}
	if o.App == "" {
		o.App = fmt.Sprintf("Goto(calld-inbound,0$[%d + %s],1)", FirstNumber, Turn(len(o.Plan.Queues)))
	}
	asterisk := lab.Options{Log: o.Log, Files: map[string]string{
		"extensions_entrance.conf": "[from-trunk](+)\nexten => " + Entrance + ",1," + o.App + "\n",
		"pjsip_phones.conf":        lab.StaticPhones(c.Phones.Addr, o.Plan.phones()...),
	}}
	if o.CDR {
		asterisk.Modules = cdrModules()
		maps.Copy(asterisk.Files, cdrFiles())
	}
	maps.Copy(asterisk.Files, o.Files)
	if o.Binary != "" {
		if err = c.prepare(ctx, o, &asterisk); err != nil {
			return c, err
		}
	}
	if c.PBX, err = lab.Start(ctx, asterisk); err != nil || o.Binary == "" {
		return c, err
	}
	c.place.Recordings, c.place.RecordingsHere = c.PBX.Recordings, c.PBX.InRoot(c.PBX.Recordings)
	c.place.Sounds, c.place.SoundsHere = c.PBX.Sounds, c.PBX.InRoot(c.PBX.Sounds)
	if err = c.Configure(c.Plan); err != nil {
		return c, err
	}
	return c, c.Serve(ctx)
}

// prepare gives all parts their ports, and Asterisk calld's files.
func (c *Centre) prepare(ctx context.Context, o Options, asterisk *lab.Options) (err error) {
	for _, port := range []*int{&c.place.HTTP, &c.place.AGI, &asterisk.AMIPort} {
		if *port, err = lab.FreePort(); err != nil {
			return err
		}
	}
	c.place.Dir, c.place.Data = c.dir, cmp.Or(o.Data, filepath.Join(c.dir, "calld.db"))
	c.place.AMI = "127.0.0.1:" + strconv.Itoa(asterisk.AMIPort)
	if o.Between != nil {
		if c.place.AMI, err = o.Between(ctx, c.place.AMI); err != nil {
			return err
		}
	}
	// The generated files do not depend on the folders, which Asterisk has
	// once it is started.
	c.place.Recordings, c.place.RecordingsHere, c.place.Sounds, c.place.SoundsHere = c.dir, c.dir, c.dir, c.dir
	if err := c.Configure(c.Plan); err != nil {
		return err
	}
	cfg, err := config.Load(c.file())
	if err != nil {
		return err
	}
	files, err := dialplan.AsteriskConfig(cfg)
	for _, f := range files {
		asterisk.Files[f.Name] = f.Text
	}
	return err
}

func (c *Centre) file() string { return filepath.Join(c.dir, "calld.toml") }

// Data is the file of calld's store.
func (c *Centre) Data() string { return c.place.Data }

// URL is an address of calld's.
func (c *Centre) URL(path string) string {
	return "http://127.0.0.1:" + strconv.Itoa(c.place.HTTP) + path
}

// Configure writes a plan into calld's configuration file, for calld's next
// start or reload. c.Plan stays: who may be in the books.
func (c *Centre) Configure(p Plan) error { return p.write(c.file(), c.place) }

// Serve starts calld, which must not run, and waits until it is ready.
func (c *Centre) Serve(ctx context.Context) (err error) {
	if c.Server, err = c.Launch(ctx); err != nil {
		return err
	}
	if err := Eventually(ctx, Patience, "calld ready", c.Server.Ready); err != nil {
		return errors.Join(err, c.Server.Stop())
	}
	return nil
}

// Launch starts a calld, which may end by itself.
func (c *Centre) Launch(ctx context.Context) (*Server, error) {
	return StartServer(ctx, c.binary, c.file(), c.dir, c.URL(""), c.env)
}

// CLI runs a command of calld's and returns what it printed.
func (c *Centre) CLI(ctx context.Context, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.binary, args...)
	cmd.Env = append(slices.Clone(c.env), "CALLD_CONFIG="+c.file())
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("calld %v: %w: %s", args, err, out)
	}
	return string(out), nil
}

// OpenPages logs all agents in, and waits until they can be rung. seen is called
// with each frame of a page as it comes, by the page's goroutine; it may be nil.
func (c *Centre) OpenPages(ctx context.Context, seen func(agent int, at time.Time, frame []byte)) error {
	c.Pages = make([]*Page, len(c.Plan.Agents))
	g, limited := errgroup.WithContext(ctx)
	g.SetLimit(loginsAtOnce)
	for i, a := range c.Plan.Agents {
		c.Pages[i] = NewPage("ws://127.0.0.1:"+strconv.Itoa(c.place.HTTP)+"/ws", a.ID)
		if seen != nil {
			c.Pages[i].Seen = func(at time.Time, frame []byte) { seen(i, at, frame) }
		}
		g.Go(func() error { return c.Pages[i].Login(limited) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	memberships := 0
	for _, a := range c.Plan.Agents {
		memberships += len(a.Queues)
	}
	return c.Server.Await(ctx, "all agents available", func(m Metrics) bool {
		return int(m.Sum("calld_agents", `state="available"`)) == memberships
	})
}

// Calls is a stream of calls of [lab.Callers], spread over all queues.
type Calls struct {
	Prefix string // "010" by default; no two streams of a centre have the same
	Rate   int    // calls a second
	For    time.Duration
	Talk   time.Duration
}

// Call begins a stream of calls.
func (c *Centre) Call(ctx context.Context, o Calls) (*lab.SIPpCallers, error) {
	if o.Prefix == "" {
		o.Prefix = "010"
	}
	return lab.StartSIPpCallers(ctx, lab.Callers{
		From: c.PBX.Trunks[0], To: c.PBX.SIP(), Number: Entrance, Prefix: o.Prefix,
		Rate: o.Rate, Calls: int(o.For.Seconds() * float64(o.Rate)), Talk: o.Talk,
	}, c.log)
}

// Settle waits until no call lives.
func (c *Centre) Settle(ctx context.Context) error {
	return c.Server.Await(ctx, "calls to end and to be on disk", func(m Metrics) bool {
		return m.Sum("calld_calls", "") == 0 && m.Sum("calld_records_waiting", "") == 0
	})
}

// Close ends all of it and removes what was written. It may be called more than
// once.
func (c *Centre) Close() error {
	var errs []error
	for _, p := range c.Pages {
		p.Drop()
	}
	if c.Server != nil {
		errs = append(errs, c.Server.Stop())
	}
	if c.PBX != nil {
		errs = append(errs, c.PBX.Stop())
	}
	if c.Phones != nil {
		errs = append(errs, c.Phones.Stop())
	}
	if c.dir != "" {
		errs = append(errs, os.RemoveAll(c.dir))
	}
	return errors.Join(errs...)
}
