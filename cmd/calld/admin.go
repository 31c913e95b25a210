package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/term"

	"calld/app"
	"calld/config"
	"calld/dialplan"
	"calld/store"
)

type checkCmd struct{ configFlag }

// Run validates the configuration.
func (c checkCmd) Run() error {
	cfg, err := config.Load(c.Config)
	if faults, ok := errors.AsType[config.Faults](err); ok {
		for _, f := range faults {
			fmt.Fprintln(os.Stderr, f)
		}
		fmt.Fprintf(os.Stderr, "calld: faults: %d\n", len(faults))
		return &exitError{}
	}
	if err != nil {
		return err
	}
	for _, w := range cfg.Warnings {
		fmt.Fprintf(os.Stderr, "warning: %s\n", w)
	}
	fmt.Printf("%s: good; queues: %d, agents: %d\n", c.Config, len(cfg.Queues), len(cfg.Agents))
	return nil
}

type asteriskConfigCmd struct {
	remote
	Out string `help:"Write the files into this folder instead of printing them." type:"path"`
}

// Run prints or writes the Asterisk side of the configuration, with the agents
// that were made over the API.
func (c asteriskConfigCmd) Run(ctx context.Context) error {
	cfg, err := loadConfig(c.Config)
	if err != nil {
		return err
	}
	stored, err := c.storedAgents(ctx, cfg)
	if err != nil {
		return fmt.Errorf("the agents made over the API are not known: %w", err)
	}
	if cfg, err = cfg.With(stored, cfg.Server.Data); err != nil {
		return err
	}
	files, err := dialplan.AsteriskConfig(cfg)
	if err != nil {
		return err
	}
	for _, f := range files {
		if c.Out == "" {
			fmt.Printf(";==== %s\n%s\n", f.Name, f.Text)
			continue
		}
		path := filepath.Join(c.Out, f.Name)
		if err := os.WriteFile(path, []byte(f.Text), 0o640); err != nil { // holds secrets
			return err
		}
		if err := giveToOwner(path, c.Out); err != nil {
			return err
		}
		fmt.Println(path)
	}
	return nil
}

// giveToOwner gives a file that root has written to the owner of its folder:
// Asterisk, which runs as its own user, reads nothing of a file that includes one
// it may not read.
func giveToOwner(path, folder string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(folder)
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Errorf("%s: its owner is not known", folder)
	}
	return os.Chown(path, int(owner.Uid), int(owner.Gid))
}

// storedAgents asks the running server for the agents that were made over the
// API. Where none runs it reads them in the store, if there is one.
func (c asteriskConfigCmd) storedAgents(ctx context.Context, cfg *config.Config) (agents []config.Agent, err error) {
	cl, err := c.client()
	if err != nil {
		return nil, err
	}
	var list []store.Agent
	err = cl.get(ctx, app.StoredAgentsPath, nil, &list, false)
	if errors.Is(err, errNoServer) {
		if _, err := os.Stat(cfg.Server.Data); errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		s, err := store.Open(cfg.Server.Data, store.Options{})
		if err != nil {
			return nil, err
		}
		defer s.Close() //nolint:errcheck // nothing was written
		list, err = s.Agents()
		return app.StoredAgents(list), err
	}
	return app.StoredAgents(list), err
}

// loadConfig loads a configuration and prints all its faults.
func loadConfig(path string) (*config.Config, error) {
	cfg, err := config.Load(path)
	if faults, ok := errors.AsType[config.Faults](err); ok {
		fmt.Fprintln(os.Stderr, faults)
		return nil, &exitError{}
	}
	return cfg, err
}

type tokenCmd struct{}

// Run makes a token.
func (tokenCmd) Run() error {
	token := config.NewToken()
	fmt.Printf("token: %s\nhash = %q\n", token, config.HashToken(token))
	return nil
}

type passwdCmd struct{}

// Run reads a password and prints its hash.
func (passwdCmd) Run() error {
	password, err := readPassword()
	if err != nil {
		return err
	}
	if password == "" {
		return errors.New("an empty password is not possible")
	}
	fmt.Println(config.HashPassword(password))
	return nil
}

// readPassword asks twice on a terminal, and reads one line from a pipe.
func readPassword() (string, error) {
	in := int(os.Stdin.Fd())
	if !term.IsTerminal(in) {
		line, err := bufio.NewReader(os.Stdin).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	var entered [2][]byte
	for i, prompt := range []string{"Password: ", "Again: "} {
		fmt.Fprint(os.Stderr, prompt)
		p, err := term.ReadPassword(in)
		fmt.Fprintln(os.Stderr)
		if err != nil {
			return "", err
		}
		entered[i] = p
	}
	if !bytes.Equal(entered[0], entered[1]) {
		return "", errors.New("the two passwords differ")
	}
	return string(entered[0]), nil
}

type backupCmd struct {
	remote
	File string `arg:"" help:"The file to write; it must not exist." type:"path"`
}

// Run writes a copy of the store. The file appears under its name only when
// it is whole.
func (c backupCmd) Run(ctx context.Context) error {
	if _, err := os.Lstat(c.File); err == nil {
		return fmt.Errorf("%s exists already: name a new file", c.File)
	}
	cl, err := c.client()
	if err != nil {
		return err
	}
	resp, err := cl.do(ctx, http.MethodGet, "/api/v1/backup", nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // read to its end
	tmp, err := os.CreateTemp(filepath.Dir(c.File), ".calld-backup-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) //nolint:errcheck // gone when all went well
	n, err := io.Copy(tmp, resp.Body)
	if err := errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return fmt.Errorf("backup not written: %w", err)
	}
	if err := os.Rename(tmp.Name(), c.File); err != nil {
		return err
	}
	fmt.Printf("%s: %d bytes\n", c.File, n)
	return nil
}

type exportCmd struct {
	remote
	historyFilter
	Format string `help:"jsonl or csv." enum:"jsonl,csv" default:"csv"`
}

// Run prints the history.
func (c exportCmd) Run(ctx context.Context) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	q := c.query()
	q.Set("format", c.Format)
	resp, err := cl.do(ctx, http.MethodGet, "/api/v1/history/export", q)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // read to its end
	_, err = io.Copy(os.Stdout, resp.Body)
	return err
}

func decode(resp *http.Response, into any) error {
	defer resp.Body.Close() //nolint:errcheck // read to its end
	return json.NewDecoder(resp.Body).Decode(into)
}
