package config

import (
	"time"
)

// maxWeight is the heaviest queue's weight.
const maxWeight = 100

func (l *loader) readQueues(top *section, c *Config) {
	numbers, sections := map[string]*section{}, map[string]*section{}
	top.each("queues", func(id string, s *section) {
		if err := identifier(id); err != nil {
			l.faults = append(l.faults, Fault{File: s.node.file, Line: s.node.line(), Key: s.path.String(), Text: err.Error()})
		}
		q := Queue{
			ID:           id,
			Name:         s.str("name", id, line),
			Number:       NormalNumber(s.str("number", "", notEmpty, extension)),
			Queueing:     enum(s, "queueing", Inline, Inline, All),
			Order:        enum(s, "order", Listed, Listed, LongestIdle, FewestCalls, RoundRobin, Random),
			Recording:    s.boolean("recording", true),
			RingTimeout:  s.duration("ring_timeout", 20*time.Second, span{time.Second, 10 * time.Minute, ""}),
			MaxWait:      s.duration("max_wait", 10*time.Minute, span{ShortestRing + time.Second, day, "to wait for ever"}),
			MaxWaiting:   s.integer("max_waiting", 0, 0, 10_000),
			Wrapup:       s.duration("wrapup", 0, span{0, time.Hour, ""}),
			Music:        s.str("music", "default", notEmpty, name),
			RetryPause:   s.duration("retry_pause", 10*time.Second, span{0, 10 * time.Minute, ""}),
			AwayAfter:    s.integer("away_after", 3, 0, 100),
			NoAgentWait:  s.duration("no_agent_wait", 30*time.Second, span{time.Second, day, "to wait like any other call"}),
			ServiceLevel: s.duration("service_level", 20*time.Second, span{time.Second, time.Hour, ""}),
			Weight:       s.integer("weight", 0, 0, maxWeight),
			Levels:       s.levels(),
			LevelAfter:   s.duration("level_after", 0, span{time.Second, time.Hour, "to ring whoever is free"}),
			Sticky:       s.duration("sticky", 0, span{time.Minute, year, "for any agent"}),
			StickyWait:   s.duration("sticky_wait", 0, span{time.Second, 10 * time.Minute, "not to wait"}),
		}
		q.AutoAnswer = s.boolean("auto_answer", true)
		q.Dispositions = s.choices("dispositions", maxDisposition)
		q.CRMURL = s.str("crm_url", "", line, optional(crmURL))
		s.readHours(&q, c)
		s.readOverflows(&q, c)
		q.RecordingNotice = s.recordingNotice(c)
		q.Waiting = s.waiting(c)
		s.readKeys(&q, c)
		q.Announcement, q.AnnouncementURL = s.announcement(c.Announcement.URL)
		if !s.has("number") {
			s.missing("number", `set the consultation number that customers dial, for example number = "0215881234"`)
		}
		if first := numbers[q.Number]; first != nil && q.Number != "" {
			s.fault("number", "%s is already the number of queue %q at %s; each queue needs its own", q.Number, first.path[1], first.where("number"))
		}
		numbers[q.Number] = s
		if q.StickyWait > 0 && q.Sticky == 0 {
			s.warn("sticky_wait", "nobody is waited for: sticky is not set")
		}
		s.done()
		sections[id] = s
		c.Queues = append(c.Queues, q)
	})
	checkOverflows(sections, c)
}

// announcement reads true, false or a URL for this queue alone.
func (s *section) announcement(general string) (play bool, own string) {
	const key = "announcement"
	if !s.has(key) {
		s.get(key)
		return true, ""
	}
	switch v := s.get(key).value.(type) {
	case bool:
		if v && general == "" {
			s.warn(key, "nothing will be played: announcement.url is not set")
		}
		return v, ""
	case string:
		own = s.str(key, "", notEmpty, link("http", "https"))
		return own != "", own
	default:
		s.mistyped(key, "true, false or a URL in quotes")
		return false, ""
	}
}
