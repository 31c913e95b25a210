package ami

import (
	"fmt"
	"slices"
	"strings"
)

const (
	// MaxLine is the longest line of an action in bytes, its CR and LF not
	// counted. manager.c reads lines into a buffer of 1,024 bytes and
	// discards the action when a line does not fit with both.
	MaxLine = 1022
	// MaxHeaders is the greatest number of lines of an action, "Action" and
	// "ActionID" included (manager.h: AST_MAX_MANHEADERS).
	MaxHeaders = 128
)

// Action is a request to Asterisk. It is a value: With returns a new one and
// leaves the old as it was. What is wrong with it is told by Do and List.
type Action struct {
	name    string
	id      string
	headers []header
}

type header struct{ key, value string }

// NewAction returns an action without headers.
func NewAction(name string) Action { return Action{name: name} }

// With adds a header; the same key may be added again, as Originate's
// Variable. An ActionID given here takes the place of the client's own and
// must be unique among the actions in flight: it is how an OriginateResponse
// is known whose channel never came to be.
func (a Action) With(key, value string) Action {
	if strings.EqualFold(key, "ActionID") {
		a.id = value
		return a
	}
	// Clip makes append copy, so that actions made from one prefix don't share
	// what follows.
	a.headers = append(slices.Clip(a.headers), header{key, value})
	return a
}

// encode returns the action as it goes over the wire.
//
// A CR or LF in a value would start a header or even an action of its own,
// and Asterisk ends a line at NUL: all three are refused. Errors name the key
// but never the value, which may be a secret.
func (a Action) encode(id string) ([]byte, error) {
	lines := len(a.headers) + 2
	if lines > MaxHeaders {
		return nil, fmt.Errorf("%w: %s: %d headers, Asterisk takes %d", ErrBadAction, a.name, lines, MaxHeaders)
	}
	buf := make([]byte, 0, 64*(lines+1))
	var err error
	for _, h := range append([]header{{"Action", a.name}, {"ActionID", id}}, a.headers...) {
		if buf, err = h.append(buf); err != nil {
			return nil, fmt.Errorf("%w: %q: %w", ErrBadAction, a.name, err)
		}
	}
	for _, h := range a.headers {
		if strings.EqualFold(h.key, "Action") {
			return nil, fmt.Errorf("%w: %s: a second Action header", ErrBadAction, a.name)
		}
	}
	if a.name == "" {
		return nil, fmt.Errorf("%w: no name", ErrBadAction)
	}
	return append(buf, '\r', '\n'), nil
}

// append adds the header's line to buf.
func (h header) append(buf []byte) ([]byte, error) {
	if h.key == "" || strings.ContainsAny(h.key, ":\r\n\x00") {
		return nil, fmt.Errorf("header %q: bad key", h.key)
	}
	if strings.ContainsAny(h.value, "\r\n\x00") {
		return nil, fmt.Errorf("header %s: line break or NUL in the value", h.key)
	}
	if n := len(h.key) + len(": ") + len(h.value); n > MaxLine {
		return nil, fmt.Errorf("header %s: line of %d bytes, Asterisk takes %d", h.key, n, MaxLine)
	}
	buf = append(buf, h.key...)
	buf = append(buf, ':', ' ')
	buf = append(buf, h.value...)
	return append(buf, '\r', '\n'), nil
}
