package lockstile

import (
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/launch"
	"github.com/lockstile/lockstile/internal/linux/launcher"
	"github.com/lockstile/lockstile/refusal"
)

// missingFeatures is the set of features that this machine lacks, as found by starts. The
// next attempt plans without the features: the attempt enforces the same policy by other
// means, or is refused. The record has the means.
type missingFeatures struct {
	mu    sync.Mutex
	known host.Missing
}

func (l *missingFeatures) get() host.Missing {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.known
}

// noNamespaces are the kernel's errors when namespaces are not available: forbidden,
// limited, not built.
var noNamespaces = []error{syscall.EPERM, syscall.ENOSPC, syscall.EUSERS, syscall.EINVAL}

// ofUserNamespaces are the first steps that need a capability in a user namespace: Ubuntu
// allows the namespace, and grants no capability.
var ofUserNamespaces = []refusal.Restriction{refusal.IDMaps, refusal.NetworkNamespace, refusal.IPCNamespace, refusal.UTSNamespace, refusal.CgroupNamespace, refusal.MountNamespace}

// learn reports whether a failure reveals a gap of the machine that was unknown at the
// attempt.
func (l *missingFeatures) learn(knew host.Missing, err error) bool {
	if !launcher.Learns() {
		return false
	}
	more := knew
	var f *launch.Fault
	var call *os.SyscallError
	var cgroup *launcher.CgroupError
	switch {
	case errors.As(err, &cgroup):
		more.Cgroup = true
	case errors.As(err, &f) && f.Step != nil && f.Restriction == refusal.Limits && !knew.Cgroup:
		more.Cgroup = true // the command could not be made in the cgroup
	case errors.As(err, &f) && launcher.NoMount(f) && !knew.FUSE:
		more.FUSE = true
	case errors.As(err, &f) && f.Step != nil && strings.HasPrefix(string(f.Restriction), "cache ") && !knew.Overlay:
		more.Overlay = true // the command goes without caches
	case errors.As(err, &f) && (errors.Is(f.Step, syscall.EPERM) || errors.Is(f.Step, syscall.EACCES)):
		switch {
		case f.Restriction == refusal.Mount("/proc") && !knew.FreshProc:
			more.FreshProc = true
		case slices.Contains(ofUserNamespaces, f.Restriction):
			more.UserNamespaces = true
		}
	case errors.As(err, &call) && call.Syscall == "clone3" && slices.Contains(noNamespaces, call.Err):
		more.UserNamespaces = true
		more.Exhausted = (call.Err == syscall.ENOSPC || call.Err == syscall.EUSERS) && !host.Place().NoneLeft
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.known = more
	return more != knew
}
