package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of a delivery, as the Standard Webhooks specification 1.0.0 names
// them.
const (
	HeaderID        = "Webhook-Id"        // the same at each try
	HeaderTimestamp = "Webhook-Timestamp" // of this try, in seconds since 1970
	HeaderSignature = "Webhook-Signature" // "v1," and the signature; several may stand there, with spaces between
)

// Tolerance is how far from its receiver's clock a delivery's timestamp may be.
const Tolerance = 5 * time.Minute

// What Verify may find.
var (
	ErrSignature = errors.New("webhook: wrong signature")
	ErrTimestamp = errors.New("webhook: no timestamp, or one too far from now")
)

// Sign makes the signature of a delivery. Standard Webhooks, "Signature scheme":
// HMAC-SHA256 over id, timestamp and body with dots between, in base64.
func Sign(key []byte, id string, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write(append(fmt.Appendf(nil, "%s.%d.", id, at.Unix()), body...))
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Verify checks a delivery as its receiver has to: that one of the signatures
// is made with the key, and that it was made within [Tolerance] of now. The
// errors are ErrSignature and ErrTimestamp.
func Verify(key []byte, h http.Header, body []byte, now time.Time) error {
	seconds, err := strconv.ParseInt(h.Get(HeaderTimestamp), 10, 64)
	at := time.Unix(seconds, 0)
	if err != nil || now.Sub(at).Abs() > Tolerance {
		return ErrTimestamp
	}
	want := []byte(Sign(key, h.Get(HeaderID), at, body))
	for got := range strings.FieldsSeq(h.Get(HeaderSignature)) {
		if hmac.Equal([]byte(got), want) {
			return nil
		}
	}
	return ErrSignature
}
