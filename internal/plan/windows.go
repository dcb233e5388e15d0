package plan

import (
	"slices"
	"strings"

	"github.com/lockstile/lockstile/internal/access"
	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/policy"
)

// Windows is the part of a plan for Windows.
type Windows struct {
	Sandbox     string         `json:"sandbox"`               // as in the policy
	Home        string         `json:"home"`                  // the product's own folder, with the journal
	Account     string         `json:"account,omitempty"`     // of the command; "" for the user's own
	AccountSID  string         `json:"account_sid,omitempty"` // the same
	Owner       string         `json:"owner"`                 // the user's SID
	Restricting []string       `json:"restricting"`           // the only SIDs with the right to write
	DefaultDACL string         `json:"default_dacl"`          // access to the command's own objects, as SDDL
	Processes   uint32         `json:"processes"`             // at most, at a time
	Memory      uint64         `json:"memory"`                // at most, of all together, in bytes
	Temp        string         `json:"temp"`                  // the workspace's own temporary folder
	Entries     []access.Entry `json:"entries"`               // for the access lists of the roots and their protected names
}

const inherit = access.ObjectInherit | access.ContainerInherit

// compileEntries opens each root to the root's capability, and closes the protected names
// in the root. Entries also deny renaming the root and the folders above a protected
// name: otherwise a command could put another folder in the place.
func compileEntries(p policy.Policy, f host.Facts, temp string) []access.Entry {
	var out []access.Entry
	add := func(path string, e access.ACE) {
		if one := (access.Entry{Path: path, ACE: e}); !slices.Contains(out, one) {
			out = append(out, one)
		}
	}
	for _, root := range p.Roots() {
		capability := access.Capability(p.Home, root.Path)
		for _, path := range f.Protected {
			if !strings.HasPrefix(path, root.Path+`\`) {
				continue
			}
			add(path, access.ACE{Deny: true, Flags: inherit, Mask: access.Changes, SID: capability})
			for dir := parent(path); len(dir) > len(root.Path); dir = parent(dir) {
				add(dir, access.ACE{Deny: true, Mask: access.Delete, SID: capability})
			}
		}
		add(root.Path, access.ACE{Deny: true, Mask: access.Delete, SID: capability})
		// Last: the protected names are closed before the root opens.
		add(root.Path, access.ACE{Flags: inherit, Mask: access.Modify, SID: capability})
	}
	if p.Mode == policy.ModeWorkspaceWrite {
		add(temp, access.ACE{Flags: inherit, Mask: access.Modify, SID: access.Capability(p.Home, p.Workspace)})
	}
	return out
}

// compileAccountEntries opens the user's folders to the sandbox's accounts. For writing,
// a command also needs the capability of the root in its token.
func compileAccountEntries(p policy.Policy, f host.Facts, temp string) []access.Entry {
	if p.Mode == policy.ModeReadOnly {
		return []access.Entry{{Path: p.Workspace, ACE: access.ACE{Flags: inherit, Mask: access.FileRead | access.FileExecute, SID: f.GroupSID}}}
	}
	out := []access.Entry{{Path: temp, ACE: access.ACE{Flags: inherit, Mask: access.Modify, SID: f.GroupSID}}}
	for _, root := range p.Roots() {
		out = append(out, access.Entry{Path: root.Path, ACE: access.ACE{Flags: inherit, Mask: access.Modify, SID: f.GroupSID}})
	}
	return out
}

func parent(path string) string { return path[:max(strings.LastIndexByte(path, '\\'), 0)] }
