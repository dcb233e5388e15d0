package attest

import (
	"strconv"

	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// expectLandlocked returns the expectations for a start confined by Landlock and the filter
// alone: the namespaces are the host's, and trials stand in for the namespaces.
func expectLandlocked(p policy.Policy, m Machine) []Expectation {
	out := []Expectation{
		{Restriction: refusal.Seccomp, Fact: "command.status.Seccomp", Want: "2"},
		{Restriction: refusal.Seccomp, Fact: "command.status.Seccomp_filters", Want: strconv.Itoa(m.SeccompFilters + 1)},
		{Restriction: refusal.NoNewPrivs, Fact: "command.status.NoNewPrivs", Want: "1"},
	}
	writes := p.Mode == policy.ModeWorkspaceWrite && p.WithoutNamespaces && !p.NetworkOpen()
	if p.Mode != policy.ModeReadOnly && !writes { // the plan refuses this without user namespaces
		return []Expectation{{Restriction: refusal.UserNamespace, Fact: "a user namespace", Want: "made"}}
	}
	for _, n := range namespaces {
		out = append(out, Expectation{Restriction: refusal.HostNamespaces, Fact: Fact("command.ns." + n.name), Want: m.Namespaces[n.name]})
	}
	sets := []string{"CapInh", "CapPrm", "CapEff", "CapAmb"}
	if m.UID == 0 {
		sets = append(sets, "CapBnd")
		out = append(out, Expectation{Restriction: refusal.Securebits, Fact: "trial.securebits", Want: "239"})
	}
	for _, set := range sets {
		out = append(out, Expectation{Restriction: refusal.Capabilities, Fact: Fact("command.status." + set), Want: noCaps})
	}
	out = append(out, expectOwn(m)...)
	out = append(out, expectIdentity(m)...)
	out = append(out, expectLimits(p, m)...)
	out = append(out,
		Expectation{Restriction: refusal.Descriptors, Fact: "command.fds", Want: "0 1 2 3+cloexec"},
		expectDir(m),
		Expectation{Restriction: refusal.Session, Fact: "command.session", Want: "own"},
		Expectation{Restriction: refusal.Tree, Fact: "trial.parent-death signal", Want: "9"},
		Expectation{Restriction: refusal.Tree, Fact: "trial.subreaper", Want: "1"},
		Expectation{Restriction: refusal.InitDescriptors, Fact: "init.fds", Want: "4+cloexec 5+cloexec"},
		Expectation{Restriction: refusal.Landlock, Fact: "trial.write to a file of its own", Want: "EACCES"},
		Expectation{Restriction: refusal.Landlock, Fact: "trial.read a file that may not be", Want: "EACCES"},
		Expectation{Restriction: refusal.Landlock, Fact: "trial.signal the init", Want: "EPERM"},
		Expectation{Restriction: refusal.Seccomp, Fact: "trial.internet socket", Want: "EAFNOSUPPORT"},
		Expectation{Restriction: refusal.Seccomp, Fact: "trial.datagram socket", Want: "EAFNOSUPPORT"},
		Expectation{Restriction: refusal.Seccomp, Fact: "trial.packet socket", Want: "EAFNOSUPPORT"},
		Expectation{Restriction: refusal.Seccomp, Fact: "trial.connect", Want: "EACCES"},
		Expectation{Restriction: refusal.Seccomp, Fact: "trial.io_uring", Want: "EPERM"},
		Expectation{Restriction: refusal.Seccomp, Fact: "trial.mount", Want: "EPERM"},
		Expectation{Restriction: refusal.Seccomp, Fact: "trial.user namespace", Want: "EPERM"},
	)
	if writes {
		return append(out, expectOpenRoots(p, m)...)
	}
	return append(out, Expectation{Restriction: refusal.Seccomp, Fact: "trial.change a mode", Want: "EROFS"})
}

// expectOpenRoots expects that the roots and the folder for temporary files can be written,
// and that the command can make no set-user-ID file there.
func expectOpenRoots(p policy.Policy, m Machine) []Expectation {
	out := []Expectation{{Restriction: refusal.Seccomp, Fact: "trial.make a set-user-ID file", Want: "EPERM"}}
	all := roots(p)
	if !p.ExcludeTmpdirEnvVar {
		all = append(all, m.Scratch)
	}
	for _, root := range all {
		out = append(out,
			Expectation{Restriction: refusal.Mount(root), Fact: Fact("trial.write in " + root), Want: "ok", Or: "ENOTSUP"},
			Expectation{Restriction: refusal.Mount(root), Fact: Fact("trial.access to " + root), Want: "ok"})
	}
	return out
}
