package announce

import (
	"bytes"
	"context"
	"errors"
	"strconv"
)

// decodeOgg has ogg decoded by an installed program, ffmpeg or else sox: ogg
// holds Vorbis or Opus, and no decoder of both in Go is worth depending on.
func (s *Service) decodeOgg(ctx context.Context, raw []byte) (decoder, error) {
	kind := oggKind(raw)
	if kind == "" {
		return nil, fail(ReasonUnsupported, "ogg: neither Vorbis nor Opus")
	}
	argv, err := s.oggProgram(kind)
	if err != nil {
		return nil, err
	}
	limit := int64(s.maxLength.Seconds() * 2 * rate)
	pcm, err := program{argv: argv, stdin: bytes.NewReader(raw), limit: limit}.run(ctx)
	switch {
	case errors.Is(err, errTooMuch):
		return nil, fail(ReasonTooLarge, "sound is longer than %s", s.maxLength)
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, fail(ReasonBadAudio, "ogg: %w", err)
	}
	return &wavDecoder{data: pcm[:len(pcm)&^1], hz: rate, channels: 1, width: 2, sample: sampleReader(formatPCM, 2)}, nil
}

// oggKind reads the codec's mark in the first page (RFC 3533: 27 bytes and
// one for each segment come before the data).
func oggKind(raw []byte) string {
	if len(raw) < 27 || len(raw) < 27+int(raw[26]) {
		return ""
	}
	switch data := raw[27+int(raw[26]):]; {
	case bytes.HasPrefix(data, []byte("\x01vorbis")):
		return "vorbis"
	case bytes.HasPrefix(data, []byte("OpusHead")):
		return "opus"
	}
	return ""
}

// oggProgram gives the command for a kind of ogg. Both programs are told
// what comes and where from: neither may guess at bytes from elsewhere, nor
// open other files or addresses for them.
func (s *Service) oggProgram(kind string) ([]string, error) {
	hz := strconv.Itoa(rate)
	if ffmpeg, err := s.lookPath("ffmpeg"); err == nil {
		return []string{
			ffmpeg, "-nostdin", "-v", "error", "-protocol_whitelist", "pipe", "-f", "ogg", "-i", "pipe:0",
			"-map", "0:a:0", "-f", "s16le", "-ac", "1", "-ar", hz, "pipe:1",
		}, nil
	}
	if sox, err := s.lookPath("sox"); err == nil {
		return []string{
			sox, "-V1", "-t", kind, "-",
			"-t", "raw", "-e", "signed-integer", "-b", "16", "-L", "-c", "1", "-r", hz, "-",
		}, nil
	}
	return nil, fail(ReasonUnsupported, "ogg (%s) needs the program ffmpeg or sox: install one, or send wav or mp3", kind)
}
