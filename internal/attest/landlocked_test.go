package attest

import (
	"testing"

	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// TestWithoutNamespaces checks that on a machine without user namespaces each root must be
// writable, and that without the user's own words, or with a network, nothing proves
// workspace-write.
func TestWithoutNamespaces(t *testing.T) {
	m := machine()
	m.NoUserNamespaces, m.Scratch = true, "/home/u/.lockstile/private/1/tmpdir"
	p := intent(policy.ModeWorkspaceWrite)
	p.WithoutNamespaces = true
	expected := Expect(p, m)
	if v := Appraise(expected, satisfy(expected)); !v.OK() {
		t.Fatalf("%+v", v.Failed)
	}
	for _, at := range []string{"/work", "/opt/cache", m.Scratch} {
		e := satisfy(expected)
		e.Set(Fact("trial.write in "+at), "EACCES", nil)
		if v := Appraise(expected, e); v.OK() || v.Failed[0].Restriction != refusal.Mount(at) {
			t.Errorf("%s: %+v", at, v.Failed)
		}
	}
	for fact, got := range map[Fact]string{"trial.write to a file of its own": "ok", "trial.read a file that may not be": "ok", "trial.internet socket": "ok", "trial.connect": "EBADF", "trial.make a set-user-ID file": "EBADF"} {
		e := satisfy(expected)
		e.Set(fact, got, nil)
		if Appraise(expected, e).OK() {
			t.Errorf("%s: %s is no failure", fact, got)
		}
	}
	closed, networked := p, p
	closed.WithoutNamespaces, networked.NetworkAccess = false, true
	for _, other := range []policy.Policy{closed, networked} {
		if v := Appraise(Expect(other, m), satisfy(expected)); v.OK() {
			t.Errorf("proven: %+v", other)
		}
	}
}
