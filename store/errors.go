package store

import (
	"errors"
	"fmt"
	"time"
)

// The reasons why a file can't be opened, wrapped in an [OpenError].
// ErrDamaged also comes from any method that meets a damaged page.
var (
	ErrNotStore   = errors.New("store: not a calld store")
	ErrDamaged    = errors.New("store: file is damaged")
	ErrNewer      = errors.New("store: file is from a newer calld")
	ErrLocked     = errors.New("store: file is in use by another process")
	ErrPermission = errors.New("store: file may not be read and written")
)

// The errors of the methods.
var (
	ErrClosed   = errors.New("store: closed")
	ErrNotFound = errors.New("store: not found")
	// ErrCursor refuses a cursor that no page of this list gave out.
	ErrCursor = errors.New("store: bad cursor")
	// ErrLimit refuses a page size that is negative or above MaxLimit.
	ErrLimit = errors.New("store: bad limit")
	// ErrInvalid refuses a record that can never be written, such as a call
	// without id or one above MaxRecord.
	ErrInvalid = errors.New("store: invalid record")
	// ErrResolved refuses to change a missed call that is done with.
	ErrResolved = errors.New("store: missed call is already resolved")
)

// OpenError tells why a file could not be opened and how to mend it. Err is
// one of the sentinels of this package or an error of the operating system.
type OpenError struct {
	Path string
	Err  error
	Mend string
}

func (e *OpenError) Error() string {
	return fmt.Sprintf("open %s: %v; %s", e.Path, e.Err, e.Mend)
}

func (e *OpenError) Unwrap() error { return e.Err }

// LengthError refuses a text that is too long.
type LengthError struct {
	Field string
	Limit int // characters
	Got   int // characters
}

func (e *LengthError) Error() string {
	return fmt.Sprintf("store: %s has %d characters, the limit is %d", e.Field, e.Got, e.Limit)
}

// ClaimedError refuses a missed call that somebody else is working on.
type ClaimedError struct {
	Owner string
	Since time.Time
}

func (e *ClaimedError) Error() string {
	return fmt.Sprintf("store: missed call is claimed by %s since %s", e.Owner, e.Since.Format(time.RFC3339))
}
