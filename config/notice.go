package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Notice is something that a caller is told; the zero value is nothing.
type Notice struct {
	// Text is spoken, one sentence after the other. Sound plays when there is
	// no text, or it can't be spoken.
	Text     []string
	Language string // of Text
	Sound    string // Asterisk's name of a sound
}

// Empty reports whether nothing is told.
func (n *Notice) Empty() bool { return len(n.Text) == 0 && n.Sound == "" }

// Waiting is what is told to those who wait.
type Waiting struct {
	Every time.Duration // 0: nothing
	// Notice may have [WaitingPlaceholders]; a sentence with one that nobody can
	// fill in is left out.
	Notice
}

// WaitingPlaceholders are what stands for something of the wait in
// [Queue.Waiting]: the place in line, 1 for the next, and the minutes that it
// will probably take.
func WaitingPlaceholders() []string { return []string{PlacePosition, PlaceMinutes} }

// The placeholders.
const (
	PlacePosition = "{position}"
	PlaceMinutes  = "{minutes}"
)

// sayRecorded and sayWaiting are what is said where the file gives no words;
// nil in a language that calld does not speak.
func sayRecorded(language string) []string {
	switch language {
	case "ko":
		return []string{"상담 품질 향상을 위해 통화 내용이 녹음됩니다."}
	case "en":
		return []string{"This call is recorded."}
	}
	return nil
}

func sayWaiting(language string) []string {
	switch language {
	case "ko":
		return []string{"잠시만 기다려 주세요. 대기 순서는 {position}번째입니다.", "예상 대기 시간은 약 {minutes}분입니다."}
	case "en":
		return []string{"Please hold the line. You are number {position} in the queue.", "The expected wait is about {minutes} minutes."}
	}
	return nil
}

func sayNothing(string) []string { return nil }

// maxSentences bounds a notice.
const maxSentences = 10

// noticeKeys reads text, language and sound of a table. Without text and sound
// it is said in the words of say.
func (s *section) noticeKeys(c *Config, say func(language string) []string, placeholders ...string) Notice {
	n := Notice{
		Language: s.str("language", c.Server.Language, notEmpty, argument),
		Sound:    s.str("sound", "", argument),
	}
	if n.Sound == "" {
		n.Text = say(n.Language)
	}
	if given := s.get("text"); given != nil {
		if text, ok := given.value.(string); ok {
			n.Text = []string{text}
		} else {
			n.Text = s.list("text", nil)
		}
	}
	for _, text := range n.Text {
		if err := sentence(text, placeholders); err != nil {
			s.fault("text", "%v", err)
			return Notice{}
		}
	}
	if len(n.Text) > maxSentences {
		s.fault("text", "has %d sentences, more than %d; shorten it", len(n.Text), maxSentences)
	}
	if len(n.Text) > 0 && c.TTS.Engine == "off" && n.Sound == "" {
		s.warn("text", "nothing will be said: tts.engine is off, and there is no sound to play instead")
	}
	return n
}

func sentence(text string, placeholders []string) error {
	for _, p := range placeholder.FindAllString(text, -1) {
		if !slices.Contains(placeholders, p) {
			if len(placeholders) == 0 {
				return fmt.Errorf("%s is unknown; there are no placeholders here", p)
			}
			return fmt.Errorf("%s is unknown; the placeholders here are %s", p, strings.Join(placeholders, ", "))
		}
	}
	if strings.TrimSpace(text) == "" {
		return fmt.Errorf("%q says nothing; remove it", text)
	}
	return line(text)
}

// recordingNotice reads true for calld's own words, a text, or a table.
func (s *section) recordingNotice(c *Config) Notice {
	const key = "recording_notice"
	n := s.get(key)
	if n == nil || n.value == false {
		return Notice{}
	}
	sub := s.inner(key, "text")
	notice := sub.noticeKeys(c, sayRecorded)
	if notice.Empty() && !sub.has("text") {
		sub.missing("text", "calld has no words of its own in this language")
	}
	sub.done()
	return notice
}

// inner is the table of a key, which may be written short: as true, for an empty
// table, or as the value of one of its keys.
func (s *section) inner(key, short string) *section {
	n := s.node.table[key]
	if n.table != nil {
		return s.table(key)
	}
	sub := &section{l: s.l, path: append(slices.Clone(s.path), key)}
	sub.node = &node{file: n.file, text: n.text, md: n.md, prim: n.prim, table: map[string]*node{}}
	if on, ok := n.value.(bool); !ok || !on {
		sub.node.table[short], sub.node.order = n, []string{short}
	}
	return sub
}

// waiting reads how often those who wait are told, and what.
func (s *section) waiting(c *Config) Waiting {
	const key = "waiting_announcement"
	if s.get(key) == nil {
		return Waiting{}
	}
	sub := s.inner(key, "every")
	w := Waiting{
		Every:  sub.duration("every", 30*time.Second, span{5 * time.Second, time.Hour, "to say nothing"}),
		Notice: sub.noticeKeys(c, sayWaiting, WaitingPlaceholders()...),
	}
	if w.Every > 0 && w.Empty() && !sub.has("text") {
		sub.missing("text", "calld has no words of its own in this language")
	}
	sub.done()
	return w
}

// String is the notice as the file would have it.
func (n *Notice) String() string {
	if n.Empty() {
		return "false"
	}
	return "{ " + strings.Join(n.pairs(), ", ") + " }"
}

func (n *Notice) pairs() (pairs []string) {
	if len(n.Text) > 0 {
		pairs = append(pairs, "text = "+texts("", n.Text).value, "language = "+text("", n.Language).value)
	}
	if n.Sound != "" {
		pairs = append(pairs, "sound = "+text("", n.Sound).value)
	}
	return pairs
}

func (w *Waiting) String() string {
	if w.Every == 0 {
		return `"0s"`
	}
	return "{ " + strings.Join(append([]string{"every = " + text("", formatDuration(w.Every)).value}, w.pairs()...), ", ") + " }"
}
