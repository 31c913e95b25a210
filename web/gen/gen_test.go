package main

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The types that are checked in must be those of the Go structs.
func TestMessagesAreCurrent(t *testing.T) {
	src, err := parse("../..", "notify", "campaign", "pacing", "hours", "queue", "store", "config", "report", "api")
	if err != nil {
		t.Fatal(err)
	}
	want, err := messages(src)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../src/wire/messages.ts")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("web/src/wire/messages.ts is not current: run make generate (-want +got)\n%s", diff)
	}
}
