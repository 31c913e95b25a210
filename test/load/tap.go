package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"sync"
	"time"
)

// tapBuffer is how much of the manager's stream is read at once, in bytes.
const tapBuffer = 64 << 10

// tap passes the manager's connection on to calld and notes when each phone
// was told to ring: the moment at which the event has arrived on the machine,
// before calld has it.
type tap struct {
	to string
	l  net.Listener
	wg sync.WaitGroup

	mu     sync.Mutex
	conns  []net.Conn
	rings  map[string]time.Time // by the caller's channel
	events map[string]int       // by name
	bytes  int
}

func newTap(ctx context.Context, to string) (*tap, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	t := &tap{to: to, l: l}
	t.reset()
	t.wg.Go(func() { t.accept(context.WithoutCancel(ctx)) })
	return t, nil
}

func (t *tap) addr() string { return t.l.Addr().String() }

// reset forgets what was noted.
func (t *tap) reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rings, t.events, t.bytes = map[string]time.Time{}, map[string]int{}, 0
}

// noted returns what was noted.
func (t *tap) noted() (rings map[string]time.Time, events map[string]int, bytes int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.rings), maps.Clone(t.events), t.bytes
}

func (t *tap) close() error {
	err := t.l.Close()
	t.mu.Lock()
	for _, c := range t.conns {
		_ = c.Close() // one side may have closed it
	}
	t.mu.Unlock()
	t.wg.Wait()
	return err
}

func (t *tap) accept(ctx context.Context) {
	for {
		from, err := t.l.Accept()
		if err != nil {
			return // closed
		}
		to, err := new(net.Dialer).DialContext(ctx, "tcp", t.to)
		if err != nil {
			_ = from.Close() // as the manager itself would not be there
			continue
		}
		t.mu.Lock()
		t.conns = append(t.conns, from, to)
		t.mu.Unlock()
		t.wg.Go(func() {
			_, _ = io.Copy(to, from) // ends with either side
			_ = to.Close()
		})
		t.wg.Go(func() {
			_ = t.listen(from, to) // ends with either side
			_ = from.Close()
		})
	}
}

// listen passes on what Asterisk says. The clock is read before it is passed
// on, and what it says is looked at after.
func (t *tap) listen(to io.Writer, from io.Reader) error {
	buf := make([]byte, tapBuffer)
	var rest []byte
	for {
		n, err := from.Read(buf)
		at := time.Now()
		if _, werr := to.Write(buf[:n]); errors.Join(err, werr) != nil {
			return err
		}
		rest = t.note(at, append(rest, buf[:n]...))
	}
}

// note takes the complete messages and returns what follows them.
func (t *tap) note(at time.Time, stream []byte) (rest []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for {
		message, after, ok := bytes.Cut(stream, []byte("\r\n\r\n"))
		if !ok {
			return stream
		}
		t.bytes += len(message)
		stream = after
		name, ok := header(message, "Event: ")
		if !ok {
			continue
		}
		t.events[name]++
		if status, _ := header(message, "\nDialStatus: "); name != "DialState" || status != "RINGING" {
			continue
		}
		channel, _ := header(message, "\nChannel: ")
		if _, known := t.rings[channel]; !known {
			t.rings[channel] = at
		}
	}
}

// header is the value of the first header that begins so.
func header(message []byte, key string) (string, bool) {
	_, value, ok := bytes.Cut(message, []byte(key))
	value, _, _ = bytes.Cut(value, []byte("\r\n"))
	return string(value), ok
}
