//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// link makes a link, and the folder of the link.
func link(t *testing.T, to, name string) {
	t.Helper()
	mkdir(t, filepath.Dir(name))
	if err := os.Symlink(to, name); err != nil {
		t.Fatal(err)
	}
}

// TestNextPolicy checks that a command can't change the files that decide about the next
// start's policy, over any link in the workspace.
func TestNextPolicy(t *testing.T) {
	for name, c := range map[string]struct {
		make   func(t *testing.T, p *place)
		script string // tries to make the next start danger-full-access, or to show hidden files
	}{
		"the file": {func(t *testing.T, p *place) {
			link(t, p.ws+"/dots/config.toml", p.home+"/config.toml")
		}, `cp free dots/config.toml; rm -f dots/config.toml; cp free dots/new; mv -f dots/new dots/config.toml; mv dots d; mkdir dots; cp free dots/config.toml`},
		"the file of a profile": {func(t *testing.T, p *place) {
			link(t, p.ws+"/dots/p.config.toml", p.home+"/p.config.toml")
			write(t, p.ws+"/dots/p.config.toml", "approval_policy = \"never\"\n")
		}, `cp free dots/p.config.toml; rm -f dots/p.config.toml; cp free dots/new; mv -f dots/new dots/p.config.toml; mv dots d; mkdir dots; cp free dots/p.config.toml; if cmp -s free dots/p.config.toml; then cp free tampered; fi`},
		"a link on its way": {func(t *testing.T, p *place) {
			write(t, p.dir+"/dots/config.toml", "")
			link(t, p.ws+"/l/first", p.home+"/config.toml")
			link(t, "../../dots", p.ws+"/l/dots")
			link(t, "dots/config.toml", p.ws+"/l/first")
		}, `ln -sfn ../free l/first; rm -f l/first; rm -f l/dots; mkdir l/dots; cp free l/dots/config.toml; mv l m; mkdir l; cp free l/first`},
		"the folder of what is known": {func(t *testing.T, p *place) {
			mkdir(t, p.ws+"/known")
			link(t, p.ws+"/known", p.home+"/private")
		}, `mv known k; mkdir known; echo x > known/marker; test ! -e known/marker || cp free tampered`},
		"the home": {func(t *testing.T, p *place) {
			link(t, p.dir+"/user", p.ws+"/me")
			write(t, p.dir+"/user/.ssh/id_test", "store")
			p.env = append(p.env, "HOME="+p.ws+"/me", "TMPDIR=")
		}, `mkdir other; ln -sfn other me; rm -f me; mv me x; mkdir me; test -L me || cp free tampered`},
	} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, p *place) {
				mkdir(t, p.home)
				if err := os.Chmod(p.home, 0o700); err != nil {
					t.Fatal(err)
				}
				write(t, p.ws+"/free", "sandbox_mode = \"danger-full-access\"\n")
				mkdir(t, p.ws+"/dots")
				write(t, p.ws+"/dots/config.toml", "approval_policy = \"never\"\n")
				c.make(t, p)
				first := p.lockstile("run", "--", "sh", "-c", "(set -x; "+c.script+"); exit 0")
				if first.code != 0 {
					t.Fatalf("%+v", first)
				}
				next := p.lockstile("run", "--", "sh", "-c", "echo x > ../out; cat "+p.dir+"/user/.ssh/id_test; exit 0")
				if next.code != 0 || exists(p.dir+"/out") || exists(p.ws+"/tampered") || strings.Contains(next.stdout, "store") {
					t.Errorf("the next start: %+v, after %s", next, first.stdout)
				}
			})
		})
	}
}

// TestNextPolicyByBindMount checks the configuration's folder when the workspace is a
// bind mount of the same folder.
func TestNextPolicyByBindMount(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("mounts are root's")
	}
	p := newPlace(t)
	write(t, p.dir+"/dots/config.toml", "approval_policy = \"never\"\n")
	mkdir(t, p.home)
	link(t, p.dir+"/dots/config.toml", p.home+"/config.toml")
	if err := unix.Mount(p.dir+"/dots", p.ws, "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(p.ws, unix.MNT_DETACH) })
	for _, script := range []string{"echo > config.toml", "rm -f config.toml; echo > config.toml", "echo > new; mv -f new config.toml"} {
		p.lockstile("run", "--", "sh", "-c", script)
		if text, err := os.ReadFile(p.dir + "/dots/config.toml"); err != nil || !strings.Contains(string(text), "never") {
			t.Errorf("%s: %q, %v", script, text, err)
		}
	}
}

