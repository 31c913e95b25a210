package webhook_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"calld/config"
	"calld/webhook"
)

// TestSign: the example of the Standard Webhooks specification's libraries.
func TestSign(t *testing.T) {
	hook := config.Webhook{Secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
	got := webhook.Sign(hook.Key(), "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("signed %s, not %s", got, want)
	}
}

func TestVerify(t *testing.T) {
	key, now, body := []byte("0123456789abcdef"), time.Unix(1_800_000_000, 0), []byte(`{"type":"call.ended"}`)
	header := func(signatures string) http.Header {
		return http.Header{
			webhook.HeaderID: {"evt_1"}, webhook.HeaderTimestamp: {"1800000000"}, webhook.HeaderSignature: {signatures},
		}
	}
	good := webhook.Sign(key, "evt_1", now, body)
	for _, c := range []struct {
		name   string
		header http.Header
		body   string
		now    time.Time
		want   error
	}{
		{"good", header(good), string(body), now, nil},
		{"one of several, as while a secret is changed", header("v1,AAAA v1a,xx " + good), string(body), now.Add(webhook.Tolerance), nil},
		{"another body", header(good), `{"type":"call.missed"}`, now, webhook.ErrSignature},
		{"another key's", header(webhook.Sign([]byte("another"), "evt_1", now, body)), string(body), now, webhook.ErrSignature},
		{"none", header(""), string(body), now, webhook.ErrSignature},
		{"old", header(good), string(body), now.Add(webhook.Tolerance + time.Second), webhook.ErrTimestamp},
		{"from the future", header(good), string(body), now.Add(-webhook.Tolerance - time.Second), webhook.ErrTimestamp},
		{"no timestamp", http.Header{webhook.HeaderSignature: {good}}, string(body), now, webhook.ErrTimestamp},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := webhook.Verify(key, c.header, []byte(c.body), c.now); !errors.Is(err, c.want) {
				t.Errorf("%v, not %v", err, c.want)
			}
		})
	}
}
