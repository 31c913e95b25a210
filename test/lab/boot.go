package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// bootPoll is how often the manager port of a starting Asterisk is tried.
const bootPoll = 10 * time.Millisecond

// waitBooted waits until Asterisk says on its manager interface that it is
// fully booted, or until its process has ended.
func waitBooted(ctx context.Context, addr string, ended <-chan struct{}) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		select {
		case <-ended:
			cancel(errors.New("the process has ended"))
		case <-stop:
		}
	}()
	ticker := time.NewTicker(bootPoll)
	defer ticker.Stop()
	for {
		err := askBooted(ctx, addr)
		if err == nil {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("%w (last: %w)", context.Cause(ctx), err)
		}
	}
}

// askBooted logs in to the manager interface and reads up to the event
// FullyBooted, which is sent to each session at once when that is past
// (manager.c, action_login).
func askBooted(ctx context.Context, addr string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if _, err := fmt.Fprintf(conn, "Action: Login\r\nUsername: %s\r\nSecret: %s\r\nEvents: system\r\n\r\n", AMIUser, AMISecret); err != nil {
		return err
	}
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		switch strings.TrimSpace(lines.Text()) {
		case "Event: FullyBooted":
			return nil
		case "Response: Error":
			return errors.New("manager login refused")
		}
	}
	return errors.Join(errors.New("manager connection ended before FullyBooted"), lines.Err())
}
