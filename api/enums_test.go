package api

import (
	"slices"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"

	"calld/campaign"
	"calld/queue"
)

// TestEnums: where an operation takes one of a closed list, it takes each of
// the list.
func TestEnums(t *testing.T) {
	list, _ := newCentre(t).document()
	for _, e := range []struct {
		operation, parameter string
		want                 []string
	}{
		{"list-entries", "state", texts(campaign.EntryStates())},
		{"list-history", "outcome", texts(queue.Outcomes())},
	} {
		var got []string
		for _, d := range list {
			if d.op.OperationID != e.operation {
				continue
			}
			at := slices.IndexFunc(d.op.Parameters, func(p *huma.Param) bool { return p.Name == e.parameter })
			for _, v := range d.op.Parameters[at].Schema.Enum {
				got = append(got, v.(string))
			}
		}
		if diff := cmp.Diff(slices.Sorted(slices.Values(e.want)), slices.Sorted(slices.Values(got))); diff != "" {
			t.Errorf("%s takes as %s (-the list +taken):\n%s", e.operation, e.parameter, diff)
		}
	}
}

func texts[T ~string](list []T) []string {
	all := make([]string, len(list))
	for i, v := range list {
		all[i] = string(v)
	}
	return all
}
