package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"calld/store"
)

// backup has calld write a backup, opens it as one would in need, checks it
// and counts its calls.
func (s *soak) backup(ctx context.Context) error {
	before, err := s.Server.Metrics(ctx)
	if err != nil {
		return err
	}
	begin := time.Now()
	file := filepath.Join(s.dir, "backup-"+strconv.Itoa(len(s.backups))+".db")
	defer os.Remove(file) //nolint:errcheck // the folder goes too
	if _, err := s.CLI(ctx, "backup", file); err != nil {
		s.wrong("backup: %v", err)
		return nil
	}
	took := time.Since(begin)
	after, err := s.Server.Metrics(ctx)
	if err != nil {
		return err
	}
	calls, err := countCalls(file)
	if err != nil {
		s.wrong("backup: %v", err)
		return nil
	}
	// What had ended before must be there but for what was not on disk yet.
	least := int(before.Sum("calld_calls_total", "") - before.Sum("calld_records_waiting", ""))
	most := int(after.Sum("calld_calls_total", ""))
	if calls < least || calls > most {
		s.wrong("the backup has %d calls; %d to %d had ended", calls, least, most)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.backups = append(s.backups, fmt.Sprintf("%d calls in %v", calls, took.Round(time.Millisecond)))
	return nil
}

// countCalls checks a store and counts its ended calls.
func countCalls(file string) (n int, err error) {
	db, err := store.Open(file, store.Options{})
	if err != nil {
		return 0, err
	}
	defer db.Close() //nolint:errcheck // nothing was written
	if err := db.Check(); err != nil {
		return 0, err
	}
	for q := (store.Query{Limit: store.MaxLimit}); ; {
		page, err := db.History(q)
		if err != nil {
			return n, err
		}
		n += len(page.Calls)
		if page.Next == "" {
			return n, nil
		}
		q.Cursor = page.Next
	}
}
