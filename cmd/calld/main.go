// Command calld is a call centre for Asterisk. See the README for what it
// does and docs/ for how it is configured.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/alecthomas/kong"
)

// Exit codes. Wrong usage is kong's business and exits with exitUsage.
const (
	exitFailure = 1
	exitUsage   = 2
)

// cli is the whole command line; each field is one command.
type cli struct {
	Serve     serveCmd     `cmd:"" help:"Run the server in the foreground. SIGTERM and SIGINT stop it in order, SIGHUP reloads the configuration."`
	Check     checkCmd     `cmd:"" help:"Validate a configuration; print every fault with file and line."`
	Reload    reloadCmd    `cmd:"" help:"Ask the running server to reload its configuration; print what changed."`
	Status    statusCmd    `cmd:"" help:"What the running server is doing, in one screen."`
	Queues    queuesCmd    `cmd:"" help:"List the queues with their live figures."`
	Agents    agentsCmd    `cmd:"" help:"List the agents and their states."`
	Calls     callsCmd     `cmd:"" help:"List the live calls."`
	Missed    missedCmd    `cmd:"" help:"List the missed calls that nobody has worked off."`
	History   historyCmd   `cmd:"" help:"List ended calls, newest first."`
	Campaigns campaignsCmd `cmd:"" help:"List, start and stop the outbound campaigns."`

	AsteriskConfig asteriskConfigCmd `cmd:"" help:"Print or write the Asterisk side made from the configuration."`
	Token          tokenCmd          `cmd:"" help:"Make a token for a program that uses the REST API; print it and its hash for the configuration."`
	Passwd         passwdCmd         `cmd:"" help:"Read a password without echo and print its hash for the configuration."`
	Backup         backupCmd         `cmd:"" help:"Write a consistent copy of the running server's store to a file."`
	Forget         forgetCmd         `cmd:"" help:"Remove what there is of one customer: calls, memos, recordings."`
	Export         exportCmd         `cmd:"" help:"Print the history as JSON lines or CSV."`
	Demo           demoCmd           `cmd:"" help:"Run a whole call centre on this machine: a real Asterisk, the server, simulated customers."`
	Simulate       simulateCmd       `cmd:"" help:"What if: play days of an outbound campaign with every way of pacing, and print them side by side."`
	Version        versionCmd        `cmd:"" help:"Print version, commit and Go version."`
}

// configFlag is the flag of every command that reads the configuration.
type configFlag struct {
	Config string `help:"The configuration file." default:"${config}" env:"CALLD_CONFIG" type:"path" short:"c"`
}

// Where the configuration is when no command line names it: in the folder one
// is in, or else where the package puts it.
const (
	configHere     = "calld.toml"
	configPackaged = "/etc/calld/calld.toml"
)

func defaultConfig() string {
	if _, err := os.Stat(configHere); err != nil {
		return configPackaged
	}
	return configHere
}

func main() {
	os.Exit(run(context.Background(), os.Args[1:]))
}

func run(ctx context.Context, args []string) int {
	var c cli
	code := -1
	parser, err := newParser(&c, func(n int) { code = n })
	if err != nil {
		fmt.Fprintln(os.Stderr, "calld:", err)
		return exitFailure
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	cmd, err := parser.Parse(args)
	switch {
	case code >= 0: // --help has been printed
		return code
	case err != nil:
		fmt.Fprintf(os.Stderr, "calld: %v\nTry calld --help.\n", err)
		return exitUsage
	}
	cmd.BindTo(ctx, (*context.Context)(nil))
	if err := cmd.Run(); err != nil {
		if _, printed := errors.AsType[*exitError](err); !printed {
			fmt.Fprintln(os.Stderr, "calld:", err)
		}
		return exitFailure
	}
	return 0
}

// newParser makes the parser of the command line; exit is called once --help
// has been printed.
func newParser(c *cli, exit func(code int)) (*kong.Kong, error) {
	return kong.New(c,
		kong.Name("calld"),
		kong.Description("A call centre for Asterisk."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Exit(exit),
		kong.Vars{"config": defaultConfig()},
	)
}

// exitError ends a command whose faults have been printed already.
type exitError struct{}

func (*exitError) Error() string { return "failed" }
