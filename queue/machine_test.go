package queue

import (
	"strconv"
	"testing"
	"time"

	"calld/config"
)

func TestAMachineRemembersNoMoreThanItNeeds(t *testing.T) {
	cfg := &config.Config{Queues: []config.Queue{{ID: "q1", MaxWait: 24 * time.Hour, RingTimeout: time.Minute}}}
	cfg.Server.Timezone = time.UTC
	m := newMachine(time.UTC, 1)
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	m.step(now, func(m *machine) { m.configure(cfg) })
	const calls = maxEnded + 2000
	for i := range calls {
		now = now.Add(time.Millisecond)
		m.step(now, func(m *machine) {
			id := strconv.Itoa(i)
			if err := m.enter(Entry{ID: id, UniqueID: id, Queue: "q1"}, &Ticket{}); err != nil {
				t.Fatal(err)
			}
			m.gone(m.calls[id])
		})
	}
	if n := len(m.timers); n > 1100 {
		t.Errorf("%d timers though no call lives", n)
	}
	if n := len(m.ended); n != maxEnded {
		t.Errorf("%d outcomes remembered, want %d", n, maxEnded)
	}
	if _, ok := m.ended[strconv.Itoa(calls-1)]; !ok {
		t.Error("the latest outcome is not among them")
	}
	if _, ok := m.ended["0"]; ok {
		t.Error("the oldest outcome is still remembered")
	}
}

// Calls of today are counted until the day is over, also where the clocks are put forward
// over midnight.
func TestTheLastHourOfADayWithoutAMidnightCounts(t *testing.T) {
	santiago, err := time.LoadLocation("America/Santiago")
	if err != nil {
		t.Fatal(err)
	}
	m := newMachine(santiago, 1)
	cfg := &config.Config{Agents: []config.Agent{{ID: "a1"}}}
	cfg.Server.Timezone = santiago
	at := time.Date(2026, 9, 5, 12, 0, 0, 0, santiago)
	m.step(at, func(m *machine) { m.configure(cfg) })
	m.agents["a1"].calls = 7
	m.step(time.Date(2026, 9, 5, 23, 30, 0, 0, santiago), func(*machine) {})
	if n := m.agents["a1"].calls; n != 7 {
		t.Errorf("%d calls before midnight", n)
	}
	m.step(time.Date(2026, 9, 6, 1, 0, 0, 0, santiago), func(*machine) {})
	if n := m.agents["a1"].calls; n != 0 {
		t.Errorf("%d calls of today at its beginning", n)
	}
}
