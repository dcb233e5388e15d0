//go:build linux

package pty

import (
	"bytes"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Suspended receives a value when the user has typed the suspend character (^Z) and the
// inner job would not stop: the foreground job is the session's first job, without a
// shell inside to look after the job (an orphaned process group, setpgid(2)), and neither
// catches nor ignores SIGTSTP. The caller stops the job, calls Stop, and continues the
// job.
func (a *Attachment) Suspended() <-chan struct{} { return a.suspended }

// noticeSuspend looks for the suspend character in typed bytes.
func (a *Attachment) noticeSuspend(typed []byte) {
	m, err := unix.IoctlGetTermios(a.master, unix.TCGETS)
	if err != nil || m.Lflag&unix.ISIG == 0 || m.Cc[unix.VSUSP] == 0 || bytes.IndexByte(typed, m.Cc[unix.VSUSP]) < 0 {
		return
	}
	session, err := unix.IoctlGetInt(a.master, unix.TIOCGSID)
	if err != nil {
		return
	}
	group, err := unix.IoctlGetInt(a.master, unix.TIOCGPGRP)
	if err != nil || group != session || handles(session, unix.SIGTSTP) {
		return
	}
	select {
	case a.suspended <- struct{}{}:
	default:
	}
}

// handles reports whether a process catches or ignores a signal (proc_pid_status(5)).
// handles returns true for an unreadable process, which is left alone.
func handles(pid int, sig unix.Signal) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return true
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		if name != "SigIgn" && name != "SigCgt" {
			continue
		}
		set, err := strconv.ParseUint(strings.TrimSpace(value), 16, 64)
		if err != nil || set&(1<<(sig-1)) != 0 {
			return true
		}
	}
	return false
}

// stopTime is how long to wait for a stop. Without a shell for this process no stop
// comes.
const stopTime = 200 * time.Millisecond

// Stop restores the user's terminal and stops the job of this process, like the suspend
// character. Stop returns when the job goes on, with the terminal raw again if the
// terminal belongs to the job.
func (a *Attachment) Stop() {
	a.outer.stop()
	a.copySize()
	if a.in.terminal {
		a.outer.Resume()
	}
}

// Stop is Attachment.Stop for a terminal that is joined to nothing.
func (t *Terminal) Stop() {
	t.stop()
	t.Resume()
}

func (t *Terminal) stop() {
	on := make(chan os.Signal, 1)
	signal.Notify(on, unix.SIGCONT)
	defer signal.Stop(on)
	t.cooked()
	_ = unix.Kill(0, unix.SIGTSTP)
	select {
	case <-on:
	case <-time.After(stopTime):
	}
}

// Resume makes the terminal raw again if the terminal belongs to this job.
func (t *Terminal) Resume() {
	if foreground(t.fd) {
		_ = t.Raw()
	}
}
