//go:build linux

package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// TestExplainIsTheStart checks that a start proves exactly the explained restrictions,
// and that explaining starts, makes and records nothing.
func TestExplainIsTheStart(t *testing.T) {
	for _, mode := range modes {
		p := newPlace(t)
		r := p.lockstile("explain", "start", "--json", "--sandbox", mode, "--", "sh", "-c", "echo x > ran")
		var x struct {
			Expected []struct{ Restriction string }
			Steps    []struct{ Process, Restriction, Call string }
		}
		if err := json.Unmarshal([]byte(r.stdout), &x); err != nil {
			t.Fatalf("%v: %s%s", err, r.stdout, r.stderr)
		}
		if exists(p.home) || exists(p.ws+"/ran") {
			t.Errorf("%s: explaining did something", mode)
		}
		var said []string
		for _, e := range x.Expected {
			if !slices.Contains(said, e.Restriction) {
				said = append(said, e.Restriction)
			}
		}
		p.sh(mode, "true", 0)
		if proven := p.logLines()[0].Proven; !slices.Equal(said, proven) {
			t.Errorf("%s: explained %q, proven %q", mode, said, proven)
		}
		for _, s := range x.Steps {
			if s.Process == "" || s.Call == "" || s.Restriction != "" && !slices.Contains(said, s.Restriction) {
				t.Errorf("%s: step %+v serves what nobody proves", mode, s)
			}
		}
	}
}

func TestExplainPicture(t *testing.T) {
	p := newPlace(t)
	r := p.lockstile("explain", "start", "--steps", "--", "make", "\x1b[31m")
	for _, want := range []string{"the command", "the init", "seccomp", "landlock", "proof", "record", "execute", "/make", `\x1b`} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("no %q in\n%s%s", want, r.stdout, r.stderr)
		}
	}
	if r := p.lockstile("explain"); r.code != 2 {
		t.Errorf("exit %d", r.code)
	}
	if r := p.lockstile("explain", "start", "-C", "/"); r.code != 126 {
		t.Errorf("exit %d", r.code)
	}
}

// TestExplainTime checks that the times are from calls of a real start. The command of
// the start does not run, and the start is not in the log.
func TestExplainTime(t *testing.T) {
	p := newPlace(t)
	r := p.lockstile("explain", "start", "--time", "--json", "--", "sh", "-c", "echo x > ran")
	var x struct {
		Starts int
		Phases []struct {
			Phase string
			At    int64 `json:"at_ns"`
		}
		Steps []struct {
			Process, Restriction, Call string
			Took                       int64 `json:"took_ns"`
		}
	}
	if err := json.Unmarshal([]byte(r.stdout), &x); err != nil {
		t.Fatalf("%v: %s%s", err, r.stdout, r.stderr)
	}
	if exists(p.ws + "/ran") {
		t.Error("the command has run")
	}
	if lines := p.logLines(); len(lines) != 0 {
		t.Errorf("in the log: %+v", lines)
	}
	last := int64(0)
	for _, phase := range x.Phases {
		if phase.At <= last {
			t.Errorf("%q ends at %d, after %d", phase.Phase, phase.At, last)
		}
		last = phase.At
	}
	calls := map[string]int64{}
	for _, s := range x.Steps {
		calls[s.Process+": "+s.Restriction] += s.Took
	}
	for _, layer := range []string{"both: network namespace", "command: seccomp", "command: landlock", "init: read-only root"} {
		if calls[layer] <= 0 {
			t.Errorf("no time for %s: %v", layer, calls)
		}
	}
	if x.Starts < 3 || len(x.Phases) < 5 {
		t.Errorf("%+v", x)
	}
	if r := p.lockstile("explain", "start", "--time"); !strings.Contains(r.stdout, "medians of 21 starts") || strings.Contains(r.stdout, "execve") {
		t.Errorf("%s%s", r.stdout, r.stderr)
	}
}
