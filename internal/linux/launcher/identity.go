//go:build linux

package launcher

import (
	"bytes"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/linux/tape"
	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/refusal"
)

const cwd = unix.AT_FDCWD

// namespaceFlags are the flags of clone(2) for the plan's restrictions. The clone makes
// the user and pid namespaces, the command the cgroup namespace, and the first process the
// others.
var namespaceFlags = map[refusal.Restriction]uint64{
	refusal.UserNamespace:    unix.CLONE_NEWUSER,
	refusal.PIDNamespace:     unix.CLONE_NEWPID,
	refusal.MountNamespace:   unix.CLONE_NEWNS,
	refusal.NetworkNamespace: unix.CLONE_NEWNET,
	refusal.IPCNamespace:     unix.CLONE_NEWIPC,
	refusal.UTSNamespace:     unix.CLONE_NEWUTS,
	refusal.CgroupNamespace:  unix.CLONE_NEWCGROUP,
}

func (w *writer) cloneFlags() (flags uint64) {
	for _, n := range w.plan.Namespaces {
		if (n == refusal.UserNamespace || n == refusal.PIDNamespace) && !leftOut(string(n)) {
			flags |= namespaceFlags[n]
		}
	}
	return flags
}

// prologue makes the namespaces except the mount namespace, and takes away the privileges
// that neither process needs.
func (w *writer) prologue() {
	w.descriptors()
	if !w.plan.Confined() {
		w.restrict(refusal.Tree).Do("adopt orphans", 0, unix.SYS_PRCTL, unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
		if w.plan.Rung == plan.Landlocked {
			w.beFirst()
		}
		return
	}
	w.idMaps()
	for _, n := range w.plan.Namespaces {
		joined := n == refusal.NetworkNamespace && w.plan.Loopback != ""
		if !joined && n != refusal.UserNamespace && n != refusal.PIDNamespace && n != refusal.MountNamespace && n != refusal.CgroupNamespace {
			w.restrict(n).Do("unshare "+string(n), 0, unix.SYS_UNSHARE, namespaceFlags[n])
		}
	}
	if w.plan.Has(refusal.NetworkNamespace) && w.plan.Loopback == "" {
		w.loopback()
	}
	w.privileges()
}

// ownCgroup makes the cgroup namespace: the root is the command's cgroup.
func (w *writer) ownCgroup() {
	if w.plan.Has(refusal.CgroupNamespace) {
		w.restrict(refusal.CgroupNamespace).Do("unshare "+string(refusal.CgroupNamespace), 0, unix.SYS_UNSHARE, unix.CLONE_NEWCGROUP)
	}
}

func (w *writer) restrict(r refusal.Restriction) tape.Writer { return w.For(string(r)) }

// ProcessName is the name of the processes until the command's exec, as shown by ps(1).
const ProcessName = "lockstile-init"

// descriptors puts the two channels in their places and closes all other descriptors. The
// channels are moved up first: neither overwrites the other.
func (w *writer) descriptors() {
	plumbing := w.For("")
	plumbing.Do("take a name", 0, unix.SYS_PRCTL, unix.PR_SET_NAME, ProcessName)
	var up [3]tape.Slot
	for i := range up {
		up[i] = plumbing.Save("move a channel up", tape.OK, unix.SYS_FCNTL, w.Given(i), unix.F_DUPFD_CLOEXEC, 16)
	}
	plumbing.Into(w.AlarmSlot(tape.Second), "put a channel in its place", syncFD, unix.SYS_DUP3, up[0], syncFD, unix.O_CLOEXEC)
	plumbing.Into(w.AlarmSlot(tape.First), "put a channel in its place", lifeFD, unix.SYS_DUP3, up[1], lifeFD, unix.O_CLOEXEC)
	if w.plan.Limits.Cgroup == "" {
		w.closeFrom(lifeFD + 1)
		return
	}
	plumbing.Do("put the cgroup in its place", cgroupFD, unix.SYS_DUP3, up[2], cgroupFD, unix.O_CLOEXEC)
	w.closeFrom(cgroupFD + 1)
}

// awaitStreams waits for the parent's word to the command. The standard streams come with
// the word, unless the command gets a terminal.
func (w *writer) awaitStreams() {
	none := bytes.Repeat([]byte{255}, unix.CmsgSpace(3*4)) // no descriptors, in case none come
	header, control := w.message(0, none)
	w.streams = control + unix.SizeofCmsghdr
	w.For("").Do("wait for the streams", 1, unix.SYS_RECVMSG, syncFD, header, unix.MSG_CMSG_CLOEXEC)
}

// takeStreams puts the command's standard streams in their places. Before a terminal is
// made, the streams stay /dev/null.
func (w *writer) takeStreams() {
	if w.cmd.Terminal != nil {
		return
	}
	for fd := range 3 {
		w.For("").Do("put a stream in its place", tape.Want(fd), unix.SYS_DUP3, w.streams+tape.Slot(4*fd), fd, 0)
	}
}

func (w *writer) closeFrom(fd int) {
	w.restrict(refusal.Descriptors).Do("close the other descriptors", 0, unix.SYS_CLOSE_RANGE, fd, 1<<31-1, 0)
}

// idMaps maps only our own user and group. A process may write such a map for itself
// (user_namespaces(7)).
func (w *writer) idMaps() {
	ids := w.restrict(refusal.IDMaps)
	put := func(path, text string) {
		fd := ids.Save("open "+path, tape.OK, unix.SYS_OPENAT, cwd, path, unix.O_WRONLY|unix.O_CLOEXEC, 0)
		ids.Do("write "+path, tape.Positive, unix.SYS_WRITE, fd, text, len(text))
		ids.Do("close "+path, 0, unix.SYS_CLOSE, fd)
	}
	put("/proc/self/setgroups", "deny")
	put("/proc/self/uid_map", fmt.Sprintf("%d %d 1", w.plan.UID, w.plan.UID))
	put("/proc/self/gid_map", fmt.Sprintf("%d %d 1", w.plan.GID, w.plan.GID))
}

// securebits: user 0 gets no capabilities by exec or setuid, for good
// (capabilities(7)): NOROOT, NO_SETUID_FIXUP, NO_CAP_AMBIENT_RAISE and the lock
// of each, and the lock of KEEP_CAPS.
const securebits = 0xef

// privileges removes the ways to gain privileges by an exec: neither process needs any.
func (w *writer) privileges() {
	w.noNewPrivs()
	w.restrict(refusal.Securebits).Do("securebits", 0, unix.SYS_PRCTL, unix.PR_SET_SECUREBITS, securebits, 0, 0, 0)
	caps := w.restrict(refusal.Capabilities)
	for c := range w.plan.LastCap + 1 {
		caps.Do("drop from the bounding set", 0, unix.SYS_PRCTL, unix.PR_CAPBSET_DROP, c, 0, 0, 0)
	}
}

// noNewPrivs is required for filters and rule sets of a process without privileges.
func (w *writer) noNewPrivs() {
	w.restrict(refusal.NoNewPrivs).Do("no_new_privs", 0, unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
}

// dropCapabilities empties all sets, also the ambient set (capset(2)).
func (w *writer) dropCapabilities(r refusal.Restriction) {
	header, _ := w.Words(unix.LINUX_CAPABILITY_VERSION_3)
	none, _ := w.Words(0, 0, 0)
	w.restrict(r).Do("drop capabilities", 0, unix.SYS_CAPSET, header, none)
}

// endWithInit sets the command's parent-death signal: in a pid namespace the kernel ends
// the command with the init anyway, but without a pid namespace only the signal does.
func (w *writer) endWithInit() {
	w.restrict(refusal.Tree).Do("end with the init", 0, unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, int(unix.SIGKILL), 0, 0, 0)
}

// session takes the command out of our session, and thus away from our terminal.
func (w *writer) session() {
	w.restrict(refusal.Session).Do("setsid", tape.OK, unix.SYS_SETSID)
}

// keyring takes the user's keys away.
func (w *writer) keyring() {
	if w.plan.Keyring {
		w.restrict(refusal.Keyring).Do("join a new session keyring", tape.Positive, unix.SYS_KEYCTL, unix.KEYCTL_JOIN_SESSION_KEYRING, 0)
		// Asked now: keyctl is out of reach once the filter is in force.
		w.try("session keyring", unix.SYS_KEYCTL, unix.KEYCTL_GET_KEYRING_ID, unix.KEY_SPEC_SESSION_KEYRING, 0)
	}
}

// loopback brings up the namespace's only interface.
func (w *writer) loopback() {
	plumbing := w.For("")
	// struct ifreq: the name, then ifr_flags at 16 (netdevice(7)).
	ifreq := make([]byte, 40)
	copy(ifreq, "lo")
	ifreq[16] = unix.IFF_UP | unix.IFF_RUNNING
	addr, _ := w.Bytes(ifreq)
	sock := plumbing.Save("socket", tape.OK, unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	plumbing.Do("loopback up", 0, unix.SYS_IOCTL, sock, unix.SIOCSIFFLAGS, addr)
	plumbing.Do("close", 0, unix.SYS_CLOSE, sock)
}

func (w *writer) awaitView() {
	buf, _ := w.Words(0)
	w.For("").Do("wait for the view", tape.Positive, unix.SYS_READ, w.mounted, buf, 8)
}
