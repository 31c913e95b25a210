package dialplan

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"calld/config"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func loadConfig(tb testing.TB, text string) *config.Config {
	tb.Helper()
	c, err := config.LoadFS(fstest.MapFS{"calld.toml": {Data: []byte(text)}}, "calld.toml")
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// TestAsteriskConfig compares what is made of each configuration in testdata
// with the golden files beside it.
func TestAsteriskConfig(t *testing.T) {
	inputs, err := filepath.Glob("testdata/asterisk/*/calld.toml")
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no configurations: %v", err)
	}
	for _, input := range inputs {
		dir := filepath.Dir(input)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			cfg, err := config.Load(input)
			if err != nil {
				t.Fatal(err)
			}
			files, err := AsteriskConfig(cfg)
			if err != nil {
				t.Fatal(err)
			}
			if len(files) != 3 {
				t.Errorf("%d files", len(files))
			}
			for _, f := range files {
				if want := strings.TrimSuffix(f.Name, "_calld.conf") + ".conf"; f.Into != want {
					t.Errorf("%s goes into %s, want %s", f.Name, f.Into, want)
				}
				if !strings.Contains(f.Text, "\n;     "+f.Include()+"\n") {
					t.Errorf("%s doesn't say how to include it", f.Name)
				}
				golden := filepath.Join(dir, f.Name)
				if *update {
					if err := os.WriteFile(golden, []byte(f.Text), 0o644); err != nil {
						t.Fatal(err)
					}
					continue
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), f.Text); diff != "" {
					t.Errorf("%s (-want +got):\n%s", golden, diff)
				}
			}
		})
	}
}

// TestAsteriskConfigAddresses: where Asterisk finds calld, and from where it
// lets calld in.
func TestAsteriskConfigAddresses(t *testing.T) {
	for name, c := range map[string]struct {
		agi, ami   string
		url        string
		permit     []string
		wantErrors bool
	}{
		"same machine":                 {agi: "127.0.0.1:4573", ami: "127.0.0.1:5038", url: "127.0.0.1:4573", permit: []string{"127.0.0.1/255.255.255.255", "::1/128"}},
		"same machine, every address":  {agi: ":4573", ami: "localhost:5038", url: "127.0.0.1:4573", permit: []string{"127.0.0.1/255.255.255.255", "::1/128"}},
		"same machine, IPv6":           {agi: "[::1]:4573", ami: "[::1]:5038", url: "[::1]:4573", permit: []string{"127.0.0.1/255.255.255.255", "::1/128"}},
		"other machine":                {agi: "192.0.2.7:4573", ami: "192.0.2.1:5038", url: "192.0.2.7:4573", permit: []string{"192.0.2.7/32"}},
		"other machine, IPv6":          {agi: "[2001:db8::7]:4573", ami: "pbx.example.com:5038", url: "[2001:db8::7]:4573", permit: []string{"2001:db8::7/128"}},
		"other machine, every address": {agi: "0.0.0.0:4573", ami: "192.0.2.1:5038", wantErrors: true},
		"other machine, loopback":      {agi: "127.0.0.1:4573", ami: "192.0.2.1:5038", wantErrors: true},
		"other machine, name":          {agi: "calld.example.com:4573", ami: "192.0.2.1:5038", wantErrors: true},
		"port of the system's choice":  {agi: "127.0.0.1:0", ami: "127.0.0.1:5038", wantErrors: true},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := loadConfig(t, "asterisk = { secret = \"x\", ami = \""+c.ami+"\" }\nserver.agi = \""+c.agi+"\"")
			files, err := AsteriskConfig(cfg)
			if c.wantErrors {
				if !errors.Is(err, ErrAsteriskConfig) {
					t.Errorf("error = %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if want := "AGI(agi://" + c.url + "/inbound,"; !strings.Contains(files[0].Text, want) {
				t.Errorf("no %s", want)
			}
			var permit []string
			for line := range strings.Lines(files[2].Text) {
				if v, ok := strings.CutPrefix(line, "permit = "); ok {
					permit = append(permit, strings.TrimSpace(v))
				}
			}
			if diff := cmp.Diff(c.permit, permit); diff != "" {
				t.Errorf("permit (-want +got):\n%s", diff)
			}
		})
	}
}

// confLines reads a file of Asterisk's as config.c does: sections and keys,
// without comments.
func confLines(text string) []string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		var b strings.Builder
		for i := 0; i < len(line); i++ {
			if line[i] == ';' {
				break
			}
			if strings.HasPrefix(line[i:], `\;`) {
				i++
			}
			b.WriteByte(line[i])
		}
		if s := strings.TrimSpace(b.String()); s != "" {
			lines = append(lines, s)
		}
	}
	return lines
}

// FuzzAsteriskConfig: no value breaks out of its line, even when it has not
// passed config.Load. Either it is refused, or the files have the same lines
// as those of harmless values, and Asterisk reads the secrets as they were.
func FuzzAsteriskConfig(f *testing.F) {
	for _, s := range []string{"x", "a;b", "a\nexten => 1,1,System(x)", "]\n[general]", "\"\\", ";--", "${SHELL(x)}", "이름", "a,b", "a|b", "a b", " ", "#exec x", `\;`} {
		f.Add(s, s, s, s, s, s)
	}
	const harmless = `
		asterisk = { secret = "x", username = "x", fallback_context = "x", fallback_extension = "x" }
		[queues.1]
		number = "12"
		name = "x"
		[agents.1]
		password = "x"
		phone = "12"
		phone_secret = "x"
		queues = ["1"]`
	plain, err := AsteriskConfig(loadConfig(f, harmless))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, number, name, music, secret, username, fallback string) {
		cfg := loadConfig(t, harmless)
		cfg.Queues[0].Number, cfg.Queues[0].Name, cfg.Queues[0].Music = number, name, music
		cfg.Agents[0].Phone, cfg.Agents[0].Name, cfg.Agents[0].PhoneSecret = number, name, config.Secret(secret)
		cfg.Asterisk.Secret, cfg.Asterisk.Username = config.Secret(secret), username
		cfg.Asterisk.FallbackContext, cfg.Asterisk.FallbackExtension = fallback, fallback
		if number == "" || secret == "" || fallback == "" {
			return // other lines are there without them
		}
		files, err := AsteriskConfig(cfg)
		if err != nil {
			if !errors.Is(err, ErrAsteriskConfig) {
				t.Errorf("error = %v", err)
			}
			return
		}
		for i, file := range files {
			want, got := confLines(plain[i].Text), confLines(file.Text)
			if len(want) != len(got) {
				t.Fatalf("%s has %d lines, not %d:\n%s", file.Name, len(got), len(want), file.Text)
			}
			for j, line := range got {
				key, v, _ := strings.Cut(line, " = ")
				wantKey, _, _ := strings.Cut(want[j], " = ")
				if strings.HasPrefix(wantKey, "[") != strings.HasPrefix(key, "[") {
					t.Errorf("%s: %q in place of %q", file.Name, line, want[j])
				}
				if (key == "secret" || key == "password") && v != secret {
					t.Errorf("%s: %s is read as %q, not %q", file.Name, key, v, secret)
				}
			}
		}
	})
}

// No event that is listened to is switched off.
func TestUnread(t *testing.T) {
	for _, e := range unread() {
		if slices.Contains(events(), e) {
			t.Errorf("%s is read and switched off", e)
		}
	}
}
