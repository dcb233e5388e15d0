//go:build linux

package measure

import (
	"fmt"
	"strings"

	"github.com/lockstile/lockstile/internal/attest"
)

// limitNames are the lines of /proc/PID/limits that are evidence (proc_pid_limits(5)).
var limitNames = map[string]string{"Max processes": "processes", "Max file size": "file size", "Max open files": "open files", "Max cpu time": "cpu time", "Max core file size": "core", "Max pending signals": "queued signals", "Max msgqueue size": "message queues"}

// Limits reads the limits of a process. A limit whose soft part differs from the hard
// part could be raised: both parts are evidence.
func (p Process) Limits(e *attest.Evidence) {
	score, err := read(p.path("oom_score_adj"))
	e.Set(p.fact("oom_score_adj"), strings.TrimSpace(score), err)
	text, err := read(p.path("limits"))
	if err != nil {
		for _, name := range limitNames {
			e.Set(p.fact("limit."+name), "", err)
		}
		return
	}
	for line, name := range limitNames {
		value, err := limit(text, line)
		e.Set(p.fact("limit."+name), value, err)
	}
}

func limit(text, name string) (string, error) {
	for l := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(l, name)
		if f := strings.Fields(rest); ok && len(f) >= 2 {
			if f[0] == f[1] {
				return f[0], nil
			}
			return f[0] + " of " + f[1], nil
		}
	}
	return "", fmt.Errorf("no line %s", name)
}
