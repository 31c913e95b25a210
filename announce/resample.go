package announce

import "math"

const (
	// crossings is how many zero crossings of the sinc each side of the
	// filter keeps; with beta it gives some 540 Hz between what passes and
	// what is stopped.
	crossings = 32
	// beta is the Kaiser window's parameter for 70 dB of attenuation: below
	// what 13 significant bits of a telephone line let through.
	beta = 6.755
	// passes is where the filter is at half, as a part of the lower of both
	// rates' half: up to 3430 Hz of 4000 stay as they are.
	passes = 0.925
	// maxPhases bounds the filter's table. A rate whose exact ratio needs
	// more is taken as the nearest one that does not: the pitch is off by
	// less than 0.1 %.
	maxPhases = 512
)

// resampler changes the sample rate by a band-limited polyphase filter.
type resampler struct {
	up, down int // out rate / in rate
	// phases holds the filter for each of up positions between two samples.
	phases [][]float32
	half   int // of a phase's taps

	in   []float32 // the samples that are still needed
	pos  int       // of the next output sample within in
	frac int       // and between two of its samples, in units of 1/up
}

func newResampler(from, to int) *resampler {
	r := &resampler{}
	r.up, r.down = ratio(from, to)
	if r.up == r.down {
		return r
	}
	scale := min(1, float64(r.up)/float64(r.down)) * passes // of the filter's edge to half the in rate
	r.half = int(math.Ceil(crossings / scale))
	r.phases = make([][]float32, r.up)
	for p := range r.phases {
		taps := make([]float32, 2*r.half)
		sum := 0.0
		weights := make([]float64, len(taps))
		for i := range taps {
			x := float64(i-r.half+1) - float64(p)/float64(r.up)
			weights[i] = sinc(x*scale) * kaiser(x/float64(r.half))
			sum += weights[i]
		}
		for i := range taps {
			taps[i] = float32(weights[i] / sum) // the same level for all phases
		}
		r.phases[p] = taps
	}
	// Silence before the first sample, so that the first output sample lies
	// on the first input sample.
	r.in = make([]float32, r.half-1)
	return r
}

// ratio gives the fraction to/from with a numerator of at most maxPhases.
func ratio(from, to int) (up, down int) {
	best := math.Inf(1)
	for u := 1; u <= maxPhases; u++ {
		exact := float64(u) * float64(from) / float64(to)
		d := max(1, math.Round(exact))
		if off := math.Abs(exact-d) / d; off < best {
			up, down, best = u, int(d), off
		}
	}
	return up, down
}

// add takes input samples and appends the output samples they complete.
func (r *resampler) add(out, in []float32) []float32 {
	if r.phases == nil {
		return append(out, in...)
	}
	r.in = append(r.in, in...)
	for r.pos+2*r.half <= len(r.in) {
		var sum float32
		window := r.in[r.pos : r.pos+2*r.half]
		for i, t := range r.phases[r.frac] {
			sum += t * window[i]
		}
		out = append(out, sum)
		r.frac += r.down
		r.pos += r.frac / r.up
		r.frac %= r.up
	}
	if used := min(r.pos, len(r.in)); used > 0 {
		r.in = r.in[:copy(r.in, r.in[used:])]
		r.pos -= used
	}
	return out
}

// end appends the output samples that lie within the input but needed what
// would have come after it.
func (r *resampler) end(out []float32) []float32 {
	if r.phases == nil {
		return out
	}
	return r.add(out, make([]float32, r.half))
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// kaiser is the Kaiser window, 1 at x = 0 and 0 beyond ±1.
func kaiser(x float64) float64 {
	if x <= -1 || x >= 1 {
		return 0
	}
	return bessel(beta*math.Sqrt(1-x*x)) / bessel(beta)
}

// bessel is the modified Bessel function of order zero, by its series.
func bessel(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > 1e-12*sum; k++ {
		term *= x / 2 / k * (x / 2 / k)
		sum += term
	}
	return sum
}
