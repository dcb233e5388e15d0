package attest

import (
	"errors"
	"slices"
	"testing"

	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

func machine() Machine {
	m := Machine{
		Caller: Caller{UID: 1000, GID: 1000, Identity: map[string]string{"Uid": "1000 1000", "Gid": "1000 1000", "Groups": "1000"},
			Namespaces: map[string]string{}, SeccompFilters: 2, Keyring: "77"},
		Kernel: Kernel{LandlockABI: 7, ProcFiles: []string{"/proc/sys"}},
		Asked:  Asked{Dir: "/work/d", Terminal: true},
		Folders: Folders{Protected: []string{"/work/.git", "/work/sub/.git", "/work/sub/.idea"}, Resolver: "/run/r/resolv.conf", TempDir: "/scratch",
			Files: map[string]string{"/work": "1:2", "/tmp": "1:3", "/scratch": "1:4", "/opt/cache": "1:5", "/work/sub": "1:7", "/work/.git": "1:8", "/work/sub/.git": "1:9", "/work/sub/.idea": "1:10", "/run/r/resolv.conf": "1:6"}},
	}
	for _, n := range NamespaceNames() {
		m.Namespaces[n] = n + ":[1]"
	}
	return m
}

func intent(mode policy.Mode) policy.Policy {
	return policy.Policy{Mode: mode, Workspace: "/work", Home: "/home/u/.lockstile",
		WritableRoots: []policy.Root{{Path: "/opt/cache"}, {Path: "/work/below"}}}
}

// satisfy makes the evidence that meets every expectation.
func satisfy(expected []Expectation) *Evidence {
	e := NewEvidence()
	for _, x := range expected {
		value := x.Want
		if x.Not {
			value = "other than " + x.Want
		}
		e.Set(x.Fact, value, nil)
	}
	return e
}

// intents are policies with different expectations.
func intents() []policy.Policy {
	networked := intent(policy.ModeWorkspaceWrite)
	networked.NetworkAccess = true
	return []policy.Policy{intent(policy.ModeReadOnly), intent(policy.ModeWorkspaceWrite), networked, intent(policy.ModeDangerFullAccess)}
}

// TestLoopback checks that only the client's own network namespace is accepted.
func TestLoopback(t *testing.T) {
	p := policy.Policy{Mode: policy.ModeReadOnly, Workspace: "/ws", Home: "/home"}
	m := Machine{OS: "linux", Caller: Caller{Namespaces: map[string]string{"net": "net:[1]"}}, Kernel: Kernel{LandlockABI: 9, Loopback: "net:[2]"}}
	for id, want := range map[string]int{"net:[2]": 0, "net:[1]": 2, "net:[3]": 1} {
		e := NewEvidence()
		e.Set("command.ns.net", id, nil)
		failed := 0
		for _, f := range Appraise(Expect(p, m), e).Failed {
			if f.Fact == "command.ns.net" {
				failed++
			}
		}
		if failed != want {
			t.Errorf("%s: %d expectations failed, want %d", id, failed, want)
		}
	}
}

func TestAllIsProven(t *testing.T) {
	for _, p := range intents() {
		mode, expected := p.Mode, Expect(p, machine())
		v := Appraise(expected, satisfy(expected))
		if !v.OK() || len(v.Failed) != 0 {
			t.Errorf("%s: %+v", mode, v.Failed)
		}
		for _, x := range expected {
			if !slices.Contains(v.Proven, x.Restriction) {
				t.Errorf("%s: %s is not among the proven", mode, x.Restriction)
			}
		}
	}
}

// TestEachFactCounts spoils one fact after the other in each possible way. Every time,
// the verdict must refuse the start and name the fact's restriction.
func TestEachFactCounts(t *testing.T) {
	spoil := map[string]func(e *Evidence, x Expectation){
		"missing":    func(e *Evidence, x Expectation) { delete(e.Facts, x.Fact) },
		"unreadable": func(e *Evidence, x Expectation) { e.Set(x.Fact, "", errors.New("no permission")) },
		"wrong": func(e *Evidence, x Expectation) {
			if x.Not {
				e.Set(x.Fact, x.Want, nil)
			} else {
				e.Set(x.Fact, x.Want+"0", nil)
			}
		},
		"empty": func(e *Evidence, x Expectation) {
			if x.Not {
				delete(e.Facts, x.Fact)
			} else {
				e.Set(x.Fact, "", nil)
			}
		},
	}
	for _, p := range intents() {
		mode, expected := p.Mode, Expect(p, machine())
		for _, x := range expected {
			for name, f := range spoil {
				e := satisfy(expected)
				f(e, x)
				v := Appraise(expected, e)
				if v.OK() || len(v.Failed) == 0 || v.Failed[0].Restriction != x.Restriction {
					t.Errorf("%s: %s %s: ok %v, failed %v", mode, x.Fact, name, v.OK(), v.Failed)
					continue
				}
				if slices.Contains(v.Proven, x.Restriction) {
					t.Errorf("%s: %s %s, yet %s is proven", mode, x.Fact, name, x.Restriction)
				}
				if v.Failed[0].Reason() == "" {
					t.Errorf("%s: %s %s gives no reason", mode, x.Fact, name)
				}
			}
		}
	}
}

func TestOtherValueThatWillDo(t *testing.T) {
	x := Expectation{Restriction: "r", Fact: "f", Want: "ok", Or: "EOPNOTSUPP"}
	for got, want := range map[string]bool{"ok": true, "EOPNOTSUPP": true, "": false, "EROFS": false} {
		e := NewEvidence()
		e.Set("f", got, nil)
		if Appraise([]Expectation{x}, e).OK() != want {
			t.Errorf("%q: proven %v, want %v", got, !want, want)
		}
	}
}

func TestNothingIsNoProof(t *testing.T) {
	if (Verdict{}).OK() {
		t.Error("the zero verdict is a proof")
	}
	if Appraise(nil, NewEvidence()).OK() {
		t.Error("nothing was expected, and that is a proof")
	}
	for _, mode := range []policy.Mode{policy.ModeUnset, 99} {
		expected := Expect(intent(mode), machine())
		if Appraise(expected, NewEvidence()).OK() {
			t.Errorf("mode %d is proven", mode)
		}
	}
}

// TestExpectedOfTheView checks the expectations that depend on the policy.
func TestExpectedOfTheView(t *testing.T) {
	writable := func(p policy.Policy, m Machine) string {
		for _, x := range Expect(p, m) {
			if x.Fact == "command.writable mounts" {
				return x.Want
			}
		}
		return "nothing is expected"
	}
	noTmp := intent(policy.ModeWorkspaceWrite)
	noTmp.ExcludeSlashTmp, noTmp.ExcludeTmpdirEnvVar = true, true
	inside := machine()
	inside.TempDir = "/work/tmp"
	for _, c := range []struct {
		p    policy.Policy
		m    Machine
		want string
	}{
		{intent(policy.ModeReadOnly), machine(), "/dev /dev/pts /proc"},
		{intent(policy.ModeWorkspaceWrite), machine(), "/dev /dev/pts /dev/shm /opt/cache /proc /run /scratch /tmp /work /work/sub"},
		{noTmp, machine(), "/dev /dev/pts /dev/shm /opt/cache /proc /run /work /work/sub"},
		{intent(policy.ModeWorkspaceWrite), inside, "/dev /dev/pts /dev/shm /opt/cache /proc /run /tmp /work /work/sub"},
	} {
		if got := writable(c.p, c.m); got != c.want {
			t.Errorf("%s: writable %q, want %q", c.p.Mode, got, c.want)
		}
	}
}

func TestKeyringThatIsNotThere(t *testing.T) {
	for serial, want := range map[string]bool{"77": true, "ENOKEY": true, "ENOSYS": false, "EPERM": false} {
		m := machine()
		m.Keyring = serial
		has := slices.ContainsFunc(Expect(intent(policy.ModeReadOnly), m), func(x Expectation) bool { return x.Restriction == refusal.Keyring })
		if has != want {
			t.Errorf("keyring %s: expected %v, want %v", serial, has, want)
		}
	}
}

func TestReasons(t *testing.T) {
	x := Expectation{Restriction: refusal.Seccomp, Fact: "command.status.Seccomp", Want: "2"}
	for want, f := range map[string]Finding{
		`command.status.Seccomp is "0", wanted "2"`:                            {Expectation: x, Got: "0", Read: true},
		`command.status.Seccomp was not measured, wanted "2"`:                  {Expectation: x},
		`command.status.Seccomp could not be read (no permission), wanted "2"`: {Expectation: x, Unread: errors.New("no permission")},
	} {
		if got := f.Reason(); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
	x.Or = "1"
	if got := (Finding{Expectation: x, Got: "0", Read: true}).Reason(); got != `command.status.Seccomp is "0", wanted "2" or "1"` {
		t.Error(got)
	}
	x.Not = true
	if got := (Finding{Expectation: x, Got: "2", Read: true}).Reason(); got != `command.status.Seccomp is "2", wanted anything but "2"` {
		t.Error(got)
	}
}
