//go:build e2e

package e2e

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"calld/campaign"
	"calld/store"
	"calld/test/lab"
)

// customersByNumber behave as the three digits after 010 say: a SIP status, 000
// for nobody answering, 200 and 201 for answering, the latter to hang up at once.
func customersByNumber(number string) lab.Behaviour {
	var status int
	if _, err := fmt.Sscanf(strings.TrimPrefix(number, "010"), "%3d", &status); err != nil {
		return lab.Behaviour{Refuse: 404}
	}
	switch status {
	case 0:
		return lab.Behaviour{}
	case 200:
		return lab.Behaviour{Answer: true, After: 50 * time.Millisecond, Talk: 700 * time.Millisecond}
	case 201:
		return lab.Behaviour{Answer: true, After: 50 * time.Millisecond, Talk: time.Millisecond}
	}
	return lab.Behaviour{Refuse: status}
}

// fixture is a campaign as it stands in the store.
type fixture struct {
	plan    campaign.Plan
	numbers []string
}

// seed writes campaigns into the data file, while calld is down: the first runs, and
// each is followed by the next. It returns their ids.
func seed(t *testing.T, path string, fixtures ...fixture) []string {
	t.Helper()
	st, err := store.Open(path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	ctx, now := t.Context(), time.Now()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ids := make([]string, len(fixtures))
	next := ""
	for i, f := range slices.Backward(fixtures) {
		f.plan.Name = fmt.Sprint("plan ", i)
		p, err := st.CreatePlan(ctx, f.plan, now)
		must(err)
		l, err := st.CreateList(ctx, campaign.DialList{Name: fmt.Sprint("list ", i)}, now)
		must(err)
		var entries []campaign.Entry
		for i, n := range f.numbers {
			entries = append(entries, campaign.Entry{
				Key: fmt.Sprint(i), Name: "고객 " + n, Numbers: []campaign.Number{{Number: n}}, Variables: map[string]string{"plan": "A"},
			})
		}
		for some := range slices.Chunk(entries, 100) {
			refused, err := st.AddEntries(ctx, l.ID, some)
			must(err)
			for _, r := range refused {
				must(r)
			}
		}
		c, err := st.CreateCampaign(ctx, campaign.Campaign{
			Name: fmt.Sprint("봄 ", i), Plan: p.ID, DialList: l.ID, Queue: "123456", Next: next,
		}, now)
		must(err)
		ids[i], next = c.ID, c.ID
	}
	must(st.SetState(ctx, ids[0], campaign.Running, campaign.ByAdmin, now))
	return ids
}

// dataFile is where calld keeps its data.
func (c *centre) dataFile() string { return filepath.Join(cmp.Or(c.plan.Data, c.dir), "calld.db") }

// waitListEnd waits until a campaign is at the end of its list.
func (c *centre) waitListEnd(campaignID string, patience time.Duration) {
	c.t.Helper()
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !strings.Contains(c.out.String(), "campaign="+campaignID+" state=stopped why=list_end") {
		if time.Now().After(deadline) {
			c.t.Fatalf("campaign %s is not at its end after %s", campaignID, patience)
		}
		<-tick.C
	}
}

// results waits until a campaign is at the end of its list, stops calld and reads
// what became of each try.
func (c *centre) results(campaignID string, patience time.Duration) []campaign.Result {
	c.t.Helper()
	c.waitListEnd(campaignID, patience)
	c.kill()
	st, err := store.Open(c.dataFile(), store.Options{})
	c.must(err)
	defer st.Close()
	return c.readResults(st, campaignID)
}

// readResults reads what became of each try of a campaign.
func (c *centre) readResults(st *store.Store, campaignID string) []campaign.Result {
	c.t.Helper()
	var all []campaign.Result
	q := store.ResultQuery{Campaign: campaignID}
	for {
		page, err := st.Results(q)
		c.must(err)
		all = append(all, page.Results...)
		if q.Cursor = page.Next; q.Cursor == "" {
			return all
		}
	}
}

// customers are those whom calld has called, by number.
type customers struct {
	*centre
	legs map[string][]*lab.Leg
}

// await is the customer with a number, once calld calls them.
func (k *customers) await(number string) *lab.Leg {
	k.t.Helper()
	for len(k.legs[number]) == 0 {
		select {
		case l := <-k.called:
			k.legs[l.Dialled] = append(k.legs[l.Dialled], l)
		case <-k.step().Done():
			k.t.Fatalf("%s is not called", number)
		}
	}
	return k.legs[number][0]
}

// calledOften counts the calls to a number.
func (k *customers) calledOften(number string) int {
	for len(k.called) > 0 {
		l := <-k.called
		k.legs[l.Dialled] = append(k.legs[l.Dialled], l)
	}
	return len(k.legs[number])
}

// A list is dialled to its end: every result is right, nobody is dialled twice,
// who answers gets an agent. Trunks that are away are told before.
func TestCampaignDialsAList(t *testing.T) {
	t.Parallel()
	p := onePlan(3, `recording = false`)
	p.Customers, p.Files = customersByNumber, trunksAway
	var numbers []string
	for i := range 6 {
		numbers = append(numbers, fmt.Sprintf("010200%04d", i))
	}
	for _, status := range []string{"486", "603", "404", "503", "201", "000"} {
		numbers = append(numbers, "010"+status+"0001", "010"+status+"0002")
	}
	var id string
	p.Prepare = func(c *centre) {
		id = seed(t, c.dataFile(), fixture{
			plan:    campaign.Plan{Mode: campaign.Progressive, RingTimeout: campaign.Duration(15 * time.Second)},
			numbers: numbers,
		})[0]
	}
	c := start(t, p)
	for _, a := range []string{"a1", "a2", "a3"} {
		c.phone(a).Behave(lab.Behaviour{Answer: true, Audio: true})
	}
	c.refusesTrunksAway()
	c.loginAll("a1", "a2", "a3")
	got := c.results(id, 2*time.Minute)
	seen := map[string]bool{}
	for _, r := range got {
		if seen[r.Number] {
			t.Errorf("%s was dialled twice", r.Number)
		}
		seen[r.Number] = true
		want := map[string]string{
			"200": "answered", "486": "busy", "603": "rejected", "404": "unallocated", "503": "congestion", "201": "customer_left", "000": "no_answer",
		}[r.Number[3:6]]
		if kind := r.Kind(); kind != want && (want != "customer_left" || kind != "answered") {
			t.Errorf("%s: %s, want %s: %+v", r.Number, kind, want, r)
		}
		if r.Number[3:6] == "200" && (r.Agent == "" || r.Bridged == nil || r.AgentResult != campaign.AgentAnswered) {
			t.Errorf("%s got no agent: %+v", r.Number, r)
		}
	}
	if len(got) != len(numbers) {
		t.Errorf("%d results, want %d", len(got), len(numbers))
	}
}
