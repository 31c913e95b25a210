package lab

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The versions of Asterisk that can be had.
const (
	Asterisk16 = 16 // Debian 11 (bullseye)
	Asterisk22 = 22 // Debian sid
)

// ErrRoot is wrapped by errors about getting an Asterisk to run.
var ErrRoot = errors.New("lab: no Asterisk")

// Root is a folder tree that holds an Asterisk.
type Root struct {
	Path    string // "/" for the Asterisk of the machine itself
	Version string // such as "22.10.1"
	Major   int    // such as 22
	Modules string // folder of Asterisk's modules, as Asterisk sees it
}

// MakeRoot returns a root with the wanted Asterisk: the machine's own when
// its version is the wanted one, else a root folder from the cache, which is
// made there first if need be: about a minute, once. When the version can't
// be had from the package mirror the other one is returned, with a warning.
//
// The cache is $CALLD_LAB, or calld in the user's cache folder. Concurrent
// makers, also in other processes, wait for each other.
func MakeRoot(ctx context.Context, version int, log *slog.Logger) (Root, error) {
	if r, err := inspect(ctx, "/"); err == nil && r.Major == version {
		return r, nil
	}
	if os.Getuid() != 0 {
		return Root{}, fmt.Errorf("%w: version %d is not installed here, and making a root folder for it takes root", ErrRoot, version)
	}
	other := Asterisk16
	if version == Asterisk16 {
		other = Asterisk22
	}
	r, err := cachedRoot(ctx, version, log)
	if err == nil || ctx.Err() != nil {
		return r, err
	}
	log.Warn("wanted Asterisk can't be had", "version", version, "instead", other, "err", err)
	r, otherErr := cachedRoot(ctx, other, log)
	if otherErr != nil {
		return Root{}, errors.Join(err, otherErr)
	}
	return r, nil
}

func cacheDir() (string, error) {
	if dir := os.Getenv("CALLD_LAB"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("lab: cache folder: %w", err)
	}
	return filepath.Join(dir, "calld"), nil
}

// cachedRoot finds or makes the root folder of one version. It is made
// beside its place and moved there when complete: a folder of the right name is whole.
func cachedRoot(ctx context.Context, version int, log *slog.Logger) (Root, error) {
	cache, err := cacheDir()
	if err != nil {
		return Root{}, err
	}
	path := filepath.Join(cache, "asterisk-"+strconv.Itoa(version))
	if _, err := os.Stat(path); err == nil {
		return inspect(ctx, path)
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return Root{}, fmt.Errorf("%w: %w", ErrRoot, err)
	}
	unlock, err := lockFile(ctx, path+".lock")
	if err != nil {
		return Root{}, err
	}
	defer unlock()
	if _, err := os.Stat(path); err == nil { // made while we waited
		return inspect(ctx, path)
	}
	partial := path + ".partial"
	if err := os.RemoveAll(partial); err != nil {
		return Root{}, fmt.Errorf("%w: %w", ErrRoot, err)
	}
	log.Info("making an Asterisk root folder", "version", version, "path", path)
	if err := debootstrap(ctx, version, partial, log); err != nil {
		return Root{}, errors.Join(err, os.RemoveAll(partial))
	}
	if err := os.Rename(partial, path); err != nil {
		return Root{}, fmt.Errorf("%w: %w", ErrRoot, err)
	}
	return inspect(ctx, path)
}

func debootstrap(ctx context.Context, version int, path string, log *slog.Logger) error {
	if err := Need(ctx, log, "mmdebstrap"); err != nil {
		return err
	}
	args := []string{
		"--quiet", "--variant=minbase", "--components=main",
		"--include=asterisk,asterisk-core-sounds-en-gsm,asterisk-config",
	}
	switch version {
	case Asterisk16:
		args = append(args, "bullseye", path)
	case Asterisk22:
		// A mirror's Release file of sid is often past its Valid-Until.
		args = append(args, `--aptopt=Acquire::Check-Valid-Until "false"`, "sid", path)
	default:
		return fmt.Errorf("%w: version %d is in no Debian release", ErrRoot, version)
	}
	if err := run(ctx, "mmdebstrap", args...); err != nil {
		return fmt.Errorf("%w: %w", ErrRoot, err)
	}
	// Asterisk looks the host's name and a root name server up for each call:
	// without an answer in /etc/hosts, or with a resolver to ask, every
	// look-up holds a call up for 5 s.
	host, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("%w: host name: %w", ErrRoot, err)
	}
	etc := filepath.Join(path, "etc")
	resolv := filepath.Join(etc, "resolv.conf")
	return errors.Join(
		os.WriteFile(filepath.Join(etc, "hosts"), []byte("127.0.0.1 localhost "+host+" A.ROOT-SERVERS.NET\n"), 0o644),
		os.RemoveAll(resolv), // it may be a link into the machine's own folders
		os.WriteFile(resolv, nil, 0o644),
	)
}

const asteriskProgram = "/usr/sbin/asterisk"

// inspect asks the Asterisk in a root for its version.
func inspect(ctx context.Context, path string) (Root, error) {
	r := Root{Path: path}
	for _, pattern := range []string{"usr/lib/*/asterisk/modules", "usr/lib/asterisk/modules"} {
		found, err := filepath.Glob(filepath.Join(path, pattern))
		if err != nil {
			return Root{}, fmt.Errorf("%w: %w", ErrRoot, err)
		}
		if len(found) > 0 {
			r.Modules = "/" + strings.TrimPrefix(strings.TrimPrefix(found[0], path), "/")
			break
		}
	}
	if r.Modules == "" {
		return Root{}, fmt.Errorf("%w below %s", ErrRoot, path)
	}
	out, err := r.command(ctx, "-V").Output()
	if err != nil {
		return Root{}, fmt.Errorf("%w: asking the one below %s for its version: %w", ErrRoot, path, err)
	}
	m := regexp.MustCompile(`Asterisk ((\d+)[\d.]*)`).FindStringSubmatch(string(out))
	if m == nil {
		return Root{}, fmt.Errorf("%w: the one below %s has version %q", ErrRoot, path, out)
	}
	r.Version = m[1]
	r.Major, err = strconv.Atoi(m[2])
	return r, err
}

// command is an asterisk run inside the root.
func (r Root) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, asteriskProgram, args...)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "HOME=/root", "TERM=dumb"}
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	if r.Path != "/" {
		cmd.SysProcAttr.Chroot = r.Path
	}
	return cmd
}

// lockPoll is how often a lock held by somebody else is tried.
const lockPoll = 100 * time.Millisecond

// lockFile takes an exclusive lock that ends with the process at the latest.
func lockFile(ctx context.Context, path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lab: lock: %w", err)
	}
	ticker := time.NewTicker(lockPoll)
	defer ticker.Stop()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errors.Join(fmt.Errorf("lab: lock %s: %w", path, err), f.Close())
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("lab: waiting for lock %s: %w", path, ctx.Err()), f.Close())
		}
	}
}
