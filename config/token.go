package config

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"slices"
)

// Token is one [tokens.ID] table: a program that may use the REST API.
type Token struct {
	ID     string
	Hash   Secret // made by HashToken
	Role   Role
	Queues []string // of a token with RoleAgent: the queues that it sees; the others see all
}

// tokenPrefix tells people, and programs that look for secrets in the wrong
// places, what a token is.
const tokenPrefix = "calld_"

const tokenHashPrefix = "sha256:"

// NewToken makes a token of 256 random bits.
func NewToken() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand.Read ends the program instead
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(b[:])
}

// HashToken is what stands in the configuration in a token's place. Unlike a
// password a token can't be guessed, so that nothing is gained by a hash that
// is slow to make, as argon2id is, and every request would have to wait for it.
func HashToken(token string) string {
	h := sha256.Sum256([]byte(token))
	return tokenHashPrefix + hex.EncodeToString(h[:])
}

// Token finds whose token it is. The time that it takes tells nothing of the
// hashes.
func (c *Config) Token(token string) (found Token, ok bool) {
	hash := []byte(HashToken(token))
	for _, t := range c.Tokens {
		if subtle.ConstantTimeCompare(hash, []byte(t.Hash)) == 1 {
			found, ok = t, true
		}
	}
	return found, ok
}

func (l *loader) readTokens(top *section, c *Config) {
	ids := queueIDs(c)
	form := regexp.MustCompile(`^` + tokenHashPrefix + `[0-9a-f]{64}$`)
	hashes := map[Secret]*section{}
	top.each("tokens", func(id string, s *section) {
		if err := identifier(id); err != nil {
			l.faults = append(l.faults, Fault{File: s.node.file, Line: s.node.line(), Key: s.path.String(), Text: err.Error()})
		}
		t := Token{
			ID:     id,
			Hash:   s.secret("hash"),
			Role:   enum(s, "role", RoleAgent, RoleAgent, RoleSupervisor, RoleAdmin),
			Queues: s.list("queues", nil),
		}
		const mend = "make a token and its hash by: calld token"
		switch {
		case !s.has("hash"):
			s.missing("hash", mend)
		case t.Hash == "" && s.node.table["hash"].value != "":
			// reported by secret
		case !form.MatchString(string(t.Hash)):
			s.fault("hash", "is no hash of a token; %s", mend)
		case hashes[t.Hash] != nil:
			s.fault("hash", "is that of token %q too; give each its own: calld token", hashes[t.Hash].path[1])
		}
		hashes[t.Hash] = s
		for i, q := range t.Queues {
			switch {
			case slices.Contains(t.Queues[:i], q):
				s.fault("queues", "queue %q is listed twice; remove one", q)
			case !slices.Contains(ids, q) && !l.partial:
				s.fault("queues", "there is no queue %q%s", q, didYouMean(q, ids))
			}
		}
		switch {
		case t.Role != RoleAgent && len(t.Queues) > 0:
			s.fault("queues", "a token with role = %q sees all queues; remove queues, or make the role agent", t.Role)
		case t.Role == RoleAgent && len(t.Queues) == 0:
			s.warn("queues", "this token sees no queue")
		}
		s.done()
		c.Tokens = append(c.Tokens, t)
	})
}

func (t Token) settings() []setting {
	return []setting{secret("hash", t.Hash), text("role", string(t.Role)), texts("queues", t.Queues)}
}
