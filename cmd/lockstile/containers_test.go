//go:build linux

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The engines of scripts/container-tests.sh, as command lines.
const (
	dockerVariable = "LOCKSTILE_TEST_DOCKER"
	podmanVariable = "LOCKSTILE_TEST_PODMAN"
	testImage      = "localhost/lockstile-test:1"
)

// engine is a program that runs containers.
type engine struct {
	name  string
	words []string // the engine with its own flags
	flags []string // of each container, for the machine of the tests
}

// engineOf skips a test without the engine: only the script has engines.
func engineOf(t *testing.T, name string) engine {
	t.Helper()
	variable, flags := dockerVariable, []string(nil)
	if name == "podman" {
		// A machine without CAP_SYS_RESOURCE can't raise the limits that podman asks for.
		variable, flags = podmanVariable, []string{"--ulimit", "nofile=1024:4096", "--ulimit", "nproc=1000:1000"}
	}
	words := strings.Fields(os.Getenv(variable))
	if len(words) == 0 {
		t.Skipf("%s names no engine: scripts/container-tests.sh", variable)
	}
	return engine{name, words, flags}
}

// container is a place whose programs run in a container.
type container struct {
	*place
	engine
	opts     []string
	terminal bool
}

// containers runs a test with pipes and with a terminal.
func containers(t *testing.T, name string, opts []string, test func(c *container)) {
	t.Helper()
	e := engineOf(t, name)
	for _, terminal := range []bool{false, true} {
		t.Run(map[bool]string{false: "pipes", true: "terminal"}[terminal], func(t *testing.T) {
			p := newPlace(t)
			mkdir(t, p.home)
			test(&container{p, e, opts, terminal})
		})
	}
}

// run runs a command in a new container, with the folders of the place.
func (c *container) run(argv ...string) result {
	c.Helper()
	args := slices.Concat(c.words[1:], []string{"run", "--rm", "--network", "none", "-v", c.ws + ":/ws", "-v", c.home + ":/home", "-e", "LOCKSTILE_HOME=/home", "-w", "/ws"}, c.flags, c.opts)
	if c.terminal {
		args = append(args, "-t")
	}
	r := c.place.do(c.command(c.words[0], append(append(args, testImage), argv...)...))
	if c.terminal { // a terminal has one output
		r.stdout = strings.ReplaceAll(r.stdout, "\r\n", "\n")
		r.stderr += r.stdout
	}
	return r
}

// profile writes what doctor prints, and returns the option for docker and podman.
func profile(t *testing.T) string {
	t.Helper()
	p := newPlace(t)
	r := p.lockstile("doctor", "--seccomp-profile")
	if r.code != 0 || !strings.HasPrefix(r.stdout, "{") {
		t.Fatalf("%+v", r)
	}
	file := filepath.Join(p.dir, "lockstile.json")
	write(t, file, r.stdout)
	return "seccomp=" + file
}

// works checks that workspace-write is proven and held in the container.
func (c *container) works(rung string) {
	c.Helper()
	mkdir(c.T, c.ws+"/.git")
	r := c.run("lockstile", "run", "--", "sh", "-c", "echo in > in && cat in; touch .git/x /etc/x 2>/dev/null && echo out; wget -T 1 http://127.0.0.1 2>/dev/null && echo net; true")
	if r.code != 0 || r.stdout != "in\n" || exists(c.ws+"/.git/x") {
		c.Errorf("%+v", r)
		return
	}
	if l := c.lastStart(); l.Mode != "workspace-write" || l.Rung != rung || len(l.Proven) < 30 || (l.IO == "terminal") != c.terminal {
		c.Errorf("%+v", l)
	}
	c.verify()
}

// TestContainerProfile checks that with the profile of doctor a container of an engine
// that filters namespaces proves workspace-write, and without the profile refuses.
func TestContainerProfile(t *testing.T) {
	t.Run("docker", func(t *testing.T) {
		containers(t, "docker", nil, func(c *container) {
			if r := c.run("lockstile", "run", "--", "true"); r.code != 126 || !strings.Contains(r.stderr, "user namespace") || len(c.logLines()) != 1 {
				c.Errorf("%+v", r)
			}
		})
	})
	seccomp := profile(t)
	hardened := []string{"--security-opt", "no-new-privileges", "--cap-drop", "ALL", "--cap-add", "SETFCAP", "--read-only"}
	for name, opts := range map[string][]string{"with the profile": nil, "hardened": hardened} {
		t.Run("docker "+name, func(t *testing.T) {
			containers(t, "docker", append([]string{"--security-opt", seccomp}, opts...), func(c *container) { c.works("shared proc") })
		})
	}
	t.Run("podman", func(t *testing.T) {
		containers(t, "podman", nil, func(c *container) { c.works("shared proc") })
	})
	t.Run("podman with the profile", func(t *testing.T) {
		containers(t, "podman", []string{"--security-opt", seccomp}, func(c *container) { c.works("shared proc") })
	})
}
