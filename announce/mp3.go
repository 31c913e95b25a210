package announce

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/hajimehoshi/go-mp3"
)

// mp3Decoder decodes MPEG-1 and MPEG-2 layer III.
type mp3Decoder struct {
	d   *mp3.Decoder
	hz  int
	buf []byte
}

func isMP3(raw []byte) bool {
	return bytes.HasPrefix(raw, []byte("ID3")) || len(raw) >= 4 && isMP3Frame(raw)
}

// isMP3Frame looks for the sync word and layer III (ISO 11172-3, 2.4.1.3).
func isMP3Frame(b []byte) bool { return b[0] == 0xFF && b[1]&0xE6 == 0xE2 }

// newMP3 reads the first frame.
func newMP3(raw []byte) (d *mp3Decoder, err error) {
	defer caught(&err)
	// The library takes as much memory for a tag as the tag claims.
	for bytes.HasPrefix(raw, []byte("ID3")) {
		if raw = skipID3(raw); raw == nil {
			return nil, badMP3(errors.New("ID3 tag longer than the file"))
		}
	}
	// A plain reader: given a seeker, the library reads it all in advance.
	m, err := mp3.NewDecoder(struct{ io.Reader }{bytes.NewReader(raw)})
	if err != nil {
		return nil, badMP3(err)
	}
	return &mp3Decoder{d: m, hz: m.SampleRate(), buf: make([]byte, 4*blockSize)}, nil
}

// skipID3 returns what follows an ID3v2 tag (its size has seven bits a byte),
// or nil when nothing does.
func skipID3(raw []byte) []byte {
	const size = 10
	if len(raw) < size {
		return nil
	}
	length := size + int(raw[6]&0x7F)<<21 + int(raw[7]&0x7F)<<14 + int(raw[8]&0x7F)<<7 + int(raw[9]&0x7F)
	if length >= len(raw) {
		return nil
	}
	return raw[length:]
}

func badMP3(err error) error { return fail(ReasonBadAudio, "mp3: %w", err) }

// caught makes an error of a panic: the library indexes by what damaged files
// say.
func caught(err *error) {
	if p := recover(); p != nil {
		*err = badMP3(fmt.Errorf("damaged: %v", p))
	}
}

func (d *mp3Decoder) rate() int { return d.hz }

func (d *mp3Decoder) read(out []float32) (n int, err error) {
	defer caught(&err)
	// Always two channels of 16 bits.
	got, err := io.ReadFull(d.d, d.buf[:4*min(len(out), blockSize)])
	for ; 4*n+4 <= got; n++ {
		left := int16(binary.LittleEndian.Uint16(d.buf[4*n:]))
		right := int16(binary.LittleEndian.Uint16(d.buf[4*n+2:]))
		out[n] = float32(int32(left)+int32(right)) / (1 << 16)
	}
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return n, io.EOF
	case err != nil:
		return n, badMP3(err)
	}
	return n, nil
}
