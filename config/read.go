package config

import (
	"crypto/tls"
	"net/netip"
	"time"
	_ "time/tzdata" // small machines and containers have no time zones
)

// maxSocketPath is the 107 bytes that fit into sun_path of Linux's
// sockaddr_un, less what the socket's name has more while it is being made.
const maxSocketPath = 87

// config makes a Config of the tree and reports what is wrong in it.
func (l *loader) config(tree *node) *Config {
	top := &section{l: l, node: tree}
	top.get("include") // was read first
	c := &Config{
		Server:       readServer(top.table("server")),
		Asterisk:     readAsterisk(top.table("asterisk")),
		Outbound:     readOutbound(top.table("outbound")),
		Announcement: readAnnouncement(top.table("announcement")),
		TTS:          readTTS(top.table("tts")),
		Callers:      readCallers(top.table("callers")),
		QueueLog:     readQueueLog(top.table("queue_log")),
		Privacy:      readPrivacy(top.table("privacy")),
	}
	l.readCalendars(top, c)
	l.readQueues(top, c)
	l.readAgents(top, c)
	l.readTokens(top, c)
	l.checkLevels(c)
	fillPhoneSecrets(c)
	l.readWebhooks(top, c)
	top.done()
	return c
}

func readServer(s *section) Server {
	v := Server{
		HTTP:           s.str("http", "127.0.0.1:8080", listenAddress),
		AGI:            s.str("agi", "127.0.0.1:4573", listenAddress),
		AGIAllow:       readPrefixes(s, "agi_allow", "127.0.0.0/8"),
		TrustedProxies: readPrefixes(s, "trusted_proxies"),
		Data:           s.l.resolve(s.str("data", "calld.db", notEmpty, line)),
		AdminSocket:    s.l.resolve(s.str("admin_socket", "calld.sock", notEmpty, line)),
	}
	if s.has("agi_allow") && len(s.list("agi_allow", nil)) == 0 {
		s.fault("agi_allow", "is empty, so nobody could connect; name at least Asterisk's address")
	}
	zone := s.str("timezone", "Asia/Seoul", notEmpty, timezone)
	v.Timezone, _ = time.LoadLocation(zone) // was loaded by the check
	v.Language = enum(s, "language", "ko", "ko", "en")
	if !s.has("keep_history") || s.node.table["keep_history"].value != "" {
		v.KeepHistory = s.duration("keep_history", 3*year, span{day, 100 * year, ""})
	} else {
		s.get("keep_history") // "" keeps all
	}
	if len(v.AdminSocket) > maxSocketPath {
		s.fault("admin_socket", "%s is longer than the %d bytes that a socket's path can have; shorten it", v.AdminSocket, maxSocketPath)
	}
	v.AwayReasons = s.choices("away_reasons", maxAwayReason)
	t := s.table("tls")
	v.TLS = TLS{Certificate: s.l.resolve(t.str("certificate", "")), Key: s.l.resolve(t.str("key", ""))}
	switch certificate, key := v.TLS.Certificate != "", v.TLS.Key != ""; {
	case certificate && key:
		t.keyPair(v.TLS)
	case certificate:
		t.fault("certificate", "needs a key too; set server.tls.key")
	case key:
		t.fault("key", "needs a certificate too; set server.tls.certificate")
	}
	t.done()
	s.done()
	return v
}

// keyPair checks that certificate and key can be read and belong together.
func (s *section) keyPair(names TLS) {
	certificate, err := s.l.read(names.Certificate)
	if err != nil {
		s.fault("certificate", "the file %s can't be read: %s", names.Certificate, reason(err))
		return
	}
	key, err := s.l.read(names.Key)
	if err != nil {
		s.fault("key", "the file %s can't be read: %s", names.Key, reason(err))
		return
	}
	if _, err := tls.X509KeyPair(certificate, key); err != nil {
		s.fault("certificate", "can't be used with server.tls.key: %v", err)
	}
}

func readPrefixes(s *section, key string, def ...string) []netip.Prefix {
	var prefixes []netip.Prefix
	for _, text := range s.list(key, def) {
		p, err := parsePrefix(text)
		if err != nil {
			s.fault(key, "%v", err)
			continue
		}
		prefixes = append(prefixes, p)
	}
	return prefixes
}

