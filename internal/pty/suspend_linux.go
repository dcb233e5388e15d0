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

// Suspended gets a value when the user has typed the suspend character (^Z) and
// the job inside would be deaf to it: the foreground job is the session's first,
// which no shell inside looks after (an orphaned process group, setpgid(2)), and
// it neither catches nor ignores SIGTSTP. The caller stops it, calls Stop, and
// lets it go on.
func (a *Attachment) Suspended() <-chan struct{} { return a.suspended }

// noticeSuspend looks for the suspend character in what was typed.
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

// handles tells whether a process catches or ignores a signal (proc_pid_status(5));
// one that can't be looked at is left alone.
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

// stopTime is how long a stop may take to come. None comes where no shell looks
// after this process either.
const stopTime = 200 * time.Millisecond

// Stop puts the user's terminal back and stops the job of this process, as the
// suspend character does. It returns when the job goes on, with the terminal raw
// again where it is its own.
func (a *Attachment) Stop() {
	on := make(chan os.Signal, 1)
	signal.Notify(on, unix.SIGCONT)
	defer signal.Stop(on)
	a.outer.cooked()
	_ = unix.Kill(0, unix.SIGTSTP)
	select {
	case <-on:
	case <-time.After(stopTime):
	}
	a.copySize()
	if a.in.terminal && foreground(a.outer.fd) {
		_ = a.outer.Raw()
	}
}
