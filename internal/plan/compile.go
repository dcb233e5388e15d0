package plan

import (
	"fmt"
	"path"
	"slices"

	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/netrules"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// Compile plans one start. private is the folder that holds the workspace's own
// temporary folders. Every error is a *refusal.Error.
func Compile(p policy.Policy, f host.Facts, private string) (*Plan, error) {
	if err := decided(p); err != nil {
		return nil, err
	}
	if f.OS == "windows" {
		return compileWindows(p, f, private)
	}
	if f.OS != "linux" {
		return nil, refuse(refusal.CodeUnsupported, "", "starting commands on "+f.OS+" isn't built yet", "use lockstile on Linux")
	}
	out, err := compileFoundation(p, f, private)
	if err != nil || !out.Confined() {
		return out, err
	}
	if err := out.compileView(p, f, private); err != nil {
		return nil, err
	}
	out.compileLandlock(f.LandlockABI, f.Hidden.Readable)
	return out, nil
}

// Foundation plans the part of a start that depends on no folder: the processes can be
// made with the part while the folders are looked at. Foundation returns nil if no part
// is worth making ahead.
func Foundation(p policy.Policy, f host.Facts) *Plan {
	if decided(p) != nil || f.OS != "linux" {
		return nil
	}
	out, err := compileFoundation(p, f, "")
	if err != nil || !out.Confined() {
		return nil
	}
	return out
}

// compileFoundation plans everything but the view and the rules for files. On a rung
// without a view, the result is the whole plan.
func compileFoundation(p policy.Policy, f host.Facts, private string) (*Plan, error) {
	out := &Plan{
		Target: f.OS + "/" + f.Arch, Mode: p.Mode, Rung: Full,
		UID: f.UID, GID: f.GID, Workspace: p.Workspace, LastCap: f.LastCap, Keyring: f.Keyring,
	}
	if p.Mode == policy.ModeDangerFullAccess {
		return &Plan{Target: out.Target, Mode: p.Mode, Rung: Unconfined, UID: f.UID, GID: f.GID, Workspace: p.Workspace}, nil
	}
	if f.LandlockABI < 1 {
		return nil, refuse(refusal.CodeUnsupported, refusal.Landlock, "this kernel has no Landlock",
			"use Linux 5.13 or newer with landlock among the security modules (lsm= on the kernel's command line)")
	}
	if f.Missing.UserNamespaces {
		if err := out.compileLandlocked(p, f, private); err != nil {
			return nil, err
		}
		return out, nil
	}
	if f.Missing.FreshProc {
		out.Rung, f.ProcFiles, f.OwnPIDMax = SharedProc, nil, false
	}
	out.Namespaces = []refusal.Restriction{
		refusal.UserNamespace, refusal.PIDNamespace, refusal.MountNamespace,
		refusal.IPCNamespace, refusal.UTSNamespace, refusal.CgroupNamespace,
	}
	if !p.NetworkOpen() {
		out.Namespaces = append(out.Namespaces, refusal.NetworkNamespace)
	}
	if !p.NetworkOpen() {
		out.Loopback = f.Loopback
	}
	out.ByName, out.Sockets = p.NetworkByName(), p.Network.Sockets
	if !p.NetworkOpen() {
		out.Publish = p.Network.Publish
	}
	// Landlock would keep a command from the sockets of the client's other commands.
	if !p.NetworkOpen() && (f.LandlockABI < unixABI || out.Loopback != "" || out.ByName || len(out.Sockets) > 0) {
		out.Supervised, out.Killable = true, f.KillableNotify
	}
	out.Seccomp = rulesFor(out.Supervised)
	if err := out.compileLimits(p.Limits, f); err != nil {
		return nil, err
	}
	return out, nil
}

// decided refuses a policy that leaves a setting open or asks for an unbuilt feature: an
// ignored wish would be a weaker start.
func decided(p policy.Policy) error {
	switch {
	case p.Mode == policy.ModeUnset || p.Mode > policy.ModeDangerFullAccess:
		return refuse(refusal.CodeUnset, "", "no sandbox mode is set",
			"say --sandbox read-only, workspace-write or danger-full-access")
	case !path.IsAbs(p.Workspace) && !isWindowsPath(p.Workspace):
		return refuse(refusal.CodeInput, "", "the workspace is not an absolute path", "give the folder in full")
	case p.Home == "":
		return refuse(refusal.CodeUnset, "", "the product's own folder is not set", "set LOCKSTILE_HOME or HOME")
	case p.Mode == policy.ModeDangerFullAccess:
		return nil
	}
	return decidedNetwork(p)
}

// mostRules bounds the rules of a command, and mostRuleText their length in bytes.
const (
	mostRules    = 2000
	mostRuleText = 64 << 10

	mostPublished = 64
)

// decidedNetwork refuses rules for servers that say nothing, or that the network would not
// obey.
func decidedNetwork(p policy.Policy) error {
	n := p.Network
	all := slices.Concat(n.Allow, n.Deny, n.Private)
	if len(all) > 0 && p.NetworkOpen() {
		return refuse(refusal.CodeConfig, refusal.ServersByName, "the network is open, and the rules of [network] would keep nothing out",
			"remove the rules of [network], or set sandbox_workspace_write.network_access = false")
	}
	size := 0
	for _, rule := range all {
		size += len(rule)
	}
	if len(all) > mostRules || size > mostRuleText {
		return refuse(refusal.CodeConfig, refusal.ServersByName, fmt.Sprintf("[network] has %d rules of %d bytes; at most %d rules of %d bytes can be obeyed", len(all), size, mostRules, mostRuleText),
			"write a network as ADDRESS/BITS, or the names below a domain as *.DOMAIN")
	}
	for _, root := range p.Roots() {
		if i := slices.IndexFunc(n.Sockets, func(s string) bool { return within(s, root.Path) }); i >= 0 {
			return refuse(refusal.CodeConfig, refusal.HostSockets, fmt.Sprintf("%s, which network.unix_sockets names, lies in %s, where a command can put another socket there", n.Sockets[i], root.Path),
				"name a socket outside of the folders that commands may write")
		}
	}
	for _, text := range n.Publish {
		if _, err := netrules.ParsePublished(text); err != nil {
			return refuse(refusal.CodeConfig, refusal.ServersByName, fmt.Sprintf("network.publish has %q, which is no port: %v", text, err), "write PORT, PORT:PORT or ADDRESS:PORT:PORT")
		}
	}
	if len(n.Publish) > mostPublished {
		return refuse(refusal.CodeConfig, refusal.ServersByName, fmt.Sprintf("network.publish has %d ports; at most %d can be shown", len(n.Publish), mostPublished), "publish fewer ports")
	}
	if _, err := netrules.ParseAll(n.Allow, n.Deny, n.Private); err != nil {
		return refuse(refusal.CodeConfig, refusal.ServersByName, "a rule of [network] can't be obeyed: "+err.Error(), "write NAME:PORT, *.DOMAIN:PORT, ADDRESS:PORT or NETWORK/BITS:PORT")
	}
	return nil
}

func isWindowsPath(p string) bool { return len(p) > 2 && p[1] == ':' }

// compileLandlock grants reading everywhere, or in what may be read, and writing
// where the view has it.
func (out *Plan) compileLandlock(abi int, readable []string) {
	rules := []LandlockRule{{"/", AccessRead}}
	if len(readable) > 0 && readable[0] != "/" {
		rules = []LandlockRule{{"/", AccessList}, {EmptyFile, AccessFiles}}
		for _, r := range readable {
			if !replaces(out.View, r) {
				rules = append(rules, LandlockRule{r, AccessFiles})
			}
		}
		for _, m := range out.View {
			if (m.Kind == KindBind || m.Kind == KindNames) && !m.Writable && !m.Hides { // what is shown again is in readable
				rules = append(rules, LandlockRule{m.Path, AccessFiles})
			}
		}
	}
	for _, m := range out.View {
		switch {
		case m.Kind == KindDevices:
			for _, d := range Devices() {
				rules = append(rules, LandlockRule{m.Path + "/" + d, AccessDevice})
			}
		case m.Kind == KindDevpts:
			rules = append(rules, LandlockRule{m.Path, AccessDevice})
		case m.Writable && m.Kind != KindSelf: // except KindSelf: the root's rule covers those
			rules = append(rules, LandlockRule{m.Path, AccessWrite})
		}
	}
	out.Landlock = Landlock{ABI: abi, Rules: rules}
}

// Devices are the device files of the view's /dev.
func Devices() []string { return []string{"full", "null", "random", "tty", "urandom", "zero"} }

// ProbeFile is writable for everyone, on a writable mount: only Landlock can deny
// writing.
const ProbeFile = "/dev/.lockstile-probe"

// EmptyFile covers each hidden file. UnreadFile is readable for everyone but for
// Landlock.
const (
	HostSocket = "/dev/.lockstile-socket" // not the command's own: Landlock must keep the command away
	EmptyFile  = "/dev/.lockstile-empty"
	UnreadFile = "/dev/.lockstile-unread"
	NamesFile  = "/dev/.lockstile-names" // names the name server of commands with rules for servers (resolv.conf(5))
)

// MostTerminals bounds the terminals of the view's /dev/pts (devpts, option max).
const MostTerminals = 256

func refuse(code refusal.Code, r refusal.Restriction, reason, hint string) error {
	return &refusal.Error{Code: code, Stage: refusal.StagePlan, Restriction: r, Reason: reason, Hint: hint}
}
