package queue

import "strings"

// outPrefix begins the unique ids of the channels that outbound calls are
// made with, tryPrefix those of the customers whom campaigns dial.
const (
	outPrefix = "calld-out-"
	tryPrefix = "calld-try-"
)

// TryChannel is the unique id of the channel with which a campaign's try dials a
// customer.
func TryChannel(tryID string) string { return tryPrefix + tryID }

// TryOf is the try of a unique id made by [TryChannel].
func TryOf(uniqueID string) (tryID string, ok bool) { return strings.CutPrefix(uniqueID, tryPrefix) }

// IsTryChannel reports whether a unique id is one of [TryChannel].
func IsTryChannel(uniqueID string) bool { return strings.HasPrefix(uniqueID, tryPrefix) }

// OutChannel is the unique id which the first channel of an outbound call must
// be given, so that it is known from its first event on.
func OutChannel(callID string) string { return outPrefix + callID }

// OutOf is the call of a unique id made by [OutChannel].
func OutOf(uniqueID string) (callID string, ok bool) { return strings.CutPrefix(uniqueID, outPrefix) }

// IsOutChannel reports whether a unique id is one of [OutChannel].
func IsOutChannel(uniqueID string) bool { return strings.HasPrefix(uniqueID, outPrefix) }
