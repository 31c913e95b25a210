package ami

import (
	"bytes"
	"errors"
	"io"
)

const (
	// MaxMessage is the largest message in bytes that is read, and with it
	// the longest line. Events have some kilobytes; the output of a Command
	// is the largest message there is.
	MaxMessage = 1 << 20

	// maxGreeting bounds the first line, which is some 30 bytes.
	maxGreeting = 128

	firstBuffer = 16 << 10
)

// decoder cuts a stream into messages: lines "Key: Value", ended by CR LF or
// LF, up to an empty line. Empty lines between messages are skipped: Asterisk
// leaves one when its Message ends in a line break of its own.
type decoder struct {
	r   io.Reader
	buf []byte
	max int // of a message

	start   int // of the message being read
	pos     int // of its first line not yet parsed
	scanned int // up to here there is no LF since pos
	end     int // of the data in buf

	fields    []field
	read      uint64 // bytes so far
	malformed uint64 // lines without a key so far
}

func newDecoder(r io.Reader, limit int) *decoder {
	return &decoder{r: r, max: limit, buf: make([]byte, min(firstBuffer, limit))}
}

// next reads a message into f, whose memory is the decoder's and lives until
// the next call. The error is io.EOF only between messages.
func (d *decoder) next(f *Fields) error {
	d.start = d.pos
	d.fields = d.fields[:0]
	damaged := false
	for {
		from, to, err := d.line()
		if err != nil {
			return err
		}
		if from == to {
			if len(d.fields) > 0 {
				break
			}
			d.start, damaged = d.pos, false
			continue
		}
		line := d.buf[from:to]
		colon := bytes.IndexByte(line, ':')
		if colon <= 0 {
			d.malformed++
			damaged = true
			continue
		}
		damaged = damaged || !isKey(line[:colon])
		value := colon + 1
		if value < len(line) && line[value] == ' ' {
			value++
		}
		// Places are relative to the message, which moves when the buffer
		// is filled.
		at := int32(from - d.start)
		d.fields = append(d.fields, field{
			key: at, keyEnd: at + int32(colon),
			value: at + int32(value), valueEnd: at + int32(len(line)),
		})
	}
	f.buf, f.list, f.damaged = d.buf[d.start:d.pos], d.fields, damaged
	return nil
}

// isKey tells whether what stands before a colon can be a key: visible ASCII.
func isKey(b []byte) bool {
	for _, c := range b {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}

// line finds the next line: buf[from:to] without its end, until the next
// call.
func (d *decoder) line() (from, to int, err error) {
	for {
		if i := bytes.IndexByte(d.buf[d.scanned:d.end], '\n'); i >= 0 {
			from, to = d.pos, d.scanned+i
			d.pos = to + 1
			d.scanned = d.pos
			if to > from && d.buf[to-1] == '\r' {
				to--
			}
			return from, to, nil
		}
		d.scanned = d.end
		if err := d.fill(); err != nil {
			return 0, 0, err
		}
	}
}

// fill reads more, after making room by moving the message to the front of
// the buffer or growing it.
func (d *decoder) fill() error {
	if d.end-d.start >= d.max {
		return errTooLong
	}
	if d.start > 0 && (d.start == d.end || d.end == len(d.buf)) {
		copy(d.buf, d.buf[d.start:d.end])
		d.pos -= d.start
		d.scanned -= d.start
		d.end -= d.start
		d.start = 0
	}
	if d.end == len(d.buf) {
		grown := make([]byte, min(2*len(d.buf), d.max))
		copy(grown, d.buf)
		d.buf = grown
	}
	n, err := d.r.Read(d.buf[d.end:])
	d.end += n
	d.read += uint64(n)
	if n > 0 {
		return nil // an error comes again with the next read
	}
	if errors.Is(err, io.EOF) && d.end > d.start {
		return io.ErrUnexpectedEOF
	}
	return err
}

// greeting reads the first line, "Asterisk Call Manager/11.0.0", and returns
// the version of the protocol.
func (d *decoder) greeting() (version string, err error) {
	limit := d.max
	d.max = maxGreeting
	defer func() { d.max = limit }()
	from, to, err := d.line()
	if errors.Is(err, errTooLong) {
		return "", errNotAMI
	}
	if err != nil {
		return "", err
	}
	v, ok := bytes.CutPrefix(d.buf[from:to], []byte("Asterisk Call Manager/"))
	if !ok {
		return "", errNotAMI
	}
	d.start = d.pos
	return string(v), nil
}
