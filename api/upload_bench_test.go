package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"calld/campaign"
	"calld/queue"
)

// BenchmarkUpload loads lists of 100,000 customers, one line in a hundred of them bad,
// while calls are written: what the upload takes in time and memory, and how long a call
// had to wait for its record at the most.
func BenchmarkUpload(b *testing.B) {
	const entries, every = 100_000, 100
	number := func(i int) string {
		if i%every == every-1 {
			return "none"
		}
		return fmt.Sprintf("010-%04d-%04d", i/10_000, i%10_000)
	}
	var csv strings.Builder
	csv.WriteString("name,key,timezone,number1,city,contract\n")
	type entry struct {
		Name      string            `json:"name"`
		Key       string            `json:"key"`
		Numbers   []string          `json:"numbers"`
		Variables map[string]string `json:"variables"`
	}
	list := make([]entry, entries)
	for i := range list {
		list[i] = entry{"김철수", fmt.Sprint("K", i), []string{number(i)}, map[string]string{"city": "서울", "contract": "2026-03"}}
		fmt.Fprintf(&csv, "김철수,K%d,Asia/Seoul,%s,서울,2026-03\n", i, number(i))
	}
	array, err := json.Marshal(list)
	if err != nil {
		b.Fatal(err)
	}
	for _, tt := range []struct {
		name, media, body string
		firstBad          int // line of the CSV file, or place in the array
	}{
		{"CSV", "text/csv", csv.String(), every + 1},
		{"JSON", "application/json", string(array), every},
	} {
		b.Run(tt.name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				c := newCampaigns(b)
				stop := make(chan struct{})
				var beside sync.WaitGroup
				var longest time.Duration
				var highest uint64
				before := heap()
				beside.Go(func() { longest = c.keepCalls(stop) })
				beside.Go(func() { highest = highestHeap(stop) })
				b.StartTimer()
				w := c.send("관리자", "POST /api/v1/dial-lists/2/entries", tt.media, tt.body)
				b.StopTimer()
				close(stop)
				beside.Wait()
				var got campaign.Upload
				if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK {
					b.Fatalf("%d %s", w.Code, w.Body)
				}
				if got.Added != entries-entries/every || got.Refused != entries/every || got.Broken != "" ||
					got.Faults[0].Line != tt.firstBad || got.Faults[1].Line != tt.firstBad+every {
					b.Fatalf("%+v", got)
				}
				b.ReportMetric(float64(longest.Milliseconds()), "ms-longest-write")
				b.ReportMetric((float64(highest)-float64(before))/(1<<20), "MiB-at-most")
				b.StartTimer()
			}
		})
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}

// highestHeap is the most memory in use until stop is closed.
func highestHeap(stop <-chan struct{}) (highest uint64) {
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-stop:
			return highest
		case <-look.C:
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			highest = max(highest, m.HeapInuse)
		}
	}
}

// keepCalls writes calls, one after the other, until stop is closed, and returns how long
// the slowest took.
func (c *centre) keepCalls(stop <-chan struct{}) (longest time.Duration) {
	for i := 0; ; i++ {
		select {
		case <-stop:
			return longest
		default:
		}
		begin := time.Now()
		_, err := c.store.PutLive(c.t.Context(), &queue.Call{
			ID: queue.NewCallID(began), Queue: "billing", Direction: queue.In, Phase: queue.Waiting, Caller: "0101", Begin: began, Rings: []queue.Ring{},
		})
		if err != nil {
			c.t.Error(err)
			return longest
		}
		longest = max(longest, time.Since(begin))
	}
}
