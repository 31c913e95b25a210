package demo

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"text/template"
	"time"

	"golang.org/x/sync/errgroup"

	"calld/app"
	"calld/config"
	"calld/dialplan"
	"calld/test/lab"
)

// Password is that of everybody in the demonstration.
const Password = "demo"

// Softphone is the account for calling in with a telephone of one's own.
const Softphone = "8100"

// startTime bounds how long anything may take to come up.
const startTime = 30 * time.Second

//go:embed calld.toml
var configText string

// Options say how the demonstration is run.
type Options struct {
	HTTP    string        // address of the page; a free port when it is taken
	Talk    time.Duration // how long agents talk on average; at least 5 s
	Version string
	Log     *slog.Logger
}

// Demo is a running demonstration.
type Demo struct {
	App *app.App
	// Asterisk is the telephone exchange.
	Asterisk *lab.Asterisk
	// URL is the page.
	URL string

	cfg    *config.Config
	dir    string
	log    *slog.Logger
	talk   time.Duration
	phones map[string]*lab.Phone
	caller *lab.Caller
	sound  *http.Server
}

// New prepares everything. It may take a minute when Asterisk has to be
// fetched.
func New(ctx context.Context, o Options) (d *Demo, err error) {
	d = &Demo{log: o.Log, talk: o.Talk, phones: map[string]*lab.Phone{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
			d = nil
		}
	}()
	if d.dir, err = os.MkdirTemp("", "calld-demo-"); err != nil {
		return d, err
	}
	announcement, err := d.serveSound(ctx)
	if err != nil {
		return d, err
	}
	ports, err := freePorts(4)
	if err != nil {
		return d, err
	}
	page := pageAddress(ctx, o.HTTP, ports[0])
	d.URL = "http://" + page
	v := values{HTTP: page, AGI: local(ports[1]), AMI: local(ports[2]), WebSocket: "ws://" + local(ports[3]) + "/ws", Dir: d.dir, Announcement: announcement, Password: Password}
	if err = d.write(v); err != nil {
		return d, err
	}
	if err = d.startAsterisk(ctx, ports[2], ports[3]); err != nil {
		return d, err
	}
	v.Recordings, v.RecordingsHere = d.Asterisk.Recordings, d.Asterisk.InRoot(d.Asterisk.Recordings)
	v.Sounds, v.SoundsHere = d.Asterisk.Sounds, d.Asterisk.InRoot(d.Asterisk.Sounds)
	if err = d.write(v); err != nil {
		return d, err
	}
	if err = d.connectPhones(ctx); err != nil {
		return d, err
	}
	if err = d.prepareCampaign(ctx); err != nil {
		return d, err
	}
	d.App, err = app.New(app.Options{ConfigPath: d.file(), Version: o.Version, Log: o.Log})
	return d, err
}

// Run serves until ctx ends: calld, the agents and the customers.
func (d *Demo) Run(ctx context.Context) error {
	// The people go home before calld stops, not after.
	server, stopServer := context.WithCancel(context.WithoutCancel(ctx))
	defer stopServer()
	ended := make(chan error, 1)
	go func() { ended <- d.App.Run(server) }()
	people, ctx := errgroup.WithContext(ctx)
	for _, a := range d.cfg.Agents {
		if a.Role == config.RoleAgent && !a.WebPhone {
			people.Go(func() error { return d.work(ctx, a) })
		}
	}
	people.Go(func() error { return d.customers(ctx) })
	people.Go(func() error {
		select {
		case err := <-ended:
			ended <- err
			return fmt.Errorf("calld ended: %w", err)
		case <-ctx.Done():
			return nil
		}
	})
	err := people.Wait()
	stopServer()
	return errors.Join(err, <-ended)
}

// Close stops Asterisk and removes all files.
func (d *Demo) Close() error {
	var errs []error
	for _, p := range d.phones {
		errs = append(errs, p.Close())
	}
	if d.caller != nil {
		errs = append(errs, d.caller.Close())
	}
	if d.Asterisk != nil {
		errs = append(errs, d.Asterisk.Stop())
	}
	if d.sound != nil {
		errs = append(errs, d.sound.Close())
	}
	if d.dir != "" {
		errs = append(errs, os.RemoveAll(d.dir))
	}
	return errors.Join(errs...)
}

