package tui

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"

	"github.com/lockstile/lockstile/internal/agent"
)

// BenchmarkFirstFrame measures the time from Run to the first frame on the terminal.
func BenchmarkFirstFrame(b *testing.B) {
	var times []time.Duration
	for b.Loop() {
		begun := time.Now()
		s := open(b, 80, 24, nil)
		s.wait("Ask for")
		times = append(times, time.Since(begun))
		s.send(quitForTest)
		s.ends(0)
	}
	report(b, times)
}

// BenchmarkKey measures the time from a key to the letter on the screen.
func BenchmarkKey(b *testing.B) {
	b.Run("empty", func(b *testing.B) { benchmarkKey(b, func(*terminal) {}) })
	b.Run("10000-items", func(b *testing.B) {
		benchmarkKey(b, func(s *terminal) {
			for i := range 10_000 {
				s.events(completed(agent.Item{ID: fmt.Sprint(i), Type: agent.CommandExecution, Command: "echo " + fmt.Sprint(i), Output: "a line\nof output\n", Exit: ptr(0), Sandbox: proof}))
			}
			s.wait("echo 9999")
		})
	})
	b.Run("flood", func(b *testing.B) {
		benchmarkKey(b, func(s *terminal) {
			over := make(chan struct{})
			b.Cleanup(func() { close(over) })
			s.events(started(agent.Item{ID: "m", Type: agent.AgentMessage}), started(agent.Item{ID: "c", Type: agent.CommandExecution, Command: "yes"}))
			go flood(s, over)
			s.wait("flooded")
		})
	})
}

// flood is a model that writes without a pause beside a command that prints as much as the
// thread tells of.
func flood(s *terminal, over chan struct{}) {
	output := strings.Repeat("flooded line of output\n", 350) // 8 kB
	for i := 0; ; i++ {
		select {
		case <-over:
			return
		default:
		}
		s.events(updated(agent.Item{ID: "c", Type: agent.CommandExecution, Command: "yes", Output: fmt.Sprint(output, i)}))
		for range 20 {
			s.events(delta(agent.Item{ID: "m", Type: agent.AgentMessage}, "some **words** of a long answer, `code` and more;\n\n"))
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func benchmarkKey(b *testing.B, before func(*terminal)) {
	s := open(b, 80, 24, nil)
	s.emulated.With(func(e *vt.Emulator) { e.SetScrollbackSize(100) }) // the emulator moves all of it for each line
	s.wait("Ask for")
	before(s)
	var times []time.Duration
	typed := ""
	for b.Loop() {
		if len(typed) == 20 {
			s.keys("\x15")
			s.waitGone("┃ " + typed)
			typed = ""
		}
		letter := string(rune('a' + len(typed)))
		typed += letter
		begun := time.Now()
		s.keys(letter)
		s.wait("┃ " + typed)
		times = append(times, time.Since(begun))
	}
	report(b, times)
}

func report(b *testing.B, times []time.Duration) {
	slices.Sort(times)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	b.ReportMetric(ms(times[len(times)/2]), "ms/median")
	b.ReportMetric(ms(times[len(times)*99/100]), "ms/p99")
	b.ReportMetric(ms(times[len(times)-1]), "ms/worst")
}
