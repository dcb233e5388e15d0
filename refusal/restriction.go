package refusal

// Restriction names one thing that a process is kept from, as it stands in
// refusals, records and documentation.
type Restriction string

// The restrictions of the command, in the order in which they are judged where
// several do not hold: the first is the likeliest cause of the others.
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
	NoNewPrivs       Restriction = "no_new_privs" // set-user-ID programs give nothing
	Seccomp          Restriction = "seccomp"
	HostSockets      Restriction = "host sockets" // no Unix socket of the host can be reached
	Securebits       Restriction = "securebits"   // user 0 is nobody special
	Capabilities     Restriction = "capabilities"
	WorkingDir       Restriction = "working directory" // where it was asked for, in the view and not beneath it
	Session          Restriction = "session"           // a session and process group of its own
	Terminal         Restriction = "terminal"          // one of its own, where one is asked for
	Keyring          Restriction = "session keyring"
	Landlock         Restriction = "landlock"
	Limits           Restriction = "limits"
	HiddenFiles      Restriction = "hidden files" // what may not be read is covered
	ReadOnlyRoot     Restriction = "read-only root"
	Propagation      Restriction = "propagation" // later mounts of the host stay out
)

// The restrictions of the sandbox's own first process, the init.
const (
	InitCapabilities Restriction = "init capabilities"
	InitDescriptors  Restriction = "init descriptors"
	InitLandlock     Restriction = "init landlock"
	InitUndumpable   Restriction = "init undumpable" // its memory, a copy of ours, can't be read
)

// Tree is what danger-full-access keeps too: nothing of the command's tree
// outlives us.
const Tree Restriction = "process tree"

// HostNetwork is the absence of the network namespace, where the policy gives
// network access.
const HostNetwork Restriction = "none: the host's network"

// HostNamespaces is no restriction but its absence, which danger-full-access
// must show as well: what is recorded as unconfined is so.
const HostNamespaces Restriction = "none: the host's namespaces"

// The restrictions of Windows.
const (
	Sandbox         Restriction = "windows sandbox"  // the account or token that the policy asks for
	RestrictedToken Restriction = "restricted token" // it may write where one of its own SIDs may, and nowhere else
	Privileges      Restriction = "privileges"       // none but to walk through folders
	Integrity       Restriction = "integrity level"
	UILimits        Restriction = "desktop limits" // no clipboard, no window of others, no end of the session
	Desktop         Restriction = "desktop"        // no keys for the user's programs
	Mitigations     Restriction = "mitigations"    // nothing that other programs or machines supply is loaded
	Suspended       Restriction = "suspended"      // none of its instructions has run
	Handles         Restriction = "handles"        // nothing of ours is inherited but the standard streams
	HostUser        Restriction = "none: the user's own account"
)

// Mount names the restriction that a path of the view is what the policy says.
func Mount(path string) Restriction { return Restriction("mount " + path) }