// Config is the configuration of the demonstration.
func (d *Demo) Config() *config.Config { return d.cfg }

// values fill calld.toml.
type values struct {
	HTTP, AGI, AMI, WebSocket, Dir                 string
	Recordings, RecordingsHere, Sounds, SoundsHere string
	Announcement, Password                         string
}

func (d *Demo) file() string { return filepath.Join(d.dir, "calld.toml") }

func (d *Demo) write(v values) error {
	if v.Recordings == "" { // Asterisk is not there yet: its folders are filled in later
		v.Recordings, v.RecordingsHere, v.Sounds, v.SoundsHere = d.dir, d.dir, d.dir, d.dir
	}
	var b bytes.Buffer
	t, err := template.New("calld.toml").Parse(configText)
	if err == nil {
		err = t.Execute(&b, v)
	}
	if err == nil {
		err = os.WriteFile(d.file(), b.Bytes(), 0o600)
	}
	if err != nil {
		return err
	}
	d.cfg, err = config.Load(d.file())
	return err
}

func (d *Demo) startAsterisk(ctx context.Context, amiPort, httpPort int) error {
	made, err := dialplan.AsteriskConfig(d.cfg)
	if err != nil {
		return err
	}
	files := map[string]string{
		// Phones may call the consultation numbers, as customers do.
		"extensions_phones.conf": "[from-internal](+)\ninclude => calld-inbound\n",
	}
	for _, f := range made {
		files[f.Name] = f.Text
	}
	d.Asterisk, err = lab.Start(ctx, lab.Options{
		Files: files, AMIPort: amiPort, HTTPPort: httpPort, Phones: []lab.Account{{User: Softphone, Password: Password}}, Log: d.log,
	})
	return err
}

// connectPhones registers every agent's phone and opens the customers' trunk.
func (d *Demo) connectPhones(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for _, a := range d.cfg.Agents {
		if a.Phone == "" || a.WebPhone {
			continue
		}
		o := lab.PhoneOptions{User: a.Phone, Password: string(a.PhoneSecret), Log: d.log}
		if a.Role != config.RoleAgent { // listens to talks: see Demo.work for the others
			o.Behaviour = lab.Behaviour{Answer: true, After: time.Second, Audio: true}
		}
		p, err := lab.NewPhone(d.Asterisk, o)
		if err != nil {
			return err
		}
		d.phones[a.ID] = p
		if err := p.Register(ctx); err != nil {
			return err
		}
	}
	v, err := newVoices()
	if err != nil {
		return err
	}
	customers := func(number string) lab.Behaviour { return v.called(number, d.talk) }
	d.caller, err = lab.NewCaller(d.Asterisk, lab.CallerOptions{Customers: customers, Log: d.log})
	return err
}

// serveSound serves the announcement: a chime.
func (d *Demo) serveSound(ctx context.Context) (url string, err error) {
	chime := lab.ToneWAV(660, 1200*time.Millisecond)
	d.sound = &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "audio/wav")
		_, _ = w.Write(chime) // calld may have given up: nothing to be done
	})}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	go func() {
		if err := d.sound.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			d.log.Error("announcement server ended", "err", err)
		}
	}()
	return "http://" + l.Addr().String() + "/announcement", nil
}

// pageAddress is the wanted address if it can be had, else a free port's.
func pageAddress(ctx context.Context, wanted string, spare int) string {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", wanted)
	if err != nil || l.Close() != nil || l.Addr().String() != wanted {
		return local(spare)
	}
	return wanted
}

func local(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

func freePorts(n int) ([]int, error) {
	ports := make([]int, n)
	for i := range ports {
		p, err := lab.FreePort()
		if err != nil {
			return nil, err
		}
		ports[i] = p
	}
	return ports, nil
}
