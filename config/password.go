package config

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// What HashPassword spends: the OWASP password storage cheat sheet's setting
// for argon2id with the least memory, so that a whole shift logging in at
// once doesn't exhaust a small machine.
const (
	hashMemory  = 19 * 1024 // KiB
	hashTime    = 2
	hashThreads = 1
	hashSalt    = 16 // bytes
	hashKey     = 32 // bytes
)

// What VerifyPassword accepts. A hash says itself how much memory and time
// its check takes, so a hostile or mistyped one must not name its price.
const (
	maxHashMemory  = 256 * 1024 // KiB
	maxHashTime    = 10
	maxHashThreads = 16
	minHashBytes   = 8 // of salt and of key
	maxHashBytes   = 64
)

const hashPrefix = "$argon2id$"

var errHash = errors.New("config: not a password hash that can be checked")

// passwordHash is an argon2id hash with its parameters.
type passwordHash struct {
	memory, time uint32
	threads      uint8
	salt, key    []byte
}

// String returns the PHC string format,
// https://github.com/P-H-C/phc-string-format/blob/master/phc-sf-spec.md.
func (h passwordHash) String() string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("%sv=%d$m=%d,t=%d,p=%d$%s$%s",
		hashPrefix, argon2.Version, h.memory, h.time, h.threads, b64(h.salt), b64(h.key))
}

// parseHash reads what String wrote. It refuses what would cost too much to
// check.
func parseHash(s string) (passwordHash, error) {
	var h passwordHash
	var version int
	parts := strings.Split(s, "$") // "", argon2id, v=, m=…, salt, key
	if len(parts) != 6 {
		return h, errHash
	}
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil {
		return h, errHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.memory, &h.time, &h.threads); err != nil {
		return h, errHash
	}
	var saltErr, keyErr error
	h.salt, saltErr = base64.RawStdEncoding.Strict().DecodeString(parts[4])
	h.key, keyErr = base64.RawStdEncoding.Strict().DecodeString(parts[5])
	switch {
	case saltErr != nil, keyErr != nil,
		version != argon2.Version,
		h.time < 1 || h.time > maxHashTime,
		h.threads < 1 || h.threads > maxHashThreads,
		h.memory < 8*uint32(h.threads) || h.memory > maxHashMemory, // RFC 9106 section 3.1
		len(h.salt) < minHashBytes || len(h.salt) > maxHashBytes,
		len(h.key) < minHashBytes || len(h.key) > maxHashBytes,
		h.String() != s: // anything that Sscanf let pass
		return h, errHash
	}
	return h, nil
}

func (h passwordHash) of(password string) []byte {
	return argon2.IDKey([]byte(password), h.salt, h.time, h.memory, h.threads, uint32(len(h.key)))
}

// HashPassword returns the argon2id hash of a password in PHC string format,
// to stand in the configuration file instead of the password. It takes up to
// 50 ms and 19 MiB.
func HashPassword(password string) string {
	h := passwordHash{memory: hashMemory, time: hashTime, threads: hashThreads, salt: make([]byte, hashSalt)}
	rand.Read(h.salt) // never fails
	h.key = make([]byte, hashKey)
	h.key = h.of(password)
	return h.String()
}

// VerifyPassword reports whether password is the one that stored holds, plain
// or hashed. An empty or unusable stored secret matches nothing. Checking a
// hash costs what [HashPassword] costs: limit how many run at once.
func VerifyPassword(stored Secret, password string) bool {
	if stored == "" {
		return false
	}
	if IsHashed(stored) {
		h, err := parseHash(string(stored))
		return err == nil && subtle.ConstantTimeCompare(h.of(password), h.key) == 1
	}
	// Equal lengths, so that the time taken doesn't tell the length.
	want, got := sha256.Sum256([]byte(stored)), sha256.Sum256([]byte(password))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1
}

// IsHashed tells hashes from plain passwords. Other kinds of argon2 count as
// hashes, so that they are refused rather than taken for a plain password.
func IsHashed(s Secret) bool { return strings.HasPrefix(string(s), "$argon2") }
