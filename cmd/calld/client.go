package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/BurntSushi/toml"

	"calld/api"
	"calld/config"
)

// client asks the running server over its admin socket.
type client struct {
	socket string
	http   http.Client
}

// remote is the flags of every command that asks the running server.
type remote struct {
	configFlag
	Socket string `help:"The server's admin socket; by default the configuration's server.admin_socket." env:"CALLD_SOCKET" type:"path"`
}

// listing is the flags of the commands that print a list.
type listing struct {
	remote
	JSON bool `help:"Print JSON instead of a table." name:"json"`
}

func (r remote) client() (*client, error) {
	socket := r.Socket
	if socket == "" {
		var err error
		if socket, err = socketOf(r.Config); err != nil {
			return nil, err
		}
	}
	c := &client{socket: socket}
	c.http.Transport = &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}
	return c, nil
}

// socketOf reads the one key needed to reach the server, even from a
// configuration that has faults elsewhere, such as a secret that only the
// server may read. Then only the main file is looked at.
func socketOf(path string) (string, error) {
	if cfg, err := config.Load(path); err == nil {
		return cfg.Server.AdminSocket, nil
	}
	var f struct {
		Server struct {
			AdminSocket string `toml:"admin_socket"`
		} `toml:"server"`
	}
	f.Server.AdminSocket = "calld.sock"
	if _, err := toml.DecodeFile(path, &f); err != nil {
		return "", fmt.Errorf("%w; name the configuration with --config, or the socket with --socket", err)
	}
	if !filepath.IsAbs(f.Server.AdminSocket) {
		return filepath.Join(filepath.Dir(path), f.Server.AdminSocket), nil
	}
	return f.Server.AdminSocket, nil
}

// errNoServer: nobody listens on the admin socket.
var errNoServer = errors.New("no server listens")

// do sends a request; the caller closes the body. An error status becomes an
// error with the server's own words.
func (c *client) do(ctx context.Context, method, path string, query url.Values) (*http.Response, error) {
	return c.send(ctx, method, path, query, nil)
}

func (c *client) send(ctx context.Context, method, path string, query url.Values, body []byte) (*http.Response, error) {
	u := url.URL{Scheme: "http", Host: "calld", Path: path, RawQuery: query.Encode()}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	switch {
	case errors.Is(err, os.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return nil, fmt.Errorf("%w on %s; start it with calld serve", errNoServer, c.socket)
	case errors.Is(err, os.ErrPermission):
		return nil, fmt.Errorf("%s may not be opened: run this as the user calld runs as", c.socket)
	case err != nil:
		return nil, err
	case resp.StatusCode < http.StatusBadRequest:
		return resp, nil
	}
	defer resp.Body.Close() //nolint:errcheck // the error below is the news
	var p api.Problem
	if err := json.NewDecoder(resp.Body).Decode(&p); err != nil {
		return nil, fmt.Errorf("%s %s: %s", method, path, resp.Status)
	}
	return nil, &p
}

// get asks for JSON and decodes it; with raw it is printed as it is instead.
func (c *client) get(ctx context.Context, path string, query url.Values, into any, raw bool) error {
	resp, err := c.do(ctx, http.MethodGet, path, query)
	if err != nil {
		return err
	}
	return read(resp, into, raw)
}

// post sends JSON; the answer is treated as that of get.
func (c *client) post(ctx context.Context, path string, body, into any, raw bool) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	resp, err := c.send(ctx, http.MethodPost, path, nil, text)
	if err != nil {
		return err
	}
	return read(resp, into, raw)
}

func read(resp *http.Response, into any, raw bool) error {
	defer resp.Body.Close() //nolint:errcheck // read to its end
	if raw {
		_, err := io.Copy(os.Stdout, resp.Body)
		return err
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

// printProblem prints every fault that a problem lists.
func printProblem(err error) error {
	var p *api.Problem
	if !errors.As(err, &p) || len(p.Errors) == 0 {
		return err
	}
	var b strings.Builder
	for _, e := range p.Errors {
		if field, ok := strings.CutPrefix(e.Location, "body."); ok {
			b.WriteString(field + ": ")
		}
		b.WriteString(e.Message + "\n")
	}
	fmt.Fprint(os.Stderr, b.String())
	fmt.Fprintln(os.Stderr, "calld:", p.Detail)
	return &exitError{}
}
