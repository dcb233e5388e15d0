package attest

import (
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// scopedABI is the first version of Landlock that keeps signals and abstract
// sockets within the domain.
const scopedABI = 6

// unixABI is the first version that keeps sockets with a path within the domain.
const unixABI = 9

// expectHostSockets expects that a socket made before the command's rule set can't be
// reached. On an older Landlock the expectation is that datagram sockets can't be made,
// since datagrams need no connect; the supervisor makes all connects.
func expectHostSockets(p policy.Policy, m Machine) Expectation {
	if !m.supervised(p) {
		return Expectation{Restriction: refusal.HostSockets, Fact: "trial.reach a socket of the host", Want: "EACCES"}
	}
	return Expectation{Restriction: refusal.HostSockets, Fact: "trial.datagram socket", Want: "EAFNOSUPPORT"}
}

// expectServers expects the listener for servers by name if there are rules, and otherwise
// none. In a network namespace of its own the command has no other socket by then.
func expectServers(p policy.Policy, m Machine) []Expectation {
	of := func(fact Fact, want string) Expectation {
		return Expectation{Restriction: refusal.ServersByName, Fact: fact, Want: want}
	}
	if !p.NetworkByName() {
		none := of("servers.listener", "none")
		none.Restriction = refusal.NetworkNamespace
		return []Expectation{none}
	}
	out := []Expectation{
		of("servers.listener", "on the loopback of the command's network namespace"),
		{Restriction: refusal.ServersByName, Fact: "servers.names", Want: "on the loopback of the command's network namespace", Or: "none"},
		of("trial.reach the listener", "ok"), of("servers.reached", "yes"),
	}
	if m.Loopback == "" {
		out = append(out, Expectation{Restriction: refusal.ServersByName, Fact: "servers.sockets", Want: "TCP 1, UDP 1, other 0", Or: "TCP 1, UDP 0, other 0"})
	}
	return out
}

// expectTrials returns the expected end of each trial of the confined processes.
func expectTrials(p policy.Policy, m Machine) []Expectation {
	out := []Expectation{
		{Restriction: refusal.Landlock, Fact: "trial.write to the probe file", Want: "EACCES"},
		{Restriction: refusal.Seccomp, Fact: "trial.user namespace", Want: "EPERM"},
		{Restriction: refusal.Seccomp, Fact: "trial.mount", Want: "EPERM"},
		{Restriction: refusal.Seccomp, Fact: "trial.io_uring", Want: "EPERM"},
		{Restriction: refusal.Seccomp, Fact: "trial.packet socket", Want: "EAFNOSUPPORT"},
	}
	if p.NetworkOpen() {
		out = append(out, Expectation{Restriction: refusal.HostNetwork, Fact: "trial.reach the host", Want: "ok"})
	} else {
		out = append(out,
			Expectation{Restriction: refusal.NetworkNamespace, Fact: "trial.reach the host", Want: "ECONNREFUSED"},
			expectHostSockets(p, m))
		out = append(out, expectServers(p, m)...)
	}
	if m.hides() {
		out = append(out, Expectation{Restriction: refusal.Landlock, Fact: "trial.read a file that may not be", Want: "EACCES"})
	}
	if m.LandlockABI >= scopedABI {
		out = append(out, Expectation{Restriction: refusal.Landlock, Fact: "trial.signal the init", Want: "EPERM"})
	}
	if p.Mode == policy.ModeWorkspaceWrite {
		for _, root := range roots(p) {
			out = append(out,
				// A few file systems have no unnamed files for the first trial. The second
				// trial is for such file systems.
				Expectation{Restriction: refusal.Mount(root), Fact: Fact("trial.write in " + root), Want: "ok", Or: "ENOTSUP"},
				Expectation{Restriction: refusal.Mount(root), Fact: Fact("trial.access to " + root), Want: "ok"})
		}
		for _, c := range m.Caches {
			out = append(out,
				Expectation{Restriction: refusal.Cache(c.Path), Fact: Fact("trial.write in " + c.Path), Want: "ok", Or: "ENOTSUP"},
				Expectation{Restriction: refusal.Cache(c.Path), Fact: Fact("trial.access to " + c.Path), Want: "ok"})
		}
		return append(out, expectGit(m)...)
	}
	return append(out, Expectation{Restriction: refusal.ReadOnlyRoot, Fact: Fact("trial.write in " + p.Workspace), Want: "EROFS"})
}

// expectGit expects that our server answers for the git directory, and that it refused
// exactly the trials: a name that makes git obey another folder, a link, and a name that
// no other file system refuses like this.
func expectGit(m Machine) []Expectation {
	if m.Git == "" {
		return nil
	}
	of := func(fact Fact, want string) Expectation {
		return Expectation{Restriction: refusal.GitDirectory, Fact: fact, Want: want}
	}
	return []Expectation{
		of("trial.ask the server of the git directory", "ENOANO"), of("trial.make a commondir", "EROFS"), of("trial.make a link in the git directory", "EROFS"),
		of("refusals of the git directory", "3"),
	}
}

// expectInit returns the expectations for the init. If the command ever came to run code
// in the init, the command could do everything that the init can do.
func expectInit(p policy.Policy, m Machine) []Expectation {
	fds := "4+cloexec 5+cloexec"
	if !p.NetworkOpen() && !m.supervised(p) {
		fds += " 6+cloexec" // the socket for the trial of reaching the host
	}
	out := []Expectation{
		{Restriction: refusal.NoNewPrivs, Fact: "init.status.NoNewPrivs", Want: "1"},
		{Restriction: refusal.InitLandlock, Fact: "trial.init opens a folder", Want: "EACCES"},
		{Restriction: refusal.InitDescriptors, Fact: "init.fds", Want: fds},
		{Restriction: refusal.InitUndumpable, Fact: "trial.init is dumpable", Want: "0"},
	}
	if !p.NetworkOpen() {
		out = append(out, Expectation{Restriction: refusal.NetworkNamespace, Fact: "init.ns.net", Want: m.Namespaces["net"], Not: true})
		if m.Loopback != "" {
			out = append(out, Expectation{Restriction: refusal.NetworkNamespace, Fact: "init.ns.net", Want: m.Loopback})
		}
	}
	for _, set := range []string{"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"} {
		out = append(out, Expectation{Restriction: refusal.InitCapabilities, Fact: Fact("init.status." + set), Want: noCaps})
	}
	return out
}
