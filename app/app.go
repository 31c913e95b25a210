package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/prometheus/client_golang/prometheus"

	"calld/agi"
	"calld/ami"
	"calld/announce"
	"calld/api"
	"calld/campaign"
	"calld/config"
	"calld/exchange"
	"calld/notify"
	"calld/queue"
	"calld/queuelog"
	"calld/report"
	"calld/spy"
	"calld/store"
	"calld/webhook"
	"calld/webphone"
)

// agiSessions bounds the FastAGI sessions at once: every caller waiting or
// talking holds one.
const agiSessions = 4096

// digitsLinger is how long the connection for digits is kept after the last one.
const digitsLinger = time.Minute

// Options say what to run.
type Options struct {
	// ConfigPath is the configuration file; a reload reads it again.
	ConfigPath string
	Version    string
	Log        *slog.Logger
}

// App is one calld.
type App struct {
	o       Options
	log     *slog.Logger
	started time.Time
	cfg     atomic.Pointer[config.Config]

	store     *store.Store
	recorder  *store.Recorder
	states    *store.StateRecorder
	day       *report.Day
	hooks     *webhook.Service
	queueLog  *queuelog.Log
	away      *awayKeeper
	dialler   *campaign.Dialler
	callbacks *callbacks
	board     *queue.Board
	hub       *notify.Hub
	phones    *webphone.Gate
	crowds    *crowds
	unread    *unread
	watcher   *notify.Watcher
	digits    *ami.Client // the connection to Asterisk on which digits are played; there while they are
	exchange  *exchange.Exchange
	spies     *spy.Spies
	announce  *announce.Service
	agi       *agi.Server
	api       *api.API
	metrics   *prometheus.Registry

	asterisk  atomic.Pointer[notify.AsteriskState]
	reloading sync.Mutex
}

// New reads the configuration, opens the store and builds every part. It
// starts nothing. A fault of the configuration is a [config.Faults], one of
// the store a [*store.OpenError].
func New(o Options) (*App, error) {
	cfg, err := config.Load(o.ConfigPath)
	if err != nil {
		return nil, err
	}
	for _, w := range cfg.Warnings {
		o.Log.Warn("configuration", "warning", w.String())
	}
	a := &App{o: o, log: o.Log, started: time.Now(), metrics: prometheus.NewRegistry()}
	a.cfg.Store(cfg)
	st, err := store.Open(cfg.Server.Data, store.Options{
		Spellings: func(number string) []string { return a.Config().Outbound.Numbering.Spellings(number) },
	})
	if err != nil {
		return nil, err
	}
	stored, err := storedAgents(st)
	if err == nil {
		cfg, err = cfg.With(stored, cfg.Server.Data)
	}
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	a.store = st
	a.cfg.Store(cfg)
	a.asterisk.Store(&notify.AsteriskState{State: notify.AsteriskDown, Since: a.started})
	a.hub = notify.NewHub(notify.HubOptions{
		Auth: pages{a}, Memos: pages{a}, Earlier: pages{a}.earlier, Offers: pages{a}.offers,
		Masks: func(r config.Role) bool { return a.Config().Masks(r) }, Log: o.Log,
	})
	a.unread = newUnread()
	a.crowds = newCrowds(crowdLimit, func() []netip.Prefix { return a.Config().Server.TrustedProxies })
	a.phones = webphone.New(webphone.Options{
		Asterisk:      func() string { return a.Config().Asterisk.WebSocket },
		OriginAllowed: a.hub.OriginAllowed, Agent: pages{a}.agentOf,
		Resuming: func(phone string) { a.watcher.Resuming(phone) }, Log: o.Log,
	})
	a.recorder = store.NewRecorder(st, store.RecorderOptions{
		Log: o.Log, OnDurable: a.durable, OnPosted: func(p *store.Post, err error) { a.hooks.Posted(p, err) },
	})
	a.hooks, err = webhook.New(webhook.Options{Store: st, Post: a.recorder.Post, Version: o.Version, Log: o.Log})
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	a.queueLog = queuelog.New(queuelog.Options{Log: o.Log})
	a.states = store.NewStateRecorder(st, 0, o.Log)
	a.away = newAwayKeeper(st, o.Log)
	a.dialler = a.newDialler()
	a.callbacks = newCallbacks(a.ringFirst, func(id, why string) { a.board.CallOff(id, why) }, a.recorder.Healthy, o.Log)
	counts := newCounts(a.metrics, a.serviceLevel)
	a.day = report.NewDay(report.Options{Location: cfg.Server.Timezone, Threshold: a.serviceLevel})
	a.board = queue.New(queue.Options{
		Config: cfg, Log: o.Log, Observers: []queue.Observer{a.hub, a.hooks, a.recorder, a.states, a.queueLog, a.away, a.day, a.dialler, a.callbacks, counts},
	})
	a.watcher = a.newWatcher(cfg)
	a.digits = a.newDigits(cfg)
	a.exchange = exchange.New(a.watcher.Client(), a.digits)
	a.spies = spy.New(a.exchange, func() string { return a.Config().Asterisk.AgentDial })
	a.api = a.newAPI()
	a.announce = announce.New(announce.Options{Sounds: cfg.Asterisk.Sounds, SoundsHere: cfg.Asterisk.SoundsHere, Log: o.Log})
	a.announce.Configure(cfg)
	a.agi = a.newScripts(cfg)
	a.metrics.MustRegister(readings{a})
	return a, nil
}

