//go:build linux

package main

import (
	"encoding/json"
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
	args := slices.Concat(c.words[1:], []string{"run", "--rm", "--network", "none", "-v", c.ws + ":/ws", "-v", c.home + ":/home", "-e", "LOCKSTILE_HOME=/home", "-e", "HOME=/none", "-w", "/ws"}, c.flags, c.opts)
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
	if r := c.run("lockstile", "run", "--join", "a", "--", "true"); r.code != 0 { // enters a namespace
		c.Errorf("%+v", r)
	}
	c.verify()
}

// mendOf runs doctor in the container, and returns the options in the mend of a finding.
func (c *container) mendOf(finding string) string {
	c.Helper()
	r := c.run("lockstile", "doctor", "--json")
	var all []struct{ Name, Found, Mend string }
	if err := json.Unmarshal([]byte(r.stdout), &all); err != nil {
		c.Fatalf("%v: %+v", err, r)
	}
	for _, f := range all {
		if f.Name == finding {
			_, after, found := strings.Cut(f.Mend, c.name+" run ")
			options, _, ended := strings.Cut(after, " …")
			if !found || !ended {
				c.Fatalf("the mend has no line of %s: %+v", c.name, f)
			}
			return options
		}
	}
	c.Fatalf("no finding %q in %+v", finding, all)
	return ""
}

// TestContainerMend takes the options from doctor's mends inside of a container, and
// starts the next container with the options: then the start is proven.
func TestContainerMend(t *testing.T) {
	seccomp := profile(t)
	none, user := []string{"--cap-drop", "ALL"}, []string{"--user", "47111:47111"}
	for _, c := range []struct {
		engine        string
		limit         []string // options that the mend replaces
		opts          []string // options that stay
		finding, rung string
		want          string // the options of the mend
	}{
		{"docker", nil, nil, "user namespace", "shared proc", "--security-opt seccomp=lockstile.json"},
		{"docker", nil, none, "user namespace", "shared proc", "--security-opt seccomp=lockstile.json --cap-add SETFCAP"},
		{"docker", nil, append(none, user...), "user namespace", "shared proc", "--security-opt seccomp=lockstile.json"},
		{"docker", nil, append(user, "--security-opt", seccomp), "fresh /proc", "full", "--security-opt systempaths=unconfined"},
		{"podman", []string{"--security-opt", withoutNamespaces(t, seccomp)}, nil, "user namespace", "shared proc", "--security-opt seccomp=lockstile.json"},
		{"podman", nil, user, "fresh /proc", "full", "--security-opt unmask=ALL"},
	} {
		t.Run(c.engine+" "+c.finding+" "+strings.Join(c.opts, " "), func(t *testing.T) {
			containers(t, c.engine, append(c.limit, c.opts...), func(here *container) {
				for _, dir := range []string{here.ws, here.home} { // for the user
					if err := os.Chmod(dir, 0o777); err != nil {
						t.Fatal(err)
					}
				}
				mend := here.mendOf(c.finding)
				if mend != c.want {
					t.Fatalf("%s, want %s", mend, c.want)
				}
				here.opts = append(slices.Clone(c.opts), strings.Fields(strings.Replace(mend, "seccomp=lockstile.json", seccomp, 1))...)
				here.works(c.rung)
			})
		})
	}
}

// withoutNamespaces returns the option for a profile like Docker's own, which lacks what
// only starts need.
func withoutNamespaces(t *testing.T, seccomp string) string {
	t.Helper()
	text, err := os.ReadFile(strings.TrimPrefix(seccomp, "seccomp="))
	if err != nil {
		t.Fatal(err)
	}
	narrow := strings.NewReplacer(`"unshare"`, `"none"`, `"clone3",`, "").Replace(string(text))
	file := filepath.Join(newPlace(t).dir, "narrow.json")
	write(t, file, narrow)
	return "seccomp=" + file
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

// TestContainerBoundary checks workspace-write in a container with the options of Docker
// alone: by the user's own words, and with what is not held on the screen.
func TestContainerBoundary(t *testing.T) {
	containers(t, "docker", nil, func(c *container) {
		mkdir(t, c.ws+"/.git")
		script := `echo in > in && chmod 700 in && cat in; echo x > .git/x; (mkdir .vscode; echo x > /etc/x; echo x > /tmp/x; cat /home/config.toml) 2>/dev/null && echo out; wget -T 1 http://127.0.0.1 2>/dev/null && echo net; true`
		r := c.run("lockstile", "run", "--", "sh", "-c", script)
		if r.code != 126 || !strings.Contains(r.stderr, `linux.without_namespaces = "container is the boundary"`) {
			c.Errorf("the last resort is not named: %+v", r)
		}
		c.config(boundary)
		r = c.run("lockstile", "run", "--", "sh", "-c", script)
		if r.code != 0 || !strings.HasPrefix(strings.TrimPrefix(r.stdout, notice(r.stderr)), "in\n") || strings.Contains(r.stdout, "out\n") || strings.Contains(r.stdout, "net\n") || !exists(c.ws+"/.git/x") || exists(c.ws+"/.vscode") {
			c.Errorf("%+v", r)
		}
		if notice(r.stderr) == "" {
			c.Errorf("the screen doesn't say what is not held: %+v", r)
		}
		if l := c.lastStart(); l.Mode != "workspace-write" || l.Rung != "landlock only" || !slices.Contains(l.Residuals, "open-names") || (l.IO == "terminal") != c.terminal {
			c.Errorf("%+v", l)
		}
		c.verify()
	})
}

// notice returns the line that says what a start does not hold.
func notice(screen string) string {
	for line := range strings.Lines(screen) {
		if strings.HasPrefix(line, "lockstile: without namespaces (linux.without_namespaces)") {
			return line
		}
	}
	return ""
}
