package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"calld/test/centre"
)

const (
	// crowd is how many connections one attacker opens: more than calld takes
	// from one address.
	crowd = 2600
	// dripEvery is how often a slow attacker sends a byte.
	dripEvery = time.Second
	// slowest is how long calld may bear with one who does not get on.
	slowest = 30 * time.Second
)

func httpAttacks() []attack {
	slow := func(name, begin string) attack {
		return attack{"http", name, func(ctx context.Context, c *office) (string, error) {
			return c.slowly(ctx, c.http(), stranger, begin)
		}}
	}
	list := []attack{
		slow("slow headers", "GET / HTTP/1.1\r\nHost: x\r\nX-A: "),
		slow("slow body, read by nobody", "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"),
		slow("slow body of a log-in", "POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{"),
		slow("slow body, no session", "POST /api/v1/dial-lists/1/entries HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\r\n"),
		{"http", "answers that nobody reads", unread},
	}
	for _, r := range rawRequests() {
		list = append(list, attack{"http", r.name, func(ctx context.Context, c *office) (string, error) {
			return c.raw(ctx, r)
		}})
	}
	return list
}

// slowly opens a crowd of connections that send a beginning and then a byte
// now and then. All must be ended by calld, and others served meanwhile.
func (c *office) slowly(ctx context.Context, addr, from, begin string) (string, error) {
	short, cancel := context.WithTimeout(ctx, 2*slowest)
	defer cancel()
	before := c.server.count(ctx, "calld_http_refused_total", "")
	var wg sync.WaitGroup
	ended := make(chan time.Duration, crowd)
	for range crowd {
		conn, err := dialFrom(ctx, from, addr)
		if err != nil {
			return "", err
		}
		wg.Go(func() { ended <- dripped(short, conn, begin) })
	}
	got := c.as("127.0.0.1").get(ctx, "/healthz")
	met := "another was answered meanwhile"
	var err error
	if got.status != http.StatusOK {
		err = fmt.Errorf("another address is not answered: %v", got)
	}
	wg.Wait()
	close(ended)
	var longest time.Duration
	for d := range ended {
		longest = max(longest, d)
	}
	refused := c.server.count(ctx, "calld_http_refused_total", "") - before
	seen := fmt.Sprintf("%d connections: %.0f refused, the last ended after %.1f s; %s", crowd, refused, longest.Seconds(), met)
	switch {
	case err != nil:
	case longest > slowest:
		err = fmt.Errorf("connections may last for more than %s", slowest)
	case refused < 1:
		err = errors.New("one address may have as many connections as it likes")
	}
	return seen, err
}

// dripped sends slowly and tells how long the other side bore it.
func dripped(ctx context.Context, conn net.Conn, begin string) time.Duration {
	defer conn.Close() //nolint:errcheck // the other side has closed it
	began := time.Now()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, conn) // until it is closed
	}()
	_, err := io.WriteString(conn, begin)
	tick := time.NewTicker(dripEvery)
	defer tick.Stop()
	for err == nil {
		select {
		case <-tick.C:
			_, err = conn.Write([]byte{'a'})
		case <-ended:
			return time.Since(began)
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	return time.Since(began)
}

// unread asks for much, again and again, and reads nothing.
func unread(ctx context.Context, c *office) (string, error) {
	const clients, asks = 100, 400
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var conns []net.Conn
	defer func() {
		for _, conn := range conns {
			_ = conn.Close() // whatever became of it
		}
	}()
	for range clients {
		conn, err := dialFrom(ctx, stranger, c.http())
		if err != nil {
			return "", err
		}
		conns = append(conns, conn)
		if err := conn.SetWriteDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
			return "", err
		}
		_, _ = io.WriteString(conn, strings.Repeat("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", asks)) // as much as calld takes
	}
	u, err := c.server.usage(ctx)
	return fmt.Sprintf("%d connections with %d requests each: %v", clients, asks, u), err
}

// rawRequest is one that no client would send; calld answers with one of the
// statuses, or closes the connection, and counts it.
type rawRequest struct {
	name, text string
	statuses   []int
}

// refusedRequests is how many requests were refused, be it that they could not be read.
func refusedRequests(m centre.Metrics) float64 {
	return m.Sum("calld_http_unread_total", "") + m.Sum("calld_api_problems_total", "")
}

func rawRequests() []rawRequest {
	post := "POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	big := strings.Repeat("A", 1<<20)
	return []rawRequest{
		{"1 MiB of headers", "GET / HTTP/1.1\r\nHost: x\r\nX-A: " + big + "\r\n\r\n", []int{431}},
		{"a line of 1 MiB", "GET /" + big + " HTTP/1.1\r\nHost: x\r\n\r\n", []int{414, 431}},
		{"body of 1 MiB", post + "Content-Length: 1048576\r\n\r\n" + big, []int{413}},
		{"chunked body of 1 MiB", post + "Transfer-Encoding: chunked\r\n\r\n100000\r\n" + big + "\r\n0\r\n\r\n", []int{413}},
		{"deep JSON", post + "Content-Length: 60000\r\n\r\n" + strings.Repeat("[", 60000), []int{400, 422}},
		{"length of -1", post + "Content-Length: -1\r\n\r\n", []int{400}},
		{"two lengths", post + "Content-Length: 2\r\nContent-Length: 4\r\n\r\n{}{}", []int{400}},
		{"length and chunks", post + "Content-Length: 2\r\nTransfer-Encoding: chunked, x\r\n\r\n0\r\n\r\n", []int{400, 501}},
		{"two hosts", "GET /api/v1/session HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", []int{400}},
		{"NUL and line breaks", "GET /\x00 HTTP/1.1\r\nHost: x\r\nX\x00: \r\n y\r\n\r\n", []int{400}},
		{"garbage", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", []int{400}},
		{"CONNECT", "CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\n", []int{400, 404, 405}},
		{"an absolute address", "GET http://127.0.0.1:1/api/v1/queues HTTP/1.1\r\nHost: x\r\n\r\n", []int{401}},
	}
}

func (c *office) raw(ctx context.Context, r rawRequest) (string, error) {
	ctx, cancel := step(ctx)
	defer cancel()
	m, err := c.server.Metrics(ctx)
	if err != nil {
		return "", err
	}
	before := refusedRequests(m)
	conn, err := dialFrom(ctx, stranger, c.http())
	if err != nil {
		return "", err
	}
	defer conn.Close() //nolint:errcheck // the answer is what counts
	if err := conn.SetDeadline(time.Now().Add(slowest)); err != nil {
		return "", err
	}
	go func() { _, _ = io.WriteString(conn, r.text) }() // calld may answer before it has all
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			return "", errors.New("neither answered nor closed")
		}
		return "closed without an answer", nil
	}
	defer resp.Body.Close() //nolint:errcheck // not read
	if !slices.Contains(r.statuses, resp.StatusCode) {
		return "", fmt.Errorf("answered %s, want one of %v", resp.Status, r.statuses)
	}
	if resp.StatusCode == http.StatusNotFound {
		return "answered " + resp.Status, nil // as whatever has no page
	}
	return "answered " + resp.Status + ", and counted", c.server.await(ctx, "the refused request counted", func(m centre.Metrics) bool {
		return refusedRequests(m) > before
	})
}
