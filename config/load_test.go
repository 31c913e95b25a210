package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/big"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write the expected output in testdata anew")

// archiveFS is the files of an archive but the expected output.
func archiveFS(a *txtar.Archive) fs.FS {
	fsys := fstest.MapFS{}
	for _, f := range a.Files {
		if f.Name != "want" {
			fsys[f.Name] = &fstest.MapFile{Data: f.Data}
		}
	}
	return fsys
}

// checkWant compares got with the archive's file "want", or writes it there.
func checkWant(t *testing.T, name string, a *txtar.Archive, got string) {
	t.Helper()
	want := ""
	for i, f := range a.Files {
		if f.Name == "want" {
			want = string(f.Data)
			a.Files = append(a.Files[:i], a.Files[i+1:]...)
			break
		}
	}
	if *update {
		a.Files = append(a.Files, txtar.File{Name: "want", Data: []byte(got)})
		if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func archives(t *testing.T, pattern string) map[string]*txtar.Archive {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("no files match %s: %v", pattern, err)
	}
	all := map[string]*txtar.Archive{}
	for _, name := range names {
		a, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = a
	}
	return all
}

// TestFaults holds a bad configuration for each rule with what is reported.
func TestFaults(t *testing.T) {
	t.Setenv("CALLD_TEST_SECRET", "from the environment")
	for name, a := range archives(t, "testdata/faults/*.txtar") {
		t.Run(filepath.Base(name), func(t *testing.T) {
			c, err := LoadFS(archiveFS(a), "calld.toml")
			if c != nil {
				t.Error("a configuration with faults was returned")
			}
			var faults Faults
			if !errors.As(err, &faults) || len(faults) == 0 {
				t.Fatalf("error = %v, want Faults", err)
			}
			checkWant(t, name, a, faults.Error()+"\n")
		})
	}
}

// TestWarnings holds configurations that load, with what should be changed.
func TestWarnings(t *testing.T) {
	t.Setenv("CALLD_TEST_SECRET", "from the environment")
	for name, a := range archives(t, "testdata/warnings/*.txtar") {
		t.Run(filepath.Base(name), func(t *testing.T) {
			c, err := LoadFS(archiveFS(a), "calld.toml")
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for _, w := range c.Warnings {
				got.WriteString(w.String() + "\n")
			}
			checkWant(t, name, a, got.String())
		})
	}
}

// TestLoad reads a configuration from disk that sets every key, spread over
// files, in a folder whose name looks like a pattern.
func TestLoad(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "[calld] *")
	write := func(name, text string) {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	elsewhere := t.TempDir()
	if err := os.WriteFile(filepath.Join(elsewhere, "vip.toml"), []byte("queues.\"VIP 고객\".number = \"vip-1\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	certificate, key := keyPair(t)
	write("cert.pem", certificate)
	write("key.pem", key)
	write("secrets/token", "token 1\r\n")
	write("calld.toml", `
include = ["queues.toml", "conf.d/*.toml", "`+elsewhere+`/vip.toml", "conf.d/10-agents.toml", "*.toml"]
[server]
http = "[::1]:8080"
agi = ":4573"
agi_allow = ["192.0.2.7", "2001:db8::/32"]
data = "data/calld.db"
admin_socket = "/run/calld.sock"
timezone = "UTC"
language = "en"
keep_history = "26w"
away_reasons = ["점심", "교육"]
tls = { certificate = "cert.pem", key = "key.pem" }
[asterisk]
ami = "pbx.example.com:5039"
username = "other"
secret = "env:CALLD_TEST_SECRET"
agent_dial = "Local/{phone}@agents/n"
trunk_dial = "PJSIP/carrier/sip:{number}@sip.example.com"
recordings = "/rec"
sounds = "/sounds"
recordings_here = "rec"
sounds_here = "/mnt/sounds"
websocket = "wss://pbx.example.com/ws"
fallback_context = "from-internal"
fallback_extension = "100"
only_our_events = true
[outbound]
max_lines = 30
max_rate = 2.5
country_code = "1"
national_prefix = ""
international_prefixes = ["011"]
[announcement]
url = "https://example.com/a?b=c"
timeout = "1500ms"
fallback = "custom/안내"
[tts]
engine = "http"
command = "say {out} {text}"
url = "http://127.0.0.1:8000/v1/audio/speech"
model = "m"
voice = "v"
token = "file:secrets/token"
timeout = "3s"
`)
	write("queues.toml", `
[queues.123456]
name = "상담전화_1"
number = "+82 (2) 1588-1234"
queueing = "all"
order = "round-robin"
announcement = "http://127.0.0.1/own"
recording = false
ring_timeout = "15s"
max_wait = "0s"
max_waiting = 30
wrapup = "5s"
music = "기다림"
retry_pause = "0s"
away_after = 0
no_agent_wait = "0s"
dispositions = ["판매", "환불 & 취소"]
crm_url = "https://crm.example/c?tel={number}&id={call}&q={queue}&a={agent}"
service_level = "1m"
auto_answer = false
`)
	write("conf.d/20-agents.toml", `
[agents."나"]
password = "password2"
role = "admin"
`)
	write("conf.d/10-agents.toml", `
[agents."홍길동"]
password = "`+testHash+`"
name = "상담자_A1"
role = "supervisor"
queues = ["VIP 고객", "123456"]
phone = "800020003"
web_phone = true
phone_secret = "sip;secret"
[agents."가"]
password = "env:CALLD_TEST_SECRET"
phone = "800020004"
queues = ["123456"]
`)
	t.Setenv("CALLD_TEST_SECRET", "from the environment")
	t.Chdir(filepath.Dir(dir))
	got, err := Load("[calld] */calld.toml")
	if err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	defaultMessage := Message{
		Longest: 2 * time.Minute, Shortest: 2 * time.Second, Silence: 5 * time.Second,
		Offer: Notice{Language: "en"}, Prompt: Notice{Text: sayPrompt("en"), Language: "en"},
	}
	want := &Config{
		Server: Server{
			HTTP: "[::1]:8080", AGI: ":4573",
			AGIAllow: []netip.Prefix{netip.MustParsePrefix("192.0.2.7/32"), netip.MustParsePrefix("2001:db8::/32")},
			Data:     in("data/calld.db"), AdminSocket: "/run/calld.sock",
			Timezone: time.UTC, Language: "en", KeepHistory: 26 * 7 * 24 * time.Hour,
			AwayReasons: []string{"점심", "교육"},
			TLS:         TLS{Certificate: in("cert.pem"), Key: in("key.pem")},
		},
		Asterisk: Asterisk{
			AMI: "pbx.example.com:5039", Username: "other", Secret: "from the environment",
			AgentDial: "Local/{phone}@agents/n", TrunkDial: "PJSIP/carrier/sip:{number}@sip.example.com",
			Recordings: "/rec", RecordingsHere: in("rec"), Sounds: "/sounds", SoundsHere: "/mnt/sounds",
			WebSocket: "wss://pbx.example.com/ws", FallbackContext: "from-internal", FallbackExtension: "100",
			OnlyOurEvents: true,
		},
		Outbound:     Outbound{MaxLines: 30, MaxRate: 2.5, Numbering: Numbering{Country: "1", International: []string{"011"}}},
		Announcement: Announcement{URL: "https://example.com/a?b=c", Timeout: 1500 * time.Millisecond, Fallback: "custom/안내"},
		TTS: TTS{
			Engine: "http", Command: "say {out} {text}", URL: "http://127.0.0.1:8000/v1/audio/speech",
			Model: "m", Voice: "v", Token: "token 1", Timeout: 3 * time.Second,
		},
		Queues: []Queue{
			{
				ID: "123456", Name: "상담전화_1", Number: "+82215881234", Queueing: All, Order: RoundRobin,
				Announcement: true, AnnouncementURL: "http://127.0.0.1/own", RingTimeout: 15 * time.Second,
				MaxWaiting: 30, Wrapup: 5 * time.Second, Music: "기다림", ServiceLevel: time.Minute, Dispositions: []string{"판매", "환불 & 취소"},
				CRMURL:  "https://crm.example/c?tel={number}&id={call}&q={queue}&a={agent}",
				Message: defaultMessage,
			},
			{
				ID: "VIP 고객", Name: "VIP 고객", Number: "vip-1", Queueing: Inline, Order: Listed,
				Announcement: true, Recording: true, RingTimeout: 20 * time.Second, MaxWait: 10 * time.Minute,
				Music: "default", RetryPause: 10 * time.Second, AwayAfter: 3, NoAgentWait: 30 * time.Second,
				ServiceLevel: 20 * time.Second, AutoAnswer: true,
				Message: defaultMessage,
			},
		},
		Agents: []Agent{
			{
				ID: "홍길동", Password: testHash, Name: "상담자_A1", Role: RoleSupervisor, Queues: []string{"VIP 고객", "123456"},
				Phone: "800020003", WebPhone: true, PhoneSecret: "sip;secret",
			},
			{ID: "가", Password: "from the environment", Name: "가", Role: RoleAgent, Queues: []string{"123456"}, Phone: "800020004"},
			{ID: "나", Password: "password2", Name: "나", Role: RoleAdmin},
		},
		Warnings: []Fault{{
			File: in("conf.d/20-agents.toml"), Line: 3, Key: `agents."나".password`,
			Text: "the password stands in the file as it is; replace it by a hash made by: calld passwd",
		}},
		Files: []string{
			in("calld.toml"), in("queues.toml"), in("conf.d/10-agents.toml"), in("conf.d/20-agents.toml"),
			filepath.Join(elsewhere, "vip.toml"),
		},
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
		cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })); diff != "" {
		t.Errorf("Load (-want +got):\n%s", diff)
	}
	if q, ok := got.Queue("VIP 고객"); !ok || q.Number != "vip-1" {
		t.Errorf("Queue = %+v, %v", q, ok)
	}
	if _, ok := got.Queue("없음"); ok {
		t.Error("an unknown queue was found")
	}
	if a, ok := got.Agent("가"); !ok || a.Phone != "800020004" {
		t.Errorf("Agent = %+v, %v", a, ok)
	}
	if _, ok := got.Agent(""); ok {
		t.Error("an unknown agent was found")
	}
}

const testHash = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"

// keyPair makes a certificate for the test in PEM.
func keyPair(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
}

func TestLoadRefusesEndlessFile(t *testing.T) {
	_, err := Load("/dev/zero")
	if err == nil || err.Error() != "/dev/zero: can't be read: it is larger than 16 MiB" {
		t.Errorf("error = %v", err)
	}
}

// encode writes a configuration as a file again.
func encode(c *Config) string {
	var b strings.Builder
	put := func(list []setting) {
		for _, s := range list {
			value := s.value
			if s.hidden {
				value = strconv.Quote(value)
			}
			fmt.Fprintf(&b, "%s = %s\n", s.key, value)
		}
	}
	put(serverSettings(c))
	put(tableSettings(c))
	for _, q := range c.Queues {
		fmt.Fprintf(&b, "[%s]\n", toml.Key{"queues", q.ID})
		put(q.settings())
	}
	for _, a := range c.Agents {
		fmt.Fprintf(&b, "[%s]\n", toml.Key{"agents", a.ID})
		put(a.settings())
	}
	return b.String()
}

// FuzzLoad: a configuration or faults, never both nor a panic; faults point
// into the file; and what was read, written as Compare shows it, is read as
// the same.
func FuzzLoad(f *testing.F) {
	example, err := os.ReadFile("../packaging/calld.toml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(example)
	f.Add([]byte("asterisk.secret = \"a\\\"b\\\\\"\n[queues.\"가 나\"]\nnumber = \"101\"\nannouncement = \"http://a/b\"\n[agents.\"x.y\"]\npassword = \"p\"\nqueues = [\"가 나\"]\nphone = \"1\""))
	f.Add([]byte("include = [\"*\", \"/\", \"..\"]\nserver = {tls = {certificate = \"calld.toml\", key = \"calld.toml\"}}\nasterisk.secret = \"file:calld.toml\""))
	f.Add([]byte("[[queues]]\n[agents]\na = 1\n[agents.b]\nqueues = [1, [2]]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := LoadFS(fstest.MapFS{"calld.toml": {Data: text}, "ami_secret": {Data: []byte("x")}}, "calld.toml")
		if (c == nil) != (err != nil) {
			t.Fatalf("LoadFS = %v, %v", c, err)
		}
		lines := 1 + strings.Count(string(text), "\n")
		if err != nil {
			faults, ok := errors.AsType[Faults](err)
			if !ok {
				t.Fatalf("error %v is not Faults", err)
			}
			for _, fault := range faults {
				if fault.Text == "" || fault.Line < 0 || fault.File == "calld.toml" && fault.Line > lines {
					t.Errorf("fault %+v of %d lines", fault, lines)
				}
			}
			return
		}
		for _, a := range c.Agents {
			if strings.HasPrefix(string(a.Password), "env:") || strings.HasPrefix(string(a.Password), "file:") {
				return // a secret from elsewhere that would be looked up again
			}
		}
		again, err := LoadFS(fstest.MapFS{"calld.toml": {Data: []byte(encode(c))}}, "calld.toml")
		if err != nil {
			t.Fatalf("%v\n%s", err, encode(c))
		}
		if diff := Compare(c, again); len(diff) > 0 {
			t.Errorf("written and read again: %v", diff)
		}
	})
}

func TestDialNumber(t *testing.T) {
	for in, want := range map[string]string{
		"010-1234-5678": "01012345678", "(02) 1588.1234": "0215881234", "+82 2 1588 1234": "+82215881234", "*21#": "*21#", "11": "11",
		"": "", "1": "", "+": "", "+1": "", "sales": "", "010&PJSIP/9": "", "010,30": "", "82+2": "", "010/x": "", "１２３": "", "010@x": "", "${X}": "",
		strings.Repeat("1", 33): "",
	} {
		if got, err := DialNumber(in); got != want || (err != nil) != (want == "") {
			t.Errorf("DialNumber(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
}
