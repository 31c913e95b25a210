package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

const (
	// askEvery is how often somebody else asks while calld is attacked.
	askEvery = 250 * time.Millisecond
	// floodTime is how long a flood lasts that calld need not end.
	floodTime = 4 * time.Second
	// floodConns is how many connections make it.
	floodConns = 10
	// streams is how many requests calld lets one connection have under way.
	streams = 8
	// longestStill is how long calld may keep a connection that stands still: a
	// minute until answers that are not taken are given up, and two without a request.
	longestStill = 200 * time.Second
)

// h2Attacks are those on HTTP/2, which calld speaks over TLS: they need a call centre
// with a certificate.
func h2Attacks() []attack {
	list := []attack{
		{"h2", "slow TLS handshakes", func(ctx context.Context, c *office) (string, error) {
			return c.slowly(ctx, c.http(), stranger, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
		}},
		{"h2", "too many streams", tooManyStreams},
		{"h2", "bodies that never come", silentStreams},
		{"h2", "broken frames", brokenH2},
		{"h2", "half frames of 1 MiB", halfFrames},
	}
	for _, f := range floods() {
		list = append(list, attack{"h2", f.name, func(ctx context.Context, c *office) (string, error) {
			return c.meanwhile(ctx, func(ctx context.Context) (string, error) { return c.flood(ctx, f) })
		}})
	}
	for _, b := range bombs() {
		list = append(list, attack{"h2", b.name, func(ctx context.Context, c *office) (string, error) {
			return c.meanwhile(ctx, func(ctx context.Context) (string, error) { return c.bomb(ctx, b) })
		}})
	}
	return append(list, attack{"h2", "connections that stand still", func(ctx context.Context, c *office) (string, error) {
		return c.meanwhile(ctx, func(ctx context.Context) (string, error) { return stuck(ctx, c) })
	}})
}

// flood is frames without an end.
type flood struct {
	name  string
	deaf  bool                // nothing is read
	ends  bool                // calld must end it
	begin func(*h2conn) error // may be nil
	send  func(*h2conn) error
}

func floods() []flood {
	get := func(h *h2conn) error { return h.ask(http.MethodGet, "/metrics") }
	return []flood{
		{"rapid reset", false, true, nil, func(h *h2conn) error { // CVE-2023-44487
			return errors.Join(get(h), h.WriteRSTStream(h.stream, http2.ErrCodeCancel))
		}},
		{"resets by broken frames", false, false, nil, func(h *h2conn) error { // CVE-2025-8671: calld is made to reset
			return errors.Join(get(h), h.WriteWindowUpdate(h.stream, 0))
		}},
		{"CONTINUATION", true, true, func(h *h2conn) error { // CVE-2023-45288
			return h.open(h.head(http.MethodGet, "/"), true, false)
		}, func(h *h2conn) error {
			return h.goOn()
		}},
		{"empty CONTINUATION", true, false, func(h *h2conn) error {
			return h.open(h.head(http.MethodGet, "/"), true, false)
		}, func(h *h2conn) error { return h.WriteContinuation(h.stream, false, nil) }},
		{"SETTINGS, and nothing read", true, false, nil, func(h *h2conn) error { // CVE-2019-9515
			return h.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1})
		}},
		{"PING, and nothing read", true, true, nil, func(h *h2conn) error { return h.WritePing(false, [8]byte{}) }}, // CVE-2019-9512
		{"SETTINGS", false, false, nil, func(h *h2conn) error { return h.WriteSettings() }},
		{"PING", false, false, nil, func(h *h2conn) error { return h.WritePing(false, [8]byte{}) }},
		{"PRIORITY", false, false, nil, func(h *h2conn) error { // CVE-2019-9513
			h.stream += 2
			return h.WritePriority(h.stream+1, http2.PriorityParam{StreamDep: h.stream + 3})
		}},
		{"empty DATA", false, false, func(h *h2conn) error { // CVE-2019-9518
			return h.ask(http.MethodPost, "/api/v1/session")
		}, func(h *h2conn) error { return h.WriteData(h.stream, false, nil) }},
	}
}

