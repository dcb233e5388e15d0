// Package pty holds the outer ends of a command's input and output: the
// user's terminal and lockstile's own standard streams, joined to a terminal
// or to pipes whose other ends are inside the sandbox.
//
// The package has two parts. Streams gives each standard stream of a piped run a
// fresh pipe or an equally harmless end, never the caller's own file
// description. Attachment joins a user's terminal to the master of a terminal
// inside. Output to the user's terminal passes package escapes.
//
// The package starts no process, opens no file by a name that comes from
// outside, and must never hand a regular file, a terminal or a socket of the
// host to a sandboxed process. Whatever it changes on the user's terminal it
// puts back.
package pty

import (
	"errors"
	"fmt"
	"runtime"
)

// Size is the size of a terminal. Rows and Cols count characters; XPixel and
// YPixel are the whole text area in pixels, 0 where that is not known
// (ioctl_tty(2), struct winsize).
type Size struct {
	Rows, Cols     uint16
	XPixel, YPixel uint16
}

// Kind says what a standard stream is connected to.
type Kind uint8

// The kinds. The zero value is KindInvalid and never a result of ClassifyStd.
const (
	KindInvalid  Kind = iota
	KindClosed        // no open file
	KindNull          // the null device
	KindPipe          // an anonymous pipe or a named one
	KindRegular       // a regular file
	KindTerminal      // a terminal
	KindSocket        // a socket of any family
	KindOther         // anything else: other devices, directories, anonymous inodes
)

// String gives the kind as one lower-case word.
func (k Kind) String() string {
	names := [...]string{"invalid", "closed", "null", "pipe", "regular", "terminal", "socket", "other"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// ErrUnsupported is returned, wrapped, by every function that needs an
// operating system interface which this build has no implementation for.
var ErrUnsupported = errors.New("terminal and stream endpoints are not supported on " + runtime.GOOS)

// ErrNotTerminal is returned, wrapped, where a terminal is needed and the file
// is something else.
var ErrNotTerminal = errors.New("not a terminal")

// ErrCutOff is returned, wrapped, when output was still held open by someone
// after the grace that Wait was given, or when Close ended the copying early.
var ErrCutOff = errors.New("output cut off before its end")
