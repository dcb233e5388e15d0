package plan

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lockstile/lockstile/internal/access"
	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

var update = flag.Bool("update", false, "write the golden files anew")

func machine(os string) host.Facts {
	return host.Facts{
		OS: os, Arch: "amd64", UID: 1000, GID: 1000,
		Kernel:  host.Kernel{OwnPIDMax: true, LandlockABI: 7, LastCap: 40, Keyring: true, ProcFiles: []string{"/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}},
		Shares:  host.Shares{Memory: 8 << 30, MostProcesses: 1000, MostCore: 1 << 30, Pools: host.Pools{Inotify: 128, Watches: 8192, Signals: 1000, Queues: 819200}},
		Folders: host.Folders{UserHome: "/home/u"},
	}
}

func intent(mode policy.Mode) policy.Policy {
	return policy.Policy{Mode: mode, Workspace: "/work/project", Home: "/home/u/.lockstile"}
}

const private = "/home/u/.lockstile/private/1"

func compile(t *testing.T, p policy.Policy, f host.Facts) *Plan {
	t.Helper()
	out, err := Compile(p, f, private)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestGolden(t *testing.T) {
	below := intent(policy.ModeReadOnly)
	below.Workspace = "/tmp/a/ws"
	roots := intent(policy.ModeWorkspaceWrite)
	roots.WritableRoots = []policy.Root{{Path: "/work"}, {Path: "/run/user/1000/x"}, {Path: "/opt/cache"}}
	excluded := intent(policy.ModeWorkspaceWrite)
	excluded.ExcludeSlashTmp, excluded.ExcludeTmpdirEnvVar = true, true
	withTmp := machine("linux")
	withTmp.TempDir = "/scratch"
	guarded := machine("linux")
	guarded.Protected = []string{"/work/project/.git", "/work/project/.mcp.json", "/work/project/a/b/.git", "/work/project/a/b/.idea"}
	hiding := intent(policy.ModeWorkspaceWrite)
	hiding.WritableRoots = []policy.Root{{Path: "/home/u/deep/root"}}
	hidden := machine("linux")
	hidden.Hidden = host.Hidden{
		Covered:  []host.Covered{{Path: "/home/u/.ssh", Dir: true}, {Path: "/home/u/.netrc"}, {Path: "/home/u/deep", Dir: true}, {Path: "/run/secrets", Dir: true}, {Path: "/work/project/.env"}},
		Shown:    []host.Covered{{Path: "/home/u/.ssh/a/known_hosts"}, {Path: "/home/u/deep/root", Dir: true}},
		Readable: []string{"/usr", "/dev", "/tmp/x", "/home/u/src", "/home/u/.ssh/a/known_hosts"},
	}
	cached := hidden
	cached.Caches = host.Caches{Folder: "/home/u/.lockstile/caches/1/0",
		Places: []host.Cache{{Name: "xdg", Path: "/home/u/.cache", Store: "xdg-1"}}, Own: []host.OwnCache{{Name: "npm", Variable: "npm_config_cache"}}}
	cached.Hidden.Covered = append(slices.Clone(hidden.Hidden.Covered), host.Covered{Path: "/home/u/.cache/huggingface/token"})
	networked, resolver := intent(policy.ModeWorkspaceWrite), machine("linux")
	networked.NetworkAccess, resolver.Resolver = true, "/run/systemd/resolve/stub-resolv.conf"
	for name, c := range map[string]struct {
		p policy.Policy
		f host.Facts
	}{
		"workspace-write":    {intent(policy.ModeWorkspaceWrite), machine("linux")},
		"read-only":          {intent(policy.ModeReadOnly), machine("linux")},
		"danger-full-access": {intent(policy.ModeDangerFullAccess), machine("linux")},
		"read-only-in-tmp":   {below, machine("linux")},
		"writable-roots":     {roots, machine("linux")},
		"tmpdir":             {intent(policy.ModeWorkspaceWrite), withTmp},
		"excluded":           {excluded, withTmp},
		"network":            {networked, resolver},
		"protected":          {intent(policy.ModeWorkspaceWrite), guarded},
		"hidden":             {hiding, hidden},
		"caches":             {intent(policy.ModeWorkspaceWrite), cached},
	} {
		t.Run(name, func(t *testing.T) {
			got := compile(t, c.p, c.f).String()
			file := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("the plan has changed; look at it with go test -update and git diff\n%s", got)
			}
		})
	}
}

// TestRefusals checks that impossible policies are refused, with the reason.
func TestRefusals(t *testing.T) {
	change := func(f func(*policy.Policy)) policy.Policy {
		p := intent(policy.ModeWorkspaceWrite)
		f(&p)
		return p
	}
	noLandlock := machine("linux")
	noLandlock.LandlockABI = 0
	for name, c := range map[string]struct {
		p    policy.Policy
		f    host.Facts
		code refusal.Code
	}{
		"zero policy":          {policy.Policy{}, machine("linux"), refusal.CodeUnset},
		"unset mode":           {intent(policy.ModeUnset), machine("linux"), refusal.CodeUnset},
		"unknown mode":         {intent(99), machine("linux"), refusal.CodeUnset},
		"no home":              {change(func(p *policy.Policy) { p.Home = "" }), machine("linux"), refusal.CodeUnset},
		"relative workspace":   {change(func(p *policy.Policy) { p.Workspace = "project" }), machine("linux"), refusal.CodeInput},
		"rules for reading":    {change(func(p *policy.Policy) { p.Read = []policy.ReadRule{{Pattern: "/x"}}; p.Workspace = `C:\project` }), machine("windows"), refusal.CodeUnsupported},
		"everything writable":  {change(func(p *policy.Policy) { p.Workspace = "/" }), machine("linux"), refusal.CodeInput},
		"workspace is /tmp":    {change(func(p *policy.Policy) { p.Workspace = "/tmp" }), machine("linux"), refusal.CodeInput},
		"workspace is /dev":    {change(func(p *policy.Policy) { p.Workspace = "/dev" }), machine("linux"), refusal.CodeInput},
		"workspace below home": {change(func(p *policy.Policy) { p.Workspace = p.Home + "/x" }), machine("linux"), refusal.CodeInput},
		"root is /proc":        {change(func(p *policy.Policy) { p.WritableRoots = []policy.Root{{Path: "/proc"}} }), machine("linux"), refusal.CodeInput},
		"no Landlock":          {intent(policy.ModeWorkspaceWrite), noLandlock, refusal.CodeUnsupported},
		"TMPDIR is the root":   {intent(policy.ModeWorkspaceWrite), tempDir("/"), refusal.CodeInput},
		"TMPDIR is a home":     {intent(policy.ModeReadOnly), tempDir("/home/u"), refusal.CodeInput},
		"zero machine":         {intent(policy.ModeWorkspaceWrite), host.Facts{}, refusal.CodeUnsupported},
	} {
		t.Run(name, func(t *testing.T) {
			wantRefusal(t, c.p, c.f, c.code)
		})
	}
}

func tempDir(d string) host.Facts {
	f := machine("linux")
	f.TempDir = d
	return f
}

// TestOtherSystems checks that nothing starts on unsupported systems, in no mode.
func TestOtherSystems(t *testing.T) {
	for _, os := range []string{"darwin", "freebsd", ""} {
		for _, mode := range []policy.Mode{policy.ModeReadOnly, policy.ModeWorkspaceWrite, policy.ModeDangerFullAccess} {
			for _, workspace := range []string{"/work", `C:\work`} {
				p := intent(mode)
				p.Workspace = workspace
				wantRefusal(t, p, machine(os), refusal.CodeUnsupported)
			}
		}
	}
}

func TestWindows(t *testing.T) {
	p := intent(policy.ModeDangerFullAccess)
	wantRefusal(t, p, machine("windows"), refusal.CodeInput) // no folder of Windows
	p.Workspace = `C:\work`
	if got, err := Compile(p, machine("windows"), private); err != nil || got.Rung != Unconfined {
		t.Errorf("%v, %v", got, err)
	}
	for sandbox, code := range map[string]refusal.Code{"": refusal.CodeUnsupported, "elevated": refusal.CodeUnsupported, "unelevated": refusal.CodeUnsupported, "other": refusal.CodeUnset} {
		for _, mode := range []policy.Mode{policy.ModeReadOnly, policy.ModeWorkspaceWrite} {
			p := intent(mode)
			p.Workspace, p.WindowsSandbox = `C:\work`, sandbox
			f := machine("windows")
			f.UserSID, f.Memory = "S-1-5-21-1-2-3-1001", 1<<33
			wantRefusal(t, p, f, code)
			f.UserSID = ""
			p.NetworkAccess = true
			wantRefusal(t, p, f, refusal.CodeUnsupported) // nobody is logged on
		}
	}
}

// TestElevated checks that the refusal names the missing account, by the policy's
// network.
func TestElevated(t *testing.T) {
	for network, want := range map[bool]string{false: "LockstileOffline", true: "LockstileOnline"} {
		p := intent(policy.ModeWorkspaceWrite)
		p.Workspace, p.WindowsSandbox, p.NetworkAccess = `C:\work`, "elevated", network
		f := machine("windows")
		f.UserSID, f.Memory = "S-1-5-21-1-2-3-1001", 1<<33
		_, err := Compile(p, f, private)
		var r *refusal.Error
		if !errors.As(err, &r) || r.Restriction != refusal.Sandbox || !strings.Contains(r.Reason, want) || !strings.Contains(r.Hint, "lockstile setup") {
			t.Errorf("%v", err)
		}
		f.OfflineSID, f.OnlineSID, f.GroupSID = "S-1-5-21-1-2-3-1002", "S-1-5-21-1-2-3-1003", "S-1-5-21-1-2-3-1004"
		got, err := Compile(p, f, private)
		if err != nil || got.Rung != Account || got.Windows.Account != want || slices.Contains(got.Windows.Restricting, f.GroupSID) || slices.Contains(got.Windows.Restricting, f.UserSID) {
			t.Errorf("%v, %v", got, err)
		}
	}
}

// TestAccountEntries checks that the account reads and writes below a root as the policy
// says, and that a token for another root, or for reading, does not write.
func TestAccountEntries(t *testing.T) {
	f := machine("windows")
	f.UserSID, f.OfflineSID, f.GroupSID, f.Memory = "S-1-5-21-1-2-3-1001", "S-1-5-21-1-2-3-1002", "S-1-5-21-1-2-3-1004", 1<<33
	plans := map[policy.Mode]*Plan{}
	for _, mode := range []policy.Mode{policy.ModeReadOnly, policy.ModeWorkspaceWrite} {
		p := intent(mode)
		p.Workspace, p.WindowsSandbox = `C:\work`, "elevated"
		var err error
		if plans[mode], err = Compile(p, f, private); err != nil {
			t.Fatal(err)
		}
	}
	d := access.Descriptor{Owner: f.UserSID, List: []access.ACE{{Flags: inherit, Mask: access.FileAll, SID: f.UserSID}}}
	command := access.Token{User: f.OfflineSID, Groups: []string{access.Everyone, f.GroupSID}, WriteRestricted: true, Restricting: plans[policy.ModeReadOnly].Windows.Restricting}
	if d.Allows(command, access.FileRead) {
		t.Error("the account reads what is the user's")
	}
	for _, mode := range []policy.Mode{policy.ModeReadOnly, policy.ModeWorkspaceWrite} {
		for _, e := range plans[mode].Windows.Entries {
			if e.Path == `C:\work` {
				d = d.With(e.ACE)
			}
		}
	}
	for restricting, writes := range map[string]bool{
		"reads":   false, // in spite of the entries of the other start
		"writes":  true,
		"another": false,
	} {
		k := command
		switch restricting {
		case "writes":
			k.Restricting = plans[policy.ModeWorkspaceWrite].Windows.Restricting
		case "another":
			k.Restricting = []string{access.Everyone, access.Capability("another", `C:\work`)}
		}
		if !d.Allows(k, access.FileRead) || d.Allows(k, access.WriteData) != writes {
			t.Errorf("%s: %s", restricting, d)
		}
	}
}

func TestRestrictedToken(t *testing.T) {
	p := intent(policy.ModeWorkspaceWrite)
	p.Workspace, p.WindowsSandbox, p.NetworkAccess, p.WritableRoots = `C:\work`, "unelevated", true, []policy.Root{{Path: `C:\more`}}
	f := machine("windows")
	wantRefusal(t, p, f, refusal.CodeUnsupported) // nobody is logged on
	f.UserSID, f.Memory = "S-1-5-21-1-2-3-1001", 1<<33
	f.Memory = 0
	wantRefusal(t, p, f, refusal.CodeUnsupported)
	f.Memory = 1 << 33
	got, err := Compile(p, f, private)
	if err != nil {
		t.Fatal(err)
	}
	if got.Windows.Memory != 1<<33 || got.Windows.Processes == 0 {
		t.Errorf("%+v", got.Windows)
	}
	work, more := access.Capability(p.Home, `c:\WORK`), access.Capability(p.Home, `C:\more`)
	if work == more || got.Rung != Token || !slices.Equal(got.Windows.Restricting, []string{access.Everyone, access.Own(p.Home, p.Workspace), work, more}) || !slices.Equal(got.WriteIn, []string{`C:\work`, `C:\more`}) {
		t.Errorf("%s", got)
	}
	// The user's own SID would let the command write wherever the user may.
	if slices.Contains(got.Windows.Restricting, f.UserSID) {
		t.Errorf("%q", got.Windows.Restricting)
	}
	p.NetworkAccess = false
	wantRefusal(t, p, f, refusal.CodeUnsupported)
}

// TestEntries asks the access check about the planned entries of a workspace.
func TestEntries(t *testing.T) {
	p := intent(policy.ModeWorkspaceWrite)
	p.Workspace, p.WindowsSandbox, p.NetworkAccess = `C:\work`, "unelevated", true
	p.WritableRoots = []policy.Root{{Path: `C:\work\deep\root`}, {Path: `C:\workmate`}}
	f := machine("windows")
	f.UserSID, f.Memory = "S-1-5-21-1-2-3-1001", 1<<33
	f.Protected = []string{`C:\work\.git`, `C:\work\deep\root\sub\.git`, `C:\workmate\.envrc`}
	got, err := Compile(p, f, private)
	if err != nil {
		t.Fatal(err)
	}
	own := access.ACE{Flags: inherit, Mask: access.FileAll, SID: f.UserSID}
	command := access.Token{User: f.UserSID, Groups: []string{access.Everyone}, Restricting: got.Windows.Restricting, WriteRestricted: true}
	for path, c := range map[string]struct{ write, remove bool }{
		`C:\`:                        {},
		`C:\work`:                    {write: true},
		`C:\work\file`:               {write: true, remove: true},
		`C:\work\.git`:               {},
		`C:\work\.git\hooks`:         {},
		`C:\work\deep`:               {write: true},
		`C:\work\deep\root`:          {write: true},
		`C:\work\deep\root\sub`:      {write: true},
		`C:\work\deep\root\sub\.git`: {},
		`C:\work\deep\root\sub\x`:    {write: true, remove: true},
		`C:\workmate`:                {write: true},
		`C:\workmate\.envrc`:         {},
	} {
		d := access.Descriptor{Owner: f.UserSID, List: []access.ACE{own}}
		// Windows inherits in order: entries of a farther folder come later.
		for at := path; ; at = parent(at) {
			for _, e := range got.Windows.Entries {
				if e.Path != at {
					continue
				}
				if at != path {
					if e.ACE.Flags&inherit == 0 {
						continue
					}
					e.ACE.Flags |= access.Inherited
				}
				d.List = append(d.List, e.ACE)
			}
			if !strings.Contains(at, `\`) {
				break
			}
		}
		slices.SortStableFunc(d.List, func(a, b access.ACE) int { return order(a) - order(b) })
		if w, r := d.Allows(command, access.WriteData), d.Allows(command, access.Delete); w != c.write || r != c.remove {
			t.Errorf("%s: write %v, remove %v in %s", path, w, r, d)
		}
		if d.Allows(command, access.WriteDAC) || !d.Allows(command, access.FileRead) || !d.Allows(access.Token{User: f.UserSID}, access.FileAll) {
			t.Errorf("%s: %s", path, d)
		}
	}
}

// order ranks the entries of one folder: own denials, own grants, then inherited entries,
// nearest first.
func order(e access.ACE) int {
	switch {
	case e.Flags&access.Inherited != 0:
		return 2
	case e.Deny:
		return 0
	}
	return 1
}

func wantRefusal(t *testing.T, p policy.Policy, f host.Facts, code refusal.Code) {
	t.Helper()
	got, err := Compile(p, f, private)
	var r *refusal.Error
	if got != nil || !errors.As(err, &r) || r.Code != code || r.Stage != refusal.StagePlan || r.Reason == "" || r.Hint == "" {
		t.Errorf("%+v on %s: plan %v, error %#v, want code %s with reason and hint", p, f.OS, got != nil, err, code)
	}
}

// TestNothingIsWritableByDefault checks that a plan makes only the policy's roots and
// private folders writable.
func TestNothingIsWritableByDefault(t *testing.T) {
	for _, m := range compile(t, intent(policy.ModeReadOnly), machine("linux")).View {
		if m.Writable && m.Path != "/proc" && m.Path != "/dev" && m.Path != "/dev/pts" {
			t.Errorf("read-only: %s is writable", m.Path)
		}
	}
	p := compile(t, intent(policy.ModeWorkspaceWrite), machine("linux"))
	for _, m := range p.View {
		if m.Kind == KindBind && m.Writable && !strings.HasPrefix(m.Source, private) && m.Source != "/work/project" {
			t.Errorf("%s of the host is writable", m.Source)
		}
	}
	if !slices.Equal(p.WriteIn, []string{"/work/project"}) {
		t.Errorf("writes are tried in %q", p.WriteIn)
	}
}
