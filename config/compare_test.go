package config

import (
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"calld/hours"
)

func mustLoad(t *testing.T, text string) *Config {
	t.Helper()
	c, err := LoadFS(fstest.MapFS{"calld.toml": {Data: []byte(text)}}, "calld.toml")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCompare(t *testing.T) {
	before := mustLoad(t, `
server.http = "127.0.0.1:80"
server.keep_history = ""
asterisk.secret = "old"
announcement.timeout = "2s"
[queues.1]
number = "101"
[queues.2]
number = "102"
name = "둘"
[queues.3]
number = "103"
[agents."홍길동"]
password = "old"
queues = ["1"]
phone = "800"
[agents.gone]
name = "Gone"
password = "x"
`)
	after := mustLoad(t, `
server.http = ":8080"
asterisk.secret = "new"
announcement.timeout = "1m"
[queues.3]
number = "103"
announcement = "http://127.0.0.1/3"
[queues.4]
number = "104"
[queues.1]
number = "101"
ring_timeout = "1m"
[agents."홍길동"]
password = "new"
queues = ["1", "4"]
phone = "801"
web_phone = true
`)
	var got []string
	for _, c := range Compare(before, after) {
		got = append(got, c.String())
	}
	want := []string{
		`server.http: "127.0.0.1:80" → ":8080" (needs a restart)`,
		`asterisk.secret: [hidden] → [hidden] (needs a restart)`,
		`server.keep_history: "" → "3y"`,
		`announcement.timeout: "2s" → "1m"`,
		`queues.3.announcement: true → "http://127.0.0.1/3"`,
		`queues.4: added "4"`,
		`queues.1.ring_timeout: "20s" → "1m"`,
		`queues.2: removed "둘"`,
		`queues: order changed`,
		`agents."홍길동".password: [hidden] → [hidden]`,
		`agents."홍길동".queues: ["1"] → ["1", "4"]`,
		`agents."홍길동".phone: "800" → "801"`,
		`agents."홍길동".web_phone: false → true`,
		`agents."홍길동".phone_secret: [hidden] → [hidden]`,
		`agents.gone: removed "Gone"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if got := Compare(before, before); len(got) > 0 {
		t.Errorf("a configuration differs from itself: %v", got)
	}
}

// TestCompareSeesEveryField changes each field of a configuration in turn.
func TestCompareSeesEveryField(t *testing.T) {
	load := func() *Config {
		return mustLoad(t, "asterisk.secret = \"x\"\n[queues.1]\nnumber = \"101\"\n[agents.a]\nname = \"x\"\npassword = \"x\"\n"+
			"[tokens.t]\nhash = \""+HashToken("x")+"\"\n"+
			"[webhooks.crm]\nurl = \"https://example.com\"\nsecret = \"0123456789abcdef\"\n"+
			"[calendars.k.holidays]\n2026-12-25 = \"x\"\n")
	}
	oslo, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		t.Fatal(err)
	}
	var visit func(path string, v reflect.Value, check func(path string))
	visit = func(path string, v reflect.Value, check func(string)) {
		switch x := v.Addr().Interface().(type) {
		case **time.Location:
			*x = oslo
		case *[]netip.Prefix:
			*x = append(*x, netip.MustParsePrefix("192.0.2.0/24"))
		case *time.Duration:
			*x += time.Second
		case *[]hours.Span:
			*x = append(*x, hours.Span{To: 60})
		case *[]hours.Date:
			*x = append(*x, hours.Date{Year: 2026, Month: 12, Day: 25})
		case *[]string:
			*x = append(*x, "changed")
		case *Numbers:
			*x = append(*x, "changed")
		case *[]Role:
			*x = append(*x, "changed")
		case *map[string]int:
			*x = map[string]int{"changed": 2}
		default:
			switch v.Kind() {
			case reflect.String:
				v.SetString(v.String() + "changed")
			case reflect.Bool:
				v.SetBool(!v.Bool())
			case reflect.Int:
				v.SetInt(v.Int() + 1)
			case reflect.Float64:
				v.SetFloat(v.Float() + 1)
			case reflect.Struct:
				for i := range v.NumField() {
					if v.Type().Field(i).Name == "Stored" {
						continue // of the place where the agent is kept
					}
					visit(path+"."+v.Type().Field(i).Name, v.Field(i), check)
				}
				return
			case reflect.Slice:
				visit(path+"[0]", v.Index(0), check)
				return
			default:
				t.Fatalf("%s: a field of kind %s is new to this test", path, v.Kind())
			}
		}
		check(path)
	}
	before, changed := load(), load()
	seen := 0
	for i := range reflect.TypeFor[Config]().NumField() {
		field := reflect.TypeFor[Config]().Field(i).Name
		if field == "Warnings" || field == "Files" {
			continue // of the load, not of the configuration
		}
		visit(field, reflect.ValueOf(changed).Elem().Field(i), func(path string) {
			seen++
			changes := Compare(before, changed)
			if len(changes) == 0 {
				t.Errorf("a change of %s is not seen", path)
			}
			// What can be applied is, and the rest is not: no less, no more.
			applied := Apply(before, changed)
			for _, c := range Compare(before, applied) {
				if c.Restart {
					t.Errorf("%s needs a restart but is applied", path)
				}
			}
			for _, c := range Compare(applied, changed) {
				if !c.Restart {
					t.Errorf("%s needs no restart but is not applied", path)
				}
			}
			*before = *clone(changed)
		})
	}
	if seen < 50 {
		t.Errorf("only %d fields were changed", seen)
	}
}

// clone copies what the test above changes in place.
func clone(c *Config) *Config {
	d := *c
	d.Queues, d.Agents, d.Tokens, d.Webhooks = slices.Clone(c.Queues), slices.Clone(c.Agents), slices.Clone(c.Tokens), slices.Clone(c.Webhooks)
	d.Calendars = slices.Clone(c.Calendars)
	for i := range d.Calendars {
		d.Calendars[i].Holidays = slices.Clone(d.Calendars[i].Holidays)
	}
	return &d
}

func TestChangeHidesSecrets(t *testing.T) {
	before := mustLoad(t, "asterisk.secret = \"hunter1\"\ntts.token = \"hunter1\"\n[agents.a]\npassword = \"hunter1\"\nphone_secret = \"hunter1\"\nphone = \"1\"")
	after := mustLoad(t, "asterisk.secret = \"hunter2\"\ntts.token = \"hunter2\"\n[agents.a]\npassword = \"hunter2\"\nphone_secret = \"hunter2\"\nphone = \"1\"")
	changes := Compare(before, after)
	if len(changes) != 4 {
		t.Errorf("changes = %v, want 4", changes)
	}
	for _, c := range changes {
		if s := c.String(); strings.Contains(s, "hunter") {
			t.Errorf("the secret is shown: %s", s)
		}
	}
}
