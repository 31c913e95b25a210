package config

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestPassword(t *testing.T) {
	hash := HashPassword("비밀번호 1")
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash = %s", hash)
	}
	if other := HashPassword("비밀번호 1"); other == hash {
		t.Error("two hashes of one password are equal: no salt")
	}
	for name, c := range map[string]struct {
		stored   Secret
		password string
		want     bool
	}{
		"hash":             {Secret(hash), "비밀번호 1", true},
		"hash, wrong":      {Secret(hash), "비밀번호 2", false},
		"hash as password": {Secret(hash), hash, false},
		"plain":            {"password1", "password1", true},
		"plain, wrong":     {"password1", "password", false},
		"empty":            {"", "", false},
		// From test.c of the reference implementation, phc-winner-argon2.
		"reference": {"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "password", true},
		"too much memory": {
			"$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "password", false,
		},
		"other kind": {"$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8", "password", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := VerifyPassword(c.stored, c.password); got != c.want {
				t.Errorf("VerifyPassword = %v, want %v", got, c.want)
			}
		})
	}
}

func TestParseHashBounds(t *testing.T) {
	for _, hash := range []string{
		"$argon2id$v=19$m=262145,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO0",
		"$argon2id$v=19$m=65536,t=11,p=1$c29tZXNhbHQ$CTFhFdXPJO0",
		"$argon2id$v=19$m=65536,t=0,p=1$c29tZXNhbHQ$CTFhFdXPJO0",
		"$argon2id$v=19$m=65536,t=2,p=17$c29tZXNhbHQ$CTFhFdXPJO0",
		"$argon2id$v=19$m=65536,t=2,p=0$c29tZXNhbHQ$CTFhFdXPJO0",
		"$argon2id$v=19$m=7,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO0",
		"$argon2id$v=16$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO0",
		"$argon2id$v=19$m=65536,t=2,p=1$c2FsdA$CTFhFdXPJO0",
		"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$" + strings.Repeat("A", 88),
		"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ",
	} {
		if h, err := parseHash(hash); err == nil {
			t.Errorf("parseHash(%s) = %+v, want an error", hash, h)
		}
	}
}

// FuzzHash: whatever is accepted is within the bounds and prints as it was.
func FuzzHash(f *testing.F) {
	f.Add("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO0")
	f.Add("$argon2id$v=19$m=+65536,t=02,p=1x$c29tZXNhbHQ$CTFhFdXPJO0")
	f.Fuzz(func(t *testing.T, s string) {
		h, err := parseHash(s)
		if err != nil {
			return
		}
		if h.String() != s {
			t.Errorf("%q prints as %q", s, h)
		}
		if h.memory > maxHashMemory || h.time > maxHashTime || h.threads > maxHashThreads {
			t.Errorf("%q is accepted", s)
		}
	})
}

func TestSecretHidesItself(t *testing.T) {
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "secret", Secret("hunter2"))
	c := Config{Asterisk: Asterisk{Secret: "hunter2"}, Agents: []Agent{{Password: "hunter2", PhoneSecret: "hunter2"}}}
	for _, text := range []string{log.String(), fmt.Sprintf("%v %+v %#v %s %q", c, c, c, c.Asterisk.Secret, c.Asterisk.Secret)} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("the secret is shown: %s", text)
		}
	}
}

func BenchmarkVerifyPassword(b *testing.B) {
	hash := Secret(HashPassword("password"))
	for b.Loop() {
		if !VerifyPassword(hash, "password") {
			b.Fatal("refused")
		}
	}
}
