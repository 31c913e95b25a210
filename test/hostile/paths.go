package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// pathAttacks try to read files that are none of calld's pages and recordings.
func pathAttacks() []attack {
	return []attack{
		{"http", "paths out of the folders", traversal},
		{"http", "links among the recordings", linked},
	}
}

// linked: what lies where a recording was, made by whoever may write there, leads to
// no other file and keeps nobody waiting.
func linked(ctx context.Context, c *office) (string, error) {
	root, err := c.login(ctx, "root")
	if err != nil {
		return "", err
	}
	began := time.Now()
	if _, err := c.callBilling(ctx, caller{number: "01022220003"}); err != nil {
		return "", err
	}
	call, err := c.ended(ctx, root, began)
	if err != nil {
		return "", err
	}
	if err := c.recorded(ctx, root, call); err != nil {
		return "", err
	}
	file := filepath.Join(c.pbx.InRoot(c.pbx.Recordings), filepath.FromSlash(call.Record))
	kinds := []struct {
		what string
		put  func() error
	}{
		{"a link out of the folder", func() error { return os.Symlink("/etc/passwd", file) }},
		{"a link to the folder above", func() error { return os.Symlink("..", file) }},
		{"a link to itself", func() error { return os.Symlink(file, file) }},
		{"a pipe", func() error { return syscall.Mkfifo(file, 0o600) }},
	}
	for _, k := range kinds {
		if err := errors.Join(os.RemoveAll(file), k.put()); err != nil {
			return "", err
		}
		got := root.get(ctx, "/api/v1/calls/"+call.ID+"/recording")
		if got.status != http.StatusNotFound && got.status != http.StatusServiceUnavailable || strings.Contains(got.body, "root:") {
			return "", fmt.Errorf("%s: %v", k.what, got)
		}
	}
	return fmt.Sprintf("%d kinds, none followed", len(kinds)), os.Remove(file)
}

func traversal(ctx context.Context, c *office) (string, error) {
	root, err := c.login(ctx, "root")
	if err != nil {
		return "", err
	}
	ups := []string{
		"../../../../../../etc/passwd", "..%2f..%2f..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
		"%2e%2e%2f%2e%2e%2f%2e%2e%2fetc%2fpasswd", "%252e%252e%252fetc%252fpasswd", "....//....//....//etc/passwd",
		"..%5c..%5c..%5cetc%5cpasswd", `..\..\..\etc\passwd`, "%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd", "/etc/passwd", "%2fetc%2fpasswd",
		"//etc/passwd", "file:///etc/passwd", "index.html%00.wav", "..%00/etc/passwd", "proc/self/environ", ".gitkeep", "assets/", "calld.db", "calld.toml",
	}
	asked := 0
	for _, before := range []string{"/", "/assets/", "/assets/../", "/api/", "/api/v1/calls/", "/debug/pprof/"} {
		for _, up := range ups {
			for _, after := range []string{"", "/recording"} {
				if strings.HasPrefix(before, "/api/v1") == (after == "") {
					continue // recordings only there, and files only elsewhere
				}
				asked++
				status, body, err := c.rawGet(ctx, root, before+up+after)
				if err != nil {
					return "", fmt.Errorf("%s: %w", before+up+after, err)
				}
				if status < http.StatusMultipleChoices || len(holds(body, "root:", "PATH=", "[asterisk]", "goroutine")) > 0 {
					return "", fmt.Errorf("%s is answered %d %.100s", before+up+after, status, body)
				}
			}
		}
	}
	return fmt.Sprintf("%d paths with an admin's session, no file of the machine", asked), nil
}

// rawGet asks for a path as it stands, which a client would tidy up.
func (c *office) rawGet(ctx context.Context, as asker, path string) (status int, body string, err error) {
	conn, err := dialFrom(ctx, as.from, c.http())
	if err != nil {
		return 0, "", err
	}
	defer conn.Close() //nolint:errcheck // read to its end
	if err := conn.SetDeadline(time.Now().Add(slowest)); err != nil {
		return 0, "", err
	}
	if _, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: x\r\nCookie: "+as.headers.Get("Cookie")+"\r\nConnection: close\r\n\r\n"); err != nil {
		return 0, "", err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close() //nolint:errcheck // read to its end
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}
