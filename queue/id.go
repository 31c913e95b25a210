package queue

import (
	"crypto/rand"
	"encoding/hex"
	"time"
)

// NewCallID makes a call id such as 20261122-104413-1a2b3c4d5e6f: the time in
// the zone of t, so that ids and recordings sort and read well, and 48 random
// bits. It holds nothing that needs escaping in file names, URLs or dialplans.
func NewCallID(t time.Time) string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand.Read ends the program instead
	return t.Format("20060102-150405-") + hex.EncodeToString(b[:])
}
