package ami_test

import (
	"log/slog"
	"testing"
)

// logger writes to the test's log.
func logger(t *testing.T) *slog.Logger {
	t.Helper()
	return slog.New(slog.NewTextHandler(t.Output(), nil))
}
