//go:build !linux

package pty

import (
	"fmt"
	"os"
	"time"
)

// SizeOf is not available on this operating system.
func SizeOf(*os.File) (Size, error) { return Size{}, refuse("read the terminal's size") }

// SetSize is not available on this operating system.
func SetSize(*os.File, Size) error { return refuse("set the terminal's size") }

// ClassifyStd returns only KindClosed and KindOther on this operating system.
func ClassifyStd(f *os.File) Kind {
	if f == nil {
		return KindClosed
	}
	if _, err := f.Stat(); err != nil {
		return KindClosed
	}
	return KindOther
}

// Terminal is the user's terminal. None can be made on this operating system.
type Terminal struct{}

// SaveTerminal is not available on this operating system.
func SaveTerminal(...*os.File) (*Terminal, error) { return nil, refuse("save the terminal's state") }

// Raw is not available on this operating system.
func (*Terminal) Raw() error { return refuse("set the terminal to raw mode") }

// Restore is not available on this operating system.
func (*Terminal) Restore() error { return refuse("restore the terminal") }

// Stop does nothing on this operating system.
func (*Terminal) Stop() {}

// Resume does nothing on this operating system.
func (*Terminal) Resume() {}

// Attachment joins a terminal to another. None can be made on this operating
// system.
type Attachment struct{}

// Attach is not available on this operating system.
func Attach(in, out, master *os.File, allowEscapes bool, excerpt *Excerpt) (*Attachment, error) {
	return nil, refuse("attach the terminal")
}

// Wait is not available on this operating system.
func (*Attachment) Wait(time.Duration) error { return refuse("attach the terminal") }

// Close is not available on this operating system.
func (*Attachment) Close() error { return refuse("attach the terminal") }

// Streams are the standard streams of a sandboxed process. None can be made on
// this operating system.
type Streams struct {
	// Child is standard input, output and error of the process.
	Child [3]*os.File
}

// NewStreams is not available on this operating system.
func NewStreams(in, out, errOut *os.File, allowEscapes bool, excerpt *Excerpt) (*Streams, error) {
	return nil, refuse("connect standard streams")
}

// Start does nothing on this operating system.
func (*Streams) Start() {}

// Wait is not available on this operating system.
func (*Streams) Wait(time.Duration) error { return refuse("connect standard streams") }

// Close is not available on this operating system.
func (*Streams) Close() error { return refuse("connect standard streams") }

// Relay has no pipes on this operating system.
type Relay struct {
	// Child is standard input, output and error of the command.
	Child [3]*os.File
}

// NewRelay makes no pipe on this operating system.
func NewRelay([3]*os.File) (*Relay, error) { return nil, nil }

// Start does nothing on this operating system.
func (*Relay) Start() {}

// End does nothing on this operating system.
func (*Relay) End() error { return nil }

// Cut does nothing on this operating system.
func (*Relay) Cut() {}

// Close does nothing on this operating system.
func (*Relay) Close() {}

func refuse(what string) error { return fmt.Errorf("%s: %w", what, ErrUnsupported) }
