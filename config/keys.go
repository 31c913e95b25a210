package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Callback is how those who wait may be called back instead.
type Callback struct {
	Key      string        // that a caller presses; empty: nobody is called back
	Expires  time.Duration // after the key was pressed
	Attempts int           // in which the customer does not answer, until it is given up
	Retry    time.Duration // between two of them
	Offer    Notice        // tells of the key, when the wait begins and after each waiting announcement
	Confirm  Notice        // tells that the key was pressed
}

// Message is how callers leave a voice message.
type Message struct {
	Key      string // that a caller who waits presses; empty: there is none
	Longest  time.Duration
	Shortest time.Duration // what is shorter is dropped
	Silence  time.Duration // that ends it
	Offer    Notice        // as of [Callback]
	Prompt   Notice        // what is told before the beep
}

func sayCallback(language string) []string {
	switch language {
	case "ko":
		return []string{"순서를 유지한 채 전화를 받으시려면 {key}번을 눌러 주세요."}
	case "en":
		return []string{"To be called back and keep your place, press {key}."}
	}
	return nil
}

func sayBooked(language string) []string {
	switch language {
	case "ko":
		return []string{"순서가 되면 전화를 드리겠습니다. 이제 전화를 끊으셔도 됩니다."}
	case "en":
		return []string{"We will call you back when it is your turn. You may hang up now."}
	}
	return nil
}

func sayMessage(language string) []string {
	switch language {
	case "ko":
		return []string{"음성 메시지를 남기시려면 {key}번을 눌러 주세요."}
	case "en":
		return []string{"To leave a message, press {key}."}
	}
	return nil
}

func sayPrompt(language string) []string {
	switch language {
	case "ko":
		return []string{"삐 소리가 나면 메시지를 남겨 주세요. 마치시려면 우물 정자를 눌러 주세요."}
	case "en":
		return []string{"Please leave a message after the tone. Press the hash key when you have finished."}
	}
	return nil
}

// placeKey stands for the key in a notice that offers it.
const placeKey = "{key}"

// told reads a notice, which by default is in calld's own words if it can speak.
func (s *section) told(key string, c *Config, say func(string) []string, placeholders ...string) Notice {
	n := s.get(key)
	switch {
	case n == nil && c.TTS.Engine == "off":
		return Notice{Language: c.Server.Language}
	case n == nil:
		return Notice{Text: say(c.Server.Language), Language: c.Server.Language}
	case n.value == false:
		return Notice{Language: c.Server.Language}
	}
	sub := s.inner(key, "text")
	defer sub.done()
	return sub.noticeKeys(c, say, placeholders...)
}

// withKey fills the key into a notice that offers it.
func (n Notice) withKey(key string) Notice {
	text := make([]string, len(n.Text))
	for i, t := range n.Text {
		text[i] = strings.ReplaceAll(t, placeKey, key)
	}
	n.Text = text
	return n
}

// pressed reads the key of a table.
func (s *section) pressed() string {
	return s.str("key", "", func(v string) error {
		if v == "" || len(v) == 1 && strings.Contains("0123456789*#", v) {
			return nil
		}
		return fmt.Errorf(`%q is no key; use one of 0 to 9, * and #, or "" for none`, v)
	})
}

// readKeys reads what the keys of those who wait do.
func (s *section) readKeys(q *Queue, c *Config) {
	q.Callback = s.callback(c)
	q.Message = s.message(c)
	if k := q.Callback.Key; k != "" && k == q.Message.Key {
		s.fault("message", "has the key %s, which callback has too; choose another one", k)
	}
}

func (s *section) callback(c *Config) Callback {
	const key = "callback"
	if n := s.get(key); n == nil || n.value == false {
		return Callback{}
	}
	sub := s.inner(key, "key")
	b := Callback{
		Key:      sub.pressed(),
		Expires:  sub.duration("expires", 2*time.Hour, span{time.Minute, 7 * day, ""}),
		Attempts: sub.integer("attempts", 3, 1, 20),
		Retry:    sub.duration("retry", 5*time.Minute, span{time.Second, day, ""}),
		Offer:    sub.told("offer", c, sayCallback, placeKey),
		Confirm:  sub.told("confirm", c, sayBooked),
	}
	if !sub.has("key") {
		sub.missing("key", `set the key that callers press, such as key = "1"`)
	}
	b.Offer = b.Offer.withKey(b.Key)
	sub.done()
	return b
}

// message has its defaults without a table too: a caller may be led to it.
func (s *section) message(c *Config) Message {
	const key = "message"
	sub := &section{l: s.l, path: s.path}
	if n := s.get(key); n != nil && n.value != false {
		sub = s.inner(key, "key")
	}
	m := Message{
		Key:      sub.pressed(),
		Longest:  sub.duration("longest", 2*time.Minute, span{5 * time.Second, time.Hour, ""}),
		Shortest: sub.duration("shortest", 2*time.Second, span{0, time.Minute, ""}),
		Silence:  sub.duration("silence", 5*time.Second, span{time.Second, time.Minute, "to wait for the hash key"}),
		Offer:    sub.told("offer", c, sayMessage, placeKey),
		Prompt:   sub.told("prompt", c, sayPrompt),
	}
	if m.Offer = m.Offer.withKey(m.Key); m.Key == "" {
		m.Offer = Notice{Language: c.Server.Language}
	}
	sub.done()
	return m
}

// String is the callback as the file would have it.
func (b *Callback) String() string {
	if b.Key == "" {
		return "false"
	}
	return "{ " + strings.Join([]string{
		"key = " + strconv.Quote(b.Key), "expires = " + text("", formatDuration(b.Expires)).value,
		"attempts = " + strconv.Itoa(b.Attempts), "retry = " + text("", formatDuration(b.Retry)).value,
		"offer = " + b.Offer.String(), "confirm = " + b.Confirm.String(),
	}, ", ") + " }"
}

// String is the message as the file would have it.
func (m *Message) String() string {
	return "{ " + strings.Join([]string{
		"key = " + strconv.Quote(m.Key), "longest = " + text("", formatDuration(m.Longest)).value,
		"shortest = " + text("", formatDuration(m.Shortest)).value, "silence = " + text("", formatDuration(m.Silence)).value,
		"offer = " + m.Offer.String(), "prompt = " + m.Prompt.String(),
	}, ", ") + " }"
}