// Config is the configuration in force.
func (a *App) Config() *config.Config { return a.cfg.Load() }

// Run serves until ctx ends. Then callers who wait go back to the dialplan,
// which keeps them until the next calld comes; talks go on; and everything
// heard so far is written.
func (a *App) Run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, a.store.Close()) }()
	listen, err := a.listen(ctx)
	if err != nil {
		return err
	}
	defer listen.close()
	a.configureHooks()
	if err := a.restore(ctx); err != nil {
		return err
	}
	p := newParts(a.log)
	// In this order: each part needs only those above it, and the last to
	// stop is the one that writes what all others have said.
	p.start(ctx, "recorder", a.recorder.Run)
	p.start(ctx, "agents' states", a.states.Run)
	p.start(ctx, "webhooks", a.hooks.Run)
	p.start(ctx, "queue log", a.queueLog.Run)
	p.start(ctx, "away states", a.away.Run)
	p.start(ctx, "board", a.board.Run)
	p.start(ctx, "retention", a.retain)
	p.start(ctx, "announcements", a.announce.Run)
	p.start(ctx, "pages", func(ctx context.Context) error { return a.hub.Run(ctx, a.board) })
	p.start(ctx, "web phones", a.phones.Run)
	p.start(ctx, "figures of the day", a.tellDay)
	p.start(ctx, "campaigns", a.dialler.Run)
	p.start(ctx, "calls back", a.callbacks.Run)
	p.start(ctx, "asterisk events", a.watcher.Run)
	p.start(ctx, "asterisk digits", a.digits.Run)
	p.start(ctx, "agi", func(ctx context.Context) error { return a.serveAGI(ctx, listen.agi) })
	p.start(ctx, "admin socket", func(ctx context.Context) error {
		return serveHTTP(ctx, a.httpServer(a.admin()), listen.admin)
	})
	p.start(ctx, "http", func(ctx context.Context) error {
		return serveHTTP(ctx, a.httpServer(a.handler()), listen.http)
	})
	p.start(ctx, "watchdog", a.watchdog)
	a.tellSystemd(daemon.SdNotifyReady + "\nSTATUS=" + a.inOneLine())
	a.log.Info("calld is ready", "http", listen.http.Addr().String(), "agi", listen.agi.Addr().String(),
		"took_ms", time.Since(a.started).Milliseconds())
	select {
	case <-ctx.Done():
		a.log.Info("stopping")
		a.tellSystemd(daemon.SdNotifyStopping)
	case err = <-p.failed:
	}
	return errors.Join(err, p.stop())
}

