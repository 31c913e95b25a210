package config

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// reference is the reference; a key that the reader takes and that has no
// meaning, or the reverse, is its error.
func reference(t *testing.T) []Table {
	t.Helper()
	tables, err := Reference()
	if err != nil {
		t.Fatal(err)
	}
	return tables
}

// TestReferenceExamples: the reader takes each example of the reference. What
// may be written short or as a table is in one file so, in another so.
func TestReferenceExamples(t *testing.T) {
	for _, name := range []string{"CALLD_AMI_SECRET", "CALLD_TTS_TOKEN", "CALLD_CRM_SECRET"} {
		t.Setenv(name, "0123456789abcdef")
	}
	certificate, key := keyPair(t)
	files := fstest.MapFS{
		"etc/calld/cert.pem": {Data: []byte(certificate)}, "etc/calld/key.pem": {Data: []byte(key)},
		"password_hong": {Data: []byte("x")}, "phone_800020003": {Data: []byte("x")},
	}
	const others = "[queues.night]\nnumber = \"22\"\n[calendars.korea]\n"
	const least = "asterisk.secret = \"x\"\nqueues.123456.number = \"11\"\n"
	texts := [3]string{"", least, least + "queues.123456.callback.key = \"1\"\n"} // by depth
	for _, table := range reference(t) {
		for i, k := range table.Keys {
			name := table.Names[i%len(table.Names)]
			texts[max(0, strings.Count(name, ".")-1)] += strings.ReplaceAll(under(name, k.Name), "ID", "123456") + " = " + k.Example + "\n"
		}
	}
	for _, text := range texts {
		files["calld.toml"] = &fstest.MapFile{Data: []byte(text + others)}
		if _, err := LoadFS(files, "calld.toml"); err != nil {
			t.Errorf("%v\nin\n%s", err, text)
		}
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

	for _, table := range reference(t) {
		if strings.Count(table.Names[0], ".") > 1 {
			continue // of a queue's key, which may be written short
		}
		// The part of the file from the table's heading to the next one.
		part := string(text)
		if name := table.Names[0]; name != "" {
			heading := regexp.MustCompile(`(?m)^(# )?\[` + strings.ReplaceAll(regexp.QuoteMeta(name), "ID", `\S+`) + `\]`).FindStringIndex(part)
			if heading == nil {
				t.Errorf("the example has no [%s]", name)
				continue
			}
			part = part[heading[1]:]
		}
		if next := regexp.MustCompile(`(?m)^(# )?\[`).FindStringIndex(part); next != nil {
			part = part[:next[0]]
		}
		for _, key := range table.Keys {
			if !regexp.MustCompile(`(?m)^(# )?` + key.Name + ` *= `).MatchString(part) {
				t.Errorf("the example has no key %s in [%s]", key.Name, table.Names[0])
			}
		}
	}
}
