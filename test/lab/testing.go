package lab

import "context"

// T is what [StartT] needs of a testing.TB.
type T interface {
	Helper()
	Cleanup(func())
	Context() context.Context
	Failed() bool
	Fatalf(format string, args ...any)
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
}

// StartT is [Start] for a test: the instance is stopped at its end, and its log
// is shown when the test has failed.
func StartT(t T, opts Options) *Asterisk {
	t.Helper()
	if opts.Verbose == 0 {
		opts.Verbose = 3
	}
	a, err := Start(t.Context(), opts)
	if err != nil {
		t.Fatalf("starting Asterisk: %v", err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("Asterisk %s log:\n%s", a.Root.Version, a.VerboseText())
		}
		if err := a.Stop(); err != nil {
			t.Errorf("stopping Asterisk: %v", err)
		}
	})
	return a
}