// TestPlantedPrograms checks that a command can't plant a front end where lockstile would
// look: beside the program, or beside the target of a link.
func TestPlantedPrograms(t *testing.T) {
	code, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	for _, linked := range []bool{false, true} {
		bothWays(t, func(t *testing.T, p *place) {
			own, planted := p.ws+"/bin/lockstile", "bin/lockstile-mcp"
			if linked {
				own, planted = p.dir+"/apart/lockstile", "tools/front"
				link(t, p.ws+"/tools/front", p.dir+"/apart/lockstile-mcp")
			}
			write(t, own, string(code))
			if err := os.Chmod(own, 0o755); err != nil {
				t.Fatal(err)
			}
			script := "mkdir -p tools; printf '#!/bin/sh\ntouch " + p.dir + "/mark\n' > " + planted + "; chmod +x " + planted + "; test -x " + planted
			cmd := p.command(own, "run", "--", "sh", "-c", script)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			_ = exec.Command(own, "mcp").Run()
			if exists(p.dir + "/mark") {
				t.Error("lockstile mcp started what a command had planted")
			}
		})
	}
}

// TestRootsOverLinks checks that a link made by a command decides about no root: the root is
// left out and told, and such a workspace is refused.
func TestRootsOverLinks(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		mkdir(t, p.dir+"/other")
		mkdir(t, p.ws+"/out")
		mkdir(t, p.dir+"/ws2")
		link(t, p.ws+"/out", p.dir+"/to-out") // the user's own, out of reach
		roots := func(path string) string { return `sandbox_workspace_write.writable_roots=["` + path + `"]` }
		if r := p.lockstile("run", "--", "sh", "-c", "rmdir out; ln -s ../other out"); r.code != 0 {
			t.Fatalf("%+v", r)
		}
		write := "echo x > " + p.dir + "/other/x"
		for _, args := range [][]string{
			{"-c", roots(p.ws + "/out")},
			{"-C", p.dir + "/ws2", "-c", roots(p.ws + "/out")},
			{"-C", p.dir + "/ws2", "-c", roots(p.dir + "/to-out")},
		} {
			r := p.lockstile(append(append([]string{"run"}, args...), "--", "sh", "-c", write+"; touch ran")...)
			if r.code != 0 || !strings.Contains(r.stderr, "over the link") || !strings.Contains(r.stderr, "name where it leads") || !strings.Contains(r.stderr, p.dir+"/other") || exists(p.dir+"/other/x") {
				t.Errorf("%q: %+v", args, r)
			}
			var closed bool
			for _, l := range p.logLines() {
				closed = l.Event == "start" && len(l.Closed) == 1 && strings.Contains(l.Closed[0].Why, "over the link")
				if closed {
					break
				}
			}
			if !closed {
				t.Errorf("%q: the record has no line", args)
			}
			r = p.lockstile(append([]string{"config"}, args...)...)
			if r.code != 0 || !strings.Contains(r.stderr, "left out: the writable root") || !strings.Contains(r.stderr, "hint: name where it leads") {
				t.Errorf("config %q: %+v", args, r)
			}
		}
		if r := p.lockstile("run", "-C", p.ws+"/out", "--", "sh", "-c", write); r.code != 126 || !strings.Contains(r.stderr, "over the link") || !strings.Contains(r.stderr, p.dir+"/other") || exists(p.dir+"/other/x") {
			t.Errorf("the workspace: %+v", r)
		}
		r := p.lockstile("run", "-C", p.dir+"/ws2", "-c", roots(p.dir+"/other"), "--", "sh", "-c", "echo x > "+p.dir+"/other/x")
		if r.code != 0 || !exists(p.dir+"/other/x") {
			t.Errorf("named as it is: %+v", r)
		}
	})
}

// TestDoctorTellsLeftOutRoots checks the finding, with its mend.
func TestDoctorTellsLeftOutRoots(t *testing.T) {
	p := newPlace(t)
	mkdir(t, p.dir+"/other")
	link(t, p.dir+"/other", p.ws+"/out")
	r := p.lockstile("doctor", "-c", `sandbox_workspace_write.writable_roots=["`+p.ws+`/out"]`)
	said := strings.Join(strings.Fields(r.stdout), " ") // without the breaks of lines
	if r.code != 1 || !strings.Contains(said, "FAIL the writable root "+p.ws+"/out") || !strings.Contains(said, "mend: name where it leads") {
		t.Errorf("%+v", r)
	}
}

// TestConfigurationByAnotherName checks that a second name of the file is refused, and
// that the mend works.
func TestConfigurationByAnotherName(t *testing.T) {
	p := newPlace(t)
	p.config("approval_policy = \"never\"\n")
	if err := os.Link(p.home+"/config.toml", p.ws+"/config.toml"); err != nil {
		t.Fatal(err)
	}
	r := p.lockstile("run", "--", "true")
	_, mend, found := strings.Cut(r.stderr, "hint: ")
	if r.code != 126 || !found {
		t.Fatalf("%+v", r)
	}
	if out, err := exec.Command("sh", "-c", mend).CombinedOutput(); err != nil {
		t.Fatalf("%q: %v %s", mend, err, out)
	}
	if r := p.lockstile("run", "--", "true"); r.code != 0 {
		t.Errorf("after the mend: %+v", r)
	}
}
