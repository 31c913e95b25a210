package announce

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
)

// The wave formats that are decoded (RFC 2361).
const (
	formatPCM        = 0x0001
	formatFloat      = 0x0003
	formatALaw       = 0x0006
	formatMuLaw      = 0x0007
	formatExtensible = 0xFFFE
)

const (
	minRate     = 2000    // Hz
	maxRate     = 384_000 // Hz
	maxChannels = 32
	// unknownSize stands in the header of a wav that was sent while it was
	// being made.
	unknownSize = 0xFFFFFFFF
)

// wavDecoder reads the wav formats in use.
type wavDecoder struct {
	data     []byte // whole frames
	hz       int
	channels int
	width    int // bytes of one sample
	sample   func([]byte) float32
}

func isWAV(raw []byte) bool {
	return len(raw) >= 12 && (string(raw[:4]) == "RIFF" || string(raw[:4]) == "RF64") && string(raw[8:12]) == "WAVE"
}

// newWAV finds the chunks. A data chunk that says it is longer than the file
// is taken as far as it goes, as all players do: streamed files say so.
func newWAV(raw []byte) (*wavDecoder, error) {
	var (
		d         *wavDecoder
		le        = binary.LittleEndian
		riffSize  = le.Uint32(raw[4:])
		rest      = raw[12:]
		openEnded = riffSize == unknownSize || riffSize == 0
	)
	for len(rest) >= 8 {
		id, size := string(rest[:4]), le.Uint32(rest[4:])
		rest = rest[8:]
		chunk := rest[:min(uint64(size), uint64(len(rest)))]
		switch id {
		case "fmt ":
			var err error
			if d, err = newWAVFormat(chunk); err != nil {
				return nil, err
			}
		case "data":
			if d == nil {
				return nil, badWAV("samples before the format")
			}
			if size == 0 && openEnded {
				chunk = rest
			}
			d.data = chunk[:len(chunk)/(d.width*d.channels)*(d.width*d.channels)]
			return d, nil
		}
		// Chunks are padded to an even size.
		rest = rest[min(uint64(len(chunk))+uint64(size&1), uint64(len(rest))):]
	}
	if d == nil {
		return nil, badWAV("no format")
	}
	return nil, badWAV("no samples")
}

func badWAV(what string) error {
	return &Error{Reason: ReasonBadAudio, Err: errors.New("wav: " + what)}
}

// newWAVFormat reads a fmt chunk.
func newWAVFormat(c []byte) (*wavDecoder, error) {
	if len(c) < 16 {
		return nil, badWAV("short format")
	}
	le := binary.LittleEndian
	format := le.Uint16(c)
	d := &wavDecoder{channels: int(le.Uint16(c[2:])), hz: int(le.Uint32(c[4:]))}
	frame, bits := int(le.Uint16(c[12:])), int(le.Uint16(c[14:]))
	if format == formatExtensible {
		// The format stands in the first two bytes of the subformat, the rest
		// of which is the same for all formats wanted here.
		tail := []byte("\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71")
		if len(c) < 40 || !bytes.Equal(c[26:40], tail) {
			return nil, fail(ReasonUnsupported, "wav: unknown extensible format")
		}
		format = le.Uint16(c[24:])
	}
	if d.channels < 1 || d.channels > maxChannels {
		return nil, fail(ReasonUnsupported, "wav: %d channels", d.channels)
	}
	if d.hz < minRate || d.hz > maxRate {
		return nil, fail(ReasonUnsupported, "wav: sample rate of %d Hz", d.hz)
	}
	// Samples sit in the high bits of their container, whose size follows
	// from the frame's: 24 bits may take four bytes.
	d.width = frame / d.channels
	if frame%d.channels != 0 || d.width*8 < bits {
		return nil, badWAV("frame size does not fit the sample size")
	}
	d.sample = sampleReader(format, d.width)
	if d.sample == nil {
		return nil, fail(ReasonUnsupported, "wav: format %#04x with %d bits: want PCM, float, A-law or µ-law", format, bits)
	}
	return d, nil
}

// sampleReader gives the function for samples of a format in width bytes;
// nil when there is none.
func sampleReader(format uint16, width int) func([]byte) float32 {
	le := binary.LittleEndian
	switch {
	case format == formatPCM && width == 1: // the only unsigned one
		return func(b []byte) float32 { return (float32(b[0]) - 128) / 128 }
	case format == formatPCM && width == 2:
		return func(b []byte) float32 { return float32(int16(le.Uint16(b))) / (1 << 15) }
	case format == formatPCM && width == 3:
		return func(b []byte) float32 {
			return float32(int32(uint32(b[0])<<8|uint32(b[1])<<16|uint32(b[2])<<24)) / (1 << 31)
		}
	case format == formatPCM && width == 4:
		return func(b []byte) float32 { return float32(int32(le.Uint32(b))) / (1 << 31) }
	case format == formatFloat && width == 4:
		return func(b []byte) float32 { return sane(math.Float32frombits(le.Uint32(b))) }
	case format == formatFloat && width == 8:
		return func(b []byte) float32 { return sane(float32(math.Float64frombits(le.Uint64(b)))) }
	case format == formatALaw && width == 1:
		return func(b []byte) float32 { return float32(fromALaw(b[0])) / (1 << 15) }
	case format == formatMuLaw && width == 1:
		return func(b []byte) float32 { return float32(fromMuLaw(b[0])) / (1 << 15) }
	}
	return nil
}

func (d *wavDecoder) rate() int { return d.hz }

func (d *wavDecoder) read(out []float32) (int, error) {
	n := 0
	for ; n < len(out) && len(d.data) > 0; n++ {
		var sum float32
		for range d.channels {
			sum += d.sample(d.data)
			d.data = d.data[d.width:]
		}
		out[n] = sum / float32(d.channels)
	}
	if len(d.data) == 0 {
		return n, io.EOF
	}
	return n, nil
}

// fromALaw and fromMuLaw expand one byte of ITU-T G.711 to 16 bits.
func fromALaw(b byte) int16 {
	b ^= 0x55
	v := int16(b&0x0F)<<4 + 8
	if exponent := b >> 4 & 7; exponent > 0 {
		v = (v + 0x100) << (exponent - 1)
	}
	if b&0x80 == 0 {
		return -v
	}
	return v
}

func fromMuLaw(b byte) int16 {
	b = ^b
	const bias = 0x84
	v := (int16(b&0x0F)<<3+bias)<<(b>>4&7) - bias
	if b&0x80 != 0 {
		return -v
	}
	return v
}
