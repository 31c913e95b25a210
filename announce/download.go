package announce

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

const (
	// maxURLs bounds the addresses whose sounds are remembered; the least
	// recently used goes first.
	maxURLs = 1024
	// staleFor is how long a copy is played without asking again after its
	// web side failed: callers must not each wait for a dead server.
	staleFor = 10 * time.Second
)

// copyOf is what is known of one downloaded address. It is never changed
// after it was put into the cache.
type copyOf struct {
	name      string // of the sound
	validator validator
	fresh     time.Time // may be played without asking until then
}

// urlCache remembers downloads by address, in memory: after a restart each is
// asked for once again.
type urlCache struct {
	mu   sync.Mutex
	urls map[string]*cached
}

type cached struct {
	copyOf
	used time.Time
}

func newURLCache() *urlCache { return &urlCache{urls: make(map[string]*cached)} }

func (c *urlCache) get(address string, now time.Time) (copyOf, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.urls[address]
	if !ok {
		return copyOf{}, false
	}
	e.used = now
	return e.copyOf, true
}

func (c *urlCache) put(address string, v copyOf, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.urls[address]; !known && len(c.urls) >= maxURLs {
		oldest := ""
		for a, e := range c.urls {
			if oldest == "" || e.used.Before(c.urls[oldest].used) {
				oldest = a
			}
		}
		delete(c.urls, oldest)
	}
	c.urls[address] = &cached{v, now}
}

func (c *urlCache) drop(address string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.urls, address)
}

// playURL plays the sound at an address: the kept copy while it is fresh,
// else a new download, else the last good copy.
func (s *Service) playURL(ctx context.Context, cfg *settings, address string) (Result, error) {
	if have, ok := s.copyAt(address); ok && s.now().Before(have.fresh) {
		return Result{Kind: Play, Sound: s.sounds.path(have.name)}, nil
	}
	name, err := s.work.shared(ctx, "url "+address, workLimit, func(work context.Context) (string, error) {
		return s.download(work, cfg, address)
	})
	if err == nil {
		return Result{Kind: Play, Sound: s.sounds.path(name)}, nil
	}
	// A caller who hung up (ctx cancelled) says nothing about the web side.
	have, ok := s.copyAt(address)
	if !ok || errors.Is(ctx.Err(), context.Canceled) {
		return Result{}, err
	}
	now := s.now()
	have.fresh = now.Add(staleFor)
	s.cache.put(address, have, now)
	return Result{Kind: Play, Sound: s.sounds.path(have.name), Stale: true, Err: err}, nil
}

// copyAt returns the remembered copy of an address if its file is there.
func (s *Service) copyAt(address string) (copyOf, bool) {
	have, ok := s.cache.get(address, s.now())
	if !ok || !s.sounds.use(have.name) {
		return copyOf{}, false
	}
	return have, true
}

// download asks for an address and returns the name of its sound.
func (s *Service) download(ctx context.Context, cfg *settings, address string) (string, error) {
	have, ok := s.copyAt(address)
	if ok && s.now().Before(have.fresh) {
		return have.name, nil // another call's download ended just before this one began
	}
	if err := s.transfers.takeWithin(ctx, cfg.timeout/2); err != nil {
		return "", err
	}
	defer s.transfers.release()
	req, err := newRequest(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	if ok {
		have.validator.ask(req.Header)
	}
	s.stats.downloaded()
	resp, err := s.client.Do(req)
	if err != nil {
		return "", requestError(err)
	}
	defer resp.Body.Close() //nolint:errcheck // nothing was written
	now := s.now()
	if ok && resp.StatusCode == http.StatusNotModified {
		have.validator = have.validator.renewed(resp.Header)
		have.fresh = now.Add(lifetime(resp.Header, now))
		s.cache.put(address, have, now)
		return have.name, nil
	}
	if err := checkStatus(resp); err != nil {
		if resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusGone {
			s.cache.drop(address) // taken away on purpose: no reason to go on playing it
		}
		return "", err
	}
	raw, err := readLimited(resp.Body, resp.ContentLength, s.maxBody)
	if err != nil {
		return "", err
	}
	if noStore(resp.Header) {
		s.cache.drop(address)
		return s.keep(ctx, raw, passing)
	}
	name, err := s.keep(ctx, raw, lasting)
	if err != nil {
		return "", err
	}
	s.cache.put(address, copyOf{
		name:      name,
		validator: newValidator(resp.Header),
		fresh:     now.Add(lifetime(resp.Header, now)),
	}, now)
	return name, nil
}
