package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// strangers is more sockets without a log-in than calld takes at once.
const strangers = 600

// socketAttacks are those on the agents' WebSocket.
func socketAttacks() []attack {
	return []attack{
		{"ws", "slow handshakes", func(ctx context.Context, c *office) (string, error) {
			return c.slowly(ctx, c.http(), stranger, "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-A: ")
		}},
		{"ws", "sockets that never log in", neverIn},
		{"ws", "a page of another host", foreignPages},
		{"ws", "frames before the log-in", func(ctx context.Context, c *office) (string, error) {
			return c.frames(ctx, "", strings.Repeat(`{"type":"state","state":"away"}|`, 20))
		}},
		{"ws", "nonsense in frames", func(ctx context.Context, c *office) (string, error) {
			return c.frames(ctx, "sup", strings.Repeat("{\"type\":\x00|[]|null|{\"type\":{}}|", 20))
		}},
		{"ws", "a frame of 4 MiB", func(ctx context.Context, c *office) (string, error) {
			return c.frames(ctx, "sup", `{"type":"`+strings.Repeat("A", 4<<20))
		}},
		{"ws", "an endless message", endlessMessage},
		{"ws", "broken frames", brokenFrames},
		{"ws", "pings, and nothing read", pings},
	}
}

// socket opens one, with the session of an agent if there is an id. status is that of
// the answer, 0 without one.
func (c *office) socket(ctx context.Context, from, id string, header http.Header) (conn *websocket.Conn, status int, err error) {
	if header == nil {
		header = http.Header{}
	}
	if id != "" {
		in, err := c.login(ctx, id)
		if err != nil {
			return nil, 0, err
		}
		header.Set("Cookie", in.headers.Get("Cookie"))
	}
	d := websocket.Dialer{HandshakeTimeout: slowest, NetDialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
		return dialFrom(ctx, from, addr)
	}}
	conn, resp, err := d.DialContext(ctx, c.ws("/ws"), header)
	if resp != nil {
		status = resp.StatusCode
		_ = resp.Body.Close() // gorilla/websocket: it need not be closed
	}
	return conn, status, err
}

// neverIn: those who do not log in are few at a time and not for long, and do not keep
// those out who have a session.
func neverIn(ctx context.Context, c *office) (string, error) {
	var open []*websocket.Conn
	refused := 0
	for range strangers {
		conn, status, err := c.socket(ctx, stranger, "", nil)
		switch {
		case err == nil:
			open = append(open, conn)
		case status == http.StatusServiceUnavailable:
			refused++
		default:
			return "", err
		}
	}
	agent, _, agentErr := c.socket(ctx, "127.0.0.1", "sup", nil)
	if agentErr == nil {
		_ = agent.Close() // it was let in
	}
	began := time.Now()
	for _, conn := range open {
		if err := ends(conn); err != nil {
			return "", err
		}
	}
	seen := fmt.Sprintf("%d sockets: %d refused, the others ended within %.1f s; one with a session came in", strangers, refused, time.Since(began).Seconds())
	if agentErr != nil {
		return seen, agentErr
	}
	if refused == 0 && len(open) > 256 {
		return seen, errors.New("there may be as many strangers as like")
	}
	return seen, nil
}

// ends reads until calld ends the socket.
func ends(conn *websocket.Conn) error {
	defer conn.Close() //nolint:errcheck // the other side has
	if err := conn.SetReadDeadline(time.Now().Add(slowest)); err != nil {
		return err
	}
	for {
		_, _, err := conn.ReadMessage()
		if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
			return fmt.Errorf("calld bears it for more than %s", slowest)
		}
		if err != nil {
			return nil
		}
	}
}

// foreignPages: a page of another host has the cookie of whoever looks at it, and
// gets neither events nor a telephone.
func foreignPages(ctx context.Context, c *office) (string, error) {
	for _, origin := range []string{"http://evil.example", "null", "http://" + c.http() + ".evil.example", "http://127.0.0.1:1", "//"} {
		conn, status, err := c.socket(ctx, "127.0.0.1", "kim", http.Header{"Origin": {origin}})
		if err == nil {
			return "", errors.Join(fmt.Errorf("a page of %s was let in", origin), conn.Close())
		}
		if status != http.StatusForbidden {
			return "", fmt.Errorf("origin %s: %w", origin, err)
		}
		if got := c.as("127.0.0.1").with("Origin", origin).get(ctx, "/sip"); got.status != http.StatusForbidden {
			return "", fmt.Errorf("/sip, origin %s: %v", origin, got)
		}
	}
	return "5 origins, each refused with 403 at /ws and /sip", nil
}

// frames sends frames, separated by |, until calld ends the socket.
func (c *office) frames(ctx context.Context, id, list string) (string, error) {
	conn, _, err := c.socket(ctx, stranger, id, nil)
	if err != nil {
		return "", err
	}
	sent := 0
	for text := range strings.SplitSeq(list, "|") {
		if err := conn.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
			break // calld has ended it
		}
		sent++
	}
	return fmt.Sprintf("ended by calld; up to %d frames were sent", sent), ends(conn)
}

// endlessMessage sends pieces of a message that never ends.
func endlessMessage(ctx context.Context, c *office) (string, error) {
	conn, _, err := c.socket(ctx, stranger, "sup", nil)
	if err != nil {
		return "", err
	}
	w, err := conn.NextWriter(websocket.TextMessage)
	if err != nil {
		return "", err
	}
	piece, sent := []byte(strings.Repeat("A", 4096)), 0
	for err == nil && sent < 64<<20 {
		_, err = w.Write(piece)
		sent += len(piece)
	}
	if err == nil {
		return "", fmt.Errorf("calld has taken %d MiB of one message", sent>>20)
	}
	return fmt.Sprintf("ended by calld; %d KiB were sent", sent>>10), ends(conn)
}

// brokenFrames sends what RFC 6455 forbids, right after the handshake.
func brokenFrames(ctx context.Context, c *office) (string, error) {
	bad := []string{
		"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", // reserved bits, 2^64 bytes
		"\x81\x02{}",                       // not masked
		"\x80\x80\x00\x00\x00\x00",         // goes on with nothing
		"\x89\xfe\x00\x7e\x00\x00\x00\x00", // a ping of 126 bytes
		"\x83\x80\x00\x00\x00\x00",         // of no known kind
	}
	for _, text := range bad {
		conn, _, err := c.socket(ctx, stranger, "sup", nil)
		if err != nil {
			return "", err
		}
		if _, err := conn.NetConn().Write([]byte(text)); err != nil {
			return "", err
		}
		if err := ends(conn); err != nil {
			return "", fmt.Errorf("%q: %w", text, err)
		}
	}
	return fmt.Sprintf("%d kinds, each ended the socket", len(bad)), nil
}

// pings asks for answers that nobody reads.
func pings(ctx context.Context, c *office) (string, error) {
	const sockets, most = 20, 20_000
	ended, sent := 0, 0
	for range sockets {
		conn, _, err := c.socket(ctx, stranger, "sup", nil)
		if err != nil {
			return "", err
		}
		for range most {
			if err := conn.WriteControl(websocket.PingMessage, make([]byte, 125), time.Now().Add(time.Second)); err != nil {
				ended++
				break
			}
			sent++
		}
		_ = conn.Close() // whoever was quicker
	}
	u, err := c.server.usage(ctx)
	return fmt.Sprintf("%d sockets sent %d pings, calld ended %d; it has %v", sockets, sent, ended, u), err
}
