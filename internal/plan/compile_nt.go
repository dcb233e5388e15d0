package plan

import (
	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// compileWindows plans a start on Windows. What isn't built is refused by name,
// whichever way the command comes: a sandbox that is configured and absent is what
// the gate is there to prevent.
func compileWindows(p policy.Policy, f host.Facts) (*Plan, error) {
	if !isWindowsPath(p.Workspace) {
		return nil, refuse(refusal.CodeInput, "", "the workspace "+p.Workspace+" is on no drive", `give a folder in full, as C:\project`)
	}
	if p.Mode == policy.ModeDangerFullAccess {
		return &Plan{Target: f.OS + "/" + f.Arch, Mode: p.Mode, Rung: Unconfined, Workspace: p.Workspace}, nil
	}
	switch p.WindowsSandbox {
	case "elevated", "":
		return nil, refuse(refusal.CodeUnsupported, refusal.Sandbox, "the sandbox account isn't set up: windows.sandbox = \"elevated\" isn't built yet",
			"use lockstile on Linux, or WSL 2")
	case "unelevated":
		if !p.NetworkAccess {
			return nil, refuse(refusal.CodeUnsupported, refusal.NetworkNamespace, "windows.sandbox = \"unelevated\" can't take the network away",
				"use windows.sandbox = \"elevated\", which lockstile setup prepares, or set sandbox_workspace_write.network_access = true")
		}
		return nil, refuse(refusal.CodeUnsupported, refusal.Sandbox, "windows.sandbox = \"unelevated\" isn't built yet", "use lockstile on Linux, or WSL 2")
	}
	return nil, refuse(refusal.CodeUnset, refusal.Sandbox, "windows.sandbox is "+p.WindowsSandbox, "set it to \"elevated\" or \"unelevated\"")
}
