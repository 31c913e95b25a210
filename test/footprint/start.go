package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"calld/test/centre"
	"calld/test/lab"
)

// lookEvery is how often /readyz is asked.
const lookEvery = time.Millisecond

// started is one start of calld.
type started struct {
	cold  bool
	ready time.Duration // until /readyz was green
	cpu   time.Duration // of calld by then
}

// start ends calld, if it runs, and starts it anew.
func start(ctx context.Context, c *centre.Centre, cold bool, store, binary string) (started, error) {
	s := started{cold: cold}
	if err := c.Server.Stop(); err != nil {
		return s, err
	}
	if cold {
		for _, path := range []string{store, binary} {
			if err := forget(path); err != nil {
				return s, err
			}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, centre.Patience)
	defer cancel()
	ready := make(chan error, 1)
	begin := time.Now()
	go func() {
		err := awaitReady(ctx, c.URL("/readyz"))
		s.ready = time.Since(begin)
		ready <- err
	}()
	if err := c.Serve(ctx); err != nil {
		return s, err
	}
	if err := <-ready; err != nil {
		return s, err
	}
	var err error
	s.cpu, err = lab.CPU(c.Server.PID())
	return s, err
}

func awaitReady(ctx context.Context, url string) error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if resp, err := client.Do(req); err == nil {
			_ = resp.Body.Close() // only the status counts
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("footprint: calld is not ready: %w", ctx.Err())
		}
	}
}

// forget has the kernel drop a file from its page cache; for that it must be
// written out.
func forget(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	err = errors.Join(f.Sync(), unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED))
	return errors.Join(err, f.Close())
}
