package plan

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/lockstile/lockstile/internal/containers"
	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// withoutNamespaces is a machine without user namespaces.
func withoutNamespaces() host.Facts {
	f := machine("linux")
	f.Missing.UserNamespaces = true
	f.Hidden.Readable = []string{"/bin", "/usr", "/work"}
	return f
}

// openIntent is workspace-write with the user's own words.
func openIntent() policy.Policy {
	p := intent(policy.ModeWorkspaceWrite)
	p.WithoutNamespaces = true
	return p
}

// TestWithoutNamespaces checks that a machine without user namespaces plans workspace-write
// by the user's own words alone, and that a machine with user namespaces ignores the words.
func TestWithoutNamespaces(t *testing.T) {
	p := openIntent()
	p.WritableRoots = []policy.Root{{Path: "/work/project/below"}, {Path: "/opt/cache"}}
	f := withoutNamespaces()
	f.Absent = []host.Absent{{Dir: "/work/project", Names: []string{".git"}}}
	f.Protected = []string{"/work/project/.envrc"}
	out := compile(t, p, f)
	if out.Rung != Landlocked || out.NotHeld() == "" || len(out.View) > 0 || len(out.Namespaces) > 0 || len(out.Sweep) != 1 {
		t.Errorf("%s", out)
	}
	want := []string{"/opt/cache", "/work/project", private + "/tmpdir"}
	var written []string
	for _, r := range out.Landlock.Rules {
		if r.Access == AccessWrite {
			written = append(written, r.Path)
		}
	}
	if !slices.Equal(written, want) || !slices.Equal(out.WriteIn, want) || out.Scratch != want[2] {
		t.Errorf("%q, %q, %q", written, out.WriteIn, out.Scratch)
	}
	p.ExcludeTmpdirEnvVar = true
	if out := compile(t, p, f); out.Scratch != "" || slices.Contains(out.WriteIn, want[2]) {
		t.Errorf("%s", out)
	}
	f.Missing.UserNamespaces = false
	if out := compile(t, p, f); out.Rung != Full || out.NotHeld() != "" || out.Scratch != "" {
		t.Errorf("%s", out)
	}
	f.Missing.UserNamespaces, p.Mode = true, policy.ModeReadOnly
	if out := compile(t, p, f); out.NotHeld() != "" || len(out.WriteIn) > 0 {
		t.Errorf("%s", out)
	}
}

// TestWithoutNamespacesRefuses checks that what nobody gives up is refused.
func TestWithoutNamespacesRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change      func(p *policy.Policy, f *host.Facts)
		restriction refusal.Restriction
		reason      string
		hint        string
	}{
		"without the words":              {func(p *policy.Policy, _ *host.Facts) { p.WithoutNamespaces = false }, refusal.UserNamespace, "only read-only", "allow user namespaces"},
		"without the words in docker":    {func(p *policy.Policy, f *host.Facts) { p.WithoutNamespaces, f.Place.Engine = false, containers.Docker }, refusal.UserNamespace, "only read-only", `linux.without_namespaces = "container is the boundary"`},
		"network access":                 {func(p *policy.Policy, _ *host.Facts) { p.NetworkAccess = true }, refusal.UserNamespace, "network access", "network_access"},
		"an old Landlock":                {func(_ *policy.Policy, f *host.Facts) { f.LandlockABI = 5 }, refusal.Landlock, "too old", "6.12"},
		"a hidden file in a root":        {func(_ *policy.Policy, f *host.Facts) { f.Hidden.Covered = []host.Covered{{Path: "/work/project/.env"}} }, refusal.HiddenFiles, "/work/project/.env may not be read", "deny_read"},
		"our program in a root":          {func(_ *policy.Policy, f *host.Facts) { f.Deciding = []string{"/work/project/bin/lockstile"} }, refusal.Mount("/work/project"), "decides about the next start", "outside of /work/project"},
		"a root with temporary files":    {func(p *policy.Policy, _ *host.Facts) { p.WritableRoots = []policy.Root{{Path: "/tmp"}} }, refusal.Mount("/tmp"), "its own /tmp", "below it"},
		"a root with lockstile's folder": {func(p *policy.Policy, _ *host.Facts) { p.WritableRoots = []policy.Root{{Path: "/home/u"}} }, refusal.Mount("/home/u"), "contains the product's own folder", "without it"},
	} {
		p, f := openIntent(), withoutNamespaces()
		c.change(&p, &f)
		_, err := Compile(p, f, private)
		var r *refusal.Error
		if !errors.As(err, &r) || r.Restriction != c.restriction || !strings.Contains(r.Reason, c.reason) || !strings.Contains(r.Hint, c.hint) {
			t.Errorf("%s: %+v", name, r)
		}
	}
	p, f := intent(policy.ModeWorkspaceWrite), withoutNamespaces()
	_, err := Compile(p, f, private)
	var r *refusal.Error
	if !errors.As(err, &r) || strings.Contains(r.Hint, "without_namespaces") {
		t.Errorf("the last resort is named outside of a container: %+v", r)
	}
}

// TestRulesWithoutNamespaces checks what a command that writes may do besides: modes and
// times, but no set-user-ID file, and no socket.
func TestRulesWithoutNamespaces(t *testing.T) {
	answers := func(rules []Rule, call string) (out []Rule) {
		for _, r := range rules {
			if r.Call == call {
				out = append(out, r)
			}
		}
		return out
	}
	reads, writes := landlockedRules(false), landlockedRules(true)
	for _, call := range []string{"connect", "bind", "socket", "mount", "unshare", "shmget", "keyctl", "setpriority"} {
		if len(answers(reads, call)) != 1 || len(answers(writes, call)) != 1 {
			t.Errorf("%s: %v, %v", call, answers(reads, call), answers(writes, call))
		}
	}
	for _, call := range []string{"utimensat", "fchown", "setxattr"} {
		if len(answers(reads, call)) != 1 || len(answers(writes, call)) != 0 {
			t.Errorf("%s: %v, %v", call, answers(reads, call), answers(writes, call))
		}
	}
	for _, call := range []string{"chmod", "fchmod", "fchmodat", "fchmodat2"} {
		if a := answers(writes, call); len(a) != 1 || a[0].Match.AnyBit != setUser {
			t.Errorf("%s: %+v", call, a)
		}
	}
}
