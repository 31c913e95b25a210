package announce

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"path"
	"path/filepath"
	"sync/atomic"
	"time"

	"calld/config"
)

// Limits that Options can change.
const (
	// DefaultMaxBody bounds one downloaded or spoken sound, in bytes.
	DefaultMaxBody = 20 << 20
	// DefaultMaxLength bounds how long one sound plays; a few hundred
	// kilobytes of mp3 can hold hours.
	DefaultMaxLength = 10 * time.Minute
	// DefaultMaxStored bounds the sounds kept on disk, in bytes.
	DefaultMaxStored = 2 << 30
	// DefaultKeepUnused is how long a sound that nobody plays is kept.
	DefaultKeepUnused = 7 * 24 * time.Hour
	// DefaultTimeout is used when the configuration gives no time-out.
	DefaultTimeout = 2 * time.Second
)

// Limits of the whole service, so that a slow or dead server costs nothing
// but its announcements.
const (
	// maxFetches bounds the calls being asked for at once: 100 new calls per
	// second, each waiting for a dead server for two seconds, fit.
	maxFetches = 256
	// maxTransfers bounds the sounds being downloaded or converted at once,
	// and so, times MaxBody, the memory they take.
	maxTransfers = 16
	// maxSpeaking bounds the sentences being spoken at once.
	maxSpeaking = 8
	// maxConverting bounds the decoders running at once, which are all that
	// uses the processor here: calls come first.
	maxConverting = 2
	// workLimit bounds a download or conversion that outlives the call that
	// began it; speaking has the limit of its configuration besides.
	workLimit = 30 * time.Second
	// maxRedirects bounds the redirects followed for one request.
	maxRedirects = 5
	// maxHeader bounds the header of a reply, in bytes.
	maxHeader = 64 << 10
	// sweepEvery is the pause between two looks for old files.
	sweepEvery = 10 * time.Minute
	// folder is where the sounds are kept, below the sounds folder.
	folder = "announce"
)

// Options are what a [Service] needs. Sounds, SoundsHere and Log are
// required, except that an empty SoundsHere means Sounds.
type Options struct {
	Sounds     string // calld's folder of sounds as Asterisk sees it
	SoundsHere string // the same folder as this process sees it
	Log        *slog.Logger

	MaxBody    int64         // bytes; 0: DefaultMaxBody
	MaxLength  time.Duration // 0: DefaultMaxLength
	MaxStored  int64         // bytes; 0: DefaultMaxStored
	KeepUnused time.Duration // 0: DefaultKeepUnused

	// Transport carries the requests; nil: one of its own, with the proxy of
	// the environment.
	Transport http.RoundTripper
	// LookPath finds the programs that decode ogg; nil: exec.LookPath.
	LookPath func(name string) (string, error)
	// Now tells the time for freshness and age; nil: time.Now.
	Now func() time.Time
}

// settings are what a reload changes.
type settings struct {
	url      string
	timeout  time.Duration
	fallback string
	language string
	engine   engine
	speech   time.Duration // the engine's time
}

// Service fetches announcements. Make it with [New].
type Service struct {
	log       *slog.Logger
	now       func() time.Time
	lookPath  func(string) (string, error)
	client    *http.Client
	maxBody   int64
	maxLength time.Duration

	settings atomic.Pointer[settings]
	sounds   *sounds
	cache    *urlCache
	work     work
	stats    counters
	warned   warnings

	fetches, transfers, speaking, converting slots
}

// New makes a service and starts nothing. Until the first [Service.Configure]
// there is no announcement server and text to speech is off.
func New(o Options) *Service {
	if o.SoundsHere == "" {
		o.SoundsHere = o.Sounds
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.LookPath == nil {
		o.LookPath = exec.LookPath
	}
	if o.Transport == nil {
		o.Transport = &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: workLimit}).DialContext,
			ForceAttemptHTTP2:      true,
			MaxIdleConnsPerHost:    maxTransfers,
			IdleConnTimeout:        time.Minute,
			MaxResponseHeaderBytes: maxHeader,
		}
	}
	s := &Service{
		log:       o.Log,
		now:       o.Now,
		lookPath:  o.LookPath,
		client:    &http.Client{Transport: o.Transport, CheckRedirect: checkRedirect},
		maxBody:   orDefault(o.MaxBody, DefaultMaxBody),
		maxLength: orDefault(o.MaxLength, DefaultMaxLength),
		sounds: &sounds{
			asterisk:   path.Join(o.Sounds, folder),
			here:       filepath.Join(o.SoundsHere, folder),
			max:        orDefault(o.MaxStored, DefaultMaxStored),
			keepUnused: orDefault(o.KeepUnused, DefaultKeepUnused),
			now:        o.Now,
		},
		cache:      newURLCache(),
		stats:      newCounters(),
		fetches:    make(slots, maxFetches),
		transfers:  make(slots, maxTransfers),
		speaking:   make(slots, maxSpeaking),
		converting: make(slots, maxConverting),
	}
	s.settings.Store(&settings{timeout: DefaultTimeout, engine: offEngine{}})
	return s
}

