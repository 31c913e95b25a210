package lab

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
)

// ErrTool is wrapped by errors about a program that the laboratory needs
// and that is neither there nor can be installed.
var ErrTool = errors.New("lab: missing tool")

// debianPackages names the Debian packages of a tool.
func debianPackages(tool string) []string {
	switch tool {
	case "sipp":
		return []string{"sip-tester"}
	case "gcc":
		return []string{"gcc", "libc6-dev"} // only recommended by it
	default:
		return []string{tool}
	}
}

// Need makes sure that the named programs can be run, such as "sipp",
// "chromium", "espeak-ng" or "sox": those not found are installed by
// apt-get, which takes root and a package mirror. The error wraps [ErrTool] and names what is missing.
func Need(ctx context.Context, log *slog.Logger, tools ...string) error {
	var missing, packages []string
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			missing = append(missing, tool)
			packages = append(packages, debianPackages(tool)...)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	mend := "apt-get install " + strings.Join(packages, " ")
	if os.Getuid() != 0 {
		return fmt.Errorf("%w: %s (run as root: %s)", ErrTool, strings.Join(missing, ", "), mend)
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("%w: %s (no apt-get here to install it)", ErrTool, strings.Join(missing, ", "))
	}
	log.Info("installing tools", "tools", missing)
	if err := run(ctx, "apt-get", "update"); err != nil {
		// An old package list may still do: the installation tells.
		log.Warn("package list not renewed", "err", err)
	}
	install := append([]string{"install", "--yes", "--no-install-recommends"}, packages...)
	if err := run(ctx, "apt-get", install...); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrTool, strings.Join(missing, ", "), err)
	}
	for _, tool := range missing {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("%w: %s: still not there after %s", ErrTool, tool, mend)
		}
	}
	return nil
}

// maxToolOutput is how much of a failed program's output an error shows.
const maxToolOutput = 2000

// run runs a program to its end; its output is shown only by the error.
func run(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8")
	out, err := cmd.CombinedOutput()
	if err != nil {
		if len(out) > maxToolOutput {
			out = out[len(out)-maxToolOutput:]
		}
		return fmt.Errorf("%s: %w: %s", strings.Join(append([]string{name}, args...), " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
