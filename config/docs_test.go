package config

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// knownKeys lists the keys that Load reads by table, taken from what it says
// about a key that it doesn't know.
func knownKeys(t *testing.T) map[string][]string {
	t.Helper()
	text := `xxxxxxxxxxxx = 1
		server = { xxxxxxxxxxxx = 1, tls.xxxxxxxxxxxx = 1 }
		asterisk.xxxxxxxxxxxx = 1
		outbound.xxxxxxxxxxxx = 1
		announcement.xxxxxxxxxxxx = 1
		tts.xxxxxxxxxxxx = 1
		callers.xxxxxxxxxxxx = 1
		queues.ID.xxxxxxxxxxxx = 1
		agents.ID.xxxxxxxxxxxx = 1
		tokens.ID.xxxxxxxxxxxx = 1
		webhooks.NAME.xxxxxxxxxxxx = 1
		queue_log.xxxxxxxxxxxx = 1
		privacy.xxxxxxxxxxxx = 1
		calendars.ID.xxxxxxxxxxxx = 1`
	_, err := LoadFS(fstest.MapFS{"f": {Data: []byte(text)}}, "f")
	keys := map[string][]string{}
	for _, m := range regexp.MustCompile(`: (\S*)xxxxxxxxxxxx: unknown key; the keys here are (.*)`).FindAllStringSubmatch(err.Error(), -1) {
		keys[strings.TrimSuffix(m[1], ".")] = strings.Split(m[2], ", ")
	}
	if len(keys) != 15 {
		t.Fatalf("keys of %d tables: %v", len(keys), keys)
	}
	keys[""] = []string{"include"} // the others are tables
	keys["server"] = slices.DeleteFunc(keys["server"], func(key string) bool { return key == "tls" })
	return keys
}

// TestDocumentation: the reference has each key, and no other, in its table.
func TestDocumentation(t *testing.T) {
	text, err := os.ReadFile("../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string][]string{}
	table := ""
	for line := range strings.Lines(string(text)) {
		if m := regexp.MustCompile(`^##+ \[(.*)\]`).FindStringSubmatch(line); m != nil {
			table = m[1]
		} else if m := regexp.MustCompile("^\\| `(\\w+)` \\| .* \\| .* \\|$").FindStringSubmatch(strings.TrimSpace(line)); m != nil {
			documented[table] = append(documented[table], m[1])
		}
	}
	sorted := cmp.Transformer("Sorted", func(keys []string) []string { return slices.Sorted(slices.Values(keys)) })
	if diff := cmp.Diff(knownKeys(t), documented, cmp.FilterPath(func(p cmp.Path) bool { return len(p) == 2 }, sorted)); diff != "" {
		t.Errorf("keys (-read +documented):\n%s", diff)
	}
}

// TestRestartDocumented: the reference lists the keys that need a restart, in
// the order in which a reload tells of them.
func TestRestartDocumented(t *testing.T) {
	text, err := os.ReadFile("../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "but these need a\nrestart: ")
	list, _, ok := strings.Cut(after, ". ")
	if !ok {
		t.Fatal("no list")
	}
	var documented, need []string
	for _, m := range regexp.MustCompile("`([^`]*)`").FindAllStringSubmatch(list, -1) {
		documented = append(documented, m[1])
	}
	c := mustLoad(t, `asterisk.secret = "x"`)
	for _, s := range slices.Concat(serverSettings(c), tableSettings(c)) {
		if s.restart {
			need = append(need, s.key)
		}
	}
	if diff := cmp.Diff(need, documented); diff != "" {
		t.Errorf("keys that need a restart (-want +documented):\n%s", diff)
	}
}

// TestExample: the example file loads, has each key, and shows the defaults.
func TestExample(t *testing.T) {
	text, err := os.ReadFile("../packaging/calld.toml")
	if err != nil {
		t.Fatal(err)
	}
	load := func(text string) *Config {
		c, err := LoadFS(fstest.MapFS{"calld.toml": {Data: []byte(text)}, "ami_secret": {Data: []byte("x\n")}}, "calld.toml")
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	example := load(string(text))
	if len(example.Warnings) > 0 {
		t.Errorf("warnings: %v", example.Warnings)
	}
	changes := Compare(load("asterisk.secret = \"x\"\nqueues.123456.number = \"0215881234\""), example)
	var got []string
	for _, c := range changes {
		got = append(got, c.Key)
	}
	if diff := cmp.Diff([]string{"server.data", "server.admin_socket", "queues.123456.name"}, got); diff != "" {
		t.Errorf("keys that are no default (-want +got):\n%s", diff)
	}

	for table, keys := range knownKeys(t) {
		// The part of the file from the table's heading to the next one.
		part := string(text)
		if table != "" {
			heading := regexp.MustCompile(`(?m)^(# )?\[` + strings.NewReplacer("ID", `\S+`, "NAME", `\S+`).Replace(regexp.QuoteMeta(table)) + `\]`).FindStringIndex(part)
			if heading == nil {
				t.Errorf("the example has no [%s]", table)
				continue
			}
			part = part[heading[1]:]
		}
		if next := regexp.MustCompile(`(?m)^(# )?\[`).FindStringIndex(part); next != nil {
			part = part[:next[0]]
		}
		for _, key := range keys {
			if !regexp.MustCompile(`(?m)^(# )?` + key + ` *= `).MatchString(part) {
				t.Errorf("the example has no key %s in [%s]", key, table)
			}
		}
	}
}
