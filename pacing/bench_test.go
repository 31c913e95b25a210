package pacing

import (
	"math/rand/v2"
	"testing"
	"time"
)

// BenchmarkDecide is one decision with 100 agents and 120 calls ringing.
func BenchmarkDecide(b *testing.B) {
	for _, m := range []Method{Lite, Risk} {
		b.Run(string(m), func(b *testing.B) {
			random := rand.New(rand.NewPCG(7, 1))
			p, now := trained(b, Options{Method: m}, 0.3)
			v := View{Free: 3, Room: 500}
			for range 97 {
				v.Busy = append(v.Busy, Busy{Since: now.Add(-seconds(random.ExpFloat64() * 150)), WrapUp: random.IntN(9) == 0})
			}
			for range 120 {
				v.Ringing = append(v.Ringing, now.Add(-seconds(random.Float64()*25)))
			}
			b.ReportAllocs()
			for b.Loop() {
				now = now.Add(20 * time.Millisecond)
				p.Decide(v, now)
			}
		})
	}
}
