package app

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"calld/agi"
	"calld/notify"
	"calld/queue"
	"calld/webphone"
)

// counts is the metrics that are counted as events come. Their labels are
// closed lists, and queue ids, which the configuration bounds.
type counts struct {
	calls  *prometheus.CounterVec
	rings  *prometheus.CounterVec
	waited prometheus.Histogram
	talked prometheus.Histogram
}

func newCounts(r *prometheus.Registry) *counts {
	c := &counts{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "calld_calls_total", Help: "Ended calls by queue, direction and outcome.",
		}, []string{"queue", "direction", "outcome"}),
		rings: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "calld_rings_total", Help: "Agents rung, by what became of it.",
		}, []string{"result"}),
		waited: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "calld_wait_seconds", Help: "From an inbound call's coming in to its answer or end.",
			Buckets: []float64{0.1, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600},
		}),
		talked: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "calld_talk_seconds", Help: "Length of answered calls.",
			Buckets: []float64{5, 15, 30, 60, 120, 300, 600, 1800, 3600},
		}),
	}
	r.MustRegister(c.calls, c.rings, c.waited, c.talked,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return c
}

// Observe counts ended calls.
func (c *counts) Observe(e *queue.Event) {
	if e.Kind != queue.CallEnded {
		return
	}
	c.calls.WithLabelValues(e.Call.Queue, string(e.Call.Direction), string(e.Call.Outcome)).Inc()
	for _, r := range e.Call.Rings {
		c.rings.WithLabelValues(string(r.Result)).Inc()
	}
	if e.Call.Direction == queue.In {
		c.waited.Observe(float64(e.Call.WaitMS) / 1000)
	}
	if e.Call.Start != nil {
		c.talked.Observe(float64(e.Call.TalkMS) / 1000)
	}
}

// readings is the metrics that are read from the parts when they are asked
// for.
type readings struct{ a *App }

// Describe describes nothing: an unchecked collector, whose label values
// depend on the configuration.
func (readings) Describe(chan<- *prometheus.Desc) {}

// Collect reads the parts.
func (r readings) Collect(out chan<- prometheus.Metric) {
	r.queues(out)
	r.agi(out)
	r.pages(out)
	r.phones(out)
	r.asterisk(out)
	r.records(out)
	r.announcements(out)
}

func send[N int | int64 | uint64 | float64](out chan<- prometheus.Metric, kind prometheus.ValueType, name, help string, v N, labels ...string) {
	var names, values []string
	for i := 0; i < len(labels); i += 2 {
		names, values = append(names, labels[i]), append(values, labels[i+1])
	}
	out <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, names, nil), kind, float64(v), values...)
}

func (r readings) queues(out chan<- prometheus.Metric) {
	for _, q := range r.a.board.Snapshot().Queues {
		for phase, n := range map[queue.Phase]int{queue.Waiting: q.Waiting, queue.Ringing: q.Ringing, queue.Talking: q.Talking} {
			send(out, prometheus.GaugeValue, "calld_calls", "Live calls by queue and phase.", n, "queue", q.ID, "phase", string(phase))
		}
		for _, s := range queue.AgentStates() {
			send(out, prometheus.GaugeValue, "calld_agents", "Agents by queue and state.", q.Agents[s], "queue", q.ID, "state", string(s))
		}
	}
	send(out, prometheus.CounterValue, "calld_freed_total", "Agents and calls that guards had to take back.", r.a.board.Freed())
}

func (r readings) agi(out chan<- prometheus.Metric) {
	s := r.a.agi.Stats()
	send(out, prometheus.GaugeValue, "calld_agi_sessions", "Open FastAGI sessions.", s.Open)
	send(out, prometheus.CounterValue, "calld_agi_accepted_total", "FastAGI connections accepted.", s.Accepted)
	send(out, prometheus.CounterValue, "calld_agi_panics_total", "Scripts that ended by a panic.", s.Panics)
	for _, reason := range agi.Reasons() {
		send(out, prometheus.CounterValue, "calld_agi_refused_total", "FastAGI connections refused or cut off, by reason.",
			s.Refused[reason], "reason", reason.String())
	}
}

