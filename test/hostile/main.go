// Command hostile attacks a call centre at work: a real Asterisk, calld as a process of its own, agents whose
// phones answer, and honest callers all the while. It tries each port of calld as a
// stranger, an agent, a program with a token, a caller and Asterisk itself may, prints one line for
// each attack, and fails when a promise of docs/threat-model.md is broken: when
// an honest call was not answered, too, or calld did not come back to the memory and
// handles that it had.
//
//	go run ./test/hostile -only http
//
// Strangers come from addresses of their own, 127.0.0.66 and so on. Everything speaks
// on loopback only.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// errBroken means that the run itself went well, but calld did not stand it.
var errBroken = errors.New("hostile: promises are broken")

// attack is one way to do harm. seen tells what was done and what calld did; an
// error is a promise broken.
type attack struct {
	port, name string
	run        func(context.Context, *office) (seen string, err error)
}

// attacks in the order of how many can make them: callers first. Those over TLS
// are h2Attacks.
func attacks() []attack {
	var all []attack
	for _, list := range [][]attack{callerAttacks(), httpAttacks(), socketAttacks(), agiAttacks(), managerAttacks(), rightsAttacks(), pathAttacks(), uploadAttacks(), loginAttacks(), logAttacks()} {
		all = append(all, list...)
	}
	return all
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	only := flag.String("only", "", "make only the attacks that have this `word` in their port or name")
	flag.Parse()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	if err := run(ctx, *only, log); err != nil {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, only string, log *slog.Logger) (err error) {
	chosen := func(list []attack) []attack {
		return slices.DeleteFunc(list, func(a attack) bool { return !strings.Contains(a.port+" "+a.name, only) })
	}
	plain, secure := chosen(attacks()), chosen(h2Attacks())
	if len(plain)+len(secure) == 0 {
		return fmt.Errorf("hostile: no attack has %q in its port or name; try sip, http, ws, agi, ami, rights, guesses or h2", only)
	}
	if len(plain) > 0 {
		err = act(ctx, plain, false, log)
	}
	if len(secure) > 0 && ctx.Err() == nil {
		err = errors.Join(err, act(ctx, secure, true, log))
	}
	return err
}

// act makes attacks on a call centre of their own, with its pages over TLS if told.
func act(ctx context.Context, chosen []attack, secure bool, log *slog.Logger) (err error) {
	c, err := newCentre(ctx, secure, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	before, err := c.server.usage(ctx)
	if err != nil {
		return err
	}
	honest := c.startTraffic(ctx)
	broken := 0
	for _, a := range chosen {
		began := time.Now()
		seen, err := a.run(ctx, c)
		if err == nil {
			err = c.healthy(ctx)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		verdict := "ok    "
		if err != nil {
			verdict, seen = "BROKEN", strings.Join([]string{seen, err.Error()}, ": ")
			broken++
		}
		fmt.Printf("%s %-4s %-36s %5.1fs  %s\n", verdict, a.port, a.name, time.Since(began).Seconds(), seen)
	}
	if err := honest.finish(ctx); err != nil {
		fmt.Println("BROKEN honest callers:", err)
		broken++
	}
	fmt.Println(honest)
	seen, err := c.settled(ctx, before)
	fmt.Println(seen)
	if err != nil {
		fmt.Println("BROKEN calld afterwards:", err)
		broken++
	}
	if broken > 0 {
		return fmt.Errorf("%w: %d", errBroken, broken)
	}
	return nil
}
