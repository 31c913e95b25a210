package lab

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// The manager user of every instance that may do all.
const (
	AMIUser   = "lab"
	AMISecret = "lab"
)

// maxTrunks limits the trunks of an instance: each has a loopback address
// of its own from 127.0.0.2 on.
const maxTrunks = 100

// stopTimeout is how long an Asterisk may take to stop by itself.
const stopTimeout = 10 * time.Second

// Errors of an instance that is not in the state for what is asked.
var (
	ErrNotRunning = errors.New("lab: Asterisk is not running")
	ErrStopped    = errors.New("lab: Asterisk was stopped for good")
)

// Options says what Asterisk to start. The zero value but for Log will do.
type Options struct {
	Version int // Asterisk22 by default
	// Files are configuration files by name, such as
	// "extensions_calld.conf". A file named like one of the laboratory's
	// takes its place; one whose name begins with "extensions_", "manager_",
	// "pjsip_" or "queues_" is included by the file of that name.
	Files   map[string]string
	Phones  []Account // phones to know, in context from-internal
	Trunks  int       // number of trunks, 1 by default, in context from-trunk
	Modules []string  // modules to load besides the usual ones, such as "app_confbridge"
	Verbose int       // level of the verbose log, 0 for none
	// The ports to use, free ones by default.
	SIPPort, AMIPort, HTTPPort int
	Log                        *slog.Logger
}

// Account is a phone's user name and password.
type Account struct{ User, Password string }

// Trunk is a SIP provider's end that Asterisk knows by its address.
type Trunk struct {
	Name string // the PJSIP endpoint: trunk, trunk2, trunk3 ...
	Host string // its loopback address
	Port int    // where it takes calls
}

// Addr is the host and port.
func (t Trunk) Addr() string { return t.Host + ":" + strconv.Itoa(t.Port) }

// Asterisk is one private instance.
type Asterisk struct {
	Root   Root
	Trunks []Trunk
	// Ports on 127.0.0.1: SIP over UDP, the manager interface, and HTTP with SIP
	// over WebSocket at /ws.
	SIPPort, AMIPort, HTTPPort int
	// Recordings and Sounds are folders for the tested program, as Asterisk
	// sees them; see [Asterisk.InRoot].
	Recordings, Sounds string

	log      *slog.Logger
	dir      string // the instance's folder as Asterisk sees it
	reserved []*reservation

	life    sync.Mutex // held by what starts or ends the process
	removed bool       // stopped for good

	mu      sync.Mutex
	running *process // nil when stopped
}

// process is one run of the program.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
}

// Start makes and starts an Asterisk and returns when it is fully booted.
func Start(ctx context.Context, opts Options) (*Asterisk, error) {
	if opts.Version == 0 {
		opts.Version = Asterisk22
	}
	if opts.Trunks == 0 {
		opts.Trunks = 1
	}
	if opts.Trunks > maxTrunks {
		return nil, fmt.Errorf("lab: %d trunks asked for, at most %d can be", opts.Trunks, maxTrunks)
	}
	root, err := MakeRoot(ctx, opts.Version, opts.Log)
	if err != nil {
		return nil, err
	}
	a := &Asterisk{Root: root, log: opts.Log}
	if err := a.prepare(opts); err != nil {
		return nil, errors.Join(err, a.Stop())
	}
	if err := a.boot(ctx); err != nil {
		return nil, errors.Join(err, a.Stop())
	}
	return a, nil
}

