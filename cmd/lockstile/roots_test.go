//go:build linux

package main

import (
	"strings"
	"testing"
)

// TestRootsAreMade checks that a start makes absent roots, and that questions make nothing.
func TestRootsAreMade(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		root := p.dir + "/new/deep"
		flags := []string{"-c", `sandbox_workspace_write.writable_roots=["` + root + `"]`}
		if r := p.lockstile(append(append([]string{"run"}, flags...), "--", "true")...); r.code != 126 || !strings.Contains(r.stderr, "mkdir -p "+root) {
			t.Errorf("%+v", r)
		}
		flags = append(flags, "-c", "sandbox_workspace_write.create=true")
		for _, question := range [][]string{{"explain", "write"}, {"explain", "start"}, {"config"}} {
			args := append(question, flags...)
			if question[len(question)-1] == "write" {
				args = append(args, root+"/x")
			}
			if r := p.lockstile(args...); r.code != 0 || exists(p.dir+"/new") {
				t.Errorf("%q: %+v", args, r)
			}
		}
		if r := p.lockstile(append(append([]string{"run"}, flags...), "--", "touch", root+"/x")...); r.code != 0 || !exists(root+"/x") {
			t.Errorf("%+v", r)
		}
		p.verify()
	})
}

// TestSystemFolderAsWorkspace checks that no command writes a folder of the machine by
// chance.
func TestSystemFolderAsWorkspace(t *testing.T) {
	p := newPlace(t)
	r := p.lockstile("run", "-C", "/etc", "--", "touch", "/etc/lockstile-test")
	if r.code != 126 || !strings.Contains(r.stderr, "is a system folder") || exists("/etc/lockstile-test") {
		t.Errorf("%+v", r)
	}
	if r := p.lockstile("run", "-C", "/etc", "--sandbox", "read-only", "--", "true"); r.code != 0 {
		t.Errorf("read-only: %+v", r)
	}
}
