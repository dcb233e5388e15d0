// Package plan turns a policy and the facts of a machine into what that machine
// will do: namespaces, view, rules, filter, as data that can be printed and
// compared. It is pure: the operating system is an argument, so the plans of all
// of them are tested anywhere. It must never start or change anything, and never
// plan less than the policy asks; what the machine can't do is refused here.
package plan

import (
	"encoding/json"
	"slices"

	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// Rung says how much of the machine's means a plan uses.
type Rung string

// The rungs.
const (
	Full       Rung = "full"          // every layer
	SharedProc Rung = "shared proc"   // every layer, but the /proc is the container's, read-only
	Landlocked Rung = "landlock only" // no namespaces: Landlock and the filter, for read-only alone
	Token      Rung = "token"         // Windows: a restricted token of the same user
	Account    Rung = "account"       // Windows: one of an account made for it, whose network can be taken away
	Unconfined Rung = "unconfined"    // danger-full-access: no layer but the tree's end
)

// Plan is what will be done for one start. The zero value does nothing, and is
// never made by Compile.
type Plan struct {
	Target string      `json:"target"` // "linux/amd64"
	Mode   policy.Mode `json:"-"`
	Rung   Rung        `json:"rung"`
	UID    int         `json:"uid"`
	GID    int         `json:"gid"`

	Workspace string `json:"workspace"` // absolute

	Namespaces []refusal.Restriction `json:"namespaces,omitempty"`
	View       []Mount               `json:"view,omitempty"`
	Landlock   Landlock              `json:"landlock,omitzero"`
	Seccomp    []Rule                `json:"seccomp,omitempty"`
	Supervised bool                  `json:"supervised,omitempty"` // connects are carried out by us
	Killable   bool                  `json:"killable,omitempty"`   // no signal but a deadly one ends the wait for us
	LastCap    int                   `json:"last_cap,omitempty"`
	Limits     Limits                `json:"limits,omitzero"`
	Keyring    bool                  `json:"keyring,omitempty"`
	Log        string                `json:"-"`                  // a file of ours that no command may read
	WriteIn    []string              `json:"write_in,omitempty"` // where a write is tried
	Windows    *Windows              `json:"windows,omitempty"`
	Sweep      []host.Absent         `json:"sweep,omitempty"` // what is taken back at the end, where it is there then
}

// MountKind is what a mount of the view shows.
type MountKind string

// The kinds.
const (
	KindProc    MountKind = "proc"
	KindTmpfs   MountKind = "tmpfs"
	KindDevices MountKind = "devices" // a tmpfs with the harmless devices and the probe file
	KindDevpts  MountKind = "devpts"
	KindBind    MountKind = "bind"  // Source as the host has it, with the mounts below it
	KindCover   MountKind = "cover" // a file that is empty
	KindSelf    MountKind = "self"  // what the view has at Path, as a mount of its own
)

// Mount is one mount of the view, in the order in which it is attached.
type Mount struct {
	Path     string    `json:"path"`
	Kind     MountKind `json:"kind"`
	Source   string    `json:"source,omitempty"` // of a bind: where it is outside
	Writable bool      `json:"writable,omitempty"`
	Hides    bool      `json:"hides,omitempty"`     // it covers what may not be read, or shows a part of that again
	MakeDirs []string  `json:"make_dirs,omitempty"` // folders made for it on the mount that covers it
	File     bool      `json:"file,omitempty"`      // it is a file, made empty to be covered
}

// Restriction names what a mount serves.
func (m Mount) Restriction() refusal.Restriction {
	if m.Hides {
		return refusal.HiddenFiles
	}
	return refusal.Mount(m.Path)
}

// Landlock is the rule set of the command.
type Landlock struct {
	ABI   int            `json:"abi"`
	Rules []LandlockRule `json:"rules"`
}

// Access is a set of rights below a path.
type Access string

// The accesses.
const (
	AccessRead   Access = "read"   // read and execute
	AccessList   Access = "list"   // the same, but for what files hold
	AccessTree   Access = "tree"   // read and execute; a path that is gone is left out
	AccessFiles  Access = "files"  // what files hold; a path that is gone is left out
	AccessWrite  Access = "write"  // everything
	AccessDevice Access = "device" // read, write and ioctl of a device
)

// LandlockRule grants one access below one path.
type LandlockRule struct {
	Path   string `json:"path"`
	Access Access `json:"access"`
}

// Hides reports whether some of the machine's files may not be read.
func (l Landlock) Hides() bool { return slices.Contains(l.Rules, LandlockRule{"/", AccessList}) }

// Confined reports whether the plan has every layer that Linux has.
func (p *Plan) Confined() bool { return p.Rung == Full || p.Rung == SharedProc }

// Offline reports whether the command is to have no network.
func (p *Plan) Offline() bool { return p.Has(refusal.NetworkNamespace) || p.Rung == Landlocked }

// OwnSockets reports whether Landlock keeps the command from Unix sockets that are not
// its own. Where it is too old for that, connects come to us.
func (p *Plan) OwnSockets() bool { return p.Has(refusal.NetworkNamespace) && !p.Supervised }

// Restricted reports whether the plan takes anything from the command.
func (p *Plan) Restricted() bool { return p.Rung != Unconfined }

// Has reports whether the plan makes a namespace.
func (p *Plan) Has(namespace refusal.Restriction) bool {
	return slices.Contains(p.Namespaces, namespace)
}

// String gives the plan as indented JSON, for golden files and people.
func (p *Plan) String() string {
	b, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err.Error() // no field of a Plan can fail
	}
	return string(b) + "\n"
}
