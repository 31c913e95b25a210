package dialplan

import (
	"embed"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"text/template"
	"unicode"

	"calld/config"
)

// How long the generated dialplan keeps a caller with music while calld is
// away: pauses of 0.5, 1, 1.5 … 5 s, about a minute in all.
const (
	retryMaxPause = 5 // seconds
	retryTries    = 17
)

// ErrAsteriskConfig means that a configuration can't be expressed in
// Asterisk's files.
var ErrAsteriskConfig = errors.New("dialplan: no Asterisk configuration")

//go:embed templates/*.conf
var templates embed.FS

// AsteriskFile is one file for Asterisk's configuration folder.
type AsteriskFile struct {
	Name string // such as extensions_calld.conf
	Into string // the file of Asterisk that includes it at its end
	Text string // pjsip_calld.conf and manager_calld.conf hold passwords
}

// Include is the line to add at the end of the file Into.
func (f AsteriskFile) Include() string { return "#include " + f.Name }

// AsteriskConfig makes Asterisk's side of a configuration: the dialplan, the
// agents' phones and the manager user. Equal configurations make equal files.
//
// The error wraps [ErrAsteriskConfig]. It says what can't be known from the
// configuration, such as the address of calld when it listens on every
// address, or what would break out of its line; [config.Load] lets nothing of
// the second kind pass.
func AsteriskConfig(cfg *config.Config) ([]AsteriskFile, error) {
	data, err := newConfData(cfg)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAsteriskConfig, err)
	}
	all, err := template.ParseFS(templates, "templates/*.conf")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAsteriskConfig, err)
	}
	var files []AsteriskFile
	for _, main := range []string{"extensions", "pjsip", "manager"} {
		f := AsteriskFile{Name: main + "_calld.conf", Into: main + ".conf"}
		var text strings.Builder
		if err := all.ExecuteTemplate(&text, f.Name, data); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrAsteriskConfig, err)
		}
		f.Text = text.String()
		files = append(files, f)
	}
	return files, nil
}

// confData is what the templates are filled from: each text is safe where it
// stands.
type confData struct {
	AGI                            string
	Queues                         []confQueue
	Tries, MaxPause, MaxPauseTries int
	FallbackContext                string
	FallbackExtension              string
	AgentDial                      string
	OwnPhones, WebPhones           bool
	Agents                         []confAgent
	Username, Secret, Events       string
	Unread                         string // empty: Asterisk makes all events
	Permit                         []string
}

type confQueue struct{ Number, Music, Comment string }

type confAgent struct {
	Phone, Secret, CallerID, Comment string
	Web                              bool
}

func newConfData(cfg *config.Config) (*confData, error) {
	a := cfg.Asterisk
	agi, permit, err := addresses(cfg)
	if err != nil {
		return nil, err
	}
	d := &confData{
		AGI: agi, Permit: permit,
		Tries: retryTries, MaxPause: retryMaxPause, MaxPauseTries: 2 * retryMaxPause,
		AgentDial: comment(a.AgentDial),
		OwnPhones: a.AgentDial != config.DefaultAgentDial,
		Events:    strings.Join(events(), "|"),
	}
	if a.OnlyOurEvents {
		d.Unread = strings.Join(unread(), ",")
	}
	for _, v := range []struct {
		to       *string
		key, val string
		safe     func(string) (string, error)
	}{
		{&d.FallbackContext, "asterisk.fallback_context", a.FallbackContext, word},
		{&d.FallbackExtension, "asterisk.fallback_extension", a.FallbackExtension, word},
		{&d.Username, "asterisk.username", a.Username, word},
		{&d.Secret, "asterisk.secret", string(a.Secret), value},
	} {
		if *v.to, err = v.safe(v.val); err != nil {
			return nil, fmt.Errorf("%s: %w", v.key, err)
		}
	}
	for _, q := range cfg.Queues {
		music, err := word(q.Music)
		if err != nil {
			return nil, fmt.Errorf("queue %q: music: %w", q.ID, err)
		}
		if !config.IsNumber(q.Number) {
			return nil, fmt.Errorf("queue %q: %q is no number", q.ID, q.Number)
		}
		d.Queues = append(d.Queues, confQueue{Number: q.Number, Music: music, Comment: comment(q.Name)})
	}
	for _, agent := range cfg.Agents {
		if agent.Phone == "" {
			continue
		}
		if !config.IsNumber(agent.Phone) {
			return nil, fmt.Errorf("agent %q: %q is no phone", agent.ID, agent.Phone)
		}
		secret, err := value(string(agent.PhoneSecret))
		if err != nil {
			return nil, fmt.Errorf("agent %q: phone_secret: %w", agent.ID, err)
		}
		d.WebPhones = d.WebPhones || agent.WebPhone && secret != ""
		d.Agents = append(d.Agents, confAgent{
			Phone: agent.Phone, Secret: secret, CallerID: callerID(agent.Name, agent.Phone),
			Comment: comment(agent.Name), Web: agent.WebPhone,
		})
	}
	return d, nil
}

