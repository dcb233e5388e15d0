//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"testing"

	"github.com/lockstile/lockstile/internal/tool"
)

// TestOnePolicy checks that every way of asking for a policy leads to the same policy.
// The digests must be equal: in the records of starts by each way, of prepared starts and
// of doctor's starts, and in the output of explain.
func TestOnePolicy(t *testing.T) {
	parent, err := os.MkdirTemp("/var/tmp", "lockstile-policy-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(parent)
	for _, mode := range []string{"read-only", "workspace-write", "danger-full-access"} {
		for _, network := range []bool{false, true} {
			s := setting{mode, network, false}
			var seen []string
			note := func(by string, digests ...string) {
				if seen = append(seen, digests...); len(digests) == 0 || slices.Contains(seen, "") || len(slices.Compact(slices.Clone(seen))) != 1 {
					t.Errorf("%s, network %v, by %s: %q, after %q", mode, network, by, digests, seen)
				}
			}
			for _, c := range channels {
				p := newProbe(t, parent+"/p", s)
				c.start(t, p, s)
				note(c.name, digests(t, p, mode)...)
			}
			p := newProbe(t, parent+"/p", s)
			withTools(t, p, s, "ahead", func(tools *tool.Set) error {
				for range 3 {
					if _, err := tools.Exec(context.Background(), tool.ExecCommand{Cmd: "true"}, tool.Caller{}); err != nil {
						return err
					}
				}
				return nil
			})
			note("processes made ahead", digests(t, p, mode)...)
			note("explain", explained(t, p, s))
			p = newProbe(t, parent+"/p", s)
			flags := slices.DeleteFunc(s.flags(p.ws), func(f string) bool { return f == "--sandbox" || f == mode })
			lockstileProgram(t, p, append([]string{"doctor"}, flags...)...)
			note("doctor", digests(t, p, mode)...)
		}
	}
}

// digests returns the digests of the recorded starts in a mode.
func digests(t *testing.T, p *probe, mode string) (all []string) {
	t.Helper()
	b, err := os.ReadFile(p.home + "/sandbox.log")
	if err != nil {
		t.Fatal(err)
	}
	for dec := json.NewDecoder(bytes.NewReader(b)); dec.More(); {
		var line struct{ Event, Mode, Policy string }
		if err := dec.Decode(&line); err != nil {
			t.Fatal(err)
		}
		if line.Event == "start" && line.Mode == mode {
			all = append(all, line.Policy)
		}
	}
	return all
}

func explained(t *testing.T, p *probe, s setting) string {
	t.Helper()
	out := lockstileProgram(t, p, append([]string{"explain", "start", "--json"}, s.flags(p.ws)...)...)
	var x struct{ Policy string }
	if err := json.Unmarshal(out, &x); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	return x.Policy
}

// lockstileProgram runs the core program, whatever the exit code, and returns the output.
func lockstileProgram(t *testing.T, p *probe, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), core, args...)
	cmd.Env = append(os.Environ(), "LOCKSTILE_HOME="+p.home)
	out, err := cmd.Output()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out
}
