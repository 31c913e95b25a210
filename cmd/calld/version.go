package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is set by the linker in releases; otherwise the commit tells.
var version = "dev"

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run() error {
	fmt.Printf("calld %s commit %s %s\n", version, commit(), runtime.Version())
	return nil
}

func commit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	rev, dirty := "unknown", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			rev = s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "+changes"
		}
	}
	return rev + dirty
}
