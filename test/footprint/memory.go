package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"calld/test/centre"
	"calld/test/lab"
)

const (
	// callRate is how many calls a second are made until all live.
	callRate = 40
	// callTime is how long they live: until all has been read.
	callTime = 10 * time.Minute
	// steady is how long calld is left alone before its memory is read: the
	// collector's background work, and what is written late, are over.
	steady = 10 * time.Second
)

// stage is calld's memory at some point. Bytes.
type stage struct {
	name         string
	resident     int64 // all of it
	proportional int64 // the same, pages of files shared out among all who have them
	anonymous    int64 // what no file can give back
	store        int64 // pages of the store: page cache, which the kernel takes back when it wants to
	heap         int64 // of Go, in use
	routines     int
	cpu          time.Duration // each second, while nothing changes
}

// grow reads the memory step by step: nobody there, all agents, all calls.
func grow(ctx context.Context, c *centre.Centre, o options, log *slog.Logger) ([]stage, error) {
	var stages []stage
	note := func(format string, a ...any) error {
		s, err := look(ctx, c, o.store)
		s.name = fmt.Sprintf(format, a...)
		stages = append(stages, s)
		if err == nil && o.profile != "" {
			err = heap(ctx, c, filepath.Join(o.profile, fmt.Sprintf("heap-%d.pprof", len(stages))))
		}
		return err
	}
	if err := note("no pages"); err != nil {
		return nil, err
	}
	if err := c.OpenPages(ctx, nil); err != nil {
		return nil, err
	}
	if err := note("%d pages", o.agents); err != nil {
		return nil, err
	}
	calling, hangUp := context.WithCancel(ctx)
	defer hangUp()
	ended := make(chan error, 1)
	go func() {
		trunk := c.PBX.Trunks[0]
		_, err := lab.SIPp(calling, lab.Load{
			From: trunk.Host, Port: trunk.Port, To: c.PBX.SIP(), Number: centre.Entrance, Rate: callRate, Calls: o.live, Talk: callTime,
		}, log)
		ended <- err
	}()
	defer func() { hangUp(); <-ended }() //nolint:errcheck // that it was ended
	if err := awaitCalls(ctx, c, o); err != nil {
		return nil, err
	}
	return stages, note("%d pages, %d calls: %d talk, %d wait", o.agents, o.live, min(o.agents, o.live), max(0, o.live-o.agents))
}

// awaitCalls waits until all calls live, and as many talk as can.
func awaitCalls(ctx context.Context, c *centre.Centre, o options) error {
	limit := time.Duration(o.live/callRate)*time.Second + centre.Patience
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		// Await gives up after centre.Patience, which is too soon for many calls.
		err := c.Server.Await(ctx, "all calls to live", func(m centre.Metrics) bool {
			return int(m.Sum("calld_calls", "")) == o.live && int(m.Sum("calld_calls", `phase="talking"`)) == min(o.agents, o.live)
		})
		if err == nil || ctx.Err() != nil {
			return err
		}
	}
}

// look lets calld alone for a while, and reads what it has.
func look(ctx context.Context, c *centre.Centre, store string) (s stage, err error) {
	pid := c.Server.PID()
	before, err := lab.CPU(pid)
	if err != nil {
		return s, err
	}
	rest := time.NewTimer(steady)
	defer rest.Stop()
	select {
	case <-rest.C:
	case <-ctx.Done():
		return s, context.Cause(ctx)
	}
	after, err := lab.CPU(pid)
	if err != nil {
		return s, err
	}
	s.cpu = time.Duration(float64(after-before) / steady.Seconds())
	if err := s.memory(pid, store); err != nil {
		return s, err
	}
	m, err := c.Server.Metrics(ctx)
	s.heap, s.routines = int64(m["go_memstats_heap_inuse_bytes"]), int(m["go_goroutines"])
	return s, err
}

// memory reads a process's memory as smaps has it (proc(5)).
func (s *stage) memory(pid int, store string) error {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/smaps")
	if err != nil {
		return fmt.Errorf("footprint: %w", err)
	}
	ofStore := false
	for line := range strings.Lines(string(text)) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok || strings.Contains(name, " ") { // of a mapping: addresses, rights, place and file
			ofStore = strings.HasSuffix(strings.TrimSpace(line), store)
			continue
		}
		kB, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		if err != nil {
			continue // flags
		}
		switch n := kB << 10; name {
		case "Rss":
			s.resident += n
			if ofStore {
				s.store += n
			}
		case "Pss":
			s.proportional += n
		case "Anonymous":
			s.anonymous += n
		}
	}
	return nil
}

// heap writes a profile of calld's heap.
func heap(ctx context.Context, c *centre.Centre, file string) error {
	from, err := c.Server.Ask(ctx, "/debug/pprof/heap")
	if err != nil {
		return err
	}
	defer from.Close() //nolint:errcheck // read to its end
	body, err := io.ReadAll(from)
	if err != nil {
		return err
	}
	return os.WriteFile(file, body, 0o644)
}
