package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/gorilla/websocket"
)

// longestLine is how long a line of calld's log may become by what strangers
// send, in bytes.
const longestLine = 8 << 10

func logAttacks() []attack {
	return []attack{{"http", "lines forged in the log", forgedLines}}
}

// forgedLines: what strangers are called, here and in all attacks before, makes no line
// of its own in the log, sends no command to the terminal that shows it, and does
// not fill it.
func forgedLines(ctx context.Context, c *office) (string, error) {
	const forged = "time=2026-01-01T00:00:00Z level=ERROR msg=calld-forged"
	ids := []string{"x\n" + forged, "x\r\n" + forged + "\r\n", "x\u2028" + forged, "\x1b]0;calld-forged\a\x1b[2J", strings.Repeat("A", 60_000)}
	for i, id := range ids {
		from := fmt.Sprintf("127.0.4.%d", i+1)
		wrong := map[string]string{"id": id, "password": "wrong"}
		if got := c.as(from).do(ctx, http.MethodPost, "/api/v1/session", wrong); got.status < http.StatusBadRequest || got.status >= http.StatusInternalServerError {
			return "", fmt.Errorf("%.40q: %v", id, got)
		}
		conn, _, err := c.socket(ctx, from, "", nil)
		if err != nil {
			return "", err
		}
		wrong["type"] = "login"
		err = conn.WriteJSON(wrong)
		_, _, readErr := conn.ReadMessage()
		if err := errors.Join(err, readErr, conn.Close()); err != nil && !websocket.IsCloseError(err) {
			return "", err
		}
		c.as(from).with("User-Agent", "x\t"+forged).get(ctx, "/x%0d%0a"+strings.ReplaceAll(forged, " ", "%20")) // whatever it answers
	}
	log, err := c.server.Log()
	if err != nil {
		return "", err
	}
	lines, longest := 0, 0
	for line := range bytes.Lines(log) {
		lines++
		longest = max(longest, len(line))
		switch {
		case bytes.HasPrefix(line, []byte(forged)):
			err = errors.New("a stranger has written a line of it")
		case bytes.ContainsAny(bytes.TrimSuffix(line, []byte("\n")), "\x1b\r\a\u2028"):
			err = fmt.Errorf("it commands a terminal: %.200q", line)
		}
	}
	if longest > longestLine {
		err = errors.Join(err, fmt.Errorf("a line has %d bytes", longest))
	}
	return fmt.Sprintf("%d lines, the longest of %d bytes, each of calld's own", lines, longest), err
}
