//go:build linux

// Package measure reads a process's kernel state from outside, in /proc, into evidence.
// Package measure must never ask the process itself, change the process, or fill in a
// value that could not be read.
package measure

import (
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/attest"
	"github.com/lockstile/lockstile/internal/mountinfo"
	"github.com/lockstile/lockstile/internal/trail"
)

// Process is a process to measure; the names of its facts begin with Who.
type Process struct {
	Who string // "command" or "init"
	PID int
}

func (p Process) fact(name string) attest.Fact { return attest.Fact(p.Who + "." + name) }

func (p Process) path(name string) string { return "/proc/" + strconv.Itoa(p.PID) + "/" + name }

// statusKeys are the lines of /proc/PID/status that are evidence (proc_pid_status(5)).
var statusKeys = append(attest.IdentityKeys(), "NoNewPrivs", "Seccomp", "Seccomp_filters", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")

// Status reads privileges, filters and the session.
func (p Process) Status(e *attest.Evidence) {
	text, err := read(p.path("status"))
	for _, k := range statusKeys {
		value, ok := line(text, k)
		e.Set(p.fact("status."+k), value, missing(err, ok, k))
	}
	pid, okP := line(text, "NSpid")
	sid, okS := line(text, "NSsid")
	session := "another's"
	if pid == sid {
		session = "own"
	}
	e.Set(p.fact("session"), session, missing(err, okP && okS, "NSsid"))
}

func missing(err error, there bool, what string) error {
	if err == nil && !there {
		return fmt.Errorf("no line %s", what)
	}
	return err
}

// line returns the value of a line "key:\tvalue" of a file of /proc.
func line(text, key string) (value string, ok bool) {
	at := 0
	if !strings.HasPrefix(text, key+":") {
		if at = strings.Index(text, "\n"+key+":"); at < 0 {
			return "", false
		}
		at++
	}
	value, _, _ = strings.Cut(text[at+len(key)+1:], "\n")
	return strings.TrimSpace(value), true
}

// Namespaces reads the namespaces of the process.
func (p Process) Namespaces(e *attest.Evidence, names ...string) {
	for _, n := range names {
		link, err := os.Readlink(p.path("ns/" + n))
		e.Set(p.fact("ns."+n), link, err)
	}
}

// IDMaps reads the user and group maps.
func (p Process) IDMaps(e *attest.Evidence) {
	for _, n := range []string{"uid_map", "gid_map", "setgroups"} {
		text, err := read(p.path(n))
		e.Set(p.fact(n), strings.Join(strings.Fields(text), " "), err)
	}
}

// View reads the mounts.
func (p Process) View(e *attest.Evidence) {
	text, err := read(p.path("mountinfo"))
	if err == nil && text == "" {
		err = errors.New("it is empty")
	}
	mounts, bad := mountinfo.Parse(text)
	if err == nil {
		err = bad
	}
	tree, bad := mountinfo.NewTree(mounts)
	if err == nil {
		err = bad
	}
	var writable, propagation, suid []string
	seen := make(map[string]string, len(mounts))
	for _, m := range mounts {
		if top := tree.On(m.Point); top.Point == m.Point { // otherwise the mount lies beneath a mount of another place
			seen[m.Point] = top.String()
			if top.Upper != "" {
				e.Set(p.fact("upper."+m.Point), top.Upper, err)
			}
			if top.FSType == "devpts" {
				e.Set(p.fact("most terminals."+m.Point), top.Terminals, err)
			}
		}
		if !m.ReadOnly {
			writable = append(writable, m.Point)
		}
		propagation = append(propagation, m.Propagation)
		if m.NoSUID {
			suid = append(suid, "off")
		} else {
			suid = append(suid, "on")
		}
	}
	slices.Sort(writable)
	slices.Sort(propagation)
	slices.Sort(suid)
	e.Set(p.fact("writable mounts"), strings.Join(slices.Compact(writable), " "), err)
	e.Set(p.fact("propagation"), strings.Join(slices.Compact(propagation), " "), err)
	e.Set(p.fact("set-user-ID"), strings.Join(slices.Compact(suid), " "), err)
	for point, what := range seen {
		e.Set(p.fact("mount."+point), what, err)
	}
}

// Places reads the working directory, and the file of the host at each place of the view.
func (p Process) Places(e *attest.Evidence, places []string) {
	dir, err := p.workingDir()
	e.Set(p.fact("working directory"), dir, err)
	for _, at := range places {
		id, err := FileID(p.path("root" + at))
		e.Set(p.fact("file."+at), id, err)
	}
}

// workingDir returns the working directory. A folder beneath a mount of the view has the
// same name as the mount's top; the number of the mount tells the folders apart.
func (p Process) workingDir() (string, error) {
	dir, err := os.Readlink(p.path("cwd"))
	if err != nil {
		return "", err
	}
	is, err := mountOf(p.path("cwd"))
	if err != nil {
		return "", err
	}
	if named, err := mountOf(p.path("root" + dir)); err != nil || named != is {
		dir += " beneath the view" // or the name leads nowhere
	}
	return dir, nil
}

// mountOf returns the number of the mount at a path (statx(2)).
func mountOf(path string) (uint64, error) {
	var st unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, path, 0, unix.STATX_MNT_ID, &st); err != nil {
		return 0, fmt.Errorf("statx %s: %w", path, err)
	}
	return st.Mnt_id, nil
}

