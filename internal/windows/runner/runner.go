// Package runner is what runs under a sandbox account on Windows and makes commands
// there: it gets one order by a pipe, makes a suspended process, says which, and does
// what it is told until that has ended. When the pipe ends, so does it, and the tree.
//
// It must never take an order from its command line or environment, let a process run
// before it is told, or decide whether something is proven.
package runner

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"

	"github.com/lockstile/lockstile/internal/windows/suspended"
	"github.com/lockstile/lockstile/refusal"
)

// Order is what the runner is to make. Handles are numbers in the runner's own table:
// who gives the order has put them there.
type Order struct {
	Owner    string                 `json:"owner"` // the SID that may look at the runner and the command
	Confined *suspended.Confinement `json:"confined"`
	Spec     suspended.Spec         `json:"spec"`
	Stdio    [3]uint64              `json:"stdio"`
}

// Made is the answer to an order: a suspended process, by handles of the runner, or
// what failed.
type Made struct {
	PID     int    `json:"pid,omitempty"`
	Process uint64 `json:"process,omitempty"`
	Thread  uint64 `json:"thread,omitempty"`
	Job     uint64 `json:"job,omitempty"`
	Canary  uint64 `json:"canary,omitempty"`
	Out     uint64 `json:"out,omitempty"` // of the console; 0 where there is none
	In      uint64 `json:"in,omitempty"`
	// Network is how what the runner itself tried on the network ended, by its name.
	Network map[string]string `json:"network,omitempty"`
	Failed  *Failed           `json:"failed,omitempty"`
}

// How such a trial can end. Nobody need listen at the other end: where no filter is in
// the way, the system says just that.
const (
	Filtered    = "filtered"
	NotFiltered = "not filtered"
	NoNetwork   = "no such network" // IPv6 is switched off, say
)

// Failed is a step that failed.
type Failed struct {
	Restriction refusal.Restriction `json:"restriction,omitempty"`
	Call        string              `json:"call"`
	Errno       uint32              `json:"errno,omitempty"` // 0 where it isn't the system's
	Text        string              `json:"text"`
}

// Word is what the runner is told after that.
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

// Do is one thing to do.
type Do string

// The words.
const (
	Try       Do = "try" // before Go: only the command's own account may take its token on
	Go        Do = "go"  // let the first instruction run
	Interrupt Do = "interrupt"
	Resize    Do = "resize"
	End       Do = "end" // kill the tree
)

// Over is the last message: nothing of the tree is left.
type Over struct {
	Code uint32 `json:"code"`
	Text string `json:"text,omitempty"` // why the code can't be told
}

// MostBytes is how long a message may be: an environment and a command line of the
// greatest length that Windows takes fit in.
const MostBytes = 1 << 20

// Send writes one message: its length in four bytes, least first, and JSON.
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

// Receive reads one message. io.EOF says that there is none, where the other side has
// ended between two.
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
