package store

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	timeLen = 8
	maxTerm = 1024 // bytes; what a hostile caller sends beyond is not indexed
)

// timeKey makes a time sortable as bytes. What lies outside of 1970 to 2262
// is moved to the nearer end.
func timeKey(t time.Time) []byte {
	var n uint64
	switch {
	case t.Before(time.Unix(0, 0)):
	case t.After(time.Unix(0, math.MaxInt64)):
		n = math.MaxInt64
	default:
		n = uint64(t.UnixNano())
	}
	return binary.BigEndian.AppendUint64(nil, n)
}

func entryKey(t time.Time, id string) []byte { return append(timeKey(t), id...) }

// term writes a text so that no other text's term is its beginning. Invalid
// UTF-8 becomes what encoding/json makes of it, so that a key made from a
// record as it came equals the one made from the record as it was stored.
func term(s string) []byte {
	if !utf8.ValidString(s) {
		s = string([]rune(s))
	}
	s = s[:min(len(s), maxTerm)]
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(s))), s...)
}

func join(parts ...[]byte) []byte {
	var key []byte
	for _, p := range parts {
		key = append(key, p...)
	}
	return key
}

// number brings the ways to write one telephone number together: 02-1588-1234
// and (02) 1588 1234 are 0215881234. What is no telephone number, such as the
// name in a SIP address, is only lowered.
func number(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	digits := strings.Map(func(r rune) rune {
		if strings.ContainsRune("+-.()/ \u00a0", r) {
			return -1
		}
		return r
	}, s)
	for _, r := range digits {
		if !strings.ContainsRune("0123456789*#", r) {
			return s
		}
	}
	return digits
}

// listing names what a cursor belongs to, so that one list's cursor is refused
// by another.
type listing byte

const (
	listHistory listing = 'h'
	listMissed  listing = 'm'
	listAudit   listing = 'a'
	listEntries listing = 'e'
	listResults listing = 'r'
	listBarred  listing = 'b'
)

// formatCursor makes the opaque cursor of a position: the key of the last
// entry that was looked at. The next page starts below it, whatever has been
// added above in the meantime.
func formatCursor(l listing, key []byte) string {
	return base64.RawURLEncoding.EncodeToString(append([]byte{byte(l)}, key...))
}

func parseCursor(l listing, cursor string) ([]byte, error) {
	// Strict, and without the line breaks that base64 skips: one position has
	// one spelling.
	b, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || strings.ContainsAny(cursor, "\r\n") || len(b) < 1+timeLen+1 || b[0] != byte(l) {
		return nil, fmt.Errorf("%w: %.40q", ErrCursor, cursor)
	}
	return b[1:], nil
}
