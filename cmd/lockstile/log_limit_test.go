//go:build linux

package main

import (
	"strings"
	"testing"
)

// TestFileLimit checks that a start is refused with the mend under a limit of file sizes
// that the log could exceed. SIGXFSZ would otherwise end lockstile on the spot.
func TestFileLimit(t *testing.T) {
	p := newPlace(t)
	for limit, code := range map[string]int{"0": 126, "100": 126, "16384": 0, "unlimited": 0} {
		cmd := p.command("bash", "-c", `ulimit -f "$1"; exec "$2" run --tty=false -- true`, "-", limit, program)
		out, _ := cmd.CombinedOutput()
		if got := cmd.ProcessState.ExitCode(); got != code || (code == 126) != strings.Contains(string(out), "ulimit -f") {
			t.Errorf("ulimit -f %s: exit %d\n%s", limit, got, out)
		}
	}
}
