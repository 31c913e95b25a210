package announce

import (
	"context"
	"strings"
	"unicode"
)

// engine speaks. What it returns is kept under its key, the language and the
// text, so the same three must give the same sound.
type engine interface {
	// key names the engine and its voice.
	key() string
	// speak gives a sound of any kind that is decoded here. The language is
	// a tag such as "ko" or "en-US", or empty.
	speak(ctx context.Context, text, language string) ([]byte, error)
}

// offEngine refuses.
type offEngine struct{}

func (offEngine) key() string { return "off" }

func (offEngine) speak(context.Context, string, string) ([]byte, error) {
	return nil, fail(ReasonTTSOff, `a text came, but text to speech is off: set engine in [tts]`)
}

// Spoken is a text that a caller is to hear.
type Spoken struct {
	Call, Queue    string // for the log
	Text, Language string
}

// Speak makes a text ready to play, spoken now or before. It returns within the
// time-out of [Service.Fetch], or at once when ctx ends. A [Fallback] names no
// sound: what plays instead is up to who asks.
func (s *Service) Speak(ctx context.Context, what Spoken) Result {
	cfg := s.settings.Load()
	result, err := s.limited(ctx, cfg, func(ctx context.Context) (Result, error) {
		return s.speak(ctx, cfg, what.Text, what.Language)
	})
	if err != nil {
		result = failed(ctx, err)
	}
	s.stats.result(result)
	s.warn(Request{Call: what.Call, Queue: what.Queue}, "", result)
	return result
}

// speak plays a text, spoken now or before.
func (s *Service) speak(ctx context.Context, cfg *settings, text, language string) (Result, error) {
	text, err := cleanText(text)
	if err != nil {
		return Result{}, err
	}
	if !isLanguage(language) {
		return Result{}, fail(ReasonBadReply, "language %q: want a tag such as ko or en-US", language)
	}
	if _, off := cfg.engine.(offEngine); off {
		_, err := cfg.engine.speak(ctx, text, language)
		return Result{}, err
	}
	name := nameOf(lasting, []byte("speech"), []byte(cfg.engine.key()), []byte(language), []byte(text))
	if s.sounds.use(name) {
		return Result{Kind: Play, Sound: s.sounds.path(name)}, nil
	}
	_, err = s.work.shared(ctx, "speech "+name, cfg.speech+workLimit, func(work context.Context) (string, error) {
		if s.sounds.use(name) {
			return name, nil // another call's speech ended just before this one began
		}
		if err := s.speaking.takeWithin(work, cfg.timeout/2); err != nil {
			return "", err
		}
		defer s.speaking.release()
		s.stats.spoken()
		speaking, cancel := context.WithTimeout(work, cfg.speech)
		defer cancel()
		raw, err := cfg.engine.speak(speaking, text, language)
		if err != nil {
			return "", err
		}
		return name, s.keepAs(work, name, raw)
	})
	if err != nil {
		return Result{}, err
	}
	return Result{Kind: Play, Sound: s.sounds.path(name)}, nil
}

// isLanguage reports whether a tag is made of short words of letters and
// digits (RFC 5646), and so is safe as a program's argument. Empty is fine.
func isLanguage(tag string) bool {
	if tag == "" {
		return true
	}
	for word := range strings.SplitSeq(strings.ReplaceAll(tag, "_", "-"), "-") {
		if len(word) < 1 || len(word) > 8 || strings.ContainsFunc(word, notAlphanumeric) {
			return false
		}
	}
	return true
}

func notAlphanumeric(r rune) bool {
	return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
}

// isGap tells what separates words and is not spoken.
func isGap(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }
