package announce

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// tone makes a sine of a frequency and level (1 is full scale).
func tone(hz, level float64, rate int, seconds float64) []float64 {
	samples := make([]float64, int(seconds*float64(rate)))
	for i := range samples {
		samples[i] = level * math.Sin(2*math.Pi*hz*float64(i)/float64(rate))
	}
	return samples
}

// level measures how strong one frequency is in samples of our rate, leaving
// out the edges; 1 is full scale.
func level(samples []int16, hz float64) float64 {
	edge := min(200, len(samples)/4)
	samples = samples[edge : len(samples)-edge]
	var re, im, weight float64
	for i, v := range samples {
		w := 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/float64(len(samples))) // Hann
		sin, cos := math.Sincos(2 * math.Pi * hz * float64(i) / rate)
		re += w * float64(v) / 32768 * cos
		im += w * float64(v) / 32768 * sin
		weight += w
	}
	return 2 * math.Hypot(re, im) / weight
}

// loudness is the root mean square without the edges; 1 is full scale.
func loudness(samples []int16) float64 {
	edge := min(200, len(samples)/4)
	samples = samples[edge : len(samples)-edge]
	sum := 0.0
	for _, v := range samples {
		sum += float64(v) / 32768 * float64(v) / 32768
	}
	return math.Sqrt(sum / float64(len(samples)))
}

// wavSpec is how makeWAV writes; the same samples go to each channel.
type wavSpec struct {
	rate, channels int
	format         uint16
	bits           int
	container      int  // bits a sample takes; 0: bits
	extensible     bool // WAVE_FORMAT_EXTENSIBLE
	list           bool // an odd LIST chunk before and a chunk after the samples
	riffSize       any  // uint32 instead of the true one
	dataSize       any
}

func makeWAV(tb testing.TB, s wavSpec, samples []float64) []byte {
	tb.Helper()
	if s.container == 0 {
		s.container = s.bits
	}
	var data []byte
	for _, v := range samples {
		for range s.channels {
			data = append(data, encodeSample(tb, s, v)...)
		}
	}
	le := binary.LittleEndian
	format := s.format
	if s.extensible {
		format = formatExtensible
	}
	fmtChunk := le.AppendUint16(nil, format)
	fmtChunk = le.AppendUint16(fmtChunk, uint16(s.channels))
	fmtChunk = le.AppendUint32(fmtChunk, uint32(s.rate))
	fmtChunk = le.AppendUint32(fmtChunk, uint32(s.rate*s.channels*s.container/8))
	fmtChunk = le.AppendUint16(fmtChunk, uint16(s.channels*s.container/8))
	fmtChunk = le.AppendUint16(fmtChunk, uint16(s.bits))
	if s.extensible {
		fmtChunk = le.AppendUint16(fmtChunk, 22)
		fmtChunk = le.AppendUint16(fmtChunk, uint16(s.bits))
		fmtChunk = le.AppendUint32(fmtChunk, 0)
		fmtChunk = le.AppendUint16(fmtChunk, s.format)
		fmtChunk = append(fmtChunk, "\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"...)
	}
	chunk := func(id string, body []byte, size any) []byte {
		n := uint32(len(body))
		if size != nil {
			n = size.(uint32)
		}
		b := append(le.AppendUint32([]byte(id), n), body...)
		if len(body)%2 == 1 {
			b = append(b, 0)
		}
		return b
	}
	body := append([]byte("WAVE"), chunk("fmt ", fmtChunk, nil)...)
	if s.list {
		body = append(body, chunk("LIST", []byte("INFOISFT\x05\x00\x00\x00test\x00"), nil)...)
	}
	body = append(body, chunk("data", data, s.dataSize)...)
	if s.list {
		body = append(body, chunk("id3 ", bytes.Repeat([]byte{0x7f}, 500), nil)...)
	}
	return chunk("RIFF", body, s.riffSize)
}

func encodeSample(tb testing.TB, s wavSpec, v float64) []byte {
	tb.Helper()
	le := binary.LittleEndian
	switch {
	case s.format == formatPCM && s.container == 8:
		return []byte{byte(math.Round(v*127) + 128)}
	case s.format == formatPCM:
		n := uint32(int32(math.Round(v*float64(int64(1)<<(s.bits-1)-1)))) << (s.container - s.bits)
		return le.AppendUint32(nil, n)[:s.container/8]
	case s.format == formatFloat && s.bits == 32:
		return le.AppendUint32(nil, math.Float32bits(float32(v)))
	case s.format == formatFloat:
		return le.AppendUint64(nil, math.Float64bits(v))
	case s.format == formatALaw:
		return []byte{nearest(fromALaw, v)}
	case s.format == formatMuLaw:
		return []byte{nearest(fromMuLaw, v)}
	}
	tb.Fatalf("no such format: %+v", s)
	return nil
}

