package cli

import (
	"strings"
	"time"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/plain"
)

// timedStarts is the number of starts for the medians.
const timedStarts = 21

// explainTime shows how long the parts of a start take.
func explainTime(home string, r lockstile.Request, asJSON bool) int {
	t, err := lockstile.New(home).Time(r, timedStarts)
	if err != nil {
		return refused(err, asJSON)
	}
	if asJSON {
		plain.OutJSON(t)
		return exitOK
	}
	plain.OutText(timeTable(t))
	return exitOK
}

// timeTable lists the phases, and then the calls by process.
func timeTable(t *lockstile.Timing) string {
	var b strings.Builder
	plain.Line(&b, "medians of %d starts in µs, none of which was recorded or executed", t.Starts)
	plain.Line(&b, "")
	plain.Line(&b, "%8s %8s  %s", "at", "took", "the gate")
	var before time.Duration
	for _, p := range t.Phases {
		plain.Line(&b, "%8d %8d  %s", p.At.Microseconds(), (p.At - before).Microseconds(), p.Phase)
		before = p.At
	}
	for _, process := range []string{"both", "command", "init"} {
		sum, first := time.Duration(0), true
		for _, s := range t.Steps {
			if s.Process != process {
				continue
			}
			if first {
				plain.Line(&b, "")
				plain.Line(&b, "%8s %8s  %s", "after", "took", processNames[process])
				first = false
			}
			sum += s.Took
			plain.Line(&b, "%8.1f %8.1f  %-24s %s", micros(sum), micros(s.Took), served(s.Restriction), s.Call)
		}
	}
	return b.String()
}

func micros(d time.Duration) float64 { return d.Seconds() * 1e6 }
