//go:build e2e

package e2e

import (
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// cdrFiles turn CDRs on, with what docs/reporting.md has admins add to the
// dialplan.
var cdrFiles = map[string]string{
	"cdr.conf": "[general]\nenable = yes\nendbeforehexten = no\n[csv]\nloguniqueid = yes\nloguserfield = yes\n",
	"extensions_test.conf": "[calld-call](+)\nexten => h,1,Set(CDR(userfield)=${CALLD_ID})\n" +
		"[calld-outbound](+)\nexten => h,1,Set(CDR(userfield)=${CALLD_ID})\n",
}

// TestCDR: Asterisk's CDRs are found by the unique id of the call, and the one of
// the h extension has the call's id, as docs/reporting.md tells.
func TestCDR(t *testing.T) {
	t.Parallel()
	p := onePlan(2, `queueing = "all"`)
	p.Customers = patientCustomers
	p.Files, p.Modules = cdrFiles, []string{"cdr_csv", "func_cdr"}
	c := start(t, p)
	c.loginAll("a1", "a2")
	k := c.talk(1, "a1")
	c.hangUp(k)
	c.waitHistory(1)
	k, _ = c.calledOut(2, "a1", "01098765432")
	c.must(k.phone.Hangup(c.step()))
	calls := c.waitHistory(2)
	in, out := calls[0], calls[1]
	want := []string{
		in.UniqueID + " PJSIP/8001 ANSWERED ",
		in.UniqueID + " PJSIP/8002 NO ANSWER ",
		in.UniqueID + " h ANSWERED " + in.ID,
		out.UniqueID + " PJSIP/trunk ANSWERED ",
		out.UniqueID + " h ANSWERED " + out.ID,
	}
	slices.Sort(want)
	c.eventually("the CDRs", func() error {
		got, err := c.cdrs()
		if diff := cmp.Diff(want, got); err == nil && diff != "" {
			return fmt.Errorf("(-want +got):\n%s", diff)
		}
		return err
	})
}

// cdrs is what cdr_csv has written, sorted: of each record the unique id, the
// endpoint that was dialled or the extension, the disposition and the userfield.
func (c *centre) cdrs() ([]string, error) {
	// cdr_csv.c, build_csv_record
	const dst, dstChannel, disposition, uniqueID, userField = 2, 6, 14, 16, 17
	records, err := csv.NewReader(strings.NewReader(c.pbx.CDRText())).ReadAll()
	var lines []string
	for _, r := range records {
		to := r[dst]
		if r[dstChannel] != "" {
			to, _, _ = strings.Cut(r[dstChannel], "-")
		}
		lines = append(lines, strings.Join([]string{r[uniqueID], to, r[disposition], r[userField]}, " "))
	}
	slices.Sort(lines)
	return lines, err
}
