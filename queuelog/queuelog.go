package queuelog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"calld/config"
	"calld/queue"
)

const (
	// Queue bounds the lines that wait for the disk; each has some 80 bytes.
	Queue = 16_384
	// logEvery is between two log lines of one lasting failure.
	logEvery = time.Minute
)

// Options set up a [Log].
type Options struct {
	Log *slog.Logger
}

// Stats counts lines.
type Stats struct {
	Written    uint64
	Overflowed uint64 // lost because Queue lines waited
	Failed     uint64 // lost because the file could not be written
}

// Log writes a queue_log. Its methods may be called from any goroutine.
type Log struct {
	log  *slog.Logger
	wake chan struct{} // capacity 1

	mu      sync.Mutex // no I/O under it: Observe is called with the board locked
	path    string
	reopen  bool
	started bool        // QUEUESTART is written
	events  *translator // nil: no file is configured
	lines   []string
	stats   Stats

	file   *os.File // for Run alone
	logged time.Time
}

// New makes a Log that writes nothing until Configure names a file.
func New(o Options) *Log { return &Log{log: o.Log, wake: make(chan struct{}, 1)} }

// Configure names the file and has it opened anew. The live calls are those
// that have had their lines, should this be the first time that a file is
// named.
func (l *Log) Configure(cfg *config.Config, live []queue.Call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.path, l.reopen = cfg.QueueLog.File, true
	switch {
	case l.path == "":
		l.events, l.started = nil, false
	case !l.started:
		l.events, l.started = newTranslator(live), true
		l.add(line(now, none, none, none, "QUEUESTART"))
	default:
		l.add(line(now, none, none, none, "CONFIGRELOAD"))
	}
	l.wakeUp()
}

// Observe takes an event. It is a [queue.Observer].
func (l *Log) Observe(e *queue.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.events != nil {
		l.add(l.events.translate(e)...)
	}
}

func (l *Log) add(lines ...string) {
	for _, text := range lines {
		if len(l.lines) >= Queue {
			l.stats.Overflowed++
			continue
		}
		l.lines = append(l.lines, text)
	}
	if len(lines) > 0 {
		l.wakeUp()
	}
}

func (l *Log) wakeUp() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Stats returns the counts so far.
func (l *Log) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stats
}

// Run writes until ctx ends, and then what is left. Stop whatever calls Observe
// before.
func (l *Log) Run(ctx context.Context) error {
	defer func() { l.note(0, l.closeFile()) }()
	for {
		l.flush()
		select {
		case <-l.wake:
		case <-ctx.Done():
			l.flush()
			return nil
		}
	}
}

// flush writes what waits.
func (l *Log) flush() {
	l.mu.Lock()
	path, reopen, lines := l.path, l.reopen, l.lines
	l.reopen, l.lines = false, nil
	lost := l.stats.Overflowed
	l.mu.Unlock()
	if lost > 0 && len(lines) == Queue {
		l.note(0, errors.New("lines were lost: they came faster than they could be written"))
	}
	if reopen {
		l.note(0, l.closeFile())
	}
	if path == "" || len(lines) == 0 {
		return
	}
	err := l.write(path, strings.Join(lines, ""))
	if err != nil {
		err = errors.Join(err, l.closeFile())
	}
	l.mu.Lock()
	if err != nil {
		l.stats.Failed += uint64(len(lines))
	} else {
		l.stats.Written += uint64(len(lines))
	}
	l.mu.Unlock()
	l.note(len(lines), err)
}

// write appends to the file, which is opened when it is not, or is not the one
// of that name any more.
func (l *Log) write(path, text string) error {
	if l.file != nil {
		open, err := l.file.Stat()
		named, gone := os.Stat(path)
		if err != nil || gone != nil || !os.SameFile(open, named) {
			if err := l.closeFile(); err != nil {
				return err
			}
		}
	}
	if l.file == nil {
		var err error
		if l.file, err = os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640); err != nil {
			return err
		}
	}
	if _, err := l.file.WriteString(text); err != nil {
		return fmt.Errorf("queuelog: %w", err)
	}
	return nil
}

func (l *Log) closeFile() error {
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return err
}

// note logs a failure, a lasting one now and then.
func (l *Log) note(lines int, err error) {
	if now := time.Now(); err != nil && now.Sub(l.logged) >= logEvery {
		l.logged = now
		l.log.Error("queue log not written", "lines_lost", lines, "err", err)
	}
}
