package main

import (
	"slices"
	"testing"
	"time"

	"github.com/lockstile/lockstile/internal/model/standin"
)

// BenchmarkFirstFrame measures the time from the start of `lockstile` to the composer on
// the terminal.
func BenchmarkFirstFrame(b *testing.B) {
	w := newWorld(b, standin.Always(standin.Say("Here.")))
	var times []time.Duration
	for b.Loop() {
		begun := time.Now()
		s := w.on(80, 24, w.command(program))
		s.wait("Ask for")
		times = append(times, time.Since(begun))
		s.keys("\x04")
		s.ends()
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, "ms/median")
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds())/1000, "ms/p99")
}
