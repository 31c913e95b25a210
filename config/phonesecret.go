package config

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"

	"golang.org/x/crypto/argon2"
)

// phoneSecretSalt keeps the key of the web phones' secrets apart from
// whatever else may be made of asterisk.secret.
const phoneSecretSalt = "calld web phones"

// fillPhoneSecrets gives each web phone without a phone_secret one, made of
// asterisk.secret and the phone's number: nobody has to type it, calld and the
// files for Asterisk agree on it, and it outlasts restarts. The key is
// stretched like a password, since agents are given their own phone's secret
// and must not find asterisk.secret by trying.
func fillPhoneSecrets(c *Config) {
	var key []byte
	for i := range c.Agents {
		a := &c.Agents[i]
		if !a.WebPhone || a.Phone == "" || a.PhoneSecret != "" || c.Asterisk.Secret == "" {
			continue
		}
		if key == nil {
			key = argon2.IDKey([]byte(c.Asterisk.Secret), []byte(phoneSecretSalt), hashTime, hashMemory, hashThreads, hashKey)
		}
		h := hmac.New(sha256.New, key)
		h.Write([]byte(a.Phone))
		a.PhoneSecret = Secret(base64.RawURLEncoding.EncodeToString(h.Sum(nil)))
	}
}
