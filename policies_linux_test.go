package lockstile_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// place is a user's home with a credential store, the product's folder and a workspace.
type place struct{ home, product, ws string }

func newPlace(t *testing.T) place {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "lockstile-policies-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	p := place{dir + "/home", dir + "/product", dir + "/ws"}
	for _, d := range []string{p.home + "/.ssh", p.product, p.ws} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(p.home+"/.ssh/id_ed25519", []byte("store"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", p.home)
	t.Setenv("LOCKSTILE_HOME", p.product)
	return p
}

// prints starts a command through the library and returns the output.
func (p place) prints(t *testing.T, with policy.Policy, script string) string {
	t.Helper()
	gate, err := lockstile.Open(p.product)
	if err != nil {
		t.Fatal(err)
	}
	defer gate.Close()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	env := append(os.Environ(), "GITHUB_TOKEN=named", "HARMLESS=ghp_"+strings.Repeat("aB3", 12))
	child, err := gate.Start(lockstile.Request{Policy: with, Argv: []string{"sh", "-c", script}, Env: env, Stdin: null, Stdout: write, Stderr: null})
	write.Close()
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(read)
	_, waitErr := child.Wait()
	if err := errors.Join(err, waitErr); err != nil {
		t.Fatal(err)
	}
	return string(bytes.TrimSpace(out))
}

const tells = `cat ~/.ssh/id_ed25519; echo ".$GITHUB_TOKEN.$HARMLESS"`

// TestPolicyByHand checks that unset rules for reading and for the environment become the
// defaults, and that only policy.ReadEverything and HandOnSecrets allow everything.
func TestPolicyByHand(t *testing.T) {
	p := newPlace(t)
	bare := policy.Policy{Mode: policy.ModeReadOnly, Workspace: p.ws}
	some := bare
	some.Read = []policy.ReadRule{{Pattern: p.ws + "/x"}}
	some.Env.Set = map[string]string{"X": "1"}
	full, err := lockstile.NewPolicy(policy.ModeReadOnly, p.ws)
	if err != nil {
		t.Fatal(err)
	}
	emptied := full
	emptied.Read, emptied.Env = nil, policy.Env{}
	for name, with := range map[string]policy.Policy{"nothing said": bare, "something said": some, "NewPolicy": full, "NewPolicy, emptied": emptied} {
		if got := p.prints(t, with, tells); got != ".." {
			t.Errorf("%s: the command has %q", name, got)
		}
	}
	bare.Read, bare.Env.HandOnSecrets = policy.ReadEverything(), true
	if got := p.prints(t, bare, tells); !strings.HasPrefix(got, "store.named.ghp_") {
		t.Errorf("with everything, the command has %q", got)
	}
}

// TestHomeOfService checks that without HOME, as in services, the stores of the user's
// home in /etc/passwd are hidden. The test asks the policy without a start, since a start
// needs files of root's home.
func TestHomeOfService(t *testing.T) {
	p := newPlace(t)
	home := listedHome(t)
	os.Unsetenv("HOME") // newPlace restores HOME
	with, err := lockstile.NewPolicy(policy.ModeReadOnly, p.ws)
	if err != nil {
		t.Fatal(err)
	}
	if d := with.DecideRead(filepath.Join(home, ".ssh/id_ed25519")); d.Allowed {
		t.Errorf("the keys of %s may be read without HOME: %+v", home, d)
	}
}

// listedHome is the home in passwd(5) of the user of the test.
func listedHome(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("/etc/passwd")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Split(strings.TrimSpace(line), ":"); len(f) == 7 && f[2] == strconv.Itoa(os.Geteuid()) {
			if home, err := filepath.EvalSymlinks(f[5]); err == nil {
				return home
			}
		}
	}
	t.Skipf("user %d has no home in /etc/passwd", os.Geteuid())
	return ""
}

// TestNewPolicyIsRuns checks that NewPolicy returns the policy of LoadPolicy without a
// config.toml, and reads no config.toml; the gate adds nothing to either policy.
func TestNewPolicyIsRuns(t *testing.T) {
	p := newPlace(t)
	for _, mode := range []policy.Mode{policy.ModeReadOnly, policy.ModeWorkspaceWrite, policy.ModeDangerFullAccess} {
		loaded, err := lockstile.LoadPolicy(lockstile.Settings{Dir: p.ws, Mode: mode})
		if err != nil {
			t.Fatal(err)
		}
		made, err := lockstile.NewPolicy(mode, p.ws)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(made, loaded) {
			t.Errorf("%s: NewPolicy is\n%+v\nnot\n%+v", mode, made, loaded)
		}
		if full := made.Complete(p.home); !reflect.DeepEqual(full, made) {
			t.Errorf("%s: the gate makes of it\n%+v\nnot\n%+v", mode, full, made)
		}
		byHand := policy.Policy{Mode: mode, Workspace: p.ws, Home: p.product, WindowsSandbox: made.WindowsSandbox, NetworkAccess: made.NetworkAccess}
		if got := byHand.Complete(p.home).Digest(); got != made.Digest() {
			t.Errorf("%s: by hand it is another: %s, not %s", mode, got, made.Digest())
		}
		if err := os.WriteFile(p.product+"/config.toml", []byte("[filesystem]\ndeny_read = [\"/x\"]\n[profiles.more.limits]\nopen_files = 99\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		again, err := lockstile.NewPolicy(mode, p.ws)
		if err != nil || !reflect.DeepEqual(again, made) {
			t.Errorf("%s: NewPolicy reads config.toml: %v", mode, err)
		}
		loaded, err = lockstile.LoadPolicy(lockstile.Settings{Dir: p.ws, Mode: mode, Profile: "more", Overrides: []string{"limits.processes=999"}})
		if err != nil || loaded.Limits.OpenFiles != 99 || loaded.Limits.Processes != 999 || loaded.Digest() == made.Digest() {
			t.Errorf("%s: LoadPolicy gives %+v, %v", mode, loaded.Limits, err)
		}
		os.Remove(p.product + "/config.toml")
	}
}

// TestPoliciesRefuse checks that the library refuses the same policies as run.
func TestPoliciesRefuse(t *testing.T) {
	p := newPlace(t)
	for name, give := range map[string]func() (policy.Policy, error){
		"no mode":       func() (policy.Policy, error) { return lockstile.NewPolicy(policy.ModeUnset, p.ws) },
		"the home":      func() (policy.Policy, error) { return lockstile.NewPolicy(policy.ModeWorkspaceWrite, p.home) },
		"no folder":     func() (policy.Policy, error) { return lockstile.NewPolicy(policy.ModeReadOnly, p.ws+"/none") },
		"nothing named": func() (policy.Policy, error) { return lockstile.NewPolicy(policy.ModeReadOnly, "") },
		"unknown key": func() (policy.Policy, error) {
			return lockstile.LoadPolicy(lockstile.Settings{Dir: p.ws, Overrides: []string{"x=1"}})
		},
		"profile of none": func() (policy.Policy, error) {
			return lockstile.LoadPolicy(lockstile.Settings{Dir: p.ws, Profile: "x"})
		},
	} {
		with, err := give()
		var why *refusal.Error
		if !errors.As(err, &why) || why.Hint == "" && name != "unknown key" || with.Mode != policy.ModeUnset {
			t.Errorf("%s: %v, %v", name, with.Mode, err)
		}
	}
}
