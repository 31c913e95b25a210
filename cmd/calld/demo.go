package main

import "errors"

type demoCmd struct{}

// Run runs the demonstration.
func (demoCmd) Run() error { return errors.New("not there yet") }
