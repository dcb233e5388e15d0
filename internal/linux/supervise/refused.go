//go:build linux

package supervise

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"sync"

	"golang.org/x/sys/unix"
)

// mostRefused is how many failed connects of a sandbox are kept.
const mostRefused = 20

// refused keeps the targets of connects that found nobody: the network that is off, and
// sockets whose listener is not of the sandbox. The zero value is empty and ready.
type refused struct {
	mu      sync.Mutex
	targets []string
}

// note keeps the target of a failed connect, each target once. A connect that was led has a
// decision of its own.
func (r *refused) note(w *wanted, errno unix.Errno) {
	if w == nil || w.lead != nil || errno != unix.ENETUNREACH && errno != unix.EHOSTUNREACH && errno != unix.ECONNREFUSED {
		return
	}
	target := w.target()
	r.mu.Lock()
	defer r.mu.Unlock()
	if target != "" && len(r.targets) < mostRefused && !slices.Contains(r.targets, target) {
		r.targets = append(r.targets, target)
	}
}

// target is a connect's aim as ADDRESS:PORT or as a full path, "" for others. A connect
// without effect (a name server's look at routes, AF_UNSPEC, port 0) has no target.
func (w *wanted) target() string {
	if w.domain == unix.AF_UNIX {
		if w.path == "" || w.path[0] != '/' {
			return ""
		}
		return w.path
	}
	to, ok := w.internet()
	if !ok {
		return ""
	}
	return to.String()
}

// internet returns an internet address that a connect is aimed at.
func (w *wanted) internet() (to netip.AddrPort, ok bool) {
	a := w.address
	if len(a) < unix.SizeofSockaddrInet4 {
		return to, false
	}
	port := binary.BigEndian.Uint16(a[2:])
	var ip netip.Addr
	switch binary.NativeEndian.Uint16(a) {
	case unix.AF_INET:
		ip, _ = netip.AddrFromSlice(a[4:8])
	case unix.AF_INET6:
		if len(a) < 24 {
			return to, false
		}
		ip, _ = netip.AddrFromSlice(a[8:24])
		ip = ip.Unmap()
	}
	return netip.AddrPortFrom(ip, port), ip.IsValid() && port != 0
}

// Refused lists the first targets of connects that found nobody, as ADDRESS:PORT or as a
// full path. The numbers and bytes are the command's own.
func (s *Supervisor) Refused() []string {
	s.refused.mu.Lock()
	defer s.refused.mu.Unlock()
	return slices.Clone(s.refused.targets)
}