// Terminal reads to whom the terminal of the standard streams belongs.
func (p Process) Terminal(e *attest.Evidence) {
	what, err := p.terminal()
	e.Set(p.fact("terminal"), what, err)
}

func (p Process) terminal() (string, error) {
	var streams [3]unix.Stat_t
	for fd := range streams {
		if err := unix.Stat(p.path("fd/"+strconv.Itoa(fd)), &streams[fd]); err != nil {
			return "", fmt.Errorf("stat descriptor %d: %w", fd, err)
		}
	}
	var pts unix.Stat_t
	if err := unix.Stat(p.path("root/dev/pts"), &pts); err != nil {
		return "", fmt.Errorf("stat the view's /dev/pts: %w", err)
	}
	text, err := read(p.path("stat"))
	if err != nil {
		return "", err
	}
	in := streams[0]
	what := "not one terminal"
	if in.Mode&unix.S_IFMT == unix.S_IFCHR && in.Rdev == streams[1].Rdev && in.Rdev == streams[2].Rdev && in.Ino == streams[1].Ino && in.Ino == streams[2].Ino {
		what = "of another /dev/pts"
		if in.Dev == pts.Dev {
			what = "of the view"
		}
	}
	// Field 7, tty_nr, has the device in the kernel's encoding (proc_pid_stat(5)).
	_, rest, _ := strings.Cut(text[strings.LastIndexByte(text, ')')+1:], " ")
	fields := strings.Fields(rest)
	if len(fields) < 5 {
		return "", errors.New("stat has too few fields")
	}
	if fields[4] == strconv.FormatUint(in.Rdev, 10) {
		what += ", controlling"
	}
	return what, nil
}

// Descriptors lists the open descriptors, with a mark for close-on-exec.
func (p Process) Descriptors(e *attest.Evidence) {
	list, err := p.descriptors()
	e.Set(p.fact("fds"), strings.Join(list, " "), err)
}

func (p Process) descriptors() ([]string, error) {
	names, err := list(p.path("fd"))
	if err != nil {
		return nil, err
	}
	slices.SortFunc(names, func(a, b string) int {
		x, _ := strconv.Atoi(a) // the kernel's own numbers
		y, _ := strconv.Atoi(b)
		return x - y
	})
	for i, n := range names {
		if n == "0" || n == "1" || n == "2" {
			continue
		}
		info, err := read(p.path("fdinfo/" + n))
		if err != nil {
			return nil, err
		}
		octal, _ := line(info, "flags")
		flags, err := strconv.ParseUint(octal, 8, 64)
		if err != nil {
			return nil, fmt.Errorf("descriptor %s: flags: %w", n, err)
		}
		if flags&unix.O_CLOEXEC != 0 {
			names[i] = n + "+cloexec"
		}
	}
	return names, nil
}

