package app

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEverythingIsNamed: the index of docs has every document, README.md leads
// to it, and the table of ARCHITECTURE.md has every package.
func TestEverythingIsNamed(t *testing.T) {
	index, architecture := read(t, "../docs/README.md"), read(t, "../ARCHITECTURE.md")
	if !strings.Contains(read(t, "../README.md"), "(docs/README.md)") {
		t.Error("README.md has no link to docs/README.md")
	}
	documents, err := filepath.Glob("../docs/*.md")
	if err != nil || len(documents) == 0 {
		t.Fatal(documents, err)
	}
	for _, d := range documents {
		if name := filepath.Base(d); name != "README.md" && !strings.Contains(index, "]("+name+")") {
			t.Errorf("docs/README.md has no link to %s", name)
		}
	}
	err = fs.WalkDir(os.DirFS(".."), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != "." || d.Name() == "node_modules" || d.Name() == "testdata"):
			return fs.SkipDir
		case d.Name() == "doc.go" && !strings.Contains(architecture, "`"+filepath.Dir(path)+"`"):
			t.Errorf("ARCHITECTURE.md does not name package %s", filepath.Dir(path))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
