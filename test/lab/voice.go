package lab

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	packetTime = 20 * time.Millisecond
	// maxHeard bounds what one leg keeps of what it hears: the last ten minutes.
	maxHeard = 10 * 60 * sampleRate
	// toneWindow is how much of the last heard audio is searched for a tone.
	// Tones 20 Hz apart or more are told apart well.
	toneWindow = 200 * time.Millisecond
	// hearsLevel is the level from which a tone counts as heard, 12 dB below
	// that at which it is sent.
	hearsLevel = 0.25
	// maxDigits bounds the digits waiting to be sent.
	maxDigits = 64
)

// errDigits is returned when more digits are to be sent than can wait.
var errDigits = errors.New("lab: too many digits wait to be sent")

// voice is the audio of one leg: a socket, one goroutine that sends and one that
// receives.
type voice struct {
	conn   *net.UDPConn
	remote atomic.Pointer[netip.AddrPort] // nil until known
	tone   atomic.Uint64                  // Float64bits of the frequency sent
	digits chan byte                      // to be sent
	speech atomic.Pointer[[]int16]        // to be sent instead of the tone; nil: none
	wg     sync.WaitGroup
	closed chan struct{}

	mu       sync.Mutex
	heard    []byte    // µ-law
	lastAt   time.Time // when the last audio came
	received string    // digits
	eventAt  uint32    // timestamp of the last digit taken
	hadEvent bool
}

func newVoice(host string, tone float64) (*voice, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(host)})
	if err != nil {
		return nil, fmt.Errorf("lab: audio port: %w", err)
	}
	v := &voice{conn: conn, digits: make(chan byte, maxDigits), closed: make(chan struct{})}
	v.setTone(tone)
	v.wg.Go(v.receive)
	v.wg.Go(v.send)
	return v, nil
}

func (v *voice) close() {
	close(v.closed)
	_ = v.conn.Close()
	v.wg.Wait()
}

func (v *voice) port() int { return portOf(v.conn.LocalAddr()) }

func (v *voice) setTone(hz float64) { v.tone.Store(math.Float64bits(hz)) }

// say sends samples once, from now on.
func (v *voice) say(samples []int16) { v.speech.Store(&samples) }

func (v *voice) setRemote(addr netip.AddrPort) { v.remote.Store(&addr) }

// send sends a packet every 20 ms: the tone, or the digits that wait.
func (v *voice) send() {
	ticker := time.NewTicker(packetTime)
	defer ticker.Stop()
	s := sender{voice: v, ssrc: uint32(v.port())}
	for {
		select {
		case <-v.closed:
			return
		case <-ticker.C:
		}
		if to := v.remote.Load(); to != nil {
			s.tick(*to)
		}
	}
}

// sender is the state of the sending direction.
type sender struct {
	*voice
	ssrc    uint32
	seq     uint16
	samples int  // sent so far
	event   byte // digit being sent, 0 for none
	eventAt int  // its beginning, in samples
	steps   int  // packets of the digit and the pause after it sent so far
	buf     []byte
}

// tick sends what is due now. A socket error is not to be mended here: what
// is not heard the other side will tell.
func (s *sender) tick(to netip.AddrPort) {
	if s.event == 0 {
		select {
		case s.event = <-s.digits:
			s.eventAt, s.steps = s.samples, 0
		default:
		}
	}
	switch {
	case s.event == 0:
		s.audio(to, math.Float64frombits(s.tone.Load()))
	case s.steps < eventPackets:
		s.digit(to, false)
	case s.steps == eventPackets:
		for range eventEndPackets {
			s.digit(to, true)
		}
	default:
		s.audio(to, 0)
	}
	if s.event != 0 {
		if s.steps++; s.steps > eventPackets+eventPause {
			s.event = 0
		}
	}
	s.samples += packetSamples
}

func (s *sender) audio(to netip.AddrPort, hz float64) {
	samples := toneSamples(hz, s.samples, packetSamples)
	if p := s.speech.Load(); p != nil && len(*p) > 0 {
		n := copy(samples, *p)
		rest := (*p)[n:]
		s.speech.CompareAndSwap(p, &rest)
	}
	data := make([]byte, packetSamples)
	for i, x := range samples {
		data[i] = encodeULaw(x)
	}
	s.write(to, packet{payload: ptULaw, timestamp: uint32(s.samples), data: data})
}

func (s *sender) digit(to netip.AddrPort, end bool) {
	duration := (min(s.steps, eventPackets-1) + 1) * packetSamples
	data := eventData(strings.IndexByte(eventDigits, s.event), end, duration)
	s.write(to, packet{marker: s.steps == 0, payload: ptEvent, timestamp: uint32(s.eventAt), data: data})
}

func (s *sender) write(to netip.AddrPort, p packet) {
	s.seq++
	p.seq, p.ssrc = s.seq, s.ssrc
	s.buf = p.append(s.buf[:0])
	_, _ = s.conn.WriteToUDPAddrPort(s.buf, to)
}

func (v *voice) receive() {
	buf := make([]byte, 2048)
	for {
		n, _, err := v.conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // an ICMP answer to what we sent: the other side has closed
		}
		if p, err := parsePacket(buf[:n]); err == nil {
			v.take(p)
		}
	}
}

func (v *voice) take(p packet) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch p.payload {
	case ptULaw:
		v.lastAt = time.Now()
		v.heard = append(v.heard, p.data...)
		if len(v.heard) > maxHeard {
			v.heard = append([]byte(nil), v.heard[len(v.heard)-maxHeard/2:]...)
		}
	case ptEvent:
		// All packets of a digit bear the timestamp of its beginning
		// (RFC 4733, section 2.5.1.2): it counts once, whichever comes first.
		if len(p.data) < 4 || int(p.data[0]) >= len(eventDigits) || v.hadEvent && p.timestamp == v.eventAt {
			return
		}
		v.hadEvent, v.eventAt = true, p.timestamp
		v.received += string(eventDigits[p.data[0]])
	}
}

// samples is all that was heard, decoded.
func (v *voice) samples() []int16 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return decode(v.heard)
}

func decode(codes []byte) []int16 {
	samples := make([]int16, len(codes))
	for i, c := range codes {
		samples[i] = decodeULaw(c)
	}
	return samples
}

// level is that of a tone in what was heard last. It is 0 when nothing comes any
// more.
func (v *voice) level(hz float64) float64 {
	const window = int(toneWindow * sampleRate / time.Second)
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.heard) < window || time.Since(v.lastAt) > toneWindow {
		return 0
	}
	return ToneLevel(decode(v.heard[len(v.heard)-window:]), hz)
}

func (v *voice) digitsReceived() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.received
}

// await looks every 20 ms, the time of a packet, whether ok.
func await(ctx context.Context, ok func() bool) error {
	ticker := time.NewTicker(packetTime)
	defer ticker.Stop()
	for !ok() {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
