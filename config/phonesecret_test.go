package config

import "testing"

// TestPhoneSecrets: a web phone has a secret, its own, that stays the same as
// long as asterisk.secret and its number do.
func TestPhoneSecrets(t *testing.T) {
	load := func(asterisk, phone string) map[string]Secret {
		t.Helper()
		c := mustLoad(t, "asterisk.secret = \""+asterisk+"\"\n"+`
[queues.1]
number = "100"
[agents.web]
password = "x"
phone = "`+phone+`"
web_phone = true
[agents.other]
password = "x"
phone = "2"
web_phone = true
[agents.given]
password = "x"
phone = "3"
web_phone = true
phone_secret = "given"
[agents.desk]
password = "x"
phone = "4"
`)
		secrets := map[string]Secret{}
		for _, a := range c.Agents {
			secrets[a.ID] = a.PhoneSecret
		}
		return secrets
	}
	first := load("x", "1")
	if len(first["web"]) < 32 || first["web"] == first["other"] {
		t.Errorf("secrets of two phones: %q, %q", string(first["web"]), string(first["other"]))
	}
	if first["given"] != "given" || first["desk"] != "" {
		t.Errorf("given %q, of a desk phone %q", string(first["given"]), string(first["desk"]))
	}
	if again := load("x", "1"); again["web"] != first["web"] {
		t.Error("the secret changes by itself")
	}
	if load("y", "1")["web"] == first["web"] || load("x", "5")["web"] == first["web"] {
		t.Error("the secret does not depend on asterisk.secret and the number")
	}
}
