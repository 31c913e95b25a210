package app

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"calld/agi"
	"calld/campaign"
	"calld/notify"
	"calld/queue"
	"calld/report"
	"calld/webphone"
)

// counts is the metrics that are counted as events come. Their labels are
// closed lists, and queue ids, which the configuration bounds.
type counts struct {
	calls  *prometheus.CounterVec
	inTime *prometheus.CounterVec
	short  *prometheus.CounterVec
	led    *prometheus.CounterVec
	rings  *prometheus.CounterVec
	waited prometheus.Histogram
	rung   prometheus.Histogram
	talked prometheus.Histogram
	// threshold is how soon a call of a queue is to be answered.
	threshold func(queueID string) time.Duration
}

func newCounts(r *prometheus.Registry, threshold func(queueID string) time.Duration) *counts {
	c := &counts{
		threshold: threshold,
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "calld_calls_total", Help: "Ended calls by queue, direction and outcome.",
		}, []string{"queue", "direction", "outcome"}),
		inTime: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "calld_calls_in_time_total", Help: "Ended inbound calls that were answered within the queue's service_level.",
		}, []string{"queue"}),
		short: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "calld_calls_short_total", Help: "Ended inbound calls whose caller hung up within 5 s; no part of the service level.",
		}, []string{"queue"}),
		led: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "calld_overflows_total", Help: "Inbound calls that a queue did not serve and led on, by where to and why; counted when they end.",
		}, []string{"queue", "to", "reason"}),
		rings: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "calld_rings_total", Help: "Agents rung, by what became of it.",
		}, []string{"result"}),
		waited: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "calld_wait_seconds", Help: "From an inbound call's coming in to its answer or end.",
			Buckets: []float64{0.1, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600},
		}),
		rung: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "calld_ring_seconds", Help: "How long the agents who answered were rung.",
			Buckets: []float64{0.5, 1, 2, 5, 10, 15, 20, 30, 60},
		}),
		talked: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "calld_talk_seconds", Help: "Length of answered calls.",
			Buckets: []float64{5, 15, 30, 60, 120, 300, 600, 1800, 3600},
		}),
	}
	r.MustRegister(c.calls, c.inTime, c.short, c.led, c.rings, c.waited, c.rung, c.talked,
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
		if r.Result == queue.RingAnswer && r.End != nil {
			c.rung.Observe(r.End.Sub(r.At).Seconds())
		}
	}
	if e.Call.Direction == queue.In {
		c.inbound(e.Call)
	}
	if e.Call.Start != nil {
		c.talked.Observe(float64(e.Call.TalkMS) / 1000)
	}
}

// inbound counts what makes up the service level, by the rules of package
// report.
func (c *counts) inbound(call *queue.Call) {
	wait := time.Duration(call.WaitMS) * time.Millisecond
	c.waited.Observe(wait.Seconds())
	c.begin(call.Queue)
	switch {
	case call.Start != nil && wait <= c.threshold(call.Queue):
		c.inTime.WithLabelValues(call.Queue).Inc()
	case call.Outcome == queue.Abandoned && call.Start == nil && wait < report.ShortAbandon:
		c.short.WithLabelValues(call.Queue).Inc()
	}
	for _, x := range call.Transfers {
		if x.Kind != queue.KindOverflow {
			break // an agent had it: the queue that was called has served it
		}
		to := "queue"
		if x.Queue == call.Queue {
			to = "number"
		}
		c.begin(x.Queue)
		c.led.WithLabelValues(x.Queue, to, string(x.Reason)).Inc()
	}
}

// begin has the metrics of a queue's service level begin at 0 together: in
// PromQL a sum with one that is missing is missing.
func (c *counts) begin(queueID string) {
	c.calls.WithLabelValues(queueID, string(queue.In), string(queue.Answered)).Add(0)
	c.inTime.WithLabelValues(queueID).Add(0)
	c.short.WithLabelValues(queueID).Add(0)
	c.led.WithLabelValues(queueID, "queue", string(queue.Timeout)).Add(0)
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
	r.states(out)
	r.announcements(out)
	r.webhooks(out)
	r.queueLog(out)
	r.campaigns(out)
}

func send[N int | int64 | uint64 | float64](out chan<- prometheus.Metric, kind prometheus.ValueType, name, help string, v N, labels ...string) {
	var names, values []string
	for i := 0; i < len(labels); i += 2 {
		names, values = append(names, labels[i]), append(values, labels[i+1])
	}
	out <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, names, nil), kind, float64(v), values...)
}