// prepare reserves the ports and writes the folders.
func (a *Asterisk) prepare(opts Options) error {
	for _, p := range []struct {
		port *int
		want int
	}{{&a.SIPPort, opts.SIPPort}, {&a.AMIPort, opts.AMIPort}, {&a.HTTPPort, opts.HTTPPort}} {
		if *p.port = p.want; p.want != 0 {
			continue
		}
		if err := a.port(p.port); err != nil {
			return err
		}
	}
	for i := range opts.Trunks {
		t := Trunk{Name: "trunk", Host: "127.0.0." + strconv.Itoa(2+i)}
		if i > 0 {
			t.Name += strconv.Itoa(i + 1)
		}
		if err := a.port(&t.Port); err != nil {
			return err
		}
		a.Trunks = append(a.Trunks, t)
	}
	// The folder bears the port's number, which is ours alone: what is there
	// was left by a process that was killed.
	a.dir = "/tmp/calld-lab-" + strconv.Itoa(a.AMIPort)
	a.Recordings, a.Sounds = a.dir+"/spool/monitor/calld", a.dir+"/sounds/calld"
	if err := os.RemoveAll(a.InRoot(a.dir)); err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	for _, dir := range []string{a.dir + "/etc", a.dir + "/run", a.dir + "/db", a.dir + "/log/cdr-csv", a.dir + "/log/cdr-custom", a.dir + "/moh", a.Recordings, a.Sounds} {
		if err := os.MkdirAll(a.InRoot(dir), 0o755); err != nil {
			return fmt.Errorf("lab: %w", err)
		}
	}
	if err := os.WriteFile(a.InRoot(a.dir+"/moh/tone.wav"), ToneWAV(MusicTone, 2*time.Second), 0o644); err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	host, err := HostIP()
	if err != nil {
		return err
	}
	files, err := renderConf(confData{
		Dir: a.dir, Modules: a.Root.Modules,
		SIPPort: a.SIPPort, AMIPort: a.AMIPort, HTTPPort: a.HTTPPort,
		RTPStart: firstRTPPort, RTPEnd: lastRTPPort, HostIP: host,
		AMIUser: AMIUser, AMISecret: AMISecret,
		UnknownTone: UnknownTone, Verbose: opts.Verbose,
		Trunks: a.Trunks, Phones: opts.Phones,
	}, a.Root, opts)
	if err != nil {
		return err
	}
	for name, text := range files {
		if err := a.WriteConf(name, text); err != nil {
			return err
		}
	}
	return nil
}

func (a *Asterisk) port(to *int) error {
	r, err := reservePort()
	if err != nil {
		return err
	}
	a.reserved = append(a.reserved, r)
	*to = r.port
	return nil
}

// boot starts the program and waits until it is fully booted.
func (a *Asterisk) boot(ctx context.Context) error {
	if a.removed {
		return ErrStopped
	}
	begin := time.Now()
	// The program outlives the start's context; Stop or the kernel ends it.
	cmd := a.Root.command(context.WithoutCancel(ctx), "-f", "-C", a.dir+"/etc/asterisk.conf")
	// Nobody is to be left behind when this process is killed.
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	cmd.SysProcAttr.Setpgid = true
	console, err := os.Create(a.InRoot(a.dir + "/log/console"))
	if err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	defer func() { _ = console.Close() }() // the child has its own
	cmd.Stdout, cmd.Stderr = console, console
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("lab: starting Asterisk %s below %s: %w", a.Root.Version, a.Root.Path, err)
	}
	p := &process{cmd: cmd, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		if err := cmd.Wait(); err != nil {
			a.log.Debug("asterisk ended", "err", err)
		}
	}()
	a.setProcess(p)
	if err := waitBooted(ctx, a.AMI(), p.done); err != nil {
		return fmt.Errorf("lab: Asterisk %s did not come up: %w\n%s%s", a.Root.Version, err, a.text("console"), a.LogText())
	}
	a.log.Debug("asterisk booted", "version", a.Root.Version, "sip", a.SIPPort, "ami", a.AMIPort, "took", time.Since(begin))
	return nil
}

// InRoot returns the path on this machine of a path as Asterisk sees it.
func (a *Asterisk) InRoot(path string) string { return filepath.Join(a.Root.Path, path) }

// AMI is the address of the manager interface.
func (a *Asterisk) AMI() string { return "127.0.0.1:" + strconv.Itoa(a.AMIPort) }

// SIP is the address for SIP over UDP.
func (a *Asterisk) SIP() string { return "127.0.0.1:" + strconv.Itoa(a.SIPPort) }

// PID is the process id, or 0 when it is not running.
func (a *Asterisk) PID() int {
	if p := a.process(); p != nil {
		return p.cmd.Process.Pid
	}
	return 0
}

// WriteConf writes one configuration file; [Asterisk.Reload] makes it known.
func (a *Asterisk) WriteConf(name, text string) error {
	if err := os.WriteFile(a.InRoot(a.dir+"/etc/"+name), []byte(text), 0o644); err != nil {
		return fmt.Errorf("lab: configuration: %w", err)
	}
	return nil
}

// CLI runs one command of Asterisk's command line and returns what it prints.
func (a *Asterisk) CLI(ctx context.Context, command string) (string, error) {
	out, err := a.Root.command(ctx, "-C", a.dir+"/etc/asterisk.conf", "-rx", command).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("lab: asterisk -rx %q: %w: %s", command, err, out)
	}
	return string(out), nil
}

