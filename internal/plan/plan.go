// Package plan turns a policy and facts of a machine into a plan: namespaces, view,
// rules, filter, as data for printing and comparison. Package plan is pure: the operating
// system is an argument, and the plans for all systems are tested anywhere. Package plan
// must never start or change anything, and never plan less than the policy asks: Compile
// refuses a policy beyond the machine.
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
	Landlocked Rung = "landlock only" // no namespaces: Landlock and the filter; workspace-write only by the user's own words
	Token      Rung = "token"         // Windows: a restricted token of the same user
	Account    Rung = "account"       // Windows: an account of setup, with a network that can be taken away
	Unconfined Rung = "unconfined"    // danger-full-access: no layer but the tree's end
)

// Plan says everything about one start. The zero value does nothing, and Compile never
// returns it.
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
	Loopback   string                `json:"loopback,omitempty"`   // the network namespace of the client, shared by its commands; "" for one of the command's own
	Supervised bool                  `json:"supervised,omitempty"` // the supervisor makes the connects
	ByName     bool                  `json:"by_name,omitempty"`    // a listener inside leads to the servers of the rules
	Sockets    []string              `json:"sockets,omitempty"`    // Unix sockets of the host that the command reaches
	Publish    []string              `json:"publish,omitempty"`    // ports of the command that the host's loopback shows
	Killable   bool                  `json:"killable,omitempty"`   // only a deadly signal ends the command's wait for our answer
	LastCap    int                   `json:"last_cap,omitempty"`
	Limits     Limits                `json:"limits,omitzero"`
	Keyring    bool                  `json:"keyring,omitempty"`
	Log        string                `json:"-"`                  // a file of ours: no command may read the log
	WriteIn    []string              `json:"write_in,omitempty"` // the paths of write trials
	Scratch    string                `json:"scratch,omitempty"`  // without a view: the folder for temporary files, "" for none
	Windows    *Windows              `json:"windows,omitempty"`
	Caches     string                `json:"caches,omitempty"`     // the folder with the private folders of the caches
	OwnCaches  []string              `json:"own_caches,omitempty"` // the caches without a place on the host
	GivenUp    []string              `json:"given_up,omitempty"`   // protected names that the user gives up
	Sweep      []host.Absent         `json:"sweep,omitempty"`      // names to take back at the end, if they came
}

// MountKind is the kind of content of a mount.
type MountKind string

// The kinds.
const (
	KindProc    MountKind = "proc"
	KindTmpfs   MountKind = "tmpfs"
	KindDevices MountKind = "devices" // a tmpfs with the harmless devices and the probe file
	KindDevpts  MountKind = "devpts"
	KindBind    MountKind = "bind"  // Source as on the host, with the mounts below
	KindCover   MountKind = "cover" // an empty file
	KindNames   MountKind = "names" // a file with our name server, in place of the host's
	KindGit     MountKind = "git"   // a file system of ours, with the git directory behind
	KindCache   MountKind = "cache" // an overlay: the host's folder at Path, and a private folder for what is written
	KindSelf    MountKind = "self"  // the view's own content at Path, as a separate mount
)

// Mount is one mount of the view. The view lists mounts in the order of attaching.
type Mount struct {
	Path     string    `json:"path"`
	Kind     MountKind `json:"kind"`
	Source   string    `json:"source,omitempty"` // of a bind: the path on the host
	Own      string    `json:"own,omitempty"`    // of a git directory: the part of the linked worktree, "worktrees/N"
	Store    string    `json:"store,omitempty"`  // of a cache: the name of the private folder in Plan.Caches
	Writable bool      `json:"writable,omitempty"`
	Trusted  bool      `json:"trusted,omitempty"`   // programs of the host trust the name: no command may change what is there
	Hides    bool      `json:"hides,omitempty"`     // a cover, or a part of a covered folder that is shown again
	MakeDirs []string  `json:"make_dirs,omitempty"` // folders to make for the mount point, on the mount beneath
	File     bool      `json:"file,omitempty"`      // the mount point is a file, made empty
}

// Restriction returns the restriction that a mount serves.
func (m Mount) Restriction() refusal.Restriction {
	switch {
	case m.Hides:
		return refusal.HiddenFiles
	case m.Kind == KindGit:
		return refusal.GitDirectory
	case m.Kind == KindCache:
		return refusal.Cache(m.Path)
	}
	return refusal.Mount(m.Path)
}

// Git returns the mount of the git directory that is served; the path is "" for none.
func (p *Plan) Git() Mount {
	for _, m := range p.View {
		if m.Kind == KindGit {
			return m
		}
	}
	return Mount{}
}

// CachePlaces lists the mounts of caches.
func (p *Plan) CachePlaces() []Mount {
	return slices.DeleteFunc(slices.Clone(p.View), func(m Mount) bool { return m.Kind != KindCache })
}

// InSeat returns the plan with the private caches of another seat.
func (p *Plan) InSeat(folder string) *Plan {
	out := *p
	out.View = slices.Clone(p.View)
	for i, m := range out.View {
		if m.Path == ownCachesAt {
			out.View[i].Source = ownCaches(folder)
		}
	}
	out.Caches = folder
	return &out
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
	AccessList   Access = "list"   // as AccessRead, without the content of files
	AccessTree   Access = "tree"   // read and execute; an absent path is left out
	AccessFiles  Access = "files"  // the content of files; an absent path is left out
	AccessWrite  Access = "write"  // everything
	AccessDevice Access = "device" // read, write and ioctl of a device
)

// LandlockRule grants an access below a path.
type LandlockRule struct {
	Path   string `json:"path"`
	Access Access `json:"access"`
}

// Hides reports whether parts of the machine's files may not be read.
func (l Landlock) Hides() bool { return slices.Contains(l.Rules, LandlockRule{"/", AccessList}) }

// Confined reports whether the plan has every layer of Linux.
func (p *Plan) Confined() bool { return p.Rung == Full || p.Rung == SharedProc }

// Offline reports whether the command is to have no network.
func (p *Plan) Offline() bool { return p.Has(refusal.NetworkNamespace) || p.Rung == Landlocked }

// OwnSockets reports whether Landlock keeps the command from foreign Unix sockets. With
// an older Landlock the supervisor makes the connects.
func (p *Plan) OwnSockets() bool { return p.Has(refusal.NetworkNamespace) && !p.Supervised }

// Restricted reports whether the plan takes anything from the command.
func (p *Plan) Restricted() bool { return p.Rung != Unconfined }

// Has reports whether the plan makes a namespace.
func (p *Plan) Has(namespace refusal.Restriction) bool {
	return slices.Contains(p.Namespaces, namespace)
}

// String returns the plan as indented JSON, for golden files and people.
func (p *Plan) String() string {
	b, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err.Error() // no field of a Plan can fail
	}
	return string(b) + "\n"
}
