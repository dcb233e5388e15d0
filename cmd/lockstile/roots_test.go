//go:build linux

package main

import (
	"regexp"
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
// chance, and that the line of the mend works.
func TestSystemFolderAsWorkspace(t *testing.T) {
	p := newPlace(t)
	user := p.dir + "/user"
	refused := regexp.MustCompile("system folder|contains the home directory") // the test's home may lie in /var
	mkdir(t, p.dir+"/tmp")
	p.env = append(p.env, "HOME="+user, "TMPDIR="+p.dir+"/tmp")
	for _, dir := range []string{"/etc", "/usr", "/usr/share", "/boot", "/home", "/var", user + "/.config", user + "/.local/bin", user + "/Library", user + "/bin"} {
		if strings.HasPrefix(dir, user) {
			mkdir(t, dir)
		}
		r := p.lockstile("run", "-C", dir, "--", "touch", dir+"/lockstile-test")
		if r.code != 126 || !refused.MatchString(r.stderr) || exists(dir+"/lockstile-test") {
			t.Errorf("%s: %+v", dir, r)
		}
		if r := p.lockstile("run", "-c", `sandbox_workspace_write.writable_roots=["`+dir+`"]`, "--", "true"); r.code != 126 || !refused.MatchString(r.stderr) {
			t.Errorf("%s as a root: %+v", dir, r)
		}
		if r := p.lockstile("run", "-C", dir, "--sandbox", "read-only", "--", "true"); r.code != 0 {
			t.Errorf("%s, read-only: %+v", dir, r)
		}
		_, mend, found := strings.Cut(r.stderr, "if commands are to change this machine: ")
		if !found || !strings.HasPrefix(dir, user) {
			continue
		}
		if code, said := p.line(t, "lockstile run -C "+dir+" "+strings.TrimSpace(mend)+" -- touch "+dir+"/lockstile-test"); code != 0 || !exists(dir+"/lockstile-test") {
			t.Errorf("%s: exit %d: %s", mend, code, said)
		}
	}
}