// events lists the manager events that calld handles. Each further one costs
// every call a write in Asterisk and a read in calld.
func events() []string {
	return []string{
		"FullyBooted", "Shutdown",
		"Hangup", "DialBegin", "DialState", "DialEnd", "DeviceStateChange",
		"OriginateResponse", // of the calls that agents make; inbound ones have none
	}
}

// unread lists the manager events of a call that calld does not read. Asterisk
// makes each, and wakes calld's connection for it, before the filter drops it
// (manager.c, append_event).
func unread() []string {
	return []string{
		"Newchannel", "Newexten", "VarSet", "Newstate", "NewCallerid", "NewConnectedLine",
		"HangupRequest", "SoftHangupRequest", "BridgeCreate", "BridgeEnter", "BridgeLeave", "BridgeDestroy",
		"AGIExecStart", "AGIExecEnd", "RTCPSent", "RTCPReceived", "MusicOnHoldStart", "MusicOnHoldStop",
		"ChallengeSent", "SuccessfulAuth", "ExtensionStatus", "MixMonitorStart", "MixMonitorStop",
		"TestEvent", // Debian's Asterisk is built with them: four a call
	}
}

// addresses tells where Asterisk reaches FastAGI and from where calld
// connects to the manager.
func addresses(cfg *config.Config) (agi string, permit []string, err error) {
	host, port, err := net.SplitHostPort(cfg.Server.AGI)
	if err != nil {
		return "", nil, fmt.Errorf("server.agi: %w", err)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", nil, fmt.Errorf("server.agi: %q is no port that Asterisk could connect to", port)
	}
	manager, _, err := net.SplitHostPort(cfg.Asterisk.AMI)
	if err != nil {
		return "", nil, fmt.Errorf("asterisk.ami: %w", err)
	}
	ip, notIP := netip.ParseAddr(host)
	everywhere := host == "" || notIP == nil && ip.IsUnspecified()
	switch {
	case config.Loopback(manager):
		permit = []string{"127.0.0.1/255.255.255.255", "::1/128"}
		if everywhere {
			host = "127.0.0.1"
		}
	case everywhere || config.Loopback(host):
		return "", nil, fmt.Errorf("server.agi: Asterisk on %s can't reach %s; write the address by which it reaches this machine", manager, cfg.Server.AGI)
	case notIP != nil:
		return "", nil, fmt.Errorf("server.agi: %q is a name; write the IP address, which manager.conf needs to let calld in", host)
	default:
		permit = []string{netip.PrefixFrom(ip.WithZone(""), ip.BitLen()).String()}
	}
	host, err = word(host)
	if err != nil {
		return "", nil, fmt.Errorf("server.agi: %w", err)
	}
	return net.JoinHostPort(host, port), permit, nil
}

// word passes a text that stands among others in a line of the dialplan or in
// a section's name.
func word(s string) (string, error) {
	if i := strings.IndexFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || unicode.IsSpace(r) || strings.ContainsRune(`,;|&"'()[]{}<>$\=`, r)
	}); i >= 0 {
		return "", fmt.Errorf("%q can't stand in Asterisk's files", s)
	}
	return s, nil
}

// value writes a text as the value of a key. config.c: a semicolon begins a
// comment unless a backslash stands before it, and spaces at the ends are cut
// off.
func value(s string) (string, error) {
	if strings.ContainsFunc(s, unicode.IsControl) || strings.TrimSpace(s) != s {
		return "", errors.New("control characters, or spaces at the ends, can't stand in Asterisk's files")
	}
	return strings.ReplaceAll(s, ";", `\;`), nil
}

// comment writes a text for people behind a semicolon. config.c: ";--" would
// begin a comment of many lines, but not behind another semicolon and a space.
func comment(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}

// callerID writes "name" <number>. callerid.c, ast_callerid_parse: in the
// name a backslash takes the meaning from a quote or a backslash.
func callerID(name, number string) string {
	name = strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(comment(name))
	return `"` + strings.ReplaceAll(name, ";", `\;`) + `" <` + number + ">"
}
