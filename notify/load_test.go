package notify_test

import (
	"bytes"
	"fmt"
	"net"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"calld/config"
	"calld/queue"
)

// Load of BenchmarkRingToFrame: so many calls come in a second, ring, and talk.
const (
	loadRate = 100
	loadRing = 50 * time.Millisecond
	loadTalk = time.Second
)

// BenchmarkRingToFrame measures the time from the fact that a phone rings to
// the frame at the rung agent's page, over real sockets on loopback, while
// every other page gets its changes too. An iteration is one call; calls come
// at loadRate, so give it a number: -benchtime 1000x.
func BenchmarkRingToFrame(b *testing.B) {
	for _, size := range []int{10, 50} {
		b.Run(fmt.Sprintf("agents=%d", 20*size), func(b *testing.B) { ringToFrame(b, 20, size) })
	}
}

func ringToFrame(b *testing.B, queues, size int) {
	b.Helper()
	cfg := &config.Config{}
	cfg.Server.Timezone = time.UTC
	for q := range queues {
		id := fmt.Sprintf("q%d", q)
		cfg.Queues = append(cfg.Queues, config.Queue{ID: id, Name: id, Number: id, Queueing: config.Inline, Order: config.LongestIdle, RingTimeout: 20 * time.Second})
		for a := range size {
			agent := fmt.Sprintf("%s-%d", id, a)
			cfg.Agents = append(cfg.Agents, config.Agent{ID: agent, Name: agent, Role: config.RoleAgent, Queues: []string{id}, Phone: "8" + agent})
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	o := openOffice(b, cfg, l)
	o.dial, o.url, o.patience = (&net.Dialer{}).DialContext, "ws://"+l.Addr().String()+"/ws", time.Minute
	o.board.Deaf(false)

	var mu sync.Mutex
	rang := map[string]time.Time{} // by call
	var took []time.Duration
	var pages, calls sync.WaitGroup
	for _, a := range cfg.Agents {
		p, _ := o.enter(a.ID)
		pages.Go(func() {
			for {
				_, text, err := p.conn.ReadMessage()
				if err != nil {
					return
				}
				now := time.Now()
				if !bytes.Contains(text, []byte(`"alert":{`)) {
					continue
				}
				_, rest, _ := bytes.Cut(text, []byte(`"call":{"id":"`))
				id, _, _ := bytes.Cut(rest, []byte(`"`))
				mu.Lock()
				took = append(took, now.Sub(rang[string(id)]))
				mu.Unlock()
			}
		})
	}
	frames, cpu := o.hub.Stats().Frames, cpuTime(b)
	b.ResetTimer()
	pace := time.NewTicker(time.Second / loadRate)
	defer pace.Stop()
	for i := range b.N {
		<-pace.C
		calls.Go(func() {
			id := fmt.Sprintf("c%d", i)
			ticket, err := o.board.Enter(queue.Entry{ID: id, Queue: fmt.Sprintf("q%d", i%queues), UniqueID: id, Caller: "01012345678"})
			if err != nil {
				b.Error(err)
				return
			}
			ticket.Ready()
			offer, _, err := ticket.Next(b.Context())
			if err != nil {
				b.Error(err)
				return
			}
			phone := offer.Agents[0].Phone
			mu.Lock()
			rang[id] = time.Now()
			mu.Unlock()
			o.board.Heard(queue.Fact{Kind: queue.PhoneRings, UniqueID: id, Phone: phone})
			time.Sleep(loadRing)
			o.board.Heard(queue.Fact{Kind: queue.PhoneAnswers, UniqueID: id, Phone: phone})
			time.Sleep(loadTalk)
			ticket.Hangup(16)
		})
	}
	calls.Wait()
	b.StopTimer()
	frames, cpu = o.hub.Stats().Frames-frames, cpuTime(b)-cpu
	o.stop()
	pages.Wait()
	if len(took) != b.N {
		b.Fatalf("%d alerts for %d calls", len(took), b.N)
	}
	slices.Sort(took)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	b.ReportMetric(ms(took[len(took)/2]), "p50-ms")
	b.ReportMetric(ms(took[len(took)*99/100]), "p99-ms")
	b.ReportMetric(ms(took[len(took)-1]), "max-ms")
	b.ReportMetric(ms(cpu)/float64(b.N), "cpu-ms/call") // hub, board and all pages
	b.ReportMetric(float64(frames)/b.Elapsed().Seconds(), "frames/s")
}

// cpuTime is the processor time that this process has used.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
