//go:build linux

package pty

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// withFD calls do with f's descriptor, and doesn't change the descriptor's mode; Fd may.
func withFD(f *os.File, do func(fd int) error) error {
	if f == nil {
		return os.ErrClosed
	}
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	if err := conn.Control(func(fd uintptr) { inner = do(int(fd)) }); err != nil {
		return err
	}
	return inner
}

// duplicate returns a second descriptor for f's file description.
func duplicate(f *os.File) (int, error) {
	var fd int
	err := withFD(f, func(from int) error {
		n, err := unix.FcntlInt(uintptr(from), unix.F_DUPFD_CLOEXEC, 3)
		fd = n
		return err
	})
	return fd, err
}

// reopen opens the file of f again, with a new file description in non-blocking mode: an
// open of a named pipe must not wait for the other side, and O_NONBLOCK on a new
// description affects no other process.
func reopen(f *os.File, mode int) (int, error) {
	var fd int
	err := withFD(f, func(from int) error {
		n, err := unix.Open(fmt.Sprintf("/proc/self/fd/%d", from),
			mode|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
		fd = n
		return err
	})
	return fd, err
}

// ClassifyStd returns the kind of f. A nil or closed file is KindClosed; a file that
// cannot be examined is KindClosed too.
func ClassifyStd(f *os.File) Kind {
	kind := KindClosed
	_ = withFD(f, func(fd int) error {
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil {
			return err
		}
		kind = kindOf(fd, &st)
		return nil
	})
	return kind
}

func kindOf(fd int, st *unix.Stat_t) Kind {
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFIFO:
		return KindPipe
	case unix.S_IFREG:
		return KindRegular
	case unix.S_IFSOCK:
		return KindSocket
	case unix.S_IFCHR:
		if st.Rdev == unix.Mkdev(1, 3) { // null(4)
			return KindNull
		}
		if _, err := unix.IoctlGetTermios(fd, unix.TCGETS); err == nil {
			return KindTerminal
		}
	}
	return KindOther
}

// sameOutput reports whether writes to a and b have a common order, to be kept: the same
// file description, terminal, or pipe.
func sameOutput(a, b *os.File) bool {
	same := false
	_ = withFD(a, func(fa int) error {
		return withFD(b, func(fb int) error {
			same = sameFD(fa, fb)
			return nil
		})
	})
	return same
}

func sameFD(a, b int) bool {
	var sa, sb unix.Stat_t
	if unix.Fstat(a, &sa) != nil || unix.Fstat(b, &sb) != nil {
		return false
	}
	if sa.Dev != sb.Dev || sa.Ino != sb.Ino || sa.Rdev != sb.Rdev {
		return false
	}
	if kind := kindOf(a, &sa); kind != KindRegular {
		return kind == KindTerminal || kind == KindPipe || kind == KindSocket || sameDescription(a, b)
	}
	flagsA, _ := unix.FcntlInt(uintptr(a), unix.F_GETFL, 0)
	flagsB, _ := unix.FcntlInt(uintptr(b), unix.F_GETFL, 0)
	return flagsA&flagsB&unix.O_APPEND != 0 || sameDescription(a, b)
}

// sameDescription asks kcmp(2). In a kernel without kcmp, two descriptors of the same
// file at the same offset count as the same description.
func sameDescription(a, b int) bool {
	const kcmpFile = 0
	pid := uintptr(os.Getpid())
	r, _, errno := unix.Syscall6(unix.SYS_KCMP, pid, pid, kcmpFile, uintptr(a), uintptr(b), 0)
	if errno == 0 {
		return r == 0
	}
	offA, errA := unix.Seek(a, 0, unix.SEEK_CUR)
	offB, errB := unix.Seek(b, 0, unix.SEEK_CUR)
	return errA == nil && errB == nil && offA == offB
}

// withoutStop calls do with SIGTTOU and SIGTTIN blocked in this thread: otherwise
// touching the terminal would stop a process in the background, also a process that
// restores the terminal.
func withoutStop(do func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var set, old unix.Sigset_t
	for _, sig := range []unix.Signal{unix.SIGTTOU, unix.SIGTTIN} {
		set.Val[0] |= 1 << (uint(sig) - 1)
	}
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, &set, &old); err != nil {
		return err
	}
	defer func() { _ = unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil) }()
	return do()
}
