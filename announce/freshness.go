package announce

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxLifetime bounds what a server may ask for; it also keeps the sum of a
// time and a lifetime from overflowing.
const maxLifetime = 365 * 24 * time.Hour

// validator is what tells a server which copy we have (RFC 9110, 8.8).
type validator struct{ etag, modified string }

func newValidator(h http.Header) validator {
	return validator{etag: h.Get("ETag"), modified: h.Get("Last-Modified")}
}

// ask makes a request conditional.
func (v validator) ask(h http.Header) {
	if v.etag != "" {
		h.Set("If-None-Match", v.etag)
	}
	if v.modified != "" {
		h.Set("If-Modified-Since", v.modified)
	}
}

// renewed takes over what a 304 says (RFC 9111, 3.2).
func (v validator) renewed(h http.Header) validator {
	if e := h.Get("ETag"); e != "" {
		v.etag = e
	}
	if m := h.Get("Last-Modified"); m != "" {
		v.modified = m
	}
	return v
}

// lifetime is how long a reply may be used without asking again: RFC 9111,
// 4.2.1, without heuristics. Zero means: ask each time.
func lifetime(h http.Header, now time.Time) time.Duration {
	if _, ok := directive(h, "no-cache"); ok {
		return 0
	}
	if v, ok := directive(h, "max-age"); ok {
		return maxAge(v)
	}
	if expires, err := http.ParseTime(h.Get("Expires")); err == nil {
		since := now
		if date, err := http.ParseTime(h.Get("Date")); err == nil {
			since = date // the server's clock on both sides
		}
		return min(max(expires.Sub(since), 0), maxLifetime)
	}
	return 0
}

// maxAge reads delta-seconds. RFC 9111, 1.2.2: too large a number counts as a
// very large one, and 4.2.1 encourages to take rubbish as stale.
func maxAge(v string) time.Duration {
	seconds, err := strconv.ParseUint(v, 10, 63)
	if err != nil && strings.Trim(v, "0123456789") != "" || v == "" {
		return 0
	}
	if err != nil || seconds > uint64(maxLifetime/time.Second) {
		return maxLifetime
	}
	return time.Duration(seconds) * time.Second
}

func noStore(h http.Header) bool {
	_, ok := directive(h, "no-store")
	return ok
}

// directive finds one Cache-Control directive and its value.
func directive(h http.Header, name string) (value string, ok bool) {
	for _, line := range h.Values("Cache-Control") {
		for part := range strings.SplitSeq(line, ",") {
			n, v, _ := strings.Cut(strings.TrimSpace(part), "=")
			if strings.EqualFold(strings.TrimSpace(n), name) {
				return strings.Trim(strings.TrimSpace(v), `"`), true
			}
		}
	}
	return "", false
}
