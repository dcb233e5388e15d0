// Package runner runs under a sandbox account on Windows and makes commands there. The
// runner receives an order by a pipe, makes a suspended process, reports the process, and
// obeys words until the process has ended. When the pipe ends, the runner and the tree
// end.
//
// Package runner must never take an order from the command line or environment, let a
// process run before the word to go, or decide whether a restriction is proven.
package runner

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"

	"github.com/lockstile/lockstile/internal/windows/suspended"
	"github.com/lockstile/lockstile/refusal"
)

// Order says what process to make. Handles are numbers in the runner's own table: the
// sender has put them there.
type Order struct {
	Owner    string                 `json:"owner"` // the SID with access to the runner and the command
	Confined *suspended.Confinement `json:"confined"`
	Spec     suspended.Spec         `json:"spec"`
	Stdio    [3]uint64              `json:"stdio"`
}

// Made is the answer to an order: a suspended process, by handles of the runner, or the
// failure.
type Made struct {
	PID     int    `json:"pid,omitempty"`
	Process uint64 `json:"process,omitempty"`
	Thread  uint64 `json:"thread,omitempty"`
	Job     uint64 `json:"job,omitempty"`
	Canary  uint64 `json:"canary,omitempty"`
	Out     uint64 `json:"out,omitempty"` // of the console; 0 without a console
	In      uint64 `json:"in,omitempty"`
	// Network holds the outcomes of the runner's own network trials, by name.
	Network map[string]string `json:"network,omitempty"`
	Failed  *Failed           `json:"failed,omitempty"`
}

// The outcomes of a network trial. A listener isn't needed: without a filter, the system
// reports that nobody listens.
const (
	Filtered    = "filtered"
	NotFiltered = "not filtered"
	NoNetwork   = "no such network" // IPv6 is switched off, say
)

// Failed describes a failed step.
type Failed struct {
	Restriction refusal.Restriction `json:"restriction,omitempty"`
	Call        string              `json:"call"`
	Errno       uint32              `json:"errno,omitempty"` // 0 if the error isn't the system's
	Text        string              `json:"text"`
}

// Word is a message to the runner after the order.
type Word struct {
	Do       Do                  `json:"do"`
	Size     *suspended.Size     `json:"size,omitempty"`     // with Resize
	Attempts []suspended.Attempt `json:"attempts,omitempty"` // with Try
}

// Tried is the answer to Try.
type Tried struct {
	Outcomes []suspended.Outcome `json:"outcomes,omitempty"`
	Failed   *Failed             `json:"failed,omitempty"`
}

// Do names an action of the runner.
type Do string

// The words.
const (
	Try       Do = "try" // before Go: only the command's own account may impersonate its token
	Go        Do = "go"  // let the first instruction run
	Interrupt Do = "interrupt"
	Resize    Do = "resize"
	End       Do = "end" // kill the tree
)

// Over is the last message: nothing of the tree is left.
type Over struct {
	Code uint32 `json:"code"`
	Text string `json:"text,omitempty"` // why the exit code is unknown
}

// MostBytes bounds the length of a message: the longest environment and command line of
// Windows fit in.
const MostBytes = 1 << 20

// Send writes a message: its length in four bytes, least first, and JSON.
func Send(w io.Writer, message any) error {
	text, err := json.Marshal(message)
	if err != nil {
		return err
	}
	if len(text) > MostBytes {
		return fmt.Errorf("a message of %d bytes is too long", len(text))
	}
	_, err = w.Write(append(binary.LittleEndian.AppendUint32(nil, uint32(len(text))), text...))
	return err
}

// Receive reads a message. The error is io.EOF if the other side ended between two
// messages.
func Receive(r io.Reader, message any) error {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	size := binary.LittleEndian.Uint32(head[:])
	if size > MostBytes {
		return fmt.Errorf("a message of %d bytes is too long", size)
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(r, text); err != nil {
		return fmt.Errorf("a message breaks off: %w", err)
	}
	return parse(text, message)
}
