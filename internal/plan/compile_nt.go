package plan

import (
	"github.com/lockstile/lockstile/internal/access"
	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// compileWindows plans a start on Windows. What isn't built is refused by name,
// whichever way the command comes: a sandbox that is configured and absent is what
// the gate is there to prevent.
func compileWindows(p policy.Policy, f host.Facts, private string) (*Plan, error) {
	if !isWindowsPath(p.Workspace) {
		return nil, refuse(refusal.CodeInput, "", "the workspace "+p.Workspace+" is on no drive", `give a folder in full, as C:\project`)
	}
	if p.Mode == policy.ModeDangerFullAccess {
		return &Plan{Target: f.OS + "/" + f.Arch, Mode: p.Mode, Rung: Unconfined, Workspace: p.Workspace}, nil
	}
	switch p.WindowsSandbox {
	case "elevated", "":
		account, sid := access.OfflineAccount, f.OfflineSID
		if p.NetworkAccess {
			account, sid = access.OnlineAccount, f.OnlineSID
		}
		if sid == "" {
			return nil, refuse(refusal.CodeUnsupported, refusal.Sandbox, "windows.sandbox = \"elevated\" is not set up on this machine: there is no account "+account,
				"run lockstile setup once, as an administrator")
		}
		return nil, refuse(refusal.CodeUnsupported, refusal.Sandbox, "starting commands as "+account+" isn't built yet (windows.sandbox = \"elevated\")",
			"use lockstile on Linux, or WSL 2")
	case "unelevated":
	default:
		return nil, refuse(refusal.CodeUnset, refusal.Sandbox, "windows.sandbox is "+p.WindowsSandbox, "set it to \"elevated\" or \"unelevated\"")
	}
	if !p.NetworkAccess {
		return nil, refuse(refusal.CodeUnsupported, refusal.NetworkNamespace, "windows.sandbox = \"unelevated\" can't take the network away",
			"use windows.sandbox = \"elevated\", which lockstile setup prepares, or set sandbox_workspace_write.network_access = true")
	}
	if f.UserSID == "" {
		return nil, refuse(refusal.CodeUnsupported, refusal.Sandbox, "this process's user is not known", "start lockstile in a session of a user who is logged on")
	}
	temp := private + `\tmp`
	own := access.Capability(p.Home, p.Workspace)
	w := &Windows{
		Sandbox: p.WindowsSandbox, Home: p.Home, Temp: temp, Entries: compileEntries(p, f, temp),
		// Everyone: the null device and the like, which no command can do without.
		Restricting: []string{access.Everyone, access.Logon, own},
		// The own capability: else a command couldn't write what it made itself.
		DefaultDACL: "D:(A;;GA;;;SY)(A;;GA;;;" + f.UserSID + ")(A;;GA;;;" + own + ")",
	}
	for _, r := range p.WritableRoots {
		w.Restricting = append(w.Restricting, access.Capability(p.Home, r.Path))
	}
	out := &Plan{Target: f.OS + "/" + f.Arch, Mode: p.Mode, Rung: Token, Workspace: p.Workspace, Windows: w}
	for _, r := range p.Roots() {
		out.WriteIn = append(out.WriteIn, r.Path)
	}
	out.Sweep = f.Absent
	return out, nil
}
