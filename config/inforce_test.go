package config

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// TestSettings: what is in force is shown, defaults included, but no secret.
func TestSettings(t *testing.T) {
	cfg, err := LoadFS(fstest.MapFS{"calld.toml": {Data: []byte(`
asterisk.secret = "hush-ami"
[announcement]
url = "https://user:hush-url@example.com/a?b"
[queues."상담 1"]
number = "02-1588-1234"
[agents."홍길동"]
password = "hush-password"
phone = "801"
phone_secret = "hush-phone"
queues = ["상담 1"]
[agents.sup]
password = "hush-sup"
role = "supervisor"
`)}}, "calld.toml")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]Setting{}
	for _, s := range cfg.Settings() {
		if _, twice := got[s.Key]; twice {
			t.Errorf("%s is listed twice", s.Key)
		}
		if strings.Contains(s.Value, "hush") {
			t.Errorf("%s shows a secret: %s", s.Key, s.Value)
		}
		got[s.Key] = s
	}
	for _, want := range []Setting{
		{Key: "server.timezone", Value: `"Asia/Seoul"`, Restart: true},
		{Key: "asterisk.secret", Secret: true, Set: true, Restart: true},
		{Key: "tts.token", Secret: true},
		{Key: "announcement.url", Value: `"https://user:xxxxx@example.com/a?b"`},
		{Key: `queues."상담 1".number`, Value: `"0215881234"`},
		{Key: `queues."상담 1".service_level`, Value: `"20s"`},
		{Key: `agents."홍길동".queues`, Value: `["상담 1"]`},
		{Key: `agents."홍길동".phone_secret`, Secret: true, Set: true},
		{Key: "agents.sup.phone_secret", Secret: true},
	} {
		if diff := cmp.Diff(want, got[want.Key]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", want.Key, diff)
		}
	}
}
