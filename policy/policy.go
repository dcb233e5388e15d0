// Package policy says what the user allows, in terms of no operating system: a mode, a
// workspace, the paths to write and read, the addresses to connect to, and the part of
// the environment to hand on. Package policy answers questions about the policy ("may
// this path be written, and by which rule?") without touching a kernel. Package policy
// must never weaken a policy to fit a machine; package plan decides whether a machine can
// enforce a policy.
package policy

// Mode is how far the command may reach. The zero value is unset and refuses.
type Mode uint8

// The modes, named as codex users know them.
const (
	ModeUnset            Mode = iota
	ModeReadOnly              // nothing outside private scratch is writable
	ModeWorkspaceWrite        // the workspace and the writable roots are writable
	ModeDangerFullAccess      // no restriction; still started, and recorded, by the gate
)

// ApprovalPolicy says when a person is asked before a command starts. An approval never
// replaces confinement. The zero value is unset and refuses.
type ApprovalPolicy uint8

// The approval policies.
const (
	ApprovalUnset ApprovalPolicy = iota
	ApprovalUntrusted
	ApprovalOnRequest
	ApprovalNever
)

// Git says whether commands may commit to the repository of the workspace. The zero value
// means GitAuto, as in the configuration.
type Git uint8

// The choices of git.commit.
const (
	GitAuto Git = iota // where the machine can guard the git directory; elsewhere the directory is read-only
	GitOn              // or the start is refused
	GitOff             // the git directory is read-only
)

// Caches says whether commands get private caches in workspace-write. The zero value means
// CachesPrivate, as in the configuration.
type Caches uint8

// The choices of caches.mode.
const (
	CachesPrivate Caches = iota // a private folder over each cache, where the machine can mount one
	CachesOff                   // the caches of the host are read-only
)

// ContainerIsTheBoundary is the value of linux.without_namespaces by which the user gives
// up what only namespaces hold.
const ContainerIsTheBoundary = "container is the boundary"

// Origin says where a value came from, for config, explain and the record.
type Origin struct {
	File string // absolute path of the config file; empty for other sources
	Line int    // 1-based line in File; 0 where unknown
	Note string // "default", "flag --sandbox", "-c", "environment LOCKSTILE_HOME", ...
}

// Root is a directory that commands may write, with everything below except the protected
// names.
type Root struct {
	Path string // absolute, canonical (without symlinks)
	From Origin
	Make bool `json:",omitempty"` // the folder is made by a start if it isn't there
}

// LeftOut is a configured root that commands can't write: a command could have decided where
// its path leads.
type LeftOut struct {
	Path string // absolute, as configured
	Why  string
	Mend string
	From Origin
}

// ReadRule denies or allows reading. The most specific matching rule wins;
// at a tie deny wins.
type ReadRule struct {
	Pattern string // absolute path or glob (* ? [] within one component, ** over many), ~ already expanded
	Allow   bool   // true only for rules of allow_read
	From    Origin
}

// Network names servers in rules: NAME:PORT, *.DOMAIN:PORT, ADDRESS:PORT or
// NETWORK/BITS:PORT. The port may be * and is 443 if there is none. The zero value opens
// nothing.
type Network struct {
	Allow   []string // network.allow
	Deny    []string // network.deny, which wins
	Private []string // network.private: names that may lead to addresses of a private network
	Sockets []string // network.unix_sockets and dangerous_unix_sockets: Unix sockets of the host that commands may reach, absolute, without links
	Publish []string // network.publish: ports inside that the host's loopback shows, as PORT, PORT:PORT or ADDRESS:PORT:PORT
}

// Inherit says with which variables of the caller a command's environment begins.
type Inherit uint8

// The choices of shell_environment_policy.inherit. The zero value means InheritAll, as in
// the configuration.
const (
	InheritUnset Inherit = iota
	InheritNone
	InheritCore
	InheritAll
)

// Env is the environment policy. The zero value hands on variables without secrets. A
// variable whose name or value looks like a secret is handed on only with HandOnSecrets.
type Env struct {
	Inherit       Inherit
	HandOnSecrets bool              // shell_environment_policy.ignore_default_excludes: hand on variables that look like secrets
	Exclude       []string          // globs over names, case-insensitive
	IncludeOnly   []string          // when not empty, only matching names stay
	Set           map[string]string // set last, always present
	From          Origin
}

// Policy says everything that a user allows for one session. The zero value allows
// nothing: Mode is unset and every start is refused. For reading and the environment,
// empty fields have the defaults of the configuration: the gate fills them in
// ([Policy.Complete]).
//
// To add a field: add the field here, its key in package config, its row in
// docs/config.md, its enforcement in package plan, its expectation in package attest, and
// a test that removes the enforcement and sees the refusal.
type Policy struct {
	Mode     Mode
	Approval ApprovalPolicy

	Workspace string // absolute, canonical; the command's default working directory
	Home      string // absolute; the product's own directory ($LOCKSTILE_HOME)

	NetworkAccess       bool
	ReadOnlyNetwork     bool      // the host's network in read-only, which NetworkAccess does not open
	Network             Network   // servers that commands may reach by name while the network is off
	WritableRoots       []Root    // without the workspace: the mode implies the workspace
	LeftOut             []LeftOut // configured roots that are no roots, to be told
	ExcludeTmpdirEnvVar bool
	ExcludeSlashTmp     bool
	TrustWritable       []string // trust.writable: protected names that commands may write, like ".vscode"

	Git Git // git.commit: whether commands may commit in workspace-write

	Caches      Caches // caches.mode: whether commands may write caches of their own
	MostCacheMB int64  // caches.max_mb: the most room for the caches of all workspaces, 0 for the default

	Read   []ReadRule // in addition to the well-known credential stores, which can't be read without ReadEverything
	Limits Limits
	Env    Env

	// WithoutNamespaces is linux.without_namespaces: on a machine without user namespaces
	// the user gives up the protected names, so that workspace-write can start.
	WithoutNamespaces bool

	WindowsSandbox string // "elevated" | "unelevated" (Windows only)
	UnifiedExec    bool   // features.unified_exec

	TerminalEscapes bool // terminal.dangerous_escapes: pass OSC 52 set, title reports, file transfer on to the user's terminal

	MaxSessions int // sessions.max: the most sessions of one caller at a time

	Values []Value // every effective key with its origin, in a stable order
}

// Value is one effective setting, for `lockstile config`.
type Value struct {
	Key   string `json:"key"`
	Value any    `json:"value"`
	From  Origin `json:"from"`
}

// String returns the name used in the configuration.
func (m Mode) String() string {
	switch m {
	case ModeReadOnly:
		return "read-only"
	case ModeWorkspaceWrite:
		return "workspace-write"
	case ModeDangerFullAccess:
		return "danger-full-access"
	}
	return "unset"
}

// String returns the value used in the configuration.
func (g Git) String() string {
	switch g {
	case GitOn:
		return "true"
	case GitOff:
		return "false"
	}
	return "auto"
}

// String returns the value used in the configuration.
func (c Caches) String() string {
	if c == CachesOff {
		return "off"
	}
	return "private"
}

// String returns the name used in the configuration.
func (a ApprovalPolicy) String() string {
	switch a {
	case ApprovalUntrusted:
		return "untrusted"
	case ApprovalOnRequest:
		return "on-request"
	case ApprovalNever:
		return "never"
	}
	return "unset"
}
