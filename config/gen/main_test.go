package main

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"calld/config"
)

// The reference that is checked in must be that of the reader.
func TestReferenceIsCurrent(t *testing.T) {
	tables, err := config.Reference()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../docs/configuration-reference.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(reference(tables), string(got)); diff != "" {
		t.Errorf("docs/configuration-reference.md is not current: run make generate (-want +got)\n%s", diff)
	}
}
