package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"calld/queue"
)

const (
	// maxRef bounds the ref of a client's frame, in bytes.
	maxRef = 64
	// maxReason bounds the reason of being away, in bytes.
	maxReason = 256
	// commandWait bounds how long the server works at one frame: well below
	// silenceLimit, since nothing else is read meanwhile.
	commandWait = 10 * time.Second
)

// fault is what an error frame tells.
type fault struct {
	code    Code
	message string
}

func (f *fault) Error() string { return f.message }

// faulty reports whether a client that behaves would not have sent the frame:
// such faults in a row end the socket.
func (f *fault) faulty() bool {
	switch f.code {
	case CodeMalformed, CodeUnknownType, CodeTooFast, CodeLoginRequired, CodeLoggedIn:
		return true
	default:
		return false
	}
}

// header is what all frames of a client have.
type header struct {
	Type Type   `json:"type"`
	Ref  string `json:"ref"`
}

// parseFrame reads a client's frame into one of the structs that the protocol
// has for it. The header is as far as it could be read when err is not nil.
func parseFrame(text []byte) (h header, command any, err *fault) {
	if text == nil {
		return h, nil, &fault{CodeMalformed, "only text frames are taken"}
	}
	if !utf8.Valid(text) {
		return h, nil, &fault{CodeMalformed, "not UTF-8"}
	}
	if err := json.Unmarshal(text, &h); err != nil {
		return header{}, nil, &fault{CodeMalformed, "not a JSON object with type and ref as strings"}
	}
	if len(h.Ref) > maxRef {
		h.Ref = ""
		return h, nil, &fault{CodeMalformed, fmt.Sprintf("ref is longer than %d bytes", maxRef)}
	}
	switch h.Type {
	case TypeLogin:
		command = &Login{}
	case TypeLogout:
		command = &Logout{}
	case TypeState:
		command = &SetState{}
	case TypeWrapupDone:
		command = &WrapupDone{}
	case TypeMemo:
		command = &Memo{}
	case TypePing:
		command = &Ping{}
	default:
		return h, nil, &fault{CodeUnknownType, "no such type of frame"}
	}
	if json.Unmarshal(text, command) != nil {
		return h, nil, &fault{CodeMalformed, "a field has the wrong type"}
	}
	return h, command, nil
}

// awaitLogin waits for the login frame; it is false when the socket ends.
func (c *client) awaitLogin(ctx context.Context) bool {
	_ = c.conn.SetReadDeadline(time.Now().Add(loginWait)) // a dead socket is found by the read
	for !c.ending() {
		text, err := c.read()
		if err != nil {
			c.end(c.readFault(err, LoginLate))
			return false
		}
		h, command, f := parseFrame(text)
		login, ok := command.(*Login)
		if !ok {
			if f == nil {
				f = &fault{CodeLoginRequired, "log in first"}
			}
			c.answer(h, f)
			continue
		}
		agentID, f := c.login(ctx, login)
		c.answer(h, f)
		if f != nil {
			c.end(LoginRefused)
			break
		}
		c.enter(agentID)
		return true
	}
	return false
}

// login checks a password and tells whose it is.
func (c *client) login(ctx context.Context, l *Login) (agentID string, f *fault) {
	h := c.hub
	ctx, cancel := context.WithTimeout(ctx, commandWait)
	defer cancel()
	a, err := h.auth.Login(ctx, l.ID, l.Password, c.addr)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "", &fault{CodeFailed, "too many log in at once"}
	case errors.Is(err, ErrLoginLimited):
		return "", &fault{CodeLoginLimited, "too many wrong passwords: wait a minute"}
	case errors.Is(err, ErrLogin):
		return "", &fault{CodeLoginRefused, "wrong id or password"}
	case err != nil:
		h.log.Error("a password can't be checked", "agent", l.ID, "err", err)
		return "", &fault{CodeFailed, "the server can't check passwords now"}
	}
	return a.ID, nil
}

// handle carries out a frame of a client that is logged in, and answers it.
func (c *client) handle(ctx context.Context, text []byte) {
	if c.ending() {
		return
	}
	h, command, f := parseFrame(text)
	if !c.rate.take(time.Now()) {
		f = &fault{CodeTooFast, fmt.Sprintf("more than %d frames a second", frameRate)}
	}
	if f == nil {
		ctx, cancel := context.WithTimeout(ctx, commandWait)
		f = c.carryOut(ctx, command)
		cancel()
	}
	c.answer(h, f)
	if _, ok := command.(*Logout); ok && f == nil {
		c.hub.closeAll(c.agent) // after the ack is queued
	}
}

func (c *client) carryOut(ctx context.Context, command any) *fault {
	var err error
	switch m := command.(type) {
	case *Login:
		return &fault{CodeLoggedIn, "already logged in"}
	case *Logout:
		err = c.board.Logout(c.agent)
	case *SetState:
		if m.State != string(queue.Available) && m.State != string(queue.Away) {
			return &fault{CodeBadState, "state must be available or away"}
		}
		if len(m.Reason) > maxReason {
			return &fault{CodeMalformed, fmt.Sprintf("reason is longer than %d bytes", maxReason)}
		}
		err = c.board.SetState(c.agent, m.State == string(queue.Away), m.Reason)
	case *WrapupDone:
		err = c.board.EndWrapup(c.agent)
	case *Memo:
		var was Note
		if m.Was != nil {
			was = *m.Was
		}
		err = c.hub.memos.SetMemo(ctx, m.Call, Note{Memo: m.Memo, Disposition: m.Disposition}, was, c.agent)
	case *Ping:
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, queue.ErrUnknownAgent):
		return &fault{CodeUnknownAgent, "not in the configuration any more"}
	case errors.Is(err, ErrNoCall):
		return &fault{CodeUnknownCall, "no such call"}
	case errors.Is(err, ErrForbidden):
		return &fault{CodeForbidden, "not allowed"}
	case errors.Is(err, ErrDisposition):
		return &fault{CodeDisposition, "the queue has no such disposition"}
	case errors.Is(err, ErrStale):
		return &fault{CodeStale, "somebody else has written it since"}
	}
	c.hub.log.Error("a client's frame could not be carried out", "agent", c.agent, "err", err)
	return &fault{CodeFailed, "the server could not do it"}
}

// answer acknowledges a frame, or tells what was wrong with it.
func (c *client) answer(h header, f *fault) {
	if f == nil {
		c.faults = 0
		c.send(frame{answer: true, body: c.hub.encode(Ack{Type: TypeAck, Ref: h.Ref})})
		return
	}
	c.hub.count.errors.Add(f.code)
	c.send(frame{answer: true, body: c.hub.encode(Error{Type: TypeError, Ref: h.Ref, Code: f.code, Message: f.message})})
	if !f.faulty() {
		return
	}
	if c.faults++; c.faults >= maxFaults {
		why := Malformed
		if f.code == CodeTooFast {
			why = TooFast
		}
		c.end(why)
	}
}
