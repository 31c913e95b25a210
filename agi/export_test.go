package agi

import (
	"errors"
	"io"
)

// AppendCommand lets tests that use agitest write a command line.
func AppendCommand(limit int, verb string, args ...string) ([]byte, error) {
	return appendCommand(nil, limit, verb, args)
}

// Message is one thing that the session reads after the environment.
type Message struct {
	Hangup bool
	Code   int
	Text   string
	Reply  Reply
}

// ReadMessages reads until the end or the first error, as a session does.
func ReadMessages(r io.Reader, most int) ([]Message, error) {
	in := newLines(r, most)
	defer in.free()
	d := decoder{max: most}
	var all []Message
	for {
		line, err := in.next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		a, m, err := d.line(line)
		if err != nil {
			return all, err
		}
		if m != nothing {
			all = append(all, Message{Hangup: m == hangup, Code: a.code, Text: a.text, Reply: a.reply})
		}
	}
}

// ReadEnvironment reads an environment as a session does, and returns what is
// left of the input.
func ReadEnvironment(r io.Reader, most int) (env Env, rest []byte, err error) {
	in := newLines(r, most)
	text, err := in.environment()
	if err != nil {
		return env, nil, err
	}
	if err = env.UnmarshalText(text); err != nil {
		return env, nil, err
	}
	rest = append(rest, in.buf[in.r:in.w]...)
	tail, err := io.ReadAll(r)
	return env, append(rest, tail...), err
}

// SplitScript exports splitScript.
var SplitScript = splitScript