// Reload reads the configuration again and puts it in force, all or nothing,
// while calls run. It returns what changed, or every fault as config.Faults.
// What needs a restart stays as it is, and is told again by each reload.
func (a *App) Reload(context.Context) ([]config.Change, error) {
	a.reloading.Lock()
	defer a.reloading.Unlock()
	cfg, err := config.Load(a.o.ConfigPath)
	if err == nil {
		cfg, err = a.withStored(cfg)
	}
	if err != nil {
		a.log.Error("reload refused: nothing changed", "err", err)
		return nil, err
	}
	for _, w := range cfg.Warnings {
		a.log.Warn("configuration", "warning", w.String())
	}
	changes := a.enforce(cfg)
	a.log.Info("configuration reloaded", "changes", len(changes))
	return changes, nil
}

// enforce puts a valid configuration in force and tells what changed. Whoever
// calls it holds reloading.
func (a *App) enforce(cfg *config.Config) []config.Change {
	changes := config.Compare(a.Config(), cfg)
	cfg = config.Apply(a.Config(), cfg)
	a.cfg.Store(cfg)
	a.configureHooks()
	a.queueLog.Configure(cfg, a.board.Snapshot().Calls)
	a.announce.Configure(cfg)
	a.agi.SetAllow(cfg.Server.AGIAllow)
	a.board.Reload(cfg)
	a.watcher.Refresh()
	a.phones.Recheck()
	a.hub.Push("", notify.TypeReloaded, changes)
	return changes
}

// serveAGI serves FastAGI until ctx ends; the sessions then open are closed,
// which sends their callers back to the dialplan.
func (a *App) serveAGI(ctx context.Context, l net.Listener) error {
	closed := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() { closed <- a.closeAGI() })
	err := a.agi.Serve(l)
	if stop() { // ctx lives: the listener failed
		return err
	}
	return <-closed
}

// closeAGI ends all sessions and waits a moment for their scripts to end.
func (a *App) closeAGI() error {
	err := a.agi.Close()
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	return errors.Join(err, a.agi.Shutdown(ctx))
}

// status tells how the server is.
func (a *App) status() api.Status {
	s := api.Status{
		Version: a.o.Version, Started: a.started, RecordsWaiting: a.recorder.Stats().Waiting,
		Pages: a.hub.Stats().Sockets, LiveCalls: len(a.board.Snapshot().Calls), Freed: a.board.Freed(),
	}
	ast := a.asterisk.Load()
	s.Asterisk, s.AsteriskSince = ast.State == notify.AsteriskUp, ast.Since
	if err := a.recorder.Healthy(); err != nil {
		s.StoreError = err.Error()
	}
	return s
}

// loggedOut ends what an agent had open.
func (a *App) loggedOut(agentID string) error {
	a.phones.Logout(agentID)
	return a.hub.Logout(agentID)
}

func (a *App) asteriskState(s notify.AsteriskState) {
	a.asterisk.Store(&s)
	a.hub.SetAsterisk(s)
}

// durable is told of every record on disk, and tells of the missed calls that
// it changed.
func (a *App) durable(c *queue.Call, missed []store.Missed) {
	a.callbacks.durable(c)
	for _, m := range missed {
		a.missedChanged(m)
	}
}

func (a *App) missedChanged(m store.Missed) {
	a.hub.PushMasked(m.Queue, notify.TypeMissedList, m, m.Masked())
}

// Snapshot is everything live, for those who run an App inside their own
// program.
func (a *App) Snapshot() queue.Snapshot { return a.board.Snapshot() }

// Recent is the latest ended calls, newest first, and how many missed calls
// are open, counted up to a page.
func (a *App) Recent(n int) (ended []queue.Call, missed int, err error) {
	page, err := a.store.History(store.Query{Limit: n})
	if err != nil {
		return nil, 0, err
	}
	open, err := a.store.Missed(store.MissedQuery{Limit: store.MaxLimit})
	return page.Calls, len(open.Missed), err
}
