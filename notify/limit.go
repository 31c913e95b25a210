package notify

import "time"

// Limits on what clients send.
const (
	// frameRate and frameBurst bound a client's frames: so many a second, and
	// so many at once.
	frameRate  = 20
	frameBurst = 40
)

// bucket is a token bucket: it holds frameBurst tokens and gets frameRate a
// second.
type bucket struct {
	tokens float64
	at     time.Time
}

// take reports whether there was a token, and takes it.
func (b *bucket) take(now time.Time) bool {
	if b.at.IsZero() {
		b.tokens = frameBurst
	} else {
		b.tokens = min(frameBurst, b.tokens+frameRate*now.Sub(b.at).Seconds())
	}
	b.at = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
