//go:build linux

package launcher

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// A loopback with a name is shared by programs. Each program that is in it has a file in
// the folder of the name, locked as long as the program lives: the program's number, and
// the numbers of its descriptors of the namespaces. The next program opens the descriptors
// of a living one.

// The ioctls of namespaces (ioctl_nsfs(2)).
const (
	namespaceOwner = 0xb704 // NS_GET_OWNER_UID
	namespaceUser  = 0xb701 // NS_GET_USERNS
	namespaceKind  = 0xb703 // NS_GET_NSTYPE
)

// JoinLoopback has the launcher's starts share the loopback of a name, and returns the name
// of the network namespace for starts without a key. folder is the folder of the name;
// JoinLoopback makes the folder, and beside it one for each key.
func (l *Launcher) JoinLoopback(folder string, uid, gid int) (id string, err error) {
	l.shared.mu.Lock()
	l.shared.folder = folder
	l.shared.mu.Unlock()
	return l.Loopback("", uid, gid)
}

func joinLoopback(folder string, names bool, uid, gid int) (*loopback, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return nil, os.NewSyscallError("flock", err)
	}
	lo, err := livingLoopback(folder, uid)
	if err == nil && lo == nil {
		lo, err = newLoopback(names, uid, gid)
	}
	if err != nil {
		return nil, err
	}
	if err := lo.register(folder); err != nil {
		lo.close()
		return nil, err
	}
	return lo, nil
}

// livingLoopback returns the loopback of a living program, nil for none. Files of ended
// programs are removed.
func livingLoopback(folder string, uid int) (*loopback, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if _, err := strconv.Atoi(e.Name()); err != nil {
			continue
		}
		name := filepath.Join(folder, e.Name())
		f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0) // a FIFO would wait
		if err != nil {
			return nil, err
		}
		text := make([]byte, 64)
		n, _ := f.Read(text)
		alive := unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB) == unix.EWOULDBLOCK
		f.Close()
		if !alive {
			_ = os.Remove(name)
			continue
		}
		return borrowLoopback(e.Name(), strings.Fields(string(text[:n])), uid)
	}
	return nil, nil
}

// borrowLoopback opens the descriptors of another program, and checks that they are a
// network namespace and its user namespace, made by our user, and not the host's.
func borrowLoopback(pid string, numbers []string, uid int) (*loopback, error) {
	if len(numbers) != 2 {
		return nil, errors.New("the file of a program in the loopback can't be read")
	}
	lo := &loopback{}
	var err error
	if lo.user, err = os.Open("/proc/" + pid + "/fd/" + numbers[0]); err == nil {
		lo.net, err = os.Open("/proc/" + pid + "/fd/" + numbers[1])
	}
	if err == nil {
		err = lo.check(uid)
	}
	if err != nil {
		lo.close()
		return nil, fmt.Errorf("the loopback of program %s: %w", pid, err)
	}
	return lo, nil
}

var errForeign = errors.New("not a network namespace of our own")

func (lo *loopback) check(uid int) error {
	for _, want := range []struct {
		f    *os.File
		kind int
	}{{lo.user, unix.CLONE_NEWUSER}, {lo.net, unix.CLONE_NEWNET}} {
		if kind, err := unix.IoctlRetInt(int(want.f.Fd()), namespaceKind); err != nil || kind != want.kind {
			return errForeign
		}
	}
	owner, err := unix.IoctlGetUint32(int(lo.user.Fd()), namespaceOwner)
	if err != nil || int(owner) != uid {
		return errForeign
	}
	of, err := unix.IoctlRetInt(int(lo.net.Fd()), namespaceUser)
	if err != nil {
		return errForeign
	}
	defer unix.Close(of)
	var a, b, host, own unix.Stat_t
	if unix.Fstat(of, &a) != nil || unix.Fstat(int(lo.user.Fd()), &b) != nil || a.Ino != b.Ino {
		return errForeign
	}
	if unix.Stat("/proc/self/ns/net", &host) != nil || unix.Fstat(int(lo.net.Fd()), &own) != nil || host.Ino == own.Ino {
		return errForeign
	}
	lo.id = fmt.Sprintf("net:[%d]", own.Ino)
	return nil
}

// register writes the file of this program, and keeps it locked.
func (lo *loopback) register(folder string) error {
	f, err := os.OpenFile(filepath.Join(folder, strconv.Itoa(os.Getpid())), os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err == nil {
		_, err = fmt.Fprintf(f, "%d %d", lo.user.Fd(), lo.net.Fd())
	}
	if err != nil {
		f.Close()
		return err
	}
	lo.file = f
	return nil
}
