//go:build linux

package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// inMachine runs the program in a mount namespace of its own, which a script makes
// another machine. Who isn't root makes it in a user namespace.
func (p *place) inMachine(script string, args ...string) result {
	p.Helper()
	flags := "-m"
	if !root() {
		flags = "-Um"
	}
	if p.way != "" && len(args) > 0 && args[0] == "run" {
		args = slices.Insert(slices.Clone(args), 1, p.way)
	}
	cmd := p.command("unshare", append([]string{flags, "--map-current-user", "--keep-caps", "sh", "-ec", script + "\nexec \"$0\" \"$@\"", program}, args...)...)
	if root() {
		cmd.Args = slices.DeleteFunc(cmd.Args, func(a string) bool { return a == "--map-current-user" || a == "--keep-caps" })
	}
	return p.do(cmd)
}

// masked is what container runtimes do to /proc.
const masked = "mount --bind /dev/null /proc/timer_list; mount -t tmpfs -o ro none /proc/acpi"

// TestMaskedProc: the container's own /proc is shown, read-only, and the record says
// so; everything else is as ever.
func TestMaskedProc(t *testing.T) {
	if out, err := exec.Command("unshare", "-Um", "true").CombinedOutput(); err != nil {
		t.Skipf("no namespaces for the machine: %s", out)
	}
	bothWays(t, func(t *testing.T, p *place) {
		mkdir(t, p.ws+"/.git")
		script := `echo in > in; cat < /dev/fd/0 < in; ls /proc/self/exe >/dev/null && echo self; (echo 1 > /proc/self/oom_score_adj) 2>/dev/null && echo wrote; (echo x > .git/x) 2>/dev/null && echo hook; cat /proc/1/environ /proc/1/root/etc/passwd 2>/dev/null; echo x > ../out; true`
		r := p.inMachine(masked, "run", "--", "sh", "-c", script)
		if r.stdout != "in\nself\n" || r.code != 0 || exists(p.dir+"/out") || exists(p.ws+"/.git/x") {
			t.Errorf("%+v", r)
		}
		if l := p.logLines()[0]; l.Event != "start" || l.Rung != "shared proc" || len(l.Proven) < 20 {
			t.Errorf("%+v", l)
		}
		p.verify()
	})
	p := newPlace(t)
	if r := p.inMachine(masked, "doctor"); !strings.Contains(r.stdout, "systempaths=unconfined") {
		t.Errorf("%+v", r)
	}
}
