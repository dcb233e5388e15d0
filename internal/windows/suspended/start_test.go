package suspended

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/lockstile/lockstile/internal/access"
	"github.com/lockstile/lockstile/internal/attest"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

var (
	confined = policy.Policy{Mode: policy.ModeWorkspaceWrite, Workspace: `C:\work`, Home: `C:\home`, WindowsSandbox: "unelevated", NetworkAccess: true}
	machine  = attest.Machine{OS: "windows", Windows: attest.Windows{User: "S-1-user"}, Asked: attest.Asked{Dir: `C:\work`}, Shares: attest.Shares{Memory: 1 << 33},
		Folders: attest.Folders{TempDir: `C:\home\tmp`, Protected: []string{`C:\work\.git`}}}
	opens = access.System + " S-1-user " + access.Own(confined.Home, confined.Workspace)
)

func confinement() *Confinement {
	own := access.Own(confined.Home, confined.Workspace)
	list := strings.Fields(opens)
	slices.Sort(list)
	return &Confinement{
		Restricting: []string{access.Everyone, own, access.Capability(confined.Home, confined.Workspace)},
		DefaultDACL: strings.Join(list, " "), // the fake has no use for SDDL
		Limits:      JobLimits{Processes: 4096, Memory: machine.Memory},
	}
}

// started makes a whole start on a machine, like the launcher and the gate, and reports
// whether the command ran and the first restriction without proof.
func started(t *testing.T, f *fake, terminal bool) (ran bool, missing refusal.Restriction, err error) {
	t.Helper()
	f.writable = []string{machine.TempDir, confined.Workspace}
	d, err := newDesktop(f, "")
	if err != nil {
		return false, "", err
	}
	defer d.Close()
	c, err := prepare(f, confinement())
	if err != nil {
		return false, "", err
	}
	spec := Spec{File: "x", Dir: machine.Dir, Desktop: d.Name()}
	if terminal {
		spec.Terminal = &Size{Rows: 2, Cols: 3}
	}
	if err := c.Make(spec, &[3]Handle{1, 2, 3}); err != nil {
		c.Kill()
		return false, "", err
	}
	e := f.evidence(c, d.Name())
	if err := tryAll(c, e); err != nil {
		c.Kill()
		return false, "", err
	}
	if v := attest.Appraise(attest.Expect(confined, machine), e); !v.OK() {
		c.Kill()
		return false, v.Failed[0].Restriction, nil
	}
	if err := c.Resume(); err != nil {
		c.Kill()
		return false, "", err
	}
	if _, err = c.Wait(); err == nil && !f.ended {
		t.Error("the tree isn't ended")
	}
	return true, "", err
}

func tryAll(c *Child, e *attest.Evidence) error {
	tries := attest.TriesOf(confined, machine.Protected)
	attempts := []Attempt{{Screen, attest.Screen}, {Write, machine.TempDir}}
	for what, paths := range map[string][]string{Write: tries.Write, Change: tries.Change, Rename: tries.Rename} {
		for _, p := range paths {
			attempts = append(attempts, Attempt{what, p})
		}
	}
	outcomes, err := c.Try(attempts)
	for i, o := range outcomes {
		var failed error
		if o.Error != "" {
			failed = errors.New(o.Error)
		}
		e.Set(attest.Fact("trial."+attempts[i].What+" "+attempts[i].Path), o.How, failed)
	}
	return err
}

// TestEachCall checks for each call of a start, with an error and with a success that did
// nothing: the command doesn't run, no handle stays open, and our own process is on its
// own station.
func TestEachCall(t *testing.T) {
	// These calls can be missing without a lost restriction: the port only wakes us up
	// sooner, an attempt that opened something counts as opened, and on a station without
	// access the command's own system libraries refuse to load.
	harmless := []string{"SetInformationJobObject port", "CreateIoCompletionPort", "open the station", "DuplicateHandle console", "attempt"}
	after := []string{"WaitForSingleObject", "GetExitCodeProcess", "QueryInformationJobObject"}
	for _, terminal := range []bool{false, true} {
		good := newFake()
		if ran, missing, err := started(t, good, terminal); !ran || err != nil {
			t.Fatalf("nothing fails, and it doesn't run: %q, %v", missing, err)
		}
		for n := range good.calls {
			for _, nothing := range []bool{false, true} {
				f := newFake()
				f.failAt, f.nothing = n+1, nothing
				ran, missing, err := started(t, f, terminal)
				call := f.calls[n]
				what := call + " fails"
				if nothing {
					what = call + " does nothing"
				}
				switch {
				case slices.Contains(after, call):
					if !ran || !nothing && err == nil {
						t.Errorf("%s: %v, %v", what, ran, err)
					}
				case ran && !(nothing && slices.Contains(harmless, call)):
					t.Errorf("%s, and the command runs", what)
				case !ran && err == nil && missing == "":
					t.Errorf("%s, and nothing says so", what)
				}
				var step *StepError
				if err != nil && !ran && err.Error() == "" {
					t.Errorf("%s: the error says nothing", what)
				}
				if !ran && err != nil && (!errors.As(err, &step) || !nothing && call != "IsTokenRestricted" && call != "GetHandleInformation" && !errors.Is(err, errFails)) {
					t.Errorf("%s: the error is %v", what, err)
				}
				wantNothingLeft(t, what, call, f)
			}
		}
	}
}

func wantNothingLeft(t *testing.T, what, call string, f *fake) {
	t.Helper()
	for slices.Contains(slices.Collect(keysOf(f.open)), "CreatePseudoConsole") {
		f.close(<-f.consoles) // closed in another goroutine
	}
	if len(f.open) != 0 {
		t.Errorf("%s: %v stays open", what, f.open)
	}
	if f.station != 1 && call != "SetProcessWindowStation" {
		t.Errorf("%s: our process stays on the other window station", what)
	}
	if f.made && !f.ended && f.open != nil && !f.running {
		t.Errorf("%s: the process stays", what)
	}
}

func keysOf(m map[Handle]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for _, v := range m {
			if !yield(v) {
				return
			}
		}
	}
}

// TestAfterTheEnd checks the errors of calls that come too late.
func TestAfterTheEnd(t *testing.T) {
	f := newFake()
	c, err := prepare(f, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.Kill()
	if c, err = prepare(f, nil); err != nil {
		t.Fatal(err)
	}
	if out, in := c.Terminal(); out != nil || in != nil {
		t.Error("a terminal before there is one")
	}
	if err := c.Make(Spec{Terminal: &Size{}}, nil); err != nil {
		t.Fatal(err)
	}
	out, in := c.Terminal()
	out.Close()
	in.Close()
	if err := errors.Join(c.Resize(Size{3, 4}), c.Interrupt(), c.Resume(), c.End()); err != nil {
		t.Error(err)
	}
	if code, err := c.Wait(); code != 7 || err != nil {
		t.Errorf("%d, %v", code, err)
	}
	for name, err := range map[string]error{"resize": c.Resize(Size{3, 4}), "interrupt": c.Interrupt(), "end": c.End()} {
		if !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
