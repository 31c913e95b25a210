package agi

import (
	"bytes"
	"fmt"
	"io"
	"sync"
)

// lineBuffer is what a session reads into. It holds an environment and any
// usual answer, so that sessions need no other; it is also what an idle
// session keeps.
const lineBuffer = 2 << 10

// lines cuts what a connection brings into lines.
type lines struct {
	src  io.Reader
	max  int // bytes of one line, without its line feed
	buf  []byte
	r, w int // buf[r:w] is read and not yet given out
}

var lineBuffers = sync.Pool{New: func() any { return new([lineBuffer]byte) }}

func newLines(src io.Reader, most int) *lines {
	return &lines{src: src, max: most, buf: lineBuffers.Get().(*[lineBuffer]byte)[:]}
}

// free gives the buffer back. Nothing that next or until returned may be in use.
func (l *lines) free() {
	if cap(l.buf) == lineBuffer {
		lineBuffers.Put((*[lineBuffer]byte)(l.buf[:lineBuffer]))
	}
	l.buf = nil
}

// next returns the next line without its line feed. It stays valid until the
// next call.
func (l *lines) next() ([]byte, error) {
	for seen := 0; ; {
		if i := bytes.IndexByte(l.buf[l.r+seen:l.w], '\n'); i >= 0 {
			line := l.buf[l.r : l.r+seen+i]
			l.r += seen + i + 1
			if len(line) > l.max {
				return nil, l.tooLong()
			}
			return line, nil
		}
		seen = l.w - l.r
		if seen > l.max {
			return nil, l.tooLong()
		}
		if err := l.fill(); err != nil {
			return nil, err
		}
	}
}

// more reports whether a line has been read that next has not given out.
func (l *lines) more() bool { return bytes.IndexByte(l.buf[l.r:l.w], '\n') >= 0 }

// environment returns everything up to and with the first empty line.
func (l *lines) environment() ([]byte, error) {
	for at := l.r; ; { // at is the beginning of a line
		i := bytes.IndexByte(l.buf[at:l.w], '\n')
		switch {
		case i == 0:
			text := l.buf[l.r : at+1]
			l.r = at + 1
			return text, nil
		case i > l.max || i < 0 && l.w-at > l.max:
			return nil, l.tooLong()
		case i > 0:
			at += i + 1
			continue
		case l.w-l.r > maxEnvironment:
			return nil, &ProtocolError{BadEnvironment, fmt.Sprintf("an environment of more than %d bytes", maxEnvironment)}
		}
		at -= l.r
		if err := l.fill(); err != nil {
			return nil, err
		}
		at += l.r
	}
}

// fill reads once, making room first.
func (l *lines) fill() error {
	switch {
	case l.r == l.w && len(l.buf) > lineBuffer:
		l.buf = lineBuffers.Get().(*[lineBuffer]byte)[:] // a long line is over
		l.r, l.w = 0, 0
	case l.r == l.w:
		l.r, l.w = 0, 0
	case l.w == len(l.buf) && l.r > 0:
		l.w = copy(l.buf, l.buf[l.r:l.w])
		l.r = 0
	case l.w == len(l.buf):
		bigger := make([]byte, 2*len(l.buf))
		copy(bigger, l.buf)
		l.free()
		l.buf = bigger
	}
	n, err := l.src.Read(l.buf[l.w:])
	l.w += n
	if n > 0 {
		return nil // an error comes again with the next read
	}
	if err == nil {
		return io.ErrNoProgress
	}
	return err
}

func (l *lines) tooLong() error {
	return &ProtocolError{LineTooLong, fmt.Sprintf("a line of more than %d bytes", l.max)}
}