// nearest encodes by trying all codes.
func nearest(decode func(byte) int16, v float64) (code byte) {
	best := math.Inf(1)
	for c := range 256 {
		if off := math.Abs(float64(decode(byte(c)))/32768 - v); off < best {
			code, best = byte(c), off
		}
	}
	return code
}

// convert runs the decoder and the writer over bytes.
func convert(tb testing.TB, raw []byte, limit time.Duration) ([]byte, error) {
	tb.Helper()
	s := New(Options{Sounds: tb.TempDir(), MaxLength: limit})
	d, err := s.decode(tb.Context(), raw)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(tb.TempDir(), "out.wav")
	f, err := os.Create(file)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	if err := writeSound(tb.Context(), f, d, s.maxLength); err != nil {
		return nil, err
	}
	out, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	return out, nil
}

func converted(t *testing.T, raw []byte) []int16 {
	t.Helper()
	out, err := convert(t, raw, 0)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "out.wav")
	if err := os.WriteFile(file, out, 0o600); err != nil {
		t.Fatal(err)
	}
	return readSound(t, file)
}

func TestWAVFormats(t *testing.T) {
	const big = uint32(unknownSize)
	tests := []struct {
		name string
		spec wavSpec
	}{
		{"8 kHz 16 bit", wavSpec{rate: 8000, channels: 1, format: formatPCM, bits: 16}},
		{"8 bit", wavSpec{rate: 8000, channels: 1, format: formatPCM, bits: 8}},
		{"24 bit", wavSpec{rate: 48000, channels: 2, format: formatPCM, bits: 24}},
		{"24 bit in four bytes", wavSpec{rate: 48000, channels: 2, format: formatPCM, bits: 24, container: 32}},
		{"20 bit in three bytes", wavSpec{rate: 48000, channels: 2, format: formatPCM, bits: 20, container: 24}},
		{"32 bit", wavSpec{rate: 44100, channels: 1, format: formatPCM, bits: 32}},
		{"float", wavSpec{rate: 44100, channels: 2, format: formatFloat, bits: 32}},
		{"double", wavSpec{rate: 96000, channels: 1, format: formatFloat, bits: 64}},
		{"A-law", wavSpec{rate: 8000, channels: 1, format: formatALaw, bits: 8}},
		{"µ-law", wavSpec{rate: 8000, channels: 1, format: formatMuLaw, bits: 8}},
		{"µ-law stereo", wavSpec{rate: 16000, channels: 2, format: formatMuLaw, bits: 8}},
		{"extensible", wavSpec{rate: 48000, channels: 2, format: formatPCM, bits: 16, extensible: true}},
		{"extensible float", wavSpec{rate: 48000, channels: 6, format: formatFloat, bits: 32, extensible: true}},
		{"with LIST and id3", wavSpec{rate: 22050, channels: 1, format: formatPCM, bits: 16, list: true}},
		{"streamed", wavSpec{rate: 22050, channels: 1, format: formatPCM, bits: 16, riffSize: big, dataSize: big}},
		{"streamed with zeros", wavSpec{rate: 22050, channels: 1, format: formatPCM, bits: 16, riffSize: uint32(0), dataSize: uint32(0)}},
		{"streamed as espeak does", wavSpec{rate: 22050, channels: 1, format: formatPCM, bits: 16, riffSize: uint32(0x7ffff024), dataSize: uint32(0x7ffff000)}},
		{"2 kHz", wavSpec{rate: 2000, channels: 1, format: formatPCM, bits: 16}},
		{"11025 Hz", wavSpec{rate: 11025, channels: 1, format: formatPCM, bits: 16}},
		{"odd rate", wavSpec{rate: 44101, channels: 1, format: formatPCM, bits: 16}},
		{"192 kHz", wavSpec{rate: 192000, channels: 1, format: formatPCM, bits: 16}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			const seconds, loud = 1.0, 0.5
			got := converted(t, makeWAV(t, test.spec, tone(440, loud, test.spec.rate, seconds)))
			if off := math.Abs(float64(len(got)) - seconds*rate); off > 3 {
				t.Errorf("%d samples, want %g", len(got), seconds*rate)
			}
			if l := level(got, 440); math.Abs(l/loud-1) > 0.01 {
				t.Errorf("level at 440 Hz = %.4f, want %g", l, loud)
			}
			// All that is there is the tone: the rest is noise of the format.
			noise := math.Sqrt(max(0, math.Pow(loudness(got), 2)-loud*loud/2))
			if noise > 0.015 {
				t.Errorf("noise = %.5f", noise)
			}
		})
	}
}

