package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"math"
	"os"
	"strings"
	"text/template"
	"time"
)

//go:embed picture.svg
var pictureText string

// chart is one of the picture's two: a line for each way, over the rates.
type chart struct {
	Title string
	X     int // of its left edge
	Grid  []mark
	Rates []mark
	Lines []line
}

type mark struct {
	At   float64
	Text string
}

type line struct {
	Class, Name string
	Points      string // of the polyline
	Dots        [][2]float64
	LabelY      float64
}

// The place of a chart's plot, in the picture's units: from its left edge, and
// from the top.
const (
	plotLeft, plotRight = 56, 370
	plotTop, plotBottom = 78, 290
	labelHeight         = 15
)

// draw writes the picture of a block: time to the answer and Asterisk's
// processor time by rate.
func draw(path string, b *block) error {
	t, err := template.New("picture").Parse(pictureText)
	if err != nil {
		return err
	}
	answer := func(f *figures) float64 { return f.result.P99.Seconds() * 1000 }
	cpu := func(f *figures) float64 { return float64(f.perCall(f.used.asterisk)) / float64(time.Millisecond) }
	var out bytes.Buffer
	err = t.Execute(&out, map[string]any{
		"Title": b.title,
		"Charts": []chart{
			b.chart("INVITE to 200, 99 of 100 calls within (ms, logarithmic)", 0, answer, true),
			b.chart("Asterisk's processor time for each call (ms)", 400, cpu, false),
		},
	})
	if err != nil {
		return err
	}
	return os.WriteFile(path, out.Bytes(), 0o644)
}

func (b *block) chart(title string, x int, value func(*figures) float64, logarithmic bool) chart {
	c := chart{Title: title, X: x}
	most, least := 0.0, math.Inf(1)
	for _, f := range b.done {
		if f.broken == nil {
			most, least = max(most, value(f)), min(least, max(value(f), 1))
		}
	}
	scale := func(v float64) float64 { return v / most }
	ticks := even(most)
	if logarithmic {
		low, high := math.Floor(math.Log10(least)), math.Ceil(math.Log10(max(most, 10*least)))
		scale = func(v float64) float64 { return (math.Log10(max(v, 1)) - low) / (high - low) }
		ticks = nil
		for e := low; e <= high; e++ {
			ticks = append(ticks, math.Pow(10, e))
		}
	} else if len(ticks) > 0 {
		most = ticks[len(ticks)-1]
	}
	y := func(v float64) float64 { return round(plotBottom - scale(v)*(plotBottom-plotTop)) }
	for _, v := range ticks {
		c.Grid = append(c.Grid, mark{y(v), fmt.Sprintf("%g", v)})
	}
	at := map[int]float64{}
	for i, rate := range b.rates {
		at[rate] = round(plotLeft + float64(plotRight-plotLeft-60)*float64(i)/float64(max(1, len(b.rates)-1)))
		c.Rates = append(c.Rates, mark{at[rate], fmt.Sprint(rate)})
	}
	for _, w := range []way{dial, queue, calld} {
		l := line{Class: [...]string{dial: "dial", queue: "queue", calld: "calld"}[w], Name: w.String()}
		var points []string
		for _, f := range b.done {
			if f.plan.way != w || f.broken != nil {
				continue
			}
			p := [2]float64{at[f.plan.rate], y(value(f))}
			l.Dots = append(l.Dots, p)
			points = append(points, fmt.Sprintf("%g,%g", p[0], p[1]))
			l.LabelY = p[1] + 4
		}
		if len(l.Dots) > 0 {
			l.Points = strings.Join(points, " ")
			c.Lines = append(c.Lines, l)
		}
	}
	apart(c.Lines)
	return c
}

// apart moves the names of lines that end close to each other.
func apart(lines []line) {
	for range lines {
		for i := range lines {
			for j := range lines {
				if a, b := &lines[i], &lines[j]; i != j && a.LabelY <= b.LabelY && b.LabelY-a.LabelY < labelHeight && (a.LabelY < b.LabelY || i < j) {
					b.LabelY = a.LabelY + labelHeight
				}
			}
		}
	}
}

// even is the marks of an axis from 0 on: some five, at round numbers.
func even(most float64) (marks []float64) {
	if most <= 0 {
		return nil
	}
	step := math.Pow(10, math.Floor(math.Log10(most)))
	for _, part := range []float64{0.2, 0.5, 1} {
		if most/(step*part) <= 6 {
			step *= part
			break
		}
	}
	for v := 0.0; ; v += step {
		marks = append(marks, math.Round(v*1000)/1000)
		if v >= most {
			return marks
		}
	}
}

func round(v float64) float64 { return math.Round(v*10) / 10 }
