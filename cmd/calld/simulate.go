package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"calld/simulate"
)

type simulateCmd struct {
	Agents     int           `help:"Agents logged in." default:"20"`
	AnswerRate float64       `help:"Share of the dialled customers who answer." default:"0.4"`
	Talk       time.Duration `help:"Mean length of a talk." default:"2m"`
	Wrapup     time.Duration `help:"Mean wrap-up after a talk." default:"15s"`
	Limit      float64       `help:"Largest share of the answered calls that may be abandoned." default:"0.03"`
	Method     string        `help:"One method, or all." enum:"all,progressive,power,adaptive,lite,risk,risk-hangup" default:"all"`
	Hours      float64       `help:"Length of a day." default:"8"`
	Days       int           `help:"Days to play, each with customers of its own." default:"3"`
	JSON       bool          `help:"Print JSON instead of a table." name:"json"`
}

// simulated is the figures of one method, as JSON. Shares are from 0 to 1.
type simulated struct {
	Method       string  `json:"method"`
	Occupancy    float64 `json:"occupancy"`
	TalkPerHour  float64 `json:"talk_min_per_hour"`
	Abandoned    float64 `json:"abandoned"`
	WorstTen     float64 `json:"abandoned_worst_10_min"`
	FirstThirty  float64 `json:"abandoned_first_30_min"`
	IdleSeconds  float64 `json:"idle_s"`
	DialsPerHour float64 `json:"dials_per_agent_hour"`
}

// Validate names the flag that can't be.
func (c simulateCmd) Validate() error {
	switch {
	case c.Agents < 1 || c.Agents > 300:
		return errors.New("--agents must be from 1 to 300")
	case !(c.AnswerRate >= 0.01 && c.AnswerRate <= 1):
		return errors.New("--answer-rate must be from 0.01 to 1")
	case c.Talk < time.Second || c.Talk > time.Hour:
		return errors.New("--talk must be from 1s to 1h")
	case c.Wrapup < 0 || c.Wrapup > time.Hour:
		return errors.New("--wrapup must be from 0s to 1h")
	case !(c.Limit >= 0.001 && c.Limit <= 0.2):
		return errors.New("--limit must be from 0.001 to 0.2")
	case !(c.Hours >= 0.1 && c.Hours <= 24):
		return errors.New("--hours must be from 0.1 to 24")
	case c.Days < 1 || c.Days > 100:
		return errors.New("--days must be from 1 to 100")
	}
	return nil
}

// Run plays the days and prints the methods side by side.
func (c simulateCmd) Run() error {
	s := simulate.Standard("", c.Agents, c.AnswerRate)
	s.Length = c.Hours * time.Hour.Seconds()
	s.Talk = simulate.Talks(c.Talk.Seconds(), 1)
	s.WrapUp = c.Wrapup.Seconds()
	var all []simulated
	for _, contender := range simulate.Contenders(c.Limit) {
		if c.Method != "all" && c.Method != contender.Name {
			continue
		}
		d, err := simulate.Play(s, contender, c.Days)
		if err != nil {
			return err
		}
		all = append(all, simulated{
			Method: contender.Name, Occupancy: d.Occupancy(), TalkPerHour: d.TalkPerHour(), Abandoned: d.Rate(), WorstTen: d.Worst(),
			FirstThirty: d.Between(0, 1800).Rate(), IdleSeconds: d.Idle(), DialsPerHour: d.DialsPerHour(),
		})
	}
	if c.JSON {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		return out.Encode(all)
	}
	return c.print(all)
}

func (c simulateCmd) print(all []simulated) error {
	percent := func(x float64) string { return fmt.Sprintf("%.1f %%", 100*x) }
	number := func(x float64) string { return fmt.Sprintf("%.1f", x) }
	t := newTable("METHOD", "OCCUPANCY", "TALK MIN/H", "ABANDONED", "WORST 10 MIN", "FIRST 30 MIN", "IDLE S", "DIALS/AGENT H")
	for _, m := range all {
		t.add(m.Method, percent(m.Occupancy), number(m.TalkPerHour), percent(m.Abandoned), percent(m.WorstTen), percent(m.FirstThirty),
			number(m.IdleSeconds), number(m.DialsPerHour))
	}
	return t.write(os.Stdout)
}
