package lab

import (
	"encoding/binary"
	"errors"
)

// Payload types: 0 is PCMU (RFC 3551, section 6); that of telephone events
// is by agreement, and this is the one everybody takes.
const (
	ptULaw          = 0
	ptEvent         = 101
	rtpHeader       = 12
	packetSamples   = sampleRate / 50 // 20 ms
	eventVolume     = 10              // -10 dBm0
	eventPackets    = 5               // packets of a digit, 100 ms
	eventEndPackets = 3               // RFC 4733, section 2.5.1.4: the end is sent three times
	eventPause      = 4               // packets of silence after a digit, 80 ms
)

var errRTP = errors.New("lab: not an RTP packet")

// packet is an RTP packet without extensions.
type packet struct {
	marker    bool
	payload   byte // payload type
	seq       uint16
	timestamp uint32
	ssrc      uint32
	data      []byte
}

func (p packet) append(b []byte) []byte {
	second := p.payload
	if p.marker {
		second |= 0x80
	}
	b = append(b, 2<<6, second)
	b = binary.BigEndian.AppendUint16(b, p.seq)
	b = binary.BigEndian.AppendUint32(b, p.timestamp)
	b = binary.BigEndian.AppendUint32(b, p.ssrc)
	return append(b, p.data...)
}

// parsePacket reads a packet; its data is a part of b.
func parsePacket(b []byte) (packet, error) {
	if len(b) < rtpHeader || b[0]>>6 != 2 {
		return packet{}, errRTP
	}
	skip := rtpHeader + 4*int(b[0]&0x0F) // contributing sources
	if b[0]&0x10 != 0 {                  // a header extension: RFC 3550, section 5.3.1
		if len(b) < skip+4 {
			return packet{}, errRTP
		}
		skip += 4 + 4*int(binary.BigEndian.Uint16(b[skip+2:]))
	}
	end := len(b)
	if b[0]&0x20 != 0 { // padding, its length in the last byte
		end -= int(b[len(b)-1])
	}
	if skip > end {
		return packet{}, errRTP
	}
	return packet{
		marker:    b[1]&0x80 != 0,
		payload:   b[1] & 0x7F,
		seq:       binary.BigEndian.Uint16(b[2:]),
		timestamp: binary.BigEndian.Uint32(b[4:]),
		ssrc:      binary.BigEndian.Uint32(b[8:]),
		data:      b[skip:end],
	}, nil
}

// eventDigits are the digits by their event code (RFC 4733, section 3.2).
const eventDigits = "0123456789*#ABCD"

// eventData is the payload of a telephone event (RFC 4733, section 2.3).
func eventData(code int, end bool, duration int) []byte {
	second := byte(eventVolume)
	if end {
		second |= 0x80
	}
	return binary.BigEndian.AppendUint16([]byte{byte(code), second}, uint16(duration))
}
