// Package pty holds the outer ends of a command's input and output: the user's terminal
// and lockstile's own standard streams, joined to a terminal or to pipes whose other ends
// are inside the sandbox.
//
// Package pty has three parts. Streams gives each standard stream of a piped run a fresh
// pipe or an equally harmless end, never the caller's own file description. Attachment
// joins a user's terminal to the master of a terminal inside. Relay puts pipes of a
// command's own before a caller's pipes, for every start of the gate. Output to the user's
// terminal passes package escapes.
//
// Package pty starts no process, opens no file by a name from outside, and must never
// hand a regular file, a terminal or a socket of the host to a sandboxed process. Package
// pty restores every change of the user's terminal.
package pty

import (
	"errors"
	"fmt"
	"runtime"
)

// Size is the size of a terminal. Rows and Cols count characters; XPixel and YPixel are
// the whole text area in pixels, 0 if unknown (ioctl_tty(2), struct winsize).
type Size struct {
	Rows, Cols     uint16
	XPixel, YPixel uint16
}

// Kind is the kind of file behind a standard stream.
type Kind uint8

// The kinds. The zero value is KindInvalid and never a result of ClassifyStd.
const (
	KindInvalid  Kind = iota
	KindClosed        // no open file
	KindNull          // the null device
	KindPipe          // an anonymous or named pipe
	KindRegular       // a regular file
	KindTerminal      // a terminal
	KindSocket        // a socket of any family
	KindOther         // anything else: other devices, directories, anonymous inodes
)

// String returns the kind as a lower-case word.
func (k Kind) String() string {
	names := [...]string{"invalid", "closed", "null", "pipe", "regular", "terminal", "socket", "other"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// ErrUnsupported is returned, wrapped, by every function without an implementation on
// this operating system.
var ErrUnsupported = errors.New("terminal and stream endpoints are not supported on " + runtime.GOOS)

// ErrNotTerminal is returned, wrapped, if a terminal is needed and the file is no
// terminal.
var ErrNotTerminal = errors.New("not a terminal")

// ErrCutOff is returned, wrapped, if a process still held the output open after Wait's
// grace, or if Close ended the copying early.
var ErrCutOff = errors.New("output cut off before its end")