func orDefault[T int64 | time.Duration](v, d T) T {
	if v > 0 {
		return v
	}
	return d
}

// Configure takes the announcement and speech settings of cfg, at the start
// and at each reload. Calls under way keep the settings they began with; kept
// sounds stay. The sounds folder is that of [Options].
func (s *Service) Configure(cfg *config.Config) {
	s.settings.Store(&settings{
		url:      cfg.Announcement.URL,
		timeout:  orDefault(cfg.Announcement.Timeout, DefaultTimeout),
		fallback: cfg.Announcement.Fallback,
		language: cfg.Server.Language,
		engine:   newEngine(cfg.TTS, s.client, s.maxBody),
		speech:   orDefault(cfg.TTS.Timeout, workLimit),
	})
}

// Run removes old sounds from time to time until ctx ends; then it ends all
// shared work, waits for it and returns nil.
func (s *Service) Run(ctx context.Context) error {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		if removed, err := s.sounds.sweep(); err != nil {
			s.log.Warn("old announcement sounds not removed", "folder", s.sounds.here, "err", err)
		} else if removed > 0 {
			s.log.Info("old announcement sounds removed", "folder", s.sounds.here, "files", removed)
		}
		select {
		case <-ctx.Done():
			s.work.stop()
			s.client.CloseIdleConnections()
			return nil
		case <-ticker.C:
		}
	}
}

// Request tells the announcement server about one call.
type Request struct {
	Call           string `json:"call"`
	Queue          string `json:"queue"`
	Number         string `json:"number"` // the number dialled
	Caller         string `json:"caller"` // empty when withheld
	Language       string `json:"language"`
	Waiting        int    `json:"waiting"` // callers before this one
	ExpectedWaitMS int64  `json:"expected_wait_ms"`
}

// Fetch asks the server at url, or the configured one when url is empty, what
// this call is to hear, and makes it ready to play. It returns within the
// configured time-out, or at once when ctx ends (the caller hung up). Without
// any server the result is [Skip].
func (s *Service) Fetch(ctx context.Context, r Request, url string) Result {
	cfg := s.settings.Load()
	if url == "" {
		url = cfg.url
	}
	if url == "" {
		s.stats.result(Result{Kind: Skip})
		return Result{Kind: Skip}
	}
	if r.Language == "" {
		r.Language = cfg.language
	}
	result, err := s.limited(ctx, cfg, func(ctx context.Context) (Result, error) { return s.ask(ctx, cfg, r, url) })
	if err != nil {
		result = failed(ctx, err)
		result.Sound = cfg.fallback
	}
	s.stats.result(result)
	s.warn(r, url, result)
	return result
}

// failed is the result of an error.
func failed(ctx context.Context, err error) Result {
	reason := reasonOf(err)
	if errors.Is(ctx.Err(), context.Canceled) {
		reason = ReasonCallerLeft
	}
	return Result{Kind: Fallback, Reason: reason, Err: err}
}

// limited does one call's work within the time-out and the bound on all of them.
func (s *Service) limited(ctx context.Context, cfg *settings, work func(context.Context) (Result, error)) (Result, error) {
	if !s.fetches.try() {
		return Result{}, fail(ReasonBusy, "%d announcements are under way already", maxFetches)
	}
	defer s.fetches.release()
	ctx, cancel := context.WithTimeout(ctx, cfg.timeout)
	defer cancel()
	return work(ctx)
}

// warn logs a fallback and a stale copy.
func (s *Service) warn(r Request, address string, result Result) {
	switch {
	case result.Reason == ReasonCallerLeft:
		s.log.Debug("announcement given up, the caller left", "call_id", r.Call, "queue", r.Queue)
	case result.Kind == Fallback:
		if ok, left := s.warned.may(result.Reason, s.now()); ok {
			s.log.Warn("announcement failed, the fallback plays",
				"call_id", r.Call, "queue", r.Queue, "url", redacted(address), "fallback", result.Sound,
				"reason", string(result.Reason), "err", result.Err, "not_logged_before", left)
		}
	case result.Stale:
		if ok, left := s.warned.may(reasonStale, s.now()); ok {
			s.log.Warn("announcement not refreshed, the last good copy plays",
				"call_id", r.Call, "queue", r.Queue, "url", redacted(address), "err", result.Err, "not_logged_before", left)
		}
	}
}

// redacted hides the password in an address meant for the log.
func redacted(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "(not a URL)"
	}
	return u.Redacted()
}
