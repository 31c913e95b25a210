package campaign

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"calld/pacing"
)

// fields lists what is wrong by field; each fault must say something.
func fields(tb testing.TB, faults Faults) (list []string) {
	tb.Helper()
	for _, f := range faults {
		if f.Text == "" || f.Code == "" {
			tb.Errorf("%s: text %q, code %q", f.Field, f.Text, f.Code)
		}
		list = append(list, f.Field)
	}
	return list
}

// TestDefaults: what a plan leaves open is filled in, and nothing else.
func TestDefaults(t *testing.T) {
	got, faults := Plan{Name: " 설문 ", Mode: Predictive, CallerID: "02-1588-1234"}.Checked()
	want := Plan{
		Name: "설문", Mode: Predictive, Method: pacing.Risk, MaxAbandonRate: 0.03, RingTimeout: Duration(25 * time.Second),
		CallerID: "0215881234", AMD: AMDOff, MaxTries: 1, ListEnd: ListStop,
	}
	if diff := cmp.Diff(want, got); diff != "" || faults != nil {
		t.Errorf("faults %v (-want +got):\n%s", faults, diff)
	}
	if again, faults := got.Checked(); faults != nil || !cmp.Equal(again, got) {
		t.Errorf("checked twice: %+v, %v", again, faults)
	}
}

func TestPlanFaults(t *testing.T) {
	day := []string{"mon"}
	for name, tt := range map[string]struct {
		change func(*Plan)
		want   []string
	}{
		"nothing":         {func(p *Plan) { *p = Plan{} }, []string{"name", "mode"}},
		"no mode":         {func(p *Plan) { p.Mode = "" }, []string{"mode"}},
		"unknown mode":    {func(p *Plan) { p.Mode = "turbo" }, []string{"mode"}},
		"method":          {func(p *Plan) { p.Mode, p.Method = Predictive, "guess" }, []string{"method"}},
		"method of power": {func(p *Plan) { p.Method = pacing.Lite }, []string{"method"}},
		"late and lite":   {func(p *Plan) { p.Mode, p.Method, p.HangUpLate = Predictive, pacing.Lite, true }, []string{"hang_up_late"}},
		"no ratio":        {func(p *Plan) { p.Mode = Power }, []string{"power_ratio"}},
		"ratio too high":  {func(p *Plan) { p.Mode, p.PowerRatio = Power, 21 }, []string{"power_ratio"}},
		"ratio no number": {func(p *Plan) { p.Mode, p.PowerRatio = Power, math.NaN() }, []string{"power_ratio"}},
		"ratio elsewhere": {func(p *Plan) { p.PowerRatio = 2 }, []string{"power_ratio"}},
		"abandon rate":    {func(p *Plan) { p.MaxAbandonRate = 3 }, []string{"max_abandon_rate"}},
		"rings too short": {func(p *Plan) { p.RingTimeout = Duration(30 * time.Millisecond) }, []string{"ring_timeout"}},
		"caller id":       {func(p *Plan) { p.CallerID = "sales" }, []string{"caller_id"}},
		"amd":             {func(p *Plan) { p.AMD = "on" }, []string{"amd"}},
		"amd in preview":  {func(p *Plan) { p.Mode, p.AMD = Preview, AMDHumans }, []string{"amd"}},
		"tries":           {func(p *Plan) { p.MaxTries, p.MaxTries24h = -1, 101 }, []string{"max_tries", "max_tries_24h"}},
		"rests": {
			func(p *Plan) { p.Retry = Retry{Busy: 1, Abandoned: Duration(1000 * time.Hour)} },
			[]string{"retry.busy", "retry.abandoned"},
		},
		"hours": {
			func(p *Plan) {
				p.Hours = []Hours{
					{From: "9:00", To: "24:01"},
					{Days: []string{"mon", "mon", "월"}, From: "20:00", To: "09:00"},
					{Days: day, From: "00:00", To: "24:00"},
				}
			},
			[]string{"hours[0].days", "hours[0].from", "hours[0].to", "hours[1].days", "hours[1].days", "hours[1].to"},
		},
		"list end":        {func(p *Plan) { p.ListEnd = "explode" }, []string{"list_end"}},
		"limits":          {func(p *Plan) { p.MaxLines, p.MaxRate = -1, math.Inf(1) }, []string{"max_lines", "max_rate"}},
		"sound":           {func(p *Plan) { p.AbandonSound = "sorry&sorry,noanswer" }, []string{"abandon_sound"}},
		"message":         {func(p *Plan) { p.Mode = Message }, []string{"message_sound"}},
		"two messages":    {func(p *Plan) { p.Mode, p.MessageSound, p.MessageText = Message, "a", "b" }, []string{"message_text"}},
		"key":             {func(p *Plan) { p.Mode, p.MessageSound, p.MessageKey = Message, "a", "12" }, []string{"message_key"}},
		"message of none": {func(p *Plan) { p.MessageSound, p.MessageKey = "a", "1" }, []string{"message_sound", "message_key"}},
		"script":          {func(p *Plan) { p.Script = strings.Repeat("가", MaxScript+1) }, []string{"script"}},
		"good":            {func(*Plan) {}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			p := Plan{Name: "p", Mode: Progressive}
			tt.change(&p)
			_, faults := p.Checked()
			if diff := cmp.Diff(tt.want, fields(t, faults)); diff != "" {
				t.Errorf("%v (-want +got):\n%s", faults, diff)
			}
		})
	}
}

