package lab

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadCallersLog(t *testing.T) {
	t.Parallel()
	got, err := readCallersLog([]byte("0101 ended\n0103 gave_up\n0102 refused\n"))
	want := map[string]CallEnd{"0101": CallEnded, "0102": CallRefused, "0103": CallGaveUp}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("err %v (-want +got):\n%s", err, diff)
	}
	for _, bad := range []string{"0101\n", "0101 ended\n0101 gave_up\n"} {
		if got, err := readCallersLog([]byte(bad)); !errors.Is(err, ErrSIPp) {
			t.Errorf("%q gives %v, %v", bad, got, err)
		}
	}
}
