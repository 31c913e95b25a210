package lab

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

var errSDP = errors.New("lab: no audio address in the session description")

// sdpBody describes our audio: µ-law and telephone events (RFC 4566, RFC 4733).
func sdpBody(host string, port int) []byte {
	return fmt.Appendf(nil, "v=0\r\no=- 1 1 IN IP4 %[1]s\r\ns=-\r\nc=IN IP4 %[1]s\r\nt=0 0\r\n"+
		"m=audio %[2]d RTP/AVP %[3]d %[4]d\r\na=rtpmap:%[3]d PCMU/8000\r\n"+
		"a=rtpmap:%[4]d telephone-event/8000\r\na=fmtp:%[4]d 0-16\r\na=ptime:20\r\na=sendrecv\r\n",
		host, port, ptULaw, ptEvent)
}

// sdpAudio finds where the other side wants its audio.
func sdpAudio(body []byte) (netip.AddrPort, error) {
	var host netip.Addr
	var port uint64
	for line := range strings.Lines(string(body)) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 3 && fields[0] == "c=IN":
			addr, err := netip.ParseAddr(fields[2])
			if err != nil {
				return netip.AddrPort{}, fmt.Errorf("%w: %w", errSDP, err)
			}
			host = addr
		case len(fields) > 1 && fields[0] == "m=audio":
			p, err := strconv.ParseUint(fields[1], 10, 16)
			if err != nil {
				return netip.AddrPort{}, fmt.Errorf("%w: %w", errSDP, err)
			}
			port = p
		}
	}
	if !host.IsValid() || port == 0 {
		return netip.AddrPort{}, fmt.Errorf("%w: %q", errSDP, body)
	}
	return netip.AddrPortFrom(host, uint16(port)), nil
}
