package attest

import (
	"reflect"
	"testing"

	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

func TestTriesOf(t *testing.T) {
	p := policy.Policy{Mode: policy.ModeWorkspaceWrite, Workspace: `C:\work`, Home: `C:\home`, WritableRoots: []policy.Root{{Path: `C:\workmate`}}}
	got := TriesOf(p, []string{`C:\work\.git`, `C:\work\a\b\.git`, `C:\elsewhere\.git`})
	want := Tries{
		Write:  []string{`C:\home`, `C:\work`, `C:\workmate`},
		Change: []string{`C:\work\.git`, `C:\work\a\b\.git`},
		Rename: []string{`C:\work`, `C:\work\a`, `C:\work\a\b`, `C:\workmate`},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestExpectWindows checks that evidence for every expectation is a proof, and that no
// expectation can be left out.
func TestExpectWindows(t *testing.T) {
	m := Machine{OS: "windows", Windows: Windows{User: "S-1-5-21-1", Account: "S-1-5-21-2", Privileges: "23 25"}, Asked: Asked{Dir: `C:\work`},
		Folders: Folders{TempDir: `C:\home\private\1\tmp`, Protected: []string{`C:\work\.git`}}}
	for _, p := range []policy.Policy{
		{Mode: policy.ModeDangerFullAccess},
		{Mode: policy.ModeWorkspaceWrite, WindowsSandbox: "unelevated", NetworkAccess: true},
		{Mode: policy.ModeWorkspaceWrite, WindowsSandbox: "elevated", NetworkAccess: true},
		{Mode: policy.ModeWorkspaceWrite},
		{Mode: policy.ModeReadOnly, WindowsSandbox: "elevated"},
	} {
		p.Workspace, p.Home = `C:\work`, `C:\home`
		expected := Expect(p, m)
		all := func() *Evidence {
			e := NewEvidence()
			for _, x := range expected {
				e.Set(x.Fact, x.Want, nil)
			}
			return e
		}
		if v := Appraise(expected, all()); !v.OK() {
			t.Errorf("%+v", v.Failed)
		}
		for _, x := range expected {
			e := all()
			delete(e.Facts, x.Fact)
			if v := Appraise(expected, e); v.OK() || v.Failed[0].Restriction != x.Restriction {
				t.Errorf("%s is not needed", x.Fact)
			}
		}
	}
	// A restriction that a token can't provide is never proven, since nobody measures the
	// fact.
	for _, x := range Expect(policy.Policy{Mode: policy.ModeWorkspaceWrite, WindowsSandbox: "unelevated", Workspace: `C:\work`, Home: `C:\home`}, m) {
		if x.Restriction == refusal.NetworkNamespace && x.Fact == "a network" {
			return
		}
	}
	t.Error("a token takes the network away")
}