func TestSameFormatIsKeptExactly(t *testing.T) {
	raw := makeWAV(t, wavSpec{rate: 8000, channels: 1, format: formatPCM, bits: 16}, tone(1000, 0.9, 8000, 0.1))
	got, err := convert(t, raw, 0)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, raw) {
		t.Error("a sound of the right format changed")
	}
}

func TestBadWAV(t *testing.T) {
	good := wavSpec{rate: 8000, channels: 1, format: formatPCM, bits: 16}
	raw := makeWAV(t, good, tone(440, 0.5, 8000, 0.1))
	patch := func(at int, b ...byte) []byte {
		c := bytes.Clone(raw)
		copy(c[at:], b)
		return c
	}
	tests := []struct {
		name string
		raw  []byte
		want Reason
		text string
	}{
		{"only the mark", raw[:12], ReasonBadAudio, "no format"},
		{"no samples", raw[:36], ReasonBadAudio, "no samples"},
		{"samples first", patch(12, []byte("data")...), ReasonBadAudio, "before the format"},
		{"short format", append(patch(16, 8), raw...), ReasonBadAudio, "short format"},
		{"no channels", patch(22, 0), ReasonUnsupported, "0 channels"},
		{"many channels", patch(22, 0xff, 0xff), ReasonUnsupported, "65535 channels"},
		{"no rate", patch(24, 0, 0), ReasonUnsupported, "0 Hz"},
		{"huge rate", patch(24, 0xff, 0xff, 0xff, 0xff), ReasonUnsupported, "Hz"},
		{"no frame", patch(32, 0), ReasonBadAudio, "frame size"},
		{"ADPCM", patch(20, 2), ReasonUnsupported, "0x0002"},
		{"GSM", patch(20, 0x31), ReasonUnsupported, "0x0031"},
		{"extensible cut short", patch(20, 0xfe, 0xff), ReasonUnsupported, "extensible"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := convert(t, test.raw, 0)
			if reasonOf(err) != test.want || !strings.Contains(err.Error(), test.text) {
				t.Errorf("%v (%s), want %s naming %q", err, reasonOf(err), test.want, test.text)
			}
		})
	}
}

// TestG711 holds the expansion to values of ITU-T G.711's tables, scaled to 16
// bits (tables 1a and 2a: decision values 4032 of 4096 and 8031 of 8192).
func TestG711(t *testing.T) {
	for _, test := range []struct {
		name   string
		decode func(byte) int16
		code   byte
		want   int16
	}{
		{"A-law +1", fromALaw, 0xD5, 8},
		{"A-law -1", fromALaw, 0x55, -8},
		{"A-law +128", fromALaw, 0xAA, 32256},
		{"A-law -128", fromALaw, 0x2A, -32256},
		{"A-law +33", fromALaw, 0xF5, 528},
		{"µ-law +0", fromMuLaw, 0xFF, 0},
		{"µ-law -0", fromMuLaw, 0x7F, 0},
		{"µ-law +127", fromMuLaw, 0x80, 32124},
		{"µ-law -127", fromMuLaw, 0x00, -32124},
		{"µ-law +16", fromMuLaw, 0xEF, 132},
	} {
		if got := test.decode(test.code); got != test.want {
			t.Errorf("%s: %#02x = %d, want %d", test.name, test.code, got, test.want)
		}
	}
}

func TestResampler(t *testing.T) {
	for _, from := range []int{4000, 7999, 11025, 16000, 22050, 44100, 48000, 384000} {
		response := func(hz float64) float64 {
			spec := wavSpec{rate: from, channels: 1, format: formatFloat, bits: 32}
			got := converted(t, makeWAV(t, spec, tone(hz, 0.9, from, 0.25)))
			return 20 * math.Log10(loudness(got)*math.Sqrt2/0.9+1e-9)
		}
		edge := min(3400, float64(from)/2*0.85)
		for _, hz := range []float64{100, 440, 1000, 1700, edge} {
			if db := response(hz); math.Abs(db) > 0.1 {
				t.Errorf("%d Hz: %g Hz comes out at %.2f dB", from, hz, db)
			}
		}
		for _, hz := range []float64{4050, 5000, 6000, 7900, 8440, 15000} {
			if hz >= float64(from)/2 {
				continue
			}
			if db := response(hz); db > -65 {
				t.Errorf("%d Hz: %g Hz aliases at %.1f dB", from, hz, db)
			}
		}
	}
}

