package announce

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"calld/config"
)

// maxQuoted bounds what is told of a speech server's error, in bytes.
const maxQuoted = 200

// newEngine makes the configured engine; limit bounds what it may give, in
// bytes. An engine that can't work says so when it is used: the configuration
// was checked before, and a call must go on in any case.
func newEngine(cfg config.TTS, client *http.Client, limit int64) engine {
	switch cfg.Engine {
	case "command":
		return &commandEngine{command: cfg.Command, limit: limit}
	case "http":
		return &httpEngine{cfg: cfg, client: client, limit: limit}
	}
	return offEngine{}
}

// speechError is an engine's failure. What ended because all work ends is not
// one.
func speechError(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	if errors.Is(err, errTooMuch) {
		return &Error{Reason: ReasonTooLarge, Err: err}
	}
	return fail(ReasonTTSFailed, "text to speech: %w", err)
}

// commandEngine runs a program that writes a sound file.
type commandEngine struct {
	command string
	limit   int64
}

func (e *commandEngine) key() string { return "command " + e.command }

func (e *commandEngine) speak(ctx context.Context, text, language string) ([]byte, error) {
	raw, err := e.run(ctx, text, language)
	if err != nil {
		return nil, speechError(ctx, err)
	}
	return raw, nil
}

func (e *commandEngine) run(ctx context.Context, text, language string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "calld-speech-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a folder of a few kilobytes in the temporary one
	out := filepath.Join(dir, "speech.wav")
	argv, err := expand(e.command, text, language, out)
	if err != nil {
		return nil, err
	}
	if _, err := (program{argv: argv, file: out, limit: e.limit}).run(ctx); err != nil {
		return nil, err
	}
	f, err := os.Open(out)
	if err != nil {
		return nil, fmt.Errorf("%s wrote nothing: %w", argv[0], err)
	}
	defer f.Close() //nolint:errcheck // only read
	return readLimited(f, -1, e.limit)
}

// expand makes the arguments of a command. There is no shell: the command is
// split at spaces outside of quotes first and filled in afterwards, so a text
// is always one argument, or part of one, whatever it holds.
func expand(command, text, language, out string) ([]string, error) {
	words, err := split(command)
	if err != nil {
		return nil, err
	}
	for _, need := range []string{"{text}", "{out}"} {
		if !strings.Contains(command, need) {
			return nil, fmt.Errorf("tts command %q: %s is missing", command, need)
		}
	}
	fill := strings.NewReplacer("{text}", text, "{language}", language, "{out}", out)
	argv := make([]string, len(words))
	for i, w := range words {
		argv[i] = fill.Replace(w)
		if strings.HasPrefix(w, "{text}") && strings.HasPrefix(text, "-") {
			argv[i] = " " + argv[i] // a text is no option
		}
	}
	return argv, nil
}

// split splits a command at spaces; '…' and "…" keep spaces together.
func split(command string) ([]string, error) {
	var (
		words []string
		word  strings.Builder
		quote rune
		begun bool
	)
	for _, r := range command {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '\'' || r == '"'):
			quote, begun = r, true
		case quote == 0 && (r == ' ' || r == '\t'):
			if begun {
				words = append(words, word.String())
				word.Reset()
				begun = false
			}
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("tts command %q: a quote is not closed", command)
	}
	if begun {
		words = append(words, word.String())
	}
	if len(words) == 0 {
		return nil, errors.New("tts command is empty")
	}
	return words, nil
}

// httpEngine asks a speech server (POST /v1/audio/speech and its like).
type httpEngine struct {
	cfg    config.TTS
	client *http.Client
	limit  int64
}

func (e *httpEngine) key() string {
	return strings.Join([]string{"http", e.cfg.URL, e.cfg.Model, e.cfg.Voice}, "\n")
}

func (e *httpEngine) speak(ctx context.Context, text, _ string) ([]byte, error) {
	raw, err := e.post(ctx, text)
	if err != nil {
		return nil, speechError(ctx, err)
	}
	return raw, nil
}

func (e *httpEngine) post(ctx context.Context, text string) ([]byte, error) {
	body, err := json.Marshal(struct {
		Model  string `json:"model"`
		Voice  string `json:"voice"`
		Input  string `json:"input"`
		Format string `json:"response_format"`
	}{e.cfg.Model, e.cfg.Voice, text, "wav"})
	if err != nil {
		return nil, err
	}
	req, err := newRequest(ctx, http.MethodPost, e.cfg.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "audio/*")
	if e.cfg.Token != "" {
		req.Header.Set("Authorization", "Bearer "+string(e.cfg.Token))
	}
	resp, err := e.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // nothing was written
	if err := checkStatus(resp); err != nil {
		said, _ := io.ReadAll(io.LimitReader(resp.Body, maxQuoted)) // what came of it, to help the reader
		return nil, fmt.Errorf("%w: %s", err, strings.ToValidUTF8(string(said), "?"))
	}
	return readLimited(resp.Body, resp.ContentLength, e.limit)
}