// flood sends the same on some connections until calld ends them, or the time is
// over.
func (c *office) flood(ctx context.Context, f flood) (string, error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	sent, ended, borne := 0, 0, 0
	until := time.Now().Add(floodTime)
	if f.ends {
		until = time.Now().Add(slowest / 2)
	}
	for range floodConns {
		h, err := c.h2(ctx, stranger)
		if err != nil {
			return "", err
		}
		if f.begin != nil {
			if err := f.begin(h); err != nil {
				return "", err
			}
		}
		if f.deaf {
			if err := h.deafen(); err != nil {
				return "", err
			}
		} else {
			go h.ignore()
		}
		wg.Go(func() {
			defer h.close()
			n := 0
			err := h.conn.SetWriteDeadline(until)
			for err == nil && time.Now().Before(until) && ctx.Err() == nil {
				err = f.send(h)
				n++
			}
			mu.Lock()
			defer mu.Unlock()
			sent += n
			switch timeout, ok := errors.AsType[net.Error](err); {
			case err == nil:
				borne++
			case !ok || !timeout.Timeout(): // else calld takes no more, and holds no more
				ended++
			}
		})
	}
	wg.Wait()
	u, err := c.server.usage(ctx)
	if f.ends && borne > 0 {
		err = errors.Join(err, fmt.Errorf("calld bears it on %d", borne))
	}
	return fmt.Sprintf("%d connections sent it %d times, calld ended %d; it has %v", floodConns, sent, ended, u), err
}

// bomb is a small request with a giant list of headers, which must not be answered
// but by a refusal.
type bomb struct {
	name string
	send func(*h2conn) error
}

func bombs() []bomb {
	return []bomb{
		{"64 MiB of headers in 16 KiB", func(h *h2conn) error { // one entry of the table, again and again
			block := h.head(http.MethodGet, "/", hpack.HeaderField{Name: "x-a", Value: strings.Repeat("A", 3900)})
			const newest = "\xbe" // RFC 7541, 6.1: index 62
			return h.open([]byte(string(block)+strings.Repeat(newest, 12<<10)), true, true)
		}},
		{"10,000 cookies", func(h *h2conn) error {
			block := h.head(http.MethodGet, "/", hpack.HeaderField{Name: "cookie", Value: "a=b"})
			return h.open([]byte(string(block)+strings.Repeat("\xbe", 10_000)), true, true)
		}},
		{"a table of 4 GiB", func(h *h2conn) error {
			return h.open([]byte("\x3f\xe0\xff\xff\xff\x0f"+string(h.head(http.MethodGet, "/"))), true, true)
		}},
		{"1 MiB of headers", func(h *h2conn) error {
			err := h.open(h.head(http.MethodGet, "/"), true, false)
			for range 256 {
				err = errors.Join(err, h.goOn())
			}
			return errors.Join(err, h.WriteContinuation(h.stream, true, nil))
		}},
	}
}

func (c *office) bomb(ctx context.Context, b bomb) (string, error) {
	const conns = 20
	said := map[string]int{}
	for range conns {
		h, err := c.h2(ctx, stranger)
		if err != nil {
			return "", err
		}
		_ = errors.Join(b.send(h), h.flush()) // calld may have ended it before it has all
		got, late := h.listenFor(slowest, func(g heard) bool { return g.streams() > 0 || g.away != "" })
		h.close()
		switch {
		case late:
			return "", errors.New("neither answered nor closed")
		case got.answers["431"] > 0:
			said["answered 431"]++
		case got.streams() > 0 && len(got.answers) > 0:
			return "", fmt.Errorf("taken: %v", got.answers)
		default:
			said["ended "+got.away]++
		}
	}
	u, err := c.server.usage(ctx)
	return fmt.Sprintf("%s; calld has %v", counted(said), u), err
}

// tooManyStreams: what is beyond a connection's limit is refused, not begun.
func tooManyStreams(ctx context.Context, c *office) (string, error) {
	const asked = 100
	h, err := c.h2(ctx, stranger)
	if err != nil {
		return "", err
	}
	defer h.close()
	for range asked {
		if err := h.ask(http.MethodPost, "/api/v1/session"); err != nil {
			return "", err
		}
	}
	if err := h.flush(); err != nil {
		return "", err
	}
	got, late := h.listenFor(slowest, func(g heard) bool { return g.streams() >= asked })
	refused := got.resets[http2.ErrCodeRefusedStream] + got.resets[http2.ErrCodeProtocol]
	seen := fmt.Sprintf("%d requests at once on a connection: %d refused", asked, refused)
	switch {
	case late:
		err = fmt.Errorf("not all are over after %s: %+v", slowest, got)
	case refused < asked-streams:
		err = fmt.Errorf("%d were taken: %+v", asked-refused, got)
	}
	return seen, err
}

// silentStreams promise bodies, as many as they may, and send none.
func silentStreams(ctx context.Context, c *office) (string, error) {
	return c.meanwhile(ctx, func(ctx context.Context) (string, error) {
		const conns = 300
		var wg sync.WaitGroup
		began := time.Now()
		failed := make(chan error, conns)
		for range conns {
			h, err := c.h2(ctx, stranger)
			if err != nil {
				return "", err
			}
			for range streams {
				err = errors.Join(err, h.ask(http.MethodPost, "/api/v1/session", hpack.HeaderField{Name: "content-type", Value: "application/json"}))
			}
			if err = errors.Join(err, h.flush()); err != nil {
				return "", err
			}
			wg.Go(func() {
				defer h.close()
				if got, _ := h.listenFor(slowest, func(g heard) bool { return g.streams() >= streams }); got.streams() < streams {
					failed <- fmt.Errorf("%d of %d requests are over: %+v", got.streams(), streams, got)
				}
			})
		}
		wg.Wait()
		close(failed)
		u, err := c.server.usage(ctx)
		return fmt.Sprintf("%d requests on %d connections, the last over after %.1f s; calld has %v", conns*streams, conns, time.Since(began).Seconds(), u),
			errors.Join(err, <-failed)
	})
}

// brokenH2 sends what RFC 9113 forbids.
func brokenH2(ctx context.Context, c *office) (string, error) {
	bad := map[string]string{
		"a frame of 16 MiB":       "\xff\xff\xff\x00\x00\x00\x00\x00\x01",
		"HEADERS on no stream":    "\x00\x00\x01\x01\x05\x00\x00\x00\x00\x82",
		"HEADERS on an even one":  "\x00\x00\x01\x01\x05\x00\x00\x00\x02\x82",
		"padding beyond its end":  "\x00\x00\x02\x01\x0d\x00\x00\x00\x01\xff\x82",
		"an index of no field":    "\x00\x00\x02\x01\x05\x00\x00\x00\x01\xff\x7f",
		"half a setting":          "\x00\x00\x05\x04\x00\x00\x00\x00\x00AAAAA",
		"a window too large":      strings.Repeat("\x00\x00\x04\x08\x00\x00\x00\x00\x00\x7f\xff\xff\xff", 2),
		"DATA before a request":   "\x00\x00\x01\x00\x00\x00\x00\x00\x01A",
		"a promise":               "\x00\x00\x05\x05\x04\x00\x00\x00\x01\x00\x00\x00\x02\x82",
		"CONTINUATION of nothing": "\x00\x00\x01\x09\x04\x00\x00\x00\x01\x82",
		"a short PING":            "\x00\x00\x01\x06\x00\x00\x00\x00\x00A",
	}
	for name, text := range bad {
		h, err := c.h2(ctx, stranger)
		if err != nil {
			return "", err
		}
		_, err = io.WriteString(h.out, text)
		if err = errors.Join(err, h.flush()); err != nil {
			return "", err
		}
		_, late := h.listenFor(slowest, func(g heard) bool { return g.streams() > 0 || g.away != "" })
		h.close()
		if late {
			return "", fmt.Errorf("%s: calld bears it for more than %s", name, slowest)
		}
	}
	return fmt.Sprintf("%d kinds, each ended the stream or the connection", len(bad)), nil
}

// halfFrames announce great frames and send all of them but the end.
func halfFrames(ctx context.Context, c *office) (string, error) {
	const conns, size = 400, 1<<20 - 1
	before, err := c.server.usage(ctx)
	if err != nil {
		return "", err
	}
	const begin = "\x0f\xff\xff\x00\x00\x00\x00\x00\x01" // DATA
	half := strings.Repeat("A", size-1)
	var open []*h2conn
	for range conns {
		h, err := c.h2(ctx, stranger)
		if err != nil {
			return "", err
		}
		defer h.close()
		if err = h.ask(http.MethodPost, "/api/v1/session"); err == nil {
			_, err = io.WriteString(h.out, begin+half)
		}
		if err = errors.Join(err, h.flush()); err == nil { // else it is ended already
			open = append(open, h)
		}
	}
	after, err := c.server.usage(ctx)
	if grown := after.peak - before.peak; grown > uploadSize/2 {
		err = errors.Join(err, fmt.Errorf("it held %d MiB of it", grown>>20))
	}
	for _, h := range open {
		if _, late := h.listenFor(slowest, nil); late {
			err = errors.Join(err, fmt.Errorf("calld waits for the rest for more than %s", slowest))
		}
	}
	return fmt.Sprintf("%d connections, all ended by calld; it had %v", conns, after), err
}
