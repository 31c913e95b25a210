package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// h2conn is a connection of HTTP/2 whose frames are in nobody's order but the
// attack's. What is written goes out with flush, or when much has gathered.
type h2conn struct {
	*http2.Framer
	conn   net.Conn
	out    *bufio.Writer
	fields *hpack.Encoder
	block  bytes.Buffer // that fields writes to
	stream uint32       // the one opened last
}

// h2 connects from an address and says what HTTP/2 begins with. slowest bounds each
// write.
func (c *office) h2(ctx context.Context, from string, settings ...http2.Setting) (*h2conn, error) {
	ctx, cancel := step(ctx)
	defer cancel()
	plain, err := dialFrom(ctx, from, c.http())
	if err != nil {
		return nil, err
	}
	conn := tls.Client(plain, &tls.Config{RootCAs: c.roots, ServerName: "127.0.0.1", NextProtos: []string{http2.NextProtoTLS}, MinVersion: tls.VersionTLS12})
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, plain.Close())
	}
	h := &h2conn{conn: conn, out: bufio.NewWriterSize(conn, 16<<10)}
	h.Framer = http2.NewFramer(h.out, bufio.NewReader(conn))
	h.AllowIllegalWrites = true
	h.fields = hpack.NewEncoder(&h.block)
	_, err = h.out.WriteString(http2.ClientPreface)
	if err = errors.Join(err, h.WriteSettings(settings...), h.flush()); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return h, nil
}

// flush sends what was written.
func (h *h2conn) flush() error {
	if err := h.conn.SetWriteDeadline(time.Now().Add(slowest)); err != nil {
		return err
	}
	return h.out.Flush()
}

// close ends the connection, whatever became of it.
func (h *h2conn) close() { _ = h.conn.Close() }

// head packs the fields of a request.
func (h *h2conn) head(method, path string, more ...hpack.HeaderField) []byte {
	h.block.Reset()
	for _, f := range append([]hpack.HeaderField{
		{Name: ":method", Value: method}, {Name: ":scheme", Value: "https"}, {Name: ":authority", Value: "x"}, {Name: ":path", Value: path},
	}, more...) {
		_ = h.fields.WriteField(f) // into memory
	}
	return h.block.Bytes()
}

// ask begins a request on a new stream, which ends there if it has no body.
func (h *h2conn) ask(method, path string, more ...hpack.HeaderField) error {
	return h.open(h.head(method, path, more...), method != http.MethodPost, true)
}

// open begins a new stream by a block of fields. complete is false for one that is to
// be continued.
func (h *h2conn) open(block []byte, ends, complete bool) error {
	h.stream += 2
	if h.stream == 2 {
		h.stream = 1
	}
	return h.WriteHeaders(http2.HeadersFrameParam{StreamID: h.stream, BlockFragment: block, EndStream: ends, EndHeaders: complete})
}

// goOn continues a block of fields that is not complete, by 4 kB.
func (h *h2conn) goOn() error {
	h.block.Reset()
	_ = h.fields.WriteField(hpack.HeaderField{Name: "x-a", Value: strings.Repeat("A", 4096), Sensitive: true}) // into memory
	return h.WriteContinuation(h.stream, false, h.block.Bytes())
}

// heard is what calld has said on a connection.
type heard struct {
	answers map[string]int        // by status
	resets  map[http2.ErrCode]int // streams that calld ended
	away    string                // why calld ended the connection, when it said so
	over    error                 // what ended the reading
}

// streams is how many have come to their end.
func (h heard) streams() (n int) {
	for _, times := range h.answers {
		n += times
	}
	for _, times := range h.resets {
		n += times
	}
	return n
}

// listen takes what calld says until the connection ends, or enough tells that
// no more is wanted.
func (h *h2conn) listen(enough func(heard) bool) (got heard) {
	got = heard{answers: map[string]int{}, resets: map[http2.ErrCode]int{}}
	h.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	for enough == nil || !enough(got) {
		frame, err := h.ReadFrame()
		if err != nil {
			got.over = err
			return got
		}
		switch f := frame.(type) {
		case *http2.MetaHeadersFrame:
			got.answers[f.PseudoValue("status")]++
		case *http2.RSTStreamFrame:
			if f.ErrCode != http2.ErrCodeNo { // a whole answer to a request that was not read
				got.resets[f.ErrCode]++
			}
		case *http2.GoAwayFrame:
			got.away = f.ErrCode.String()
		}
	}
	return got
}

// listenFor is listen within a time; late tells that the time was over first.
func (h *h2conn) listenFor(limit time.Duration, enough func(heard) bool) (got heard, late bool) {
	if err := h.conn.SetReadDeadline(time.Now().Add(limit)); err != nil {
		return heard{over: err}, false
	}
	got = h.listen(enough)
	timeout, ok := errors.AsType[net.Error](got.over)
	return got, ok && timeout.Timeout()
}

// deafen keeps the machine from taking much for whoever does not read.
func (h *h2conn) deafen() error {
	if conn, ok := h.conn.(*tls.Conn); ok {
		if tcp, ok := conn.NetConn().(*net.TCPConn); ok {
			return tcp.SetReadBuffer(4096)
		}
	}
	return nil
}

// ignore reads and forgets, until the connection ends.
func (h *h2conn) ignore() { _, _ = io.Copy(io.Discard, h.conn) }

// meanwhile has somebody honest ask all the time while an attack is made, over
// HTTP/2 from another address; the error is also that of one who was not answered.
func (c *office) meanwhile(ctx context.Context, attack func(context.Context) (string, error)) (string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		asked int
		worst time.Duration
		err   error
	}
	done := make(chan result, 1)
	over := make(chan struct{})
	go func() {
		var r result
		tick := time.NewTicker(askEvery)
		defer tick.Stop()
		for {
			began := time.Now()
			got := c.as("127.0.0.1").get(ctx, "/api/v1/session") // 401 for whoever has none
			if r.asked++; got.status != http.StatusUnauthorized {
				r.err = errors.Join(r.err, fmt.Errorf("somebody else is not answered: %v", got))
			}
			r.worst = max(r.worst, time.Since(began))
			select {
			case <-tick.C:
			case <-over:
				done <- r
				return
			}
		}
	}()
	seen, err := attack(ctx)
	close(over)
	r := <-done
	return fmt.Sprintf("%s; %d others answered, within %.1f s", seen, r.asked, r.worst.Seconds()), errors.Join(err, r.err)
}

// counted names things by how many there are of each, the most first.
func counted(of map[string]int) string {
	names := make([]string, 0, len(of))
	for name := range of {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return of[b] - of[a] })
	for i, name := range names {
		names[i] = fmt.Sprintf("%d %s", of[name], name)
	}
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}