// Reload has the modules read the configuration again; with none named, all
// do.
func (a *Asterisk) Reload(ctx context.Context, modules ...string) error {
	commands := []string{"core reload"}
	if len(modules) > 0 {
		commands = nil
		for _, m := range modules {
			commands = append(commands, "module reload "+m)
		}
	}
	for _, c := range commands {
		if _, err := a.CLI(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// LogText returns the notices, warnings and errors logged so far, over all
// runs.
func (a *Asterisk) LogText() string { return a.text("messages") }

// VerboseText returns the verbose log; empty unless Options.Verbose asked for one.
func (a *Asterisk) VerboseText() string { return a.text("full") }

// QueueLogText returns what app_queue has written to its queue_log so far.
func (a *Asterisk) QueueLogText() string { return a.text("queue_log") }

// CDRText returns what cdr_csv has written so far.
func (a *Asterisk) CDRText() string { return a.text("cdr-csv/Master.csv") }

// CustomCDRPath is the file that cdr_custom writes for a mapping, as this
// machine sees it. Options.Modules must have the modules for it.
func (a *Asterisk) CustomCDRPath(name string) string {
	return a.InRoot(a.dir + "/log/cdr-custom/" + name)
}

func (a *Asterisk) text(name string) string {
	b, err := os.ReadFile(a.InRoot(a.dir + "/log/" + name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err.Error()
	}
	return string(b)
}

// Faults returns the warnings and errors logged so far, one per line.
func (a *Asterisk) Faults() []string {
	var faults []string
	for line := range strings.Lines(a.LogText()) {
		if strings.Contains(line, "] WARNING[") || strings.Contains(line, "] ERROR[") {
			faults = append(faults, strings.TrimSpace(line))
		}
	}
	return faults
}

func (a *Asterisk) process() *process {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.running
}

func (a *Asterisk) setProcess(p *process) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.running = p
}

func (a *Asterisk) signal(sig syscall.Signal) error {
	p := a.process()
	if p == nil {
		return ErrNotRunning
	}
	if err := p.cmd.Process.Signal(sig); err != nil {
		return fmt.Errorf("lab: signal %v to Asterisk: %w", sig, err)
	}
	return nil
}

// Freeze stops the process from running at all, as a machine without time to
// give does. Thaw lets it go on.
func (a *Asterisk) Freeze() error { return a.signal(syscall.SIGSTOP) }

// Thaw ends [Asterisk.Freeze].
func (a *Asterisk) Thaw() error { return a.signal(syscall.SIGCONT) }

// Kill ends the process, if it runs, without any warning, as a crash does. What
// Asterisk learned in the last second is lost with it: its database is
// written once a second. The instance
// can be started again by [Asterisk.Restart].
func (a *Asterisk) Kill() error {
	a.life.Lock()
	defer a.life.Unlock()
	return a.kill()
}

func (a *Asterisk) kill() error {
	p := a.process()
	if p == nil {
		return nil
	}
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("lab: killing Asterisk: %w", err)
	}
	<-p.done
	a.setProcess(nil)
	return nil
}

// Restart ends the process, if it runs, and starts it again on the same ports
// and with the same database.
func (a *Asterisk) Restart(ctx context.Context) error {
	a.life.Lock()
	defer a.life.Unlock()
	if err := a.halt(); err != nil {
		return err
	}
	return a.boot(ctx)
}

// halt ends the process in good order, or by force when it does not obey.
func (a *Asterisk) halt() error {
	p := a.process()
	if p == nil {
		return nil
	}
	// A frozen process would not hear SIGTERM.
	for _, sig := range []syscall.Signal{syscall.SIGCONT, syscall.SIGTERM} {
		if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("lab: stopping Asterisk: %w", err)
		}
	}
	timer := time.NewTimer(stopTimeout)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
		a.log.Warn("asterisk does not stop: killed", "after", stopTimeout)
		return a.kill()
	}
	a.setProcess(nil)
	return nil
}

// Stop ends the process and removes all that belonged to the instance. It
// may be called more than once. Nothing is kept, so nothing is waited for:
// phones get no goodbye.
func (a *Asterisk) Stop() error {
	a.life.Lock()
	defer a.life.Unlock()
	err := a.kill()
	if a.removed {
		return err
	}
	a.removed = true
	if a.dir != "" {
		err = errors.Join(err, os.RemoveAll(a.InRoot(a.dir)))
	}
	for _, r := range a.reserved {
		r.release()
	}
	return err
}