func (r readings) pages(out chan<- prometheus.Metric) {
	s := r.a.hub.Stats()
	send(out, prometheus.GaugeValue, "calld_pages", "Connected browser pages.", s.Sockets)
	for _, reason := range notify.Refusals() {
		send(out, prometheus.CounterValue, "calld_pages_refused_total", "Page connections refused, by reason.",
			s.Refused[reason], "reason", string(reason))
	}
	send(out, prometheus.CounterValue, "calld_page_events_dropped_total", "Events left out for all pages because they came too fast; a snapshot followed.", s.Dropped)
	for _, reason := range notify.Reasons() {
		send(out, prometheus.CounterValue, "calld_pages_ended_total", "Page connections ended, by reason.",
			s.Disconnects[reason], "reason", string(reason))
	}
}

func (r readings) phones(out chan<- prometheus.Metric) {
	s := r.a.phones.Stats()
	send(out, prometheus.GaugeValue, "calld_web_phones", "Connected web phones.", s.Lines)
	for _, reason := range webphone.Refusals() {
		send(out, prometheus.CounterValue, "calld_web_phones_refused_total", "Connections of web phones refused, by reason.",
			s.Refused[reason], "reason", string(reason))
	}
	for _, reason := range webphone.Reasons() {
		send(out, prometheus.CounterValue, "calld_web_phones_ended_total", "Connections of web phones that ended, by reason.",
			s.Ended[reason], "reason", string(reason))
	}
}

func (r readings) asterisk(out chan<- prometheus.Metric) {
	up := 0
	if r.a.asterisk.Load().State == notify.AsteriskUp {
		up = 1
	}
	send(out, prometheus.GaugeValue, "calld_asterisk_up", "1 while Asterisk's events come in.", up)
	s := r.a.watcher.Client().Stats()
	send(out, prometheus.GaugeValue, "calld_ami_lag_seconds", "By how much Asterisk's events come late.", s.Lag.Seconds())
	send(out, prometheus.CounterValue, "calld_ami_events_total", "Asterisk's events that were handled.", s.Handled)
	send(out, prometheus.CounterValue, "calld_ami_events_lost_total", "Asterisk's events dropped from a full queue.", s.Lost)
	w := r.a.watcher.Stats()
	send(out, prometheus.CounterValue, "calld_sweeps_failed_total", "Comparisons of the board with Asterisk's channels that failed.", w.SweepsFailed)
	for reason, n := range s.Ended {
		send(out, prometheus.CounterValue, "calld_ami_ended_total", "Connections to Asterisk's manager, and tries to connect, that ended, by reason.",
			n, "reason", string(reason))
	}
}

func (r readings) records(out chan<- prometheus.Metric) {
	rec := r.a.recorder.Stats()
	send(out, prometheus.GaugeValue, "calld_records_waiting", "Call records not on disk yet.", rec.Waiting)
	send(out, prometheus.CounterValue, "calld_records_written_total", "Call records written.", rec.Written)
	for reason, n := range map[string]uint64{"overflow": rec.Overflowed, "refused": rec.Refused, "undrained": rec.Undrained} {
		send(out, prometheus.CounterValue, "calld_records_lost_total", "Call records that only the log holds, by reason.", n, "reason", reason)
	}
}

func (r readings) announcements(out chan<- prometheus.Metric) {
	ann := r.a.announce.Stats()
	send(out, prometheus.CounterValue, "calld_announcements_played_total", "Announcements played.", ann.Played)
	for reason, n := range ann.Fallbacks {
		send(out, prometheus.CounterValue, "calld_announcement_fallbacks_total", "Announcements that failed, by reason.", n, "reason", string(reason))
	}
}
