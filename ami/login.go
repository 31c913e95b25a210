package ami

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"time"
)

// login authenticates and sets the event filters.
func (c *Client) login(ctx context.Context, cn *conn) error {
	login := NewAction("Login").With("Username", c.opt.Username)
	if c.opt.Events != "" {
		login = login.With("Events", c.opt.Events)
	}
	key, err := c.challenge(ctx, cn)
	switch {
	case err != nil:
		return err
	case key != "":
		login = login.With("AuthType", "MD5").With("Key", key)
	default:
		login = login.With("Secret", c.opt.Secret)
	}
	if _, err := cn.do(ctx, login, c.opt.LoginTimeout); err != nil {
		return err
	}
	return c.filter(ctx, cn)
}

// shutsDown reports whether an error is what an Asterisk that shuts down answers
// to every action (manager.c, process_message): nothing is refused.
func shutsDown(err error) bool {
	answer, ok := errors.AsType[*ResponseError](err)
	return ok && answer.Message == "Asterisk is shutting down"
}

// challenge returns the key that answers the server's MD5 challenge, or ""
// when the secret itself is to be sent.
func (c *Client) challenge(ctx context.Context, cn *conn) (key string, err error) {
	if c.opt.Auth == AuthPlain {
		return "", nil
	}
	resp, err := cn.do(ctx, NewAction("Challenge").With("AuthType", "MD5"), c.opt.LoginTimeout)
	if refused, ok := errors.AsType[*ResponseError](err); ok && c.opt.Auth == AuthAuto && !shutsDown(err) {
		c.log.Warn("asterisk manager refuses MD5 login, sending the secret", "message", refused.Message)
		return "", nil
	}
	if err != nil {
		return "", err
	}
	challenge := resp.Get("Challenge")
	if challenge == "" {
		return "", errors.New("ami: the answer to Challenge has no challenge")
	}
	// manager.c, authenticate: MD5 of challenge and secret in lower-case hex.
	sum := md5.Sum([]byte(challenge + c.opt.Secret))
	return hex.EncodeToString(sum[:]), nil
}

// filter has Asterisk send only what is handled, and what the client itself
// goes by.
//
// Each filter is given in two ways: by name, which Asterisk compares by hash
// (18.26, 20.11, 21.6, 22.1 and later), and by a regular expression over the
// event's text, which is all that older ones read.
func (c *Client) filter(ctx context.Context, cn *conn) error {
	if !c.opt.FilterEvents {
		return nil
	}
	names := slices.Sorted(maps.Keys(c.handlers))
	for _, own := range []string{eventFullyBooted, eventShutdown} {
		if !slices.Contains(names, own) {
			names = append(names, own)
		}
	}
	for _, name := range names {
		_, err := cn.do(ctx, NewAction("Filter").With("Operation", "Add").
			With("MatchCriteria", "name("+name+"),method(regex)").
			With("Filter", "^Event: "+name+"[[:space:]]"), c.opt.LoginTimeout)
		if refused, ok := errors.AsType[*ResponseError](err); ok {
			c.log.Warn("asterisk manager refuses event filters, filtering here", "event", name, "message", refused.Message)
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ping finds a half-open connection and measures the round trip and the
// offset of Asterisk's clock, until the connection ends.
func (c *Client) ping(ctx context.Context, cn *conn) {
	ticker := time.NewTicker(c.opt.PingInterval)
	defer ticker.Stop()
	for {
		sent := time.Now()
		resp, err := cn.do(ctx, NewAction("Ping"), c.opt.PingTimeout)
		switch {
		case shutsDown(err):
			cn.fail(ReasonShutdown, errShutdown)
			return
		case err != nil:
			cn.fail(ReasonPing, err)
			return
		}
		now := time.Now()
		trip := now.Sub(sent)
		c.counters.roundTrip.Store(int64(trip))
		if stamp, ok := parseTimestamp(resp.Bytes("Timestamp")); ok {
			// Asterisk read its clock half way through the round trip.
			c.counters.clockOffset.Store(int64(stamp.Sub(sent.Add(trip / 2))))
			c.counters.clockKnown.Store(true)
		}
		if lag := c.counters.turnLag(); lag > c.opt.LagLimit {
			c.log.Warn("asterisk manager events come late", "lag", lag)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// parseTimestamp reads seconds and six digits of microseconds, as in
// "1795345476.060306" (manager.c: action_ping, timestampevents).
func parseTimestamp(b []byte) (time.Time, bool) {
	const fraction = 6
	dot := len(b) - fraction - 1
	if dot < 1 || dot > 12 || b[dot] != '.' {
		return time.Time{}, false
	}
	var micros int64
	for i, digit := range b {
		if i == dot {
			continue
		}
		if digit < '0' || digit > '9' {
			return time.Time{}, false
		}
		micros = micros*10 + int64(digit-'0')
	}
	return time.UnixMicro(micros), true
}
