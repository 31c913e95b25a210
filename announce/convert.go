package announce

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"math"
	"os"
	"time"
)

const (
	// rate is what is written: 8 kHz, 16 bits, mono plays on every Asterisk
	// (format_wav) and is what a telephone line carries.
	rate = 8000
	// headerSize is that of the plain RIFF header written.
	headerSize = 44
	// converter is part of each name: raise it when the same bytes come to
	// sound different, or old files would go on playing.
	converter = "calld sound 1\n"
	// blockSize is how many samples pass from stage to stage.
	blockSize = 4096
)

// decoder gives a sound's samples, mixed to one channel, in -1…1. read fills
// as much as it can and gives io.EOF with or after the last samples.
type decoder interface {
	rate() int
	read([]float32) (int, error)
}

// nameOf is the name of what is made from the given parts.
func nameOf(how retention, parts ...[]byte) string {
	h := sha256.New()
	io.WriteString(h, converter)
	for _, p := range parts {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(p)))
		h.Write(size[:])
		h.Write(p)
	}
	return hex.EncodeToString(h.Sum(nil)[:nameSize/2]) + string(how)
}

// keep converts a sound, unless that was done before, and returns its name.
func (s *Service) keep(ctx context.Context, raw []byte, how retention) (string, error) {
	name := nameOf(how, raw)
	return name, s.keepAs(ctx, name, raw)
}

// keepAs converts a sound under a name; callers of the same name wait for one
// conversion.
func (s *Service) keepAs(ctx context.Context, name string, raw []byte) error {
	_, err := s.work.shared(ctx, "sound "+name, workLimit, func(ctx context.Context) (string, error) {
		if s.sounds.use(name) {
			return name, nil
		}
		if err := s.converting.takeWithin(ctx, workLimit); err != nil {
			return "", err
		}
		defer s.converting.release()
		err := s.sounds.write(ctx, name, func(f *os.File) error {
			d, err := s.decode(ctx, raw)
			if err != nil {
				return err
			}
			return writeSound(ctx, f, d, s.maxLength)
		})
		if err == nil {
			s.stats.converted()
		}
		return name, err
	})
	return err
}

// decode finds out what kind of sound raw is: servers name types wrongly too
// often to go by the name.
func (s *Service) decode(ctx context.Context, raw []byte) (decoder, error) {
	switch {
	case isWAV(raw):
		return newWAV(raw)
	case bytes.HasPrefix(raw, []byte("OggS")):
		return s.decodeOgg(ctx, raw)
	case isMP3(raw):
		return newMP3(raw)
	case bytes.HasPrefix(raw, []byte("fLaC")):
		return nil, fail(ReasonUnsupported, "flac: want wav, mp3 or ogg")
	case len(raw) == 0:
		return nil, &Error{Reason: ReasonBadAudio, Err: errors.New("the sound is empty")}
	}
	return nil, fail(ReasonBadAudio, "neither wav, mp3 nor ogg: begins with % x", raw[:min(len(raw), 8)])
}

// writeSound writes d as a wav file of our one format.
func writeSound(ctx context.Context, f *os.File, d decoder, limit time.Duration) error {
	w := bufio.NewWriterSize(f, 64<<10)
	if _, err := w.Write(make([]byte, headerSize)); err != nil {
		return diskError(err)
	}
	var (
		r       = newResampler(d.rate(), rate)
		in      = make([]float32, blockSize)
		most    = int64(limit.Seconds() * rate)
		samples int64
		out     []float32
		err     error
	)
	for err == nil {
		// Not one caller waits for a conversion that its work gave up.
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var n int
		n, err = d.read(in)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		out = r.add(out[:0], in[:n])
		if err != nil {
			out = r.end(out)
		}
		if samples += int64(len(out)); samples > most {
			return fail(ReasonTooLarge, "sound is longer than %s", limit)
		}
		for _, v := range out {
			// A write error is kept by w and given by Flush.
			w.Write(binary.LittleEndian.AppendUint16(w.AvailableBuffer(), uint16(toInt16(v)))) //nolint:errcheck // see above
		}
	}
	if samples == 0 {
		return &Error{Reason: ReasonBadAudio, Err: errors.New("the sound has no samples")}
	}
	if err := w.Flush(); err != nil {
		return diskError(err)
	}
	h := header(2 * samples)
	if _, err := f.WriteAt(h[:], 0); err != nil {
		return diskError(err)
	}
	return nil
}

// header is the header of a file with so many bytes of samples.
func header(size int64) (h [headerSize]byte) {
	le := binary.LittleEndian
	copy(h[0:], "RIFF")
	le.PutUint32(h[4:], uint32(size)+headerSize-8)
	copy(h[8:], "WAVEfmt ")
	le.PutUint32(h[16:], 16)
	le.PutUint16(h[20:], formatPCM)
	le.PutUint16(h[22:], 1) // channels
	le.PutUint32(h[24:], rate)
	le.PutUint32(h[28:], 2*rate) // bytes a second
	le.PutUint16(h[32:], 2)      // bytes a sample
	le.PutUint16(h[34:], 16)     // bits a sample
	copy(h[36:], "data")
	le.PutUint32(h[40:], uint32(size))
	return h
}

func toInt16(v float32) int16 {
	return int16(math.Round(float64(min(max(v*32768, math.MinInt16), math.MaxInt16))))
}

// sane bounds a sample that a file gives: files hold infinities and worse.
func sane(v float32) float32 {
	if math.IsNaN(float64(v)) {
		return 0
	}
	return min(max(v, -1), 1)
}