func TestCampaignFaults(t *testing.T) {
	at := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	is := func(want string) func(string) bool { return func(id string) bool { return id == want } }
	there := Refers{Plan: is("1"), DialList: is("2"), Queue: is("상담"), Campaign: is("4")}
	good := Campaign{ID: "4", Name: "c", Plan: "1", DialList: "2", Queue: "상담"}
	for name, tt := range map[string]struct {
		change func(*Campaign)
		want   []string
	}{
		"good":     {func(*Campaign) {}, nil},
		"nothing":  {func(c *Campaign) { *c = Campaign{} }, []string{"name", "plan", "dial_list", "queue"}},
		"unknown":  {func(c *Campaign) { c.Plan, c.Queue, c.Next = "9", "9", "9" }, []string{"plan", "queue", "next_campaign"}},
		"itself":   {func(c *Campaign) { c.Next = "4" }, []string{"next_campaign"}},
		"no start": {func(c *Campaign) { c.Schedule = &Schedule{} }, []string{"schedule.from"}},
		"backward": {
			func(c *Campaign) {
				c.Schedule = &Schedule{From: at, Until: at, Hours: []Hours{{Days: []string{"mon"}}}}
			},
			[]string{"schedule.until", "schedule.hours[0].from", "schedule.hours[0].to"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := good
			tt.change(&c)
			_, faults := c.Checked(there)
			if diff := cmp.Diff(tt.want, fields(t, faults)); diff != "" {
				t.Errorf("%v (-want +got):\n%s", faults, diff)
			}
		})
	}
}

func TestEntryFaults(t *testing.T) {
	tel := func(list ...string) (numbers []Number) {
		for _, n := range list {
			numbers = append(numbers, Number{Number: n})
		}
		return numbers
	}
	for name, tt := range map[string]struct {
		e    Entry
		want []string
	}{
		"good":       {Entry{Numbers: tel("010-1234-5678"), Timezone: "Asia/Seoul", Variables: map[string]string{"city": "=1+1"}}, nil},
		"no number":  {Entry{Name: "x"}, []string{"number1"}},
		"no numbers": {Entry{Numbers: tel("x", "0101", "1.01235E+10")}, []string{"number1", "number3"}},
		"nine":       {Entry{Numbers: tel("01", "02", "03", "04", "05", "06", "07", "08", "09")}, []string{"number9"}},
		"zone":       {Entry{Numbers: tel("0101"), Timezone: "Korea/Seoul"}, []string{"timezone"}},
		"local zone": {Entry{Numbers: tel("0101"), Timezone: "Local"}, []string{"timezone"}},
		"too long":   {Entry{Numbers: tel("0101"), Name: strings.Repeat("x", 257), Key: "\xff"}, []string{"name", "key"}},
		"variables":  {Entry{Numbers: tel("0101"), Variables: map[string]string{" ": "", "a": "\x00"}}, []string{"variables", "a"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, faults := tt.e.Checked()
			if diff := cmp.Diff(tt.want, fields(t, faults)); diff != "" {
				t.Errorf("%v (-want +got):\n%s", faults, diff)
			}
		})
	}
	e, faults := Entry{Name: " 김철수 ", Numbers: tel("010-1234-5678", "01012345678", "+82 2 123")}.Checked()
	if diff := cmp.Diff(Entry{Name: "김철수", Numbers: tel("01012345678", "+822123")}, e); diff != "" || faults != nil {
		t.Errorf("faults %v (-want +got):\n%s", faults, diff)
	}
	if _, faults := (DialList{Name: "", Timezone: "x"}).Checked(); len(faults) != 2 {
		t.Errorf("list: %v", faults)
	}
}

// TestKind: each result is summed up in a word of the list.
func TestKind(t *testing.T) {
	for _, tt := range []struct {
		r    Result
		want string
	}{
		{Result{DialResult: "busy"}, "busy"},
		{Result{DialResult: "answered", AgentResult: AgentAnswered}, "answered"},
		{Result{DialResult: "answered", AMD: "MACHINE"}, "machine"},
		{Result{DialResult: "answered", AMD: "MACHINE", AgentResult: AgentAnswered}, "answered"},
		{Result{DialResult: "answered", AgentResult: AgentNoAnswer}, "abandoned"},
		{Result{DialResult: "answered", AgentResult: CustomerLeft}, "customer_left"},
		{Result{Why: "skipped"}, "skipped"},
	} {
		if got := tt.r.Kind(); got != tt.want {
			t.Errorf("%+v is %s, want %s", tt.r, got, tt.want)
		}
	}
}

func FuzzPlan(f *testing.F) {
	f.Add(`{"name":"x","mode":"power","power_ratio":2,"hours":[{"days":["mon"],"from":"09:00","to":"24:00"}]}`)
	f.Fuzz(func(t *testing.T, s string) {
		var p Plan
		if json.Unmarshal([]byte(s), &p) != nil {
			return
		}
		good, faults := p.Checked()
		if faults != nil {
			fields(t, faults)
			return
		}
		if again, faults := good.Checked(); faults != nil || !cmp.Equal(again, good) {
			t.Errorf("%+v is good, and then not: %v", good, faults)
		}
	})
}
