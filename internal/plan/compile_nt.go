package plan

import (
	"slices"

	"github.com/lockstile/lockstile/internal/access"
	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// mostProcesses bounds the processes of a confined command's tree at a time: no known
// build needs as many.
const mostProcesses = 4096

// compileWindows plans a start on Windows. An unbuilt feature is refused by name,
// whichever way the command comes: the gate must prevent a start without a configured
// sandbox.
func compileWindows(p policy.Policy, f host.Facts, private string) (*Plan, error) {
	if !isWindowsPath(p.Workspace) {
		return nil, refuse(refusal.CodeInput, "", "the workspace "+p.Workspace+" is on no drive", `give a folder in full, as C:\project`)
	}
	if p.Mode == policy.ModeDangerFullAccess {
		return &Plan{Target: f.OS + "/" + f.Arch, Mode: p.Mode, Rung: Unconfined, Workspace: p.Workspace}, nil
	}
	if i := slices.IndexFunc(p.Read, func(r policy.ReadRule) bool { return r.From.Note != "default" }); i >= 0 {
		return nil, refuse(refusal.CodeUnsupported, "", "rules for reading aren't built on Windows yet, and one is given: "+p.Read[i].Pattern,
			"leave filesystem.deny_read and allow_read out; the elevated sandbox's account can't read your own folder anyway")
	}
	if f.UserSID == "" {
		return nil, refuse(refusal.CodeUnsupported, refusal.Sandbox, "this process's user is not known", "start lockstile in a session of a user who is logged on")
	}
	if f.Memory == 0 {
		return nil, refuse(refusal.CodeUnsupported, refusal.Tree, "how much memory this machine has is not known", "report this: GlobalMemoryStatusEx gives it")
	}
	if n := p.Network; !p.NetworkOpen() && len(n.Allow)+len(n.Private)+len(n.Publish)+len(n.Sockets) > 0 {
		return nil, refuse(refusal.CodeUnsupported, refusal.ServersByName, "servers by name, Unix sockets and published ports aren't built on Windows yet", "remove allow, private, unix_sockets and publish below [network]")
	}
	temp := private + `\tmp`
	own := access.Own(p.Home, p.Workspace)
	w := &Windows{
		Sandbox: p.WindowsSandbox, Home: p.Home, Owner: f.UserSID, Temp: temp,
		Processes: mostProcesses, Memory: f.Memory,
		// Everyone: for the null device and the like. Every command needs those.
		Restricting: []string{access.Everyone, own},
		// The command's own SID: without it the command couldn't write to its own pipes
		// and events.
		DefaultDACL: "D:(A;;GA;;;SY)(A;;GA;;;" + f.UserSID + ")(A;;GA;;;" + own + ")",
	}
	out := &Plan{Target: f.OS + "/" + f.Arch, Mode: p.Mode, Workspace: p.Workspace, Windows: w, Sweep: f.Absent}
	for _, r := range p.Roots() { // empty without writable roots: entries of other starts stay
		w.Restricting = append(w.Restricting, access.Capability(p.Home, r.Path))
		out.WriteIn = append(out.WriteIn, r.Path)
	}
	var err error
	switch p.WindowsSandbox {
	case "elevated", "":
		out.Rung = Account
		err = w.useAccount(p, f)
	case "unelevated":
		out.Rung = Token
		err = w.useToken(p, f)
	default:
		err = refuse(refusal.CodeUnset, refusal.Sandbox, "windows.sandbox is "+p.WindowsSandbox, "set it to \"elevated\" or \"unelevated\"")
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// useAccount plans the command under an account of setup, with a network or without a
// network.
func (w *Windows) useAccount(p policy.Policy, f host.Facts) error {
	w.Account, w.AccountSID = access.OfflineAccount, f.OfflineSID
	if p.NetworkOpen() {
		w.Account, w.AccountSID = access.OnlineAccount, f.OnlineSID
	}
	if w.AccountSID == "" || f.GroupSID == "" {
		return refuse(refusal.CodeUnsupported, refusal.Sandbox, "windows.sandbox = \"elevated\" is not set up on this machine: there is no account "+w.Account,
			"run lockstile setup once: it asks for an administrator's rights")
	}
	w.DefaultDACL += "(A;;GA;;;" + w.AccountSID + ")"
	w.Entries = append(compileAccountEntries(p, f, w.Temp), compileEntries(p, f, w.Temp)...)
	return nil
}

// useToken plans the command under the user. The user has a network.
func (w *Windows) useToken(p policy.Policy, f host.Facts) error {
	if !p.NetworkOpen() {
		return refuse(refusal.CodeUnsupported, refusal.NetworkNamespace, "windows.sandbox = \"unelevated\" can't take the network away",
			"use windows.sandbox = \"elevated\", which lockstile setup prepares, or set sandbox_workspace_write.network_access = true")
	}
	w.Entries = compileEntries(p, f, w.Temp)
	return nil
}
