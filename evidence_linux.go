package lockstile

import (
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/lockstile/lockstile/internal/attest"
	"github.com/lockstile/lockstile/internal/caches"
	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/launch"
	"github.com/lockstile/lockstile/internal/linux/measure"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// The evidence on a waiting process is gathered in two looks. Each fact is read when the
// fact can't change any more: a command's namespaces when the filter is in force, which
// forbids changes; a command's descriptors after the trials, which open and close
// descriptors.

// measurePlaced gathers the first part: the facts that are settled before the command is
// known. For processes placed ahead the first part may be gathered long before the
// second.
func measurePlaced(l *systemLaunch) (*attest.Evidence, error) {
	e := attest.NewEvidence()
	if err := l.Fixed(); err != nil {
		return nil, err
	}
	command := measure.Process{Who: "command", PID: l.Command()}
	command.Namespaces(e, attest.NamespaceNames()...)
	command.IDMaps(e)
	listener, names, cookie := l.Servers()
	command.Servers(e, listener, names, cookie)
	if err := l.Hardened(); err != nil {
		return nil, err
	}
	init := measure.Process{Who: "init", PID: l.Init()}
	init.Status(e)
	init.Namespaces(e, "net")
	init.Descriptors(e)
	return e, nil
}

// measureLaunch gathers the second part, after Give, and adds the facts to the first
// part.
func measureLaunch(l *systemLaunch, e *attest.Evidence, m attest.Machine) error {
	if err := l.Seal(); err != nil { // the init seals itself during the next reads
		return err
	}
	command := measure.Process{Who: "command", PID: l.Command()}
	// The init has made the view, and no process can change the view now. The view is read
	// no sooner: the init reports a folder that went away meanwhile, whose inode number a
	// new folder may have.
	command.View(e)
	if err := l.Ready(); err != nil {
		return err
	}
	command.Status(e)
	command.Places(e, slices.Sorted(maps.Keys(m.Files)))
	if err := l.Probed(); err != nil {
		return err
	}
	command.Descriptors(e)
	if listener, _, _ := l.Servers(); listener >= 0 {
		measure.Reached(e, listener)
	}
	command.Limits(e)
	if m.Cgroup {
		command.Cgroup(e)
	}
	if n := l.Connects(); n >= 0 {
		e.Set("connects that came to us", strconv.Itoa(n), nil)
	}
	if m.Git != "" {
		e.Set("refusals of the git directory", strconv.Itoa(l.GitRefusals()), nil)
	}
	if m.Terminal {
		command.Terminal(e)
	}
	if err := l.Sealed(); err != nil {
		return err
	}
	for _, t := range l.Trials() {
		if t.Ran {
			e.Set(attest.Fact("trial."+t.Name), outcome(t), nil)
		}
	}
	return nil
}

func outcome(t launch.Trial) string {
	switch {
	case t.Result < 0:
		return measure.ErrnoName(t.Result)
	case t.Text != "":
		return t.Text
	case t.Value:
		return strconv.FormatInt(t.Result, 10)
	}
	return "ok"
}

// readMachine measures the values for comparison with the confined process.
func readMachine(i *intent) (attest.Machine, error) {
	p, f, private := i.policy, i.facts, i.private
	own, err := measure.Self()
	if err != nil {
		return attest.Machine{}, err
	}
	m := attest.Machine{
		OS:     f.OS,
		Caller: attest.Caller{UID: f.UID, GID: f.GID, Identity: own.Identity, Namespaces: own.Namespaces, SeccompFilters: own.SeccompFilters, Keyring: measure.Keyring()},
		Kernel: attest.Kernel{LandlockABI: f.LandlockABI, NoUserNamespaces: f.Missing.UserNamespaces, Loopback: i.plan.Loopback, SharedProc: f.Missing.FreshProc,
			OwnPIDMax: f.OwnPIDMax && !f.Missing.FreshProc && !f.Missing.UserNamespaces, Cgroup: f.Cgroup != "", ProcFiles: f.ProcFiles},
		Shares: attest.Shares{Memory: f.Memory, MostProcesses: f.MostProcesses, MostCore: f.MostCore,
			Inotify: f.Pools.Inotify, Watches: f.Pools.Watches, Signals: f.Pools.Signals, Queues: f.Pools.Queues, Share: f.Pools.Share},
		Folders: attest.Folders{TempDir: f.TempDir, Resolver: f.Resolver, Names: f.Names, Sockets: f.Sockets, Protected: f.Protected, Git: f.Git.Dir, Files: map[string]string{}},
		Asked:   attest.Asked{Dir: i.command.Dir, Terminal: i.command.Terminal != nil},
	}
	if p.Mode == policy.ModeDangerFullAccess {
		return m, nil
	}
	if m.NoUserNamespaces {
		m.Scratch = filepath.Join(private, "tmpdir")
	}
	if m.SharedProc {
		m.ProcFiles = nil // nothing of /proc can be written
	}
	m.Readable = f.Hidden.Readable
	for _, c := range f.Hidden.Covered {
		if c.Dir {
			m.Hidden = append(m.Hidden, c.Path)
		} else {
			m.HiddenFiles = append(m.HiddenFiles, c.Path)
		}
	}
	places := map[string]string{p.Workspace: p.Workspace}
	if f.Resolver != "" && p.NetworkOpen() {
		places[f.Resolver] = f.Resolver
	}
	for _, s := range f.Sockets {
		places[s] = s
	}
	for _, c := range f.Hidden.Shown {
		m.Shown = append(m.Shown, c.Path)
		places[c.Path] = c.Path
	}
	if p.Mode == policy.ModeWorkspaceWrite {
		if f.TempDir != "" {
			places[f.TempDir] = private + "/tmpdir"
		}
		places["/tmp"] = private + "/tmp" // may be TMPDIR as well
		addCaches(&m, places, f.Caches)
		for _, r := range p.WritableRoots {
			places[r.Path] = r.Path
		}
		places[p.Workspace] = p.Workspace
		m.Special = slices.DeleteFunc(slices.Clone(m.Protected), func(name string) bool { return !measure.Special(name) })
		for _, a := range f.Absent {
			m.Swept = append(m.Swept, a.Dir)
		}
		for _, at := range slices.Concat(attest.Pinned(p, m.Guarded()), m.Protected) {
			places[at] = at
		}
	}
	for at, source := range places {
		if id, ok := i.trusted.ID(at); ok {
			m.Files[at] = id
			continue
		}
		if m.Files[at], err = measure.FileID(source); err != nil {
			m.Files[at] = "not there" // no file has this value: never proven
		}
	}
	i.trusted.Measured(m.Files)
	return m, nil
}

// addCaches adds the private caches, and the place of their folder in the view.
func addCaches(m *attest.Machine, places map[string]string, c host.Caches) {
	for _, place := range c.Places {
		m.Caches = append(m.Caches, attest.Cache{Path: place.Path, Upper: filepath.Join(c.Folder, place.Store, "upper")})
	}
	if len(c.Own) > 0 {
		m.OwnCaches = caches.OwnAt
		places[caches.OwnAt] = filepath.Join(c.Folder, "own")
	}
}

// culprit finds the first missing restriction before a failed step, in the process that
// stopped.
func culprit(l *systemLaunch, f *launch.Fault, expected []attest.Expectation) (attest.Finding, bool) {
	if f.PID == 0 {
		return attest.Finding{}, false
	}
	// Before the measurement: the other process goes on meanwhile.
	settled := map[refusal.Restriction]bool{refusal.ReadOnlyRoot: l.Settled(refusal.ReadOnlyRoot)}
	for _, x := range expected {
		settled[x.Restriction] = l.Settled(x.Restriction)
	}
	e := attest.NewEvidence()
	p := measure.Process{Who: "command", PID: f.PID} // up to here the init must equal the command
	p.Namespaces(e, attest.NamespaceNames()...)
	p.Status(e)
	p.IDMaps(e)
	p.View(e)
	for _, x := range attest.Appraise(expected, e).Failed {
		ofMount := strings.HasPrefix(string(x.Fact), "command.mount.")
		unread := !x.Read && !ofMount // an absent mount can't be read
		// Before the view is closed, no mount has the final flags.
		open := ofMount && !settled[refusal.ReadOnlyRoot] && kindOf(x.Got) == kindOf(x.Want)
		if unread || open || x.Restriction == f.Restriction || !settled[x.Restriction] || f.Who == "init" && commandsOwn[x.Restriction] {
			continue
		}
		return x, true
	}
	return attest.Finding{}, false
}

// kindOf returns the kind of a mount, without the flag.
func kindOf(mount string) string {
	return strings.TrimSuffix(strings.TrimSuffix(mount, " ro"), " rw")
}

// commandsOwn are restrictions that the init lacks, or has in another form.
var commandsOwn = map[refusal.Restriction]bool{
	refusal.Seccomp: true, refusal.Capabilities: true, refusal.Session: true, refusal.Descriptors: true, refusal.CgroupNamespace: true,
}