// TestResamplerStreams: how the samples are cut into blocks changes nothing.
func TestResamplerStreams(t *testing.T) {
	in := make([]float32, 5000)
	for i, v := range tone(700, 0.7, 44100, 5000.0/44100) {
		in[i] = float32(v)
	}
	whole := newResampler(44100, rate)
	want := whole.end(whole.add(nil, in))
	for _, size := range []int{1, 7, 440, 441, 4999} {
		r := newResampler(44100, rate)
		var got []float32
		for rest := in; len(rest) > 0; {
			n := min(size, len(rest))
			got = r.add(got, rest[:n])
			rest = rest[n:]
		}
		got = r.end(got)
		if len(got) != len(want) {
			t.Fatalf("blocks of %d: %d samples, want %d", size, len(got), len(want))
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("blocks of %d: sample %d = %g, want %g", size, i, got[i], want[i])
			}
		}
	}
}

func TestRatio(t *testing.T) {
	for _, test := range []struct{ from, up, down int }{
		{8000, 1, 1}, {16000, 1, 2}, {44100, 80, 441}, {48000, 1, 6}, {11025, 320, 441}, {4000, 2, 1},
	} {
		if up, down := ratio(test.from, rate); up != test.up || down != test.down {
			t.Errorf("%d Hz: %d/%d, want %d/%d", test.from, up, down, test.up, test.down)
		}
	}
	for from := minRate; from <= maxRate; from += 997 {
		up, down := ratio(from, rate)
		if off := math.Abs(float64(up)*float64(from)/float64(rate)/float64(down) - 1); off > 1e-3 {
			t.Errorf("%d Hz: %d/%d is off by %g", from, up, down, off)
		}
	}
}

// bits writes bits, the highest first.
type bits struct {
	b []byte
	n int
}

func (w *bits) put(v uint32, n int) {
	for i := n - 1; i >= 0; i-- {
		if w.n%8 == 0 {
			w.b = append(w.b, 0)
		}
		w.b[len(w.b)-1] |= byte(v>>i&1) << (7 - w.n%8)
		w.n++
	}
}

// makeMP3 makes frames of MPEG-1 layer III, 44.1 kHz, 128 kbit/s, mono (ISO
// 11172-3, 2.4.1): each granule has one frequency line, the one at 440 Hz.
func makeMP3(frames int) []byte {
	const line, frameBytes = 11, 144 * 128000 / 44100
	var data bits // Huffman table 1: (0,0) is 1, (0,1) is 001 and a sign
	granule := func() {
		data.put(0x1F, line/2)
		data.put(1, 3)
		data.put(0, 1)
	}
	granule()
	length := data.n
	granule()
	var frame bits
	frame.put(0xFFFB, 16) // sync, MPEG-1, layer III, no CRC
	frame.put(0x90C0, 16) // 128 kbit/s, 44.1 kHz, mono
	frame.put(0, 9+5+4)   // main_data_begin, private bits, scfsi
	for range 2 {
		frame.put(uint32(length), 12)
		frame.put(line/2+1, 9)      // big_values, in pairs
		frame.put(204, 8)           // global_gain: 210 is 1
		frame.put(0, 4+1)           // scalefac_compress, no window switching
		frame.put(1<<10|1<<5|1, 15) // table 1 for all regions
		frame.put(7<<3|7, 7)        // regions
		frame.put(0, 3)             // preflag, scalefac_scale, count1table_select
	}
	frame.b = append(frame.b, data.b...)
	frame.b = append(frame.b, make([]byte, frameBytes-len(frame.b))...)
	return bytes.Repeat(frame.b, frames)
}

func TestMP3(t *testing.T) {
	got := converted(t, makeMP3(40))
	if want := 40 * 1152 * rate / 44100; math.Abs(float64(len(got)-want)) > 2 {
		t.Errorf("%d samples, want %d", len(got), want)
	}
	// The same line in every granule is a tone with a little to both sides.
	near, far := 0.0, 0.0
	for hz := 20.0; hz < 3500; hz += 10 {
		if l := level(got, hz); math.Abs(hz-440) < 50 {
			near = max(near, l)
		} else if math.Abs(hz-440) > 120 {
			far = max(far, l)
		}
	}
	if near < 0.05 || far > near/5 {
		t.Errorf("level around 440 Hz = %.4f, elsewhere %.4f", near, far)
	}
}

func TestTooLongMP3(t *testing.T) {
	_, err := convert(t, makeMP3(400), 10*time.Second) // 10.4 s
	if reasonOf(err) != ReasonTooLarge {
		t.Errorf("%v, want %s", err, ReasonTooLarge)
	}
}
