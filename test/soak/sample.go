package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"time"

	"calld/test/centre"
	"calld/test/lab"
)

// sample is what there is at one moment.
type sample struct {
	at              time.Duration // into the run
	memory          centre.Memory // of calld
	heap            float64       // in use, in bytes
	goroutines      int
	files           int
	asterisk        centre.Memory
	asteriskFiles   int
	store           int64 // size of the file, in bytes
	ended           int   // calls
	live            int   // calls
	lag             time.Duration
	calldTime       time.Duration // of the processor so far
	asteriskTime    time.Duration
	busy, processor time.Duration // of the machine so far
}

func (s *soak) sample(ctx context.Context) (x sample, err error) {
	x.at = time.Since(s.begun)
	m, err := s.Server.Metrics(ctx)
	if err != nil {
		return x, err
	}
	x.heap = m.Sum("go_memstats_heap_inuse_bytes", "")
	x.goroutines = int(m.Sum("go_goroutines", ""))
	x.ended = int(m.Sum("calld_calls_total", ""))
	x.live = int(m.Sum("calld_calls", ""))
	x.lag = time.Duration(m.Sum("calld_ami_lag_seconds", "") * float64(time.Second))
	info, err := os.Stat(s.Data())
	if err != nil {
		return x, err
	}
	x.store = info.Size()
	server, pbx := s.Server.PID(), s.PBX.PID()
	for _, look := range []func() error{
		func() error { x.memory, err = centre.MemoryOf(server); return err },
		func() error { x.asterisk, err = centre.MemoryOf(pbx); return err },
		func() error { x.files, err = centre.OpenFiles(server); return err },
		func() error { x.asteriskFiles, err = centre.OpenFiles(pbx); return err },
		func() error { x.calldTime, err = lab.CPU(server); return err },
		func() error { x.asteriskTime, err = lab.CPU(pbx); return err },
		func() error { x.busy, x.processor, err = centre.MachineTime(); return err },
	} {
		if err := look(); err != nil {
			return x, err
		}
	}
	return x, nil
}

// watch takes samples, and prints a line now and then.
func (s *soak) watch(ctx context.Context, callers *lab.SIPpCallers) error {
	told := time.Duration(0)
	return every(ctx, sampleEvery, func(ctx context.Context) error {
		x, err := s.sample(ctx)
		if err != nil {
			return err
		}
		s.mu.Lock()
		s.samples = append(s.samples, x)
		s.mu.Unlock()
		if x.at-told < tellEvery {
			return nil
		}
		told = x.at.Truncate(tellEvery)
		m, err := s.Server.Metrics(ctx)
		if err != nil {
			return err
		}
		made, failed, err := callers.Made()
		if err != nil {
			return err
		}
		fmt.Printf("%s: %d calls made, %d failed for SIPp; %s; live %d; calld %s (heap %s, file %s), goroutines %d, handles %d; "+
			"Asterisk %s, handles %d; events %v late; machine %.0f %% busy\n",
			x.at.Round(time.Second), made, failed, summary(m), x.live, mib(float64(x.memory.Own)), mib(x.heap), mib(float64(x.store)),
			x.goroutines, x.files, mib(float64(x.asterisk.Own)), x.asteriskFiles, x.lag.Round(time.Millisecond), s.lastBusy())
		return nil
	})
}

// lastBusy is how busy the machine was in the last minute, in percent.
func (s *soak) lastBusy() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := s.samples[len(s.samples)-1]
	before := s.samples[max(0, len(s.samples)-1-int(tellEvery/sampleEvery))]
	return 100 * (last.busy - before.busy).Seconds() / max(1e-9, (last.processor-before.processor).Seconds())
}

func mib(bytes float64) string { return fmt.Sprintf("%.1f MiB", bytes/(1<<20)) }

// slope is by how much values grow in an hour, by least squares, and the
// standard error of that: memory goes up and down between two collections.
// Both are 0 of fewer than three moments.
func slope(samples []sample, of func(sample) float64) (up, deviation float64) {
	if len(samples) < 3 {
		return 0, 0
	}
	n := float64(len(samples))
	var meanT, meanV float64
	for _, x := range samples {
		meanT += x.at.Hours() / n
		meanV += of(x) / n
	}
	var tt, tv, vv float64
	for _, x := range samples {
		t, v := x.at.Hours()-meanT, of(x)-meanV
		tt, tv, vv = tt+t*t, tv+t*v, vv+v*v
	}
	if tt == 0 {
		return 0, 0
	}
	up = tv / tt
	return up, math.Sqrt(max(0, vv-up*tv) / (n - 2) / tt)
}
