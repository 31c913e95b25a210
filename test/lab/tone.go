package lab

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"
)

// sampleRate is that of all telephone audio here, in Hz.
const sampleRate = 8000

// toneAmplitude is the peak of the tones made here, half of full scale:
// loud, and with room for a second voice mixed in.
const toneAmplitude = 16384

// toneSamples makes n samples of a sine of hz, beginning at sample start of
// it; silence when hz is 0.
func toneSamples(hz float64, start, n int) []int16 {
	s := make([]int16, n)
	if hz == 0 {
		return s
	}
	for i := range s {
		s[i] = int16(toneAmplitude * math.Sin(2*math.Pi*hz*float64(start+i)/sampleRate))
	}
	return s
}

// ToneLevel says how much of the samples (8,000 a second) is a tone of hz: the tone's
// root mean square level relative to the tones that the laboratory makes. 1 is such a
// tone as it was sent, 0.5 is 6 dB less; other voices mixed in do not
// change it. By Goertzel's algorithm.
func ToneLevel(samples []int16, hz float64) float64 {
	if len(samples) == 0 {
		return 0
	}
	coeff := 2 * math.Cos(2*math.Pi*hz/sampleRate)
	var s1, s2 float64
	for _, x := range samples {
		s1, s2 = float64(x)+coeff*s1-s2, s1
	}
	power := s1*s1 + s2*s2 - coeff*s1*s2
	amplitude := 2 * math.Sqrt(max(power, 0)) / float64(len(samples))
	return amplitude / toneAmplitude
}

// ToneWAV makes a wav file (8,000 Hz, mono, 16 bit) of a tone.
func ToneWAV(hz float64, d time.Duration) []byte {
	samples := toneSamples(hz, 0, int(d.Seconds()*sampleRate))
	const header = 36 // bytes of the header that count in its size field
	size := 2 * len(samples)
	var b bytes.Buffer
	b.WriteString("RIFF")
	le := func(v any) { _ = binary.Write(&b, binary.LittleEndian, v) } // to memory
	le(uint32(header + size))
	b.WriteString("WAVEfmt ")
	le(uint32(16))             // size of the format
	le(uint16(1))              // PCM
	le(uint16(1))              // channels
	le(uint32(sampleRate))     // samples a second
	le(uint32(2 * sampleRate)) // bytes a second
	le(uint16(2))              // bytes a sample
	le(uint16(16))             // bits a sample
	b.WriteString("data")
	le(uint32(size))
	le(samples)
	return b.Bytes()
}

// ErrWAV is wrapped by the errors of [ParseWAV].
var ErrWAV = errors.New("lab: not a wav file of Asterisk's")

// ParseWAV returns the samples of a wav file of 8,000 Hz, mono, 16 bit, as Asterisk
// records it. The sizes in the headers are not trusted: a file still
// being written has wrong ones.
func ParseWAV(file []byte) ([]int16, error) {
	if len(file) < 12 || string(file[:4]) != "RIFF" || string(file[8:12]) != "WAVE" {
		return nil, fmt.Errorf("%w: no RIFF WAVE header", ErrWAV)
	}
	for rest := file[12:]; len(rest) >= 8; {
		name, size := string(rest[:4]), int(binary.LittleEndian.Uint32(rest[4:8]))
		rest = rest[8:]
		switch name {
		case "fmt ":
			if len(rest) < 16 || binary.LittleEndian.Uint16(rest) != 1 || binary.LittleEndian.Uint16(rest[2:]) != 1 ||
				binary.LittleEndian.Uint32(rest[4:]) != sampleRate || binary.LittleEndian.Uint16(rest[14:]) != 16 {
				return nil, fmt.Errorf("%w: format is not 8000 Hz mono 16 bit", ErrWAV)
			}
		case "data":
			if 0 < size && size <= len(rest) {
				rest = rest[:size]
			}
			samples := make([]int16, len(rest)/2)
			for i := range samples {
				samples[i] = int16(binary.LittleEndian.Uint16(rest[2*i:]))
			}
			return samples, nil
		}
		if size += size & 1; size > len(rest) { // chunks are padded to even sizes
			break
		}
		rest = rest[size:]
	}
	return nil, fmt.Errorf("%w: no data", ErrWAV)
}
