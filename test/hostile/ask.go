package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// asker asks calld over HTTP from an address, as somebody.
type asker struct {
	c       *office
	from    string
	headers http.Header
}

// as is somebody without a session who comes from an address.
func (c *office) as(from string) asker { return asker{c: c, from: from, headers: http.Header{}} }

// with has one more header.
func (a asker) with(name, value string) asker {
	a.headers = a.headers.Clone()
	a.headers.Add(name, value)
	return a
}

// session is the asker with a session cookie.
func (a asker) session(value string) asker { return a.with("Cookie", "calld_session="+value) }

// answer is what came back; status is 0 when nothing did.
type answer struct {
	status int
	header http.Header
	body   string
	err    error
}

func (a answer) String() string {
	if a.err != nil {
		return a.err.Error()
	}
	return fmt.Sprintf("%d %.200s", a.status, strings.TrimSpace(a.body))
}

// cookie is the session that the answer begins; empty for none.
func (a answer) cookie() string {
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		if c.Name == "calld_session" {
			return c.Value
		}
	}
	return ""
}

func (a asker) get(ctx context.Context, path string) answer {
	return a.do(ctx, http.MethodGet, path, nil)
}

// do asks; body is sent as JSON, nil sends none.
func (a asker) do(ctx context.Context, method, path string, body any) answer {
	if body == nil {
		return a.send(ctx, method, path, http.NoBody)
	}
	text, err := json.Marshal(body)
	if err != nil {
		return answer{err: err}
	}
	a.headers = a.headers.Clone()
	a.headers.Set("Content-Type", "application/json")
	return a.send(ctx, method, path, bytes.NewReader(text))
}

// send asks with a body as it stands.
func (a asker) send(ctx context.Context, method, path string, body io.Reader) (got answer) {
	ctx, cancel := step(ctx)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, a.c.url(path), body)
	if err != nil {
		got.err = err
		return got
	}
	req.Header = a.headers.Clone()
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{RootCAs: a.c.roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true,
		DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
			return dialFrom(ctx, a.from, addr)
		},
	}}
	resp, err := client.Do(req)
	if err != nil {
		got.err = err
		return got
	}
	defer resp.Body.Close() //nolint:errcheck // read to its end
	read, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(read), err}
}

// login logs in, by the password that the people have.
func (c *office) login(ctx context.Context, id string) (asker, error) {
	a := c.as("127.0.0.1")
	got := a.do(ctx, http.MethodPost, "/api/v1/session", map[string]string{"id": id, "password": "pw-" + id})
	if got.status != http.StatusOK {
		return a, fmt.Errorf("login of %s: %v", id, got)
	}
	return a.session(got.cookie()), nil
}

// dialFrom connects from one of this machine's addresses.
func dialFrom(ctx context.Context, from, to string) (net.Conn, error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	return d.DialContext(ctx, "tcp", to)
}

// holds tells which of the words a text holds.
func holds(text string, words ...string) (found []string) {
	for _, w := range words {
		if strings.Contains(text, w) {
			found = append(found, w)
		}
	}
	return found
}