func (r readings) queues(out chan<- prometheus.Metric) {
	now := time.Now()
	for _, q := range r.a.board.Snapshot().Queues {
		for phase, n := range map[queue.Phase]int{queue.Waiting: q.Waiting, queue.Ringing: q.Ringing, queue.Talking: q.Talking} {
			send(out, prometheus.GaugeValue, "calld_calls", "Live calls by queue and phase.", n, "queue", q.ID, "phase", string(phase))
		}
		longest := time.Duration(0)
		if q.LongestSince != nil {
			longest = max(0, now.Sub(*q.LongestSince))
		}
		send(out, prometheus.GaugeValue, "calld_longest_wait_seconds", "For how long the longest waiting caller has waited.", longest.Seconds(), "queue", q.ID)
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
	send(out, prometheus.CounterValue, "calld_http_refused_total", "HTTP connections closed at once because their address had too many.", r.a.crowds.refusedCount())
	send(out, prometheus.CounterValue, "calld_http_unread_total", "HTTP connections that ended before a request could be read.", r.a.unread.count.Load())
	for code, n := range r.a.api.Problems() {
		send(out, prometheus.CounterValue, "calld_api_problems_total", "Requests answered with a problem, by code.", n, "code", string(code))
	}
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
	send(out, prometheus.CounterValue, "calld_ami_events_damaged_total", "Asterisk's events left out because a line of theirs is no header.", s.Damaged)
	w := r.a.watcher.Stats()
	send(out, prometheus.CounterValue, "calld_sweeps_failed_total", "Comparisons of the board with Asterisk's channels that failed.", w.SweepsFailed)
	send(out, prometheus.CounterValue, "calld_orphans_hung_up_total", "Agents' phones that Asterisk had left alone after their calls, hung up.", w.Orphans)
	for reason, n := range s.Ended {
		send(out, prometheus.CounterValue, "calld_ami_ended_total", "Connections to Asterisk's manager, and tries to connect, that ended, by reason.",
			n, "reason", string(reason))
	}
}

func (r readings) records(out chan<- prometheus.Metric) {
	rec := r.a.recorder.Stats()
	send(out, prometheus.GaugeValue, "calld_records_waiting", "Call records not on disk yet.", rec.Waiting)
	send(out, prometheus.CounterValue, "calld_records_written_total", "Call records written.", rec.Written)
	writes, took := r.a.recorder.Writes()
	send(out, prometheus.CounterValue, "calld_store_writes_total", "Transactions that wrote call records.", writes)
	send(out, prometheus.CounterValue, "calld_store_write_seconds_total", "How long those transactions took in all.", took.Seconds())
	for reason, n := range map[string]uint64{"overflow": rec.Overflowed, "refused": rec.Refused, "undrained": rec.Undrained} {
		send(out, prometheus.CounterValue, "calld_records_lost_total", "Call records that only the log holds, by reason.", n, "reason", reason)
	}
}

func (r readings) states(out chan<- prometheus.Metric) {
	s := r.a.states.Stats()
	send(out, prometheus.GaugeValue, "calld_agent_states_waiting", "Changes of agents' states not on disk yet.", s.Waiting)
	send(out, prometheus.CounterValue, "calld_agent_states_lost_total", "Changes of agents' states lost because the disk did not take them.", s.Lost)
}

func (r readings) announcements(out chan<- prometheus.Metric) {
	ann := r.a.announce.Stats()
	send(out, prometheus.CounterValue, "calld_announcements_played_total", "Announcements played.", ann.Played)
	for reason, n := range ann.Fallbacks {
		send(out, prometheus.CounterValue, "calld_announcement_fallbacks_total", "Announcements that failed, by reason.", n, "reason", string(reason))
	}
}

func (r readings) webhooks(out chan<- prometheus.Metric) {
	for _, w := range r.a.hooks.List() {
		send(out, prometheus.GaugeValue, "calld_webhook_pending", "Events that are not delivered yet.", w.Pending, "webhook", w.Name)
		send(out, prometheus.CounterValue, "calld_webhook_delivered_total", "Events delivered.", w.Delivered, "webhook", w.Name)
		send(out, prometheus.CounterValue, "calld_webhook_failed_total", "Tries to deliver an event that failed.", w.Failed, "webhook", w.Name)
		for reason, n := range w.Dropped {
			send(out, prometheus.CounterValue, "calld_webhook_dropped_total", "Events given up, by reason.", n, "webhook", w.Name, "reason", string(reason))
		}
	}
}

func (r readings) queueLog(out chan<- prometheus.Metric) {
	s := r.a.queueLog.Stats()
	send(out, prometheus.CounterValue, "calld_queue_log_lines_total", "Lines written to the queue log.", s.Written)
	for reason, n := range map[string]uint64{"overflow": s.Overflowed, "failed": s.Failed} {
		send(out, prometheus.CounterValue, "calld_queue_log_lost_total", "Lines that the queue log lacks, by reason.", n, "reason", reason)
	}
}

func (r readings) campaigns(out chan<- prometheus.Metric) {
	c := r.a.dialler.Totals()
	send(out, prometheus.CounterValue, "calld_campaign_dialled_total", "Customers dialled by campaigns.", c.Dialled)
	for _, kind := range campaign.Kinds() {
		send(out, prometheus.CounterValue, "calld_campaign_results_total", "Ended tries of campaigns, by what became of them.", c.Ended[kind], "result", kind)
	}
	send(out, prometheus.CounterValue, "calld_campaign_facts_dropped_total", "Facts left out by the dialler because they came too fast; it looked at everything anew.", c.Dropped)
}
