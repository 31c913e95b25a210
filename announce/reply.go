package announce

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

const (
	// maxJSON bounds a JSON reply, in bytes.
	maxJSON = 64 << 10
	// maxText bounds a text to be spoken, in bytes: some five minutes of it.
	maxText = 8 << 10
	// accept tells the server what it may send.
	accept = "audio/wav, audio/mpeg, audio/ogg, application/json, text/plain"
)

// reply is the server's answer in JSON; exactly one of Audio, Text and Skip
// is set. Other members are left for later versions of the protocol.
type reply struct {
	Audio    string `json:"audio"`
	Text     string `json:"text"`
	Language string `json:"language"`
	Skip     bool   `json:"skip"`
}

// ask sends the request and does what the reply says.
func (s *Service) ask(ctx context.Context, cfg *settings, r Request, address string) (Result, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return Result{}, fail(ReasonInternal, "request: %w", err)
	}
	req, err := newRequest(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return Result{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", accept)
	resp, err := s.client.Do(req)
	if err != nil {
		return Result{}, requestError(err)
	}
	defer resp.Body.Close() //nolint:errcheck // nothing was written
	if resp.StatusCode == http.StatusNoContent {
		return Result{Kind: Skip}, nil
	}
	if err := checkStatus(resp); err != nil {
		return Result{}, err
	}
	kind, params, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil {
		return Result{}, fail(ReasonBadReply, "content type %q: %w", resp.Header.Get("Content-Type"), err)
	}
	switch {
	case isAudio(kind):
		return s.playBody(ctx, cfg, resp)
	case kind == "application/json":
		return s.obey(ctx, cfg, r, resp)
	case kind == "text/plain":
		if c := params["charset"]; c != "" && !strings.EqualFold(c, "utf-8") && !strings.EqualFold(c, "us-ascii") {
			return Result{}, fail(ReasonBadReply, "text in charset %q: want utf-8", c)
		}
		text, err := readLimited(resp.Body, resp.ContentLength, maxText)
		if err != nil {
			return Result{}, err
		}
		return s.speak(ctx, cfg, string(text), r.Language)
	}
	return Result{}, fail(ReasonBadReply, "content type %q: want audio/*, application/json or text/plain", kind)
}

// isAudio reports whether a media type may hold a sound; which kind of sound
// its bytes tell (RFC 5334 gives ogg a type outside of audio/).
func isAudio(mediaType string) bool {
	return strings.HasPrefix(mediaType, "audio/") || mediaType == "application/ogg"
}

// obey reads a JSON reply and does what it says.
func (s *Service) obey(ctx context.Context, cfg *settings, r Request, resp *http.Response) (Result, error) {
	body, err := readLimited(resp.Body, resp.ContentLength, maxJSON)
	if err != nil {
		return Result{}, err
	}
	var told reply
	if err := json.Unmarshal(body, &told); err != nil {
		return Result{}, fail(ReasonBadReply, "JSON reply: %w", err)
	}
	set := 0
	for _, is := range []bool{told.Audio != "", told.Text != "", told.Skip} {
		if is {
			set++
		}
	}
	if set != 1 {
		return Result{}, fail(ReasonBadReply, `JSON reply: want one of "audio", "text" and "skip", got %d`, set)
	}
	switch {
	case told.Skip:
		return Result{Kind: Skip}, nil
	case told.Text != "":
		language := told.Language
		if language == "" {
			language = r.Language
		}
		return s.speak(ctx, cfg, told.Text, language)
	}
	target, err := resp.Request.URL.Parse(told.Audio) // relative to the server that answered
	if err != nil {
		return Result{}, fail(ReasonBadURL, "audio address: %w", err)
	}
	return s.playURL(ctx, cfg, target.String())
}

// playBody plays the sound that the reply itself carries.
func (s *Service) playBody(ctx context.Context, cfg *settings, resp *http.Response) (Result, error) {
	name, err := s.work.alone(ctx, workLimit, func(work context.Context) (string, error) {
		if err := s.transfers.takeWithin(ctx, cfg.timeout/2); err != nil {
			return "", err
		}
		// The place is given back when the conversion is over, which may be
		// after this call has given up: until then the body is in memory.
		defer s.transfers.release()
		raw, err := readLimited(resp.Body, resp.ContentLength, s.maxBody)
		if err != nil {
			return "", err
		}
		return s.keep(work, raw, lasting)
	})
	if err != nil {
		return Result{}, err
	}
	return Result{Kind: Play, Sound: s.sounds.path(name)}, nil
}

// newRequest makes a request of an http or https address.
func newRequest(ctx context.Context, method, address string, body io.Reader) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, fail(ReasonBadURL, "address: %w", err)
	}
	if err := checkURL(req.URL); err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "calld")
	return req, nil
}

func checkURL(u *url.URL) error {
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fail(ReasonBadURL, "address %q: want http:// or https:// and a host", u.Redacted())
	}
	return nil
}

func checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fail(ReasonNetwork, "more than %d redirects", maxRedirects)
	}
	return checkURL(req.URL)
}

func checkStatus(resp *http.Response) error {
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return &Error{Reason: ReasonStatus, Err: &StatusError{URL: resp.Request.URL.Redacted(), Code: resp.StatusCode}}
	}
	return nil
}

// StatusError is an HTTP status that is no success.
type StatusError struct {
	URL  string // without password
	Code int
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%s answered %d %s", e.URL, e.Code, http.StatusText(e.Code))
}

// requestError keeps the reason of an error that came through the client.
func requestError(err error) error {
	return &Error{Reason: reasonOf(err), Err: err}
}

// readLimited reads a body of at most limit bytes. A body that says it is
// longer is not read at all.
func readLimited(body io.Reader, length, limit int64) ([]byte, error) {
	if length > limit {
		return nil, fail(ReasonTooLarge, "reply of %d bytes: the limit is %d", length, limit)
	}
	raw, err := io.ReadAll(io.LimitReader(body, limit+1))
	if int64(len(raw)) > limit {
		return nil, fail(ReasonTooLarge, "reply of more than %d bytes", limit)
	}
	if err != nil {
		return nil, requestError(fmt.Errorf("reading the reply: %w", err))
	}
	return raw, nil
}

// cleanText makes a text fit to be spoken and to be a program's argument:
// UTF-8, without control characters, with something in it.
func cleanText(text string) (string, error) {
	if !utf8.ValidString(text) {
		return "", fail(ReasonBadReply, "text is not UTF-8")
	}
	if len(text) > maxText {
		return "", fail(ReasonTooLarge, "text of %d bytes: the limit is %d", len(text), maxText)
	}
	clean := strings.Join(strings.FieldsFunc(text, isGap), " ")
	if clean == "" {
		return "", &Error{Reason: ReasonBadReply, Err: errors.New("text is empty")}
	}
	return clean, nil
}