func readAsterisk(s *section) Asterisk {
	v := Asterisk{
		AMI:               s.str("ami", "127.0.0.1:5038", dialAddress),
		Username:          s.str("username", "calld", notEmpty, name),
		Secret:            s.secret("secret"),
		AgentDial:         s.str("agent_dial", DefaultAgentDial, dialString("{phone}")),
		TrunkDial:         s.str("trunk_dial", "PJSIP/{number}@trunk", dialString("{number}")),
		Recordings:        s.str("recordings", "/var/spool/asterisk/monitor/calld", folder),
		RecordingsHere:    s.l.resolve(s.str("recordings_here", "", line)),
		Sounds:            s.str("sounds", "/var/lib/asterisk/sounds/calld", folder),
		SoundsHere:        s.l.resolve(s.str("sounds_here", "", line)),
		WebSocket:         s.str("websocket", "ws://127.0.0.1:8088/ws", link("ws", "wss")),
		FallbackContext:   s.str("fallback_context", "", name),
		FallbackExtension: s.str("fallback_extension", "", optional(number)),
		OnlyOurEvents:     s.boolean("only_our_events", false),
	}
	if !s.has("secret") {
		s.missing("secret", `set it to the secret of the user in manager.conf, for example secret = "env:CALLD_AMI_SECRET"`)
	} else if v.Secret == "" && s.node.table["secret"].value == "" {
		s.fault("secret", `can't be empty; set it to the secret of the user in manager.conf, for example secret = "env:CALLD_AMI_SECRET"`)
	}
	if v.RecordingsHere == "" {
		v.RecordingsHere = v.Recordings
	}
	if v.SoundsHere == "" {
		v.SoundsHere = v.Sounds
	}
	switch {
	case v.FallbackContext != "" && v.FallbackExtension == "" && !s.has("fallback_extension"):
		s.fault("fallback_context", "needs an extension too; set asterisk.fallback_extension")
	case v.FallbackExtension != "" && v.FallbackContext == "" && !s.has("fallback_context"):
		s.fault("fallback_extension", "needs a context too; set asterisk.fallback_context")
	}
	s.done()
	return v
}

func readOutbound(s *section) Outbound {
	v := Outbound{
		MaxLines: s.integer("max_lines", 100, 1, 10_000),
		MaxRate:  s.decimal("max_rate", 10, 0.1, 1000),

		Numbering: readNumbering(s),
	}
	s.done()
	return v
}

func readAnnouncement(s *section) Announcement {
	v := Announcement{
		URL:      s.str("url", "", link("http", "https")),
		Timeout:  s.duration("timeout", 2*time.Second, span{100 * time.Millisecond, time.Minute, ""}),
		Fallback: s.str("fallback", "", argument),
	}
	s.done()
	return v
}

func readTTS(s *section) TTS {
	v := TTS{
		Engine:  enum(s, "engine", "off", "off", "command", "http"),
		Command: s.str("command", "espeak-ng -v {language} -w {out} -- {text}", line, speechCommand),
		URL:     s.str("url", "", link("http", "https")),
		Model:   s.str("model", "", line),
		Voice:   s.str("voice", "", line),
		Token:   s.secret("token"),
		Timeout: s.duration("timeout", 10*time.Second, span{100 * time.Millisecond, 2 * time.Minute, ""}),
	}
	if v.Engine == "http" && v.URL == "" {
		s.missing("url", `engine = "http" needs the speech server's URL`)
	}
	s.done()
	return v
}

func readQueueLog(s *section) QueueLog {
	v := QueueLog{File: s.l.resolve(s.str("file", "", line))}
	s.done()
	return v
}

// readPrivacy: supervisors and admins work with lists of numbers, exports and
// the audit trail, so that there is nothing to hide from them.
func readPrivacy(s *section) Privacy {
	var v Privacy
	for _, role := range s.list("mask_numbers_for", nil) {
		switch {
		case role != string(RoleAgent):
			s.fault("mask_numbers_for", "%q is not agent, the one role that can do without numbers", role)
		case len(v.MaskNumbersFor) > 0:
			s.fault("mask_numbers_for", "%s is listed twice; remove one", role)
		default:
			v.MaskNumbersFor = append(v.MaskNumbersFor, RoleAgent)
		}
	}
	s.done()
	return v
}
