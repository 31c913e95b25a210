package config

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const storedBase = `
asterisk.secret = "x"
[queues.1]
number = "101"
[agents.file]
password = "x"
phone = "801"
queues = ["1"]
`

func TestWith(t *testing.T) {
	c := mustLoad(t, storedBase)
	kim := Agent{ID: "김", Password: "x", Name: "김", Role: RoleAgent, Queues: []string{"gone", "1"}, Phone: "802", WebPhone: true}
	merged, err := c.With([]Agent{kim}, "calld.db")
	if err != nil {
		t.Fatal(err)
	}
	got, ok := merged.Agent("김")
	if !ok || !got.Stored || got.PhoneSecret == "" || !slices.Equal(got.Queues, []string{"1"}) {
		t.Errorf("stored agent = %+v", got)
	}
	if _, ok := c.Agent("김"); ok || len(c.Agents) != 1 {
		t.Error("the configuration itself was changed")
	}
	// Those of the store are replaced as a whole; those of the file stay.
	fewer, err := merged.With(nil, "calld.db")
	if err != nil || len(fewer.Agents) != 1 || fewer.Agents[0].ID != "file" {
		t.Errorf("without: %+v, %v", fewer, err)
	}
}

// TestWithCollisions: a file that takes what a stored agent has is refused.
func TestWithCollisions(t *testing.T) {
	c := mustLoad(t, storedBase)
	_, err := c.With([]Agent{
		{ID: "kim", Name: "Kim", Role: RoleAgent, Phone: "801"},
		{ID: "file", Name: "File", Role: RoleAgent},
	}, "calld.db")
	want := `calld.db: agents.kim.phone: 801 is already the phone of agent "file", in the file; each agent needs its own
calld.db: agents.file.id: there is already an agent "file", in the file; each id is one agent's`
	if err == nil || err.Error() != want {
		t.Errorf("faults:\n%v\nwant:\n%s", err, want)
	}
}

func TestCheckAgent(t *testing.T) {
	c, err := mustLoad(t, storedBase).With([]Agent{{ID: "kim", Name: "Kim", Role: RoleAgent, Phone: "802"}}, "")
	if err != nil {
		t.Fatal(err)
	}
	keys := func(a Agent) (keys []string) {
		for _, f := range c.CheckAgent(&a) {
			keys = append(keys, f.Key)
			if strings.TrimSpace(f.Text) == "" {
				t.Errorf("no text for %s", f.Key)
			}
		}
		return keys
	}
	good := Agent{ID: "kim", Name: "Kim", Role: RoleAgent, Phone: "802", Queues: []string{"1"}}
	for name, tt := range map[string]struct {
		change func(*Agent)
		want   []string
	}{
		"itself":        {func(*Agent) {}, nil},
		"file's id":     {func(a *Agent) { a.ID = "file" }, []string{"id", "phone"}}, // 802 is kim's then
		"file's phone":  {func(a *Agent) { a.Phone = "801" }, []string{"phone"}},
		"id":            {func(a *Agent) { a.ID, a.Phone = "a/b", "803" }, []string{"id"}},
		"name":          {func(a *Agent) { a.Name = "a\nb" }, []string{"name"}},
		"role":          {func(a *Agent) { a.Role = "boss" }, []string{"role"}},
		"phone":         {func(a *Agent) { a.Phone = "8&9" }, []string{"phone"}},
		"queues":        {func(a *Agent) { a.Queues = []string{"1", "2", "1"} }, []string{"queues", "queues"}},
		"phone's page":  {func(a *Agent) { a.Phone, a.WebPhone = "", true }, []string{"web_phone"}},
		"phone's word":  {func(a *Agent) { a.Phone, a.PhoneSecret = "", "x" }, []string{"phone_secret"}},
		"secret spaces": {func(a *Agent) { a.PhoneSecret = " x" }, []string{"phone_secret"}},
	} {
		a := good
		tt.change(&a)
		if diff := cmp.Diff(tt.want, keys(a)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestToken(t *testing.T) {
	token := NewToken()
	c := mustLoad(t, "asterisk.secret = \"x\"\n[tokens.other]\nhash = \""+HashToken(NewToken())+
		"\"\n[tokens.crm]\nrole = \"supervisor\"\nhash = \""+HashToken(token)+"\"\n")
	got, ok := c.Token(token)
	if !ok || got.ID != "crm" || got.Role != RoleSupervisor {
		t.Errorf("token = %+v, %t", got, ok)
	}
	for _, wrong := range []string{"", "calld_", token + "x", HashToken(token), NewToken()} {
		if _, ok := c.Token(wrong); ok {
			t.Errorf("%q is taken", wrong)
		}
	}
	if token == NewToken() || len(token) != len("calld_")+43 {
		t.Errorf("token %s", token)
	}
}
