package pacing

import (
	"math"
	"time"
)

const (
	holdHalfLife = 200.0 // ended talks after which a weight has halved
	longestHold  = 1200  // seconds; an agent busy for longer is taken as busy so long
	priorTalk    = 300.0 // mean seconds assumed before there is data
	priorWrap    = 30.0
	priorHolds   = 1.0  // in each span the prior weighs as much as so many agents
	tablesEvery  = 10.0 // seconds until the tables are worked out anew
)

// durations is how long something lasts, as a hazard: of those that lasted
// so long, how many ended in the next span. Running ones count as exposure,
// so that a long talk is known before it ends.
type durations struct {
	ends     []float64 // weight of ends by span
	exposure []float64 // weighted seconds spent in each span
	mean     float64   // of the prior
}

// width is that of the hazard's span beginning at so many seconds: two
// seconds at first, then an eighth of the duration.
func width(begin float64) float64 { return max(2, begin/8) }

// spans is how many there are.
func spans() int {
	n := 0
	for end := 0.0; end < longestHold; end += width(end) {
		n++
	}
	return n
}

func newDurations(mean float64) durations {
	n := spans()
	return durations{ends: make([]float64, n), exposure: make([]float64, n), mean: mean}
}

func (d *durations) add(took time.Duration) {
	fade := math.Exp2(-1 / holdHalfLife)
	for i := range d.ends {
		d.ends[i] *= fade
		d.exposure[i] *= fade
	}
	i := expose(d.exposure, took.Seconds())
	d.ends[i]++
}

// expose adds seconds of exposure and returns the span they end in.
func expose(exposure []float64, seconds float64) int {
	begin := 0.0
	for i := range exposure {
		w := width(begin)
		if seconds < begin+w || i == len(exposure)-1 {
			exposure[i] += min(seconds-begin, w)
			return i
		}
		exposure[i] += w
		begin += w
	}
	return 0
}

// survival works out the chance to last longer than each whole second.
// running is exposure of what has not ended.
func (d *durations) survival(running, out []float64) {
	left, decay, end := 1.0, 1.0, 0.0
	for s, i := 0, -1; s < len(out); s++ {
		for i < 0 || (float64(s) >= end && i < len(d.ends)-1) {
			i++
			w := width(end)
			end += w
			prior := priorHolds * w
			hazard := (d.ends[i] + prior/d.mean) / (d.exposure[i] + running[i] + prior)
			decay = math.Exp(-hazard)
		}
		out[s] = left
		left *= decay
	}
}

// holds is the model of busy agents: how likely one is free within each
// horizon, who has been in a talk or in wrap-up for so long.
type holds struct {
	talks, wraps durations
	grace        time.Duration

	made      time.Time // when the tables were worked out
	talkLeft  []float64 // survival by whole seconds
	wrapLeft  []float64
	talkRows  []row
	wrapRows  []row
	version   int
	runTalks  []float64
	runWraps  []float64
	wrapShort [2*horizons*horizonStep + 16]float64 // chance that a wrap-up ends within whole seconds
}

// row is the chance to be free within each horizon and the grace.
type row struct {
	version int
	free    [horizons]float64
}

func newHolds(grace time.Duration) holds {
	n := longestHold + horizons*horizonStep + 32
	return holds{
		talks: newDurations(priorTalk), wraps: newDurations(priorWrap), grace: grace,
		talkLeft: make([]float64, n), wrapLeft: make([]float64, n),
		talkRows: make([]row, longestHold+1), wrapRows: make([]row, longestHold+1),
		runTalks: make([]float64, spans()), runWraps: make([]float64, spans()),
	}
}

// look works the tables out anew when they are old.
func (h *holds) look(busy []Busy, now time.Time) {
	if h.version > 0 && now.Sub(h.made).Seconds() < tablesEvery {
		return
	}
	h.made = now
	h.version++
	clear(h.runTalks)
	clear(h.runWraps)
	for _, b := range busy {
		running := h.runTalks
		if b.WrapUp {
			running = h.runWraps
		}
		expose(running, max(now.Sub(b.Since).Seconds(), 0))
	}
	h.talks.survival(h.runTalks, h.talkLeft)
	h.wraps.survival(h.runWraps, h.wrapLeft)
	for s := range h.wrapShort {
		h.wrapShort[s] = 1 - h.wrapLeft[s]
	}
}

// within is the chance that a busy agent is free within each horizon.
func (h *holds) within(b Busy, now time.Time) *[horizons]float64 {
	age := min(max(int(now.Sub(b.Since)/time.Second), 0), longestHold)
	rows := h.talkRows
	if b.WrapUp {
		rows = h.wrapRows
	}
	r := &rows[age]
	if r.version != h.version {
		r.version = h.version
		if b.WrapUp {
			h.wrapRow(age, r)
		} else {
			h.talkRow(age, r)
		}
	}
	return &r.free
}

func (h *holds) wrapRow(age int, r *row) {
	grace := int(h.grace / time.Second)
	for j := range horizons {
		r.free[j] = 1 - h.wrapLeft[age+(j+1)*horizonStep+grace]/max(h.wrapLeft[age], 1e-12)
	}
}

// talkRow joins the end of the talk with the wrap-up after it, in steps of
// a second or two.
func (h *holds) talkRow(age int, r *row) {
	grace := int(h.grace / time.Second)
	left := max(h.talkLeft[age], 1e-12)
	const step = 2
	var ends [horizons*horizonStep/step + 8]float64 // chance that the talk ends in each step
	last := horizons*horizonStep + grace
	for i := 0; i*step < last; i++ {
		ends[i] = (h.talkLeft[age+i*step] - h.talkLeft[age+(i+1)*step]) / left
	}
	for j := range horizons {
		until := (j+1)*horizonStep + grace
		sum := 0.0
		for i := 0; i*step < until; i++ {
			sum += ends[i] * h.wrapShort[max(until-i*step-step/2, 0)]
		}
		r.free[j] = min(sum, 1)
	}
}
