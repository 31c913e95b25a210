package campaign

import "calld/queue"

// Counts are what became of many tries.
type Counts struct {
	Tries int            `json:"tries"`
	Kinds map[string]int `json:"kinds"` // by Result.Kind
	// Answered counts the customers who answered, machines left out. The share
	// of them that no agent took is AbandonRate; 0 when nobody answered.
	Answered    int     `json:"answered"`
	Abandoned   int     `json:"abandoned"`
	AbandonRate float64 `json:"abandon_rate"`
	Served      int     `json:"served"`  // talked with an agent
	TalkMS      int64   `json:"talk_ms"` // with agents, in all
}

// Add counts one result.
func (c *Counts) Add(r *Result) {
	kind := r.Kind()
	if c.Kinds == nil {
		c.Kinds = map[string]int{}
	}
	c.Kinds[kind]++
	if kind == WhySkipped {
		return
	}
	c.Tries++
	if r.DialResult != queue.DialAnswered || kind == KindMachine {
		return
	}
	c.Answered++
	if kind == KindAbandoned {
		c.Abandoned++
	}
	c.AbandonRate = float64(c.Abandoned) / float64(c.Answered)
	if r.Bridged != nil {
		c.Served++
		if r.End != nil {
			c.TalkMS += max(0, r.End.Sub(*r.Bridged).Milliseconds())
		}
	}
}
