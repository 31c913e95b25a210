package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"sync"
	"time"

	"golang.org/x/net/http2"
)

// still is a way to have a connection stand still.
type still struct {
	name  string
	deaf  bool // nothing is read
	begin func(*h2conn) error
	// settings of the client.
	settings []http2.Setting
}

func stills() []still {
	much := func(h *h2conn) error {
		var err error
		for range streams {
			err = errors.Join(err, h.ask(http.MethodGet, "/api/openapi.json"))
		}
		return err
	}
	return []still{
		{name: "silence", begin: func(*h2conn) error { return nil }},
		{name: "headers without an end", begin: func(h *h2conn) error { return h.open(h.head(http.MethodGet, "/"), true, false) }},
		{name: "a window of 0", begin: much, settings: []http2.Setting{{ID: http2.SettingInitialWindowSize, Val: 0}}},
		{
			name: "nothing read", deaf: true, settings: []http2.Setting{{ID: http2.SettingInitialWindowSize, Val: math.MaxInt32}},
			begin: func(h *h2conn) error {
				err := h.WriteWindowUpdate(0, 1<<30)
				tick := time.NewTicker(100 * time.Millisecond)
				defer tick.Stop()
				for range 20 { // more than fits between the two
					err = errors.Join(err, much(h), h.flush())
					<-tick.C
				}
				return err
			},
		},
	}
}

// stuck makes connections stand still in each way at once: calld must end each.
func stuck(ctx context.Context, c *office) (string, error) {
	const conns = 25
	var wg sync.WaitGroup
	var mu sync.Mutex
	last, failed := map[string]time.Duration{}, map[string]error{}
	for _, s := range stills() {
		for range conns {
			h, err := c.h2(ctx, stranger, s.settings...)
			if err != nil {
				return "", err
			}
			if s.deaf {
				if err := h.deafen(); err != nil {
					return "", err
				}
			}
			wg.Go(func() {
				defer h.close()
				borne, err := h.borne(ctx, s)
				mu.Lock()
				defer mu.Unlock()
				last[s.name] = max(last[s.name], borne)
				if err != nil {
					failed[s.name] = fmt.Errorf("%s: %w", s.name, err)
				}
			})
		}
	}
	wg.Wait()
	seen, err := fmt.Sprintf("%d connections each, ended:", conns), error(nil)
	for _, s := range stills() {
		seen += fmt.Sprintf(" %s %.0f s,", s.name, last[s.name].Seconds())
		err = errors.Join(err, failed[s.name])
	}
	u, usageErr := c.server.usage(ctx)
	return fmt.Sprintf("%s calld has %v", seen, u), errors.Join(err, usageErr)
}

// borne is how long calld bears a connection.
func (h *h2conn) borne(ctx context.Context, s still) (time.Duration, error) {
	began := time.Now()
	err := errors.Join(s.begin(h), h.flush())
	if !s.deaf {
		if _, late := h.listenFor(longestStill, nil); late {
			err = fmt.Errorf("calld bears it for more than %s", longestStill)
		}
		return time.Since(began), err
	}
	// Whoever does not read sees the end only by what it sends.
	tick := time.NewTicker(dripEvery)
	defer tick.Stop()
	for err == nil && time.Since(began) < longestStill {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
		if errors.Join(h.WritePing(false, [8]byte{}), h.flush()) != nil {
			return time.Since(began), nil
		}
	}
	if err == nil {
		err = fmt.Errorf("calld bears it for more than %s", longestStill)
	}
	return time.Since(began), err
}
