package main

import (
	"fmt"
	"io"
	"time"

	"calld/test/centre"
)

const (
	// The first part of the run, in which memory grows to what the load needs.
	warmUpShare = 5 // of the whole
	longestWarm = 10 * time.Minute
	// A shorter run tells nothing of the slope, which is printed and not judged.
	shortestJudged = 30 * time.Minute
	// maxSlope is by how much calld's own memory may grow in an hour, in bytes,
	// when twice the standard error is taken off: a tenth of a kilobyte a call
	// would be twice that.
	maxSlope = 8 << 20
	// maxMore is by how many goroutines or handles it may have more in the end:
	// connections that the HTTP clients of this program keep open.
	maxMore = 10
	// shownFaults is how many differences of each kind are printed.
	shownFaults = 5
)

// report prints what was found, and tells whether something is off.
func (s *soak) report(w io.Writer) (off bool) {
	line := func(format string, a ...any) { _, _ = fmt.Fprintf(w, format+"\n", a...) } // standard output
	judge := func(bad bool, format string, a ...any) {
		word := "good"
		if bad {
			word, off = "OFF ", true
		}
		line("%s  %s", word, fmt.Sprintf(format, a...))
	}
	length := s.samplesEnd()
	line("\nSoak of %v: %d calls a second, %d agents; away %d, logged out %d, dropped %d, logged in %d times; reloads %d",
		length.Round(time.Second), s.rate, s.agents, s.moves.away.Load(), s.moves.logouts.Load(), s.moves.drops.Load(), s.moves.logins.Load(), s.reloads)
	for _, b := range s.backups {
		line("      backup: %s", b)
	}
	s.reportMemory(line, judge)
	judge(s.last.goroutines > s.first.goroutines+maxMore, "goroutines %d at the begin, %d at the end", s.first.goroutines, s.last.goroutines)
	judge(s.last.files > s.first.files+maxMore, "calld's file handles %d at the begin, %d at the end", s.first.files, s.last.files)
	judge(s.last.asteriskFiles > s.first.asteriskFiles+maxMore, "Asterisk's file handles %d at the begin, %d at the end", s.first.asteriskFiles, s.last.asteriskFiles)
	calls := max(1, s.last.ended)
	line("      processor time of a call: calld %v, Asterisk %v; machine %.0f %% busy",
		((s.last.calldTime - s.first.calldTime) / time.Duration(calls)).Round(10*time.Microsecond),
		((s.last.asteriskTime - s.first.asteriskTime) / time.Duration(calls)).Round(10*time.Microsecond),
		100*(s.last.busy-s.first.busy).Seconds()/max(1e-9, (s.last.processor-s.first.processor).Seconds()))
	s.reportLogs(judge)
	for _, name := range zeroes() {
		n := s.metrics.Sum(name, "")
		judge(n != 0, "%s %.0f", name, n)
	}
	judge(s.result.Failed > 0, "SIPp: %d calls made, %d failed", s.result.Calls, s.result.Failed)
	judge(len(s.ledger.Faults) > 0, "the books of calld, Asterisk and SIPp compared (moments within %v):", tolerance)
	for _, l := range s.ledger.Lines(shownFaults) {
		line("      %s", l)
	}
	refused := 0
	for i, p := range s.Pages {
		if n, last := p.Refusals(); n > 0 && !s.guest(i) {
			refused += n
			line("      page of %s: %s", p.Agent, last)
		}
	}
	judge(refused > 0, "%d frames of pages refused", refused)
	for _, text := range s.off {
		judge(true, "%s", text)
	}
	return off
}

// zeroes are metrics that stay 0 on a sound system.
func zeroes() []string {
	return []string{
		"calld_freed_total", "calld_records_lost_total", "calld_agent_states_lost_total", "calld_agi_panics_total",
		"calld_agi_refused_total", "calld_ami_events_lost_total", "calld_sweeps_failed_total", "calld_page_events_dropped_total",
		"calld_announcement_fallbacks_total", "calld_orphans_hung_up_total",
	}
}

func (s *soak) samplesEnd() time.Duration {
	if len(s.samples) == 0 {
		return 0
	}
	return s.samples[len(s.samples)-1].at
}

// reportMemory prints how memory has gone since the warm-up.
func (s *soak) reportMemory(line func(string, ...any), judge func(bool, string, ...any)) {
	length := s.samplesEnd()
	warm := min(length/warmUpShare, longestWarm)
	after := s.samples
	for len(after) > 0 && after[0].at < warm {
		after = after[1:]
	}
	if len(after) == 0 {
		line("      too short for any figure of memory")
		return
	}
	first, last := after[0], after[len(after)-1]
	lag := time.Duration(0)
	for _, x := range after {
		lag = max(lag, x.lag)
	}
	one := func(name string, bad bool, of func(sample) float64) {
		up, deviation := slope(after, of)
		format, args := "%s: %s after the warm-up of %v, %s at the end, slope %+.2f ± %.2f MiB an hour", []any{name, mib(of(first)), warm.Round(time.Second), mib(of(last)), up / (1 << 20), deviation / (1 << 20)}
		if bad && length >= shortestJudged {
			judge(up-2*deviation > maxSlope, format+" (at most %s wanted)", append(args, mib(maxSlope))...)
			return
		}
		line("      "+format, args...)
	}
	one("calld's own memory", true, func(x sample) float64 { return float64(x.memory.Own) })
	one("calld's heap in use", false, func(x sample) float64 { return x.heap })
	one("calld's resident memory, its data file in it", false, func(x sample) float64 { return float64(x.memory.Resident) })
	one("Asterisk's own memory", false, func(x sample) float64 { return float64(x.asterisk.Own) })
	line("      data file: %s for %d calls; events at most %v late", mib(float64(s.last.store)), s.last.ended, lag.Round(time.Millisecond))
}

// reportLogs prints every group of warnings and errors.
func (s *soak) reportLogs(judge func(bool, string, ...any)) {
	text, err := s.Server.Log()
	judge(err != nil, "calld's log: %d bytes", len(text))
	why := explained()
	for who, groups := range map[string][]centre.LogGroup{"calld": centre.GroupLog(text), "Asterisk": groupAsterisk(s.PBX.Faults())} {
		for _, g := range groups {
			reason, ok := why[g.Message]
			if ok {
				judge(false, "log of %s: %s %q, %d times: %s", who, g.Level, g.Message, g.Count, reason)
			} else {
				judge(true, "log of %s: %s %q, %d times, not explained: %s", who, g.Level, g.Message, g.Count, g.Last)
			}
		}
	}
}
