package refusal

// Restriction names one restriction of a process, as refusals, records and documentation
// write the name.
type Restriction string

// The restrictions of the command, in the order of judgment: if several do not hold, the
// first is the likeliest cause of the others.
const (
	UserNamespace    Restriction = "user namespace"
	PIDNamespace     Restriction = "pid namespace"
	MountNamespace   Restriction = "mount namespace"
	NetworkNamespace Restriction = "network namespace"
	IPCNamespace     Restriction = "ipc namespace"
	UTSNamespace     Restriction = "uts namespace"
	CgroupNamespace  Restriction = "cgroup namespace"
	IDMaps           Restriction = "id maps"      // own user and group alone, supplementary groups locked
	Identity         Restriction = "identity"     // our own user, group and supplementary groups
	Descriptors      Restriction = "descriptors"  // nothing open but stdin, stdout and stderr
	NoNewPrivs       Restriction = "no_new_privs" // set-user-ID programs gain no rights
	Seccomp          Restriction = "seccomp"
	HostSockets      Restriction = "host sockets"    // no Unix socket of the host can be reached
	ServersByName    Restriction = "servers by name" // one listener leads out, and only to the servers of the rules
	Securebits       Restriction = "securebits"      // user 0 is nobody special
	Capabilities     Restriction = "capabilities"
	WorkingDir       Restriction = "working directory" // the requested folder, in the view and not beneath the view
	Session          Restriction = "session"           // a session and process group of its own
	Terminal         Restriction = "terminal"          // a terminal of its own, if the request asks for a terminal
	Keyring          Restriction = "session keyring"
	Landlock         Restriction = "landlock"
	Limits           Restriction = "limits"
	HiddenFiles      Restriction = "hidden files"  // covers hide the files that the command must not read
	GitDirectory     Restriction = "git directory" // git on the host obeys nothing that the command wrote
	ReadOnlyRoot     Restriction = "read-only root"
	Propagation      Restriction = "propagation" // later mounts of the host stay out
	NoSUID           Restriction = "nosuid"      // set-user-ID bits and file capabilities have no effect
)

// The restrictions of the sandbox's own first process, the init.
const (
	InitCapabilities Restriction = "init capabilities"
	InitDescriptors  Restriction = "init descriptors"
	InitLandlock     Restriction = "init landlock"
	InitUndumpable   Restriction = "init undumpable" // the memory of the init, a copy of our own, can't be read
)

// Tree is also kept in danger-full-access: no process of the command's tree outlives us.
const Tree Restriction = "process tree"

// HostNetwork is the absence of the network namespace, for a policy with network access.
const HostNetwork Restriction = "none: the host's network"

// HostNamespaces is the absence of restrictions. danger-full-access must show the absence
// too: a command recorded as unconfined is unconfined.
const HostNamespaces Restriction = "none: the host's namespaces"

// The restrictions of Windows.
const (
	Sandbox         Restriction = "windows sandbox"  // the account or token of the policy
	RestrictedToken Restriction = "restricted token" // the token may write only where one of its own SIDs may write
	Privileges      Restriction = "privileges"       // none but to walk through folders
	Integrity       Restriction = "integrity level"
	UILimits        Restriction = "desktop limits" // no clipboard, no window of others, no end of the session
	Desktop         Restriction = "desktop"        // no keys for the user's programs
	Mitigations     Restriction = "mitigations"    // no code of other programs or machines is loaded
	Suspended       Restriction = "suspended"      // no instruction of the process has run
	Handles         Restriction = "handles"        // nothing of ours is inherited but the standard streams
	HostUser        Restriction = "none: the user's own account"
)

// Mount returns the restriction that a path of the view is as the policy says.
func Mount(path string) Restriction { return Restriction("mount " + path) }

// Cache returns the restriction that what a command writes to a cache at a path stays in a
// private folder.
func Cache(path string) Restriction { return Restriction("cache " + path) }