// FileID identifies a file of this machine; FileID does not follow a link at the path's
// end.
func FileID(name string) (string, error) {
	var st unix.Stat_t
	if err := unix.Lstat(name, &st); err != nil {
		return "", &os.PathError{Op: "lstat", Path: name, Err: err}
	}
	return trail.ID{Device: uint64(st.Dev), Inode: st.Ino}.String(), nil
}

// Special reports whether a name is a pipe, a socket or a device.
func Special(name string) bool {
	var st unix.Stat_t
	if unix.Lstat(name, &st) != nil {
		return false
	}
	kind := st.Mode & unix.S_IFMT
	return kind != unix.S_IFREG && kind != unix.S_IFDIR && kind != unix.S_IFLNK
}

// read reads a file of /proc in one call; os.ReadFile would ask for the size first and
// register the file with the poller.
func read(name string) (string, error) {
	fd, err := unix.Open(name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", &os.PathError{Op: "open", Path: name, Err: err}
	}
	defer unix.Close(fd)
	pooled := buffers.Get().(*[]byte)
	buf := (*pooled)[:0]
	defer func() {
		*pooled = buf
		buffers.Put(pooled)
	}()
	for {
		if len(buf) == cap(buf) {
			buf = slices.Grow(buf, len(buf))
		}
		n, err := unix.Read(fd, buf[len(buf):cap(buf)])
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return "", &os.PathError{Op: "read", Path: name, Err: err}
		}
		if n == 0 {
			return string(buf), nil
		}
		buf = buf[:len(buf)+n]
	}
}

// buffers are kept: a start reads a dozen files.
var buffers = sync.Pool{New: func() any {
	buf := make([]byte, 0, 16<<10)
	return &buf
}}

// list returns the names in a folder of /proc.
func list(name string) ([]string, error) {
	fd, err := unix.Open(name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: name, Err: err}
	}
	defer unix.Close(fd)
	var names []string
	buf := make([]byte, 4<<10)
	for {
		n, err := unix.ReadDirent(fd, buf)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, &os.PathError{Op: "list", Path: name, Err: err}
		}
		if n <= 0 {
			return names, nil
		}
		_, _, names = unix.ParseDirent(buf[:n], -1, names)
	}
}

// Self measures this process for comparison: the namespaces of the process, and the
// number of filters and the identity of the calling thread.
func Self() (Own, error) {
	own := Own{Namespaces: map[string]string{}, Identity: map[string]string{}, SeccompFilters: -1}
	var err error
	for _, n := range attest.NamespaceNames() {
		if own.Namespaces[n], err = os.Readlink(path.Join("/proc/self/ns", n)); err != nil {
			return Own{}, err
		}
	}
	text, err := read("/proc/thread-self/status")
	if err != nil {
		return Own{}, err
	}
	for _, key := range attest.IdentityKeys() {
		own.Identity[key], _ = line(text, key)
	}
	// Absent before Linux 5.9: then the count can't be compared, and the start refuses.
	if count, ok := line(text, "Seccomp_filters"); ok {
		own.SeccompFilters, err = strconv.Atoi(count)
	}
	return own, err
}

// Keyring is the serial of our session keyring, or the errno's name.
func Keyring() string {
	id, err := unix.KeyctlGetKeyringID(unix.KEY_SPEC_SESSION_KEYRING, false)
	if errno, ok := err.(unix.Errno); ok {
		return unix.ErrnoName(errno)
	}
	return strconv.Itoa(id)
}

// ErrnoName names the error in a kernel's result.
func ErrnoName(result int64) string { return unix.ErrnoName(unix.Errno(-result)) }
