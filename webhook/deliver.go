package webhook

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	// maxAnswer is how much of an answer is read, so that its connection can
	// be used again. Nothing in it counts.
	maxAnswer = 64 << 10
	// maxRetryAfter bounds what a receiver's Retry-After is followed for.
	maxRetryAfter = time.Hour
)

// Delivery is what came of one try to deliver.
type Delivery struct {
	At     time.Time `json:"at"`
	Status int       `json:"status" doc:"HTTP status; 0 when there was no answer."`
	TookMS int64     `json:"took_ms"`
	Error  string    `json:"error" doc:"Empty when the receiver took it (2xx)."`
}

// attempt is a Delivery with what the receiver asks for.
type attempt struct {
	Delivery

	retryAfter time.Duration
}

// gone reports that the receiver wants no more.
func (t *attempt) gone() bool { return t.Status == http.StatusGone }

func newClient(transport http.RoundTripper) *http.Client {
	if transport == nil {
		usual := http.DefaultTransport.(*http.Transport).Clone()
		usual.MaxIdleConnsPerHost = AtOnce
		transport = usual
	}
	return &http.Client{
		Transport: transport,
		// Where an event goes is what the admin wrote.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// try sends one delivery.
func (r *receiver) try(ctx context.Context, seq uint64, body []byte) attempt {
	r.mu.Lock()
	hook := r.hook
	r.mu.Unlock()
	t := attempt{Delivery: Delivery{At: time.Now()}}
	began := t.At
	err := t.send(ctx, r.s.client, seq, body, r.s.o.Version, request{url: hook.URL, key: hook.Key(), timeout: hook.Timeout})
	t.At = time.Now()
	t.TookMS = t.At.Sub(began).Milliseconds()
	if err != nil {
		t.Error = err.Error()
	}
	return t
}

// request is where a delivery goes.
type request struct {
	url     string
	key     []byte
	timeout time.Duration
}

func (t *attempt) send(ctx context.Context, client *http.Client, seq uint64, body []byte, version string, to request) error {
	ctx, cancel := context.WithTimeout(ctx, to.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "calld/"+version)
	req.Header.Set(HeaderID, eventID(seq))
	req.Header.Set(HeaderTimestamp, strconv.FormatInt(t.At.Unix(), 10))
	req.Header.Set(HeaderSignature, Sign(to.key, eventID(seq), t.At, body))
	answer, err := client.Do(req)
	if err != nil {
		if failed, ok := err.(*url.Error); ok { //nolint:errorlint // what Do returns; its text has the whole URL
			err = failed.Err
		}
		return err
	}
	defer answer.Body.Close() //nolint:errcheck // nothing in it counts
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswer))
	t.Status = answer.StatusCode
	if t.Status >= 200 && t.Status < 300 {
		return nil
	}
	if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil && seconds > 0 {
		t.retryAfter = min(time.Duration(min(seconds, int(maxRetryAfter/time.Second)))*time.Second, maxRetryAfter)
	}
	return fmt.Errorf("the receiver answered %d %s", t.Status, http.StatusText(t.Status))
}

// redacted is a URL without its password.
func redacted(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Redacted()
}
