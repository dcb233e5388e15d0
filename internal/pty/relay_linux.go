//go:build linux

package pty

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// Relay gives a command pipes of its own in place of the caller's. Who has one end of a
// pipe can open the other end too (/proc/self/fd): with the caller's pipe as its input a
// command could write what the next reader takes for the caller's, and with the caller's
// pipe as its output a command could read what others wrote there.
//
//	the caller's stream              the command gets
//	input: a pipe                    a pipe of its own, filled from the caller's
//	input: a pipe of Streams         the same pipe: nobody else reads it
//	output: a pipe with content      a pipe of its own, copied to the caller's
//	everything else                  the same file
//
// A pipe for output that is empty at the start stays the caller's: the output of a command
// costs nothing.
type Relay struct {
	// Child is standard input, output and error of the command. Start and Close close the
	// files that the Relay has made.
	Child [3]*os.File

	made   []*os.File // of Child
	feed   *feed      // nil without one
	drains []*drain
	stop   *bell // ends the feed
	ended  *bell // ends a drain when no more output waits
	abort  *bell // ends the drains
	ending atomic.Bool
	once   sync.Once
	err    error
}

// NewRelay makes the pipes. Nothing leaves the caller's pipes before Start. A nil Relay has
// no pipe to make.
func NewRelay(given [3]*os.File) (*Relay, error) {
	r := &Relay{Child: given}
	if err := r.open(given); err != nil {
		r.Close()
		return nil, fmt.Errorf("make pipes for the command: %w", err)
	}
	if len(r.made) == 0 {
		return nil, nil
	}
	return r, nil
}

func (r *Relay) open(given [3]*os.File) error {
	if ClassifyStd(given[0]) == KindPipe && !takeOwn(given[0]) {
		if err := r.openFeed(given[0]); err != nil {
			return err
		}
	}
	relayed := hasContent(given[1])
	if relayed {
		if err := r.openDrain(1, given[1]); err != nil {
			return err
		}
	}
	switch {
	case sameOutput(given[1], given[2]): // one pipe for both keeps the order of writes
		if relayed {
			r.Child[2] = r.Child[1]
		}
	case hasContent(given[2]):
		return r.openDrain(2, given[2])
	}
	return nil
}

// hasContent reports whether f is a pipe in which bytes wait; a pipe that can't be asked
// has some.
func hasContent(f *os.File) bool {
	if ClassifyStd(f) != KindPipe {
		return false
	}
	waiting := 0
	err := withFD(f, func(fd int) (err error) {
		waiting, err = unix.IoctlGetInt(fd, unix.TIOCINQ)
		return err
	})
	return err != nil || waiting > 0
}

func (r *Relay) openFeed(f *os.File) (err error) {
	if r.stop, err = newBell(); err != nil {
		return err
	}
	from, err := duplicate(f)
	if err != nil {
		return err
	}
	read, write, err := newPipe(0)
	if err != nil {
		_ = unix.Close(from)
		return err
	}
	r.feed = newFeed(from, write, r.stop)
	r.Child[0] = os.NewFile(uintptr(read), "input")
	r.made = append(r.made, r.Child[0])
	return nil
}

// openDrain makes the pipe of standard output or error.
func (r *Relay) openDrain(i int, f *os.File) (err error) {
	if r.ended == nil {
		if r.ended, err = newBell(); err != nil {
			return err
		}
		if r.abort, err = newBell(); err != nil {
			return err
		}
	}
	to, err := duplicate(f)
	if err != nil {
		return err
	}
	read, write, err := newPipe(pipeSize)
	if err != nil {
		_ = unix.Close(to)
		return err
	}
	r.drains = append(r.drains, &drain{from: read, to: to, ended: r.ended, abort: r.abort, done: make(chan struct{})})
	r.Child[i] = os.NewFile(uintptr(write), "output")
	r.made = append(r.made, r.Child[i])
	return nil
}

// Start closes the command's ends and begins to copy. The caller must call Start after the
// start of the command, which has its own descriptors.
func (r *Relay) Start() {
	if r == nil {
		return
	}
	r.closeMade()
	if r.feed != nil {
		r.feed.start()
	}
	for _, d := range r.drains {
		go d.run()
	}
}

func (r *Relay) closeMade() {
	for _, f := range r.made {
		_ = f.Close()
	}
	r.made = nil
}

// End ends the copying after no process of the command is left. Input that the command has
// not read stays in the caller's pipe, and output is passed on to the end. End takes as
// long as the reader of the output takes. The error wraps ErrCutOff after Cut.
func (r *Relay) End() error {
	if r == nil {
		return nil
	}
	r.once.Do(func() {
		r.ending.Store(true)
		if r.feed != nil {
			r.stop.ring()
			r.feed.end()
		}
		for _, d := range r.drains {
			r.ended.ring()
			<-d.done
			r.err = errors.Join(r.err, d.err)
		}
		r.closeBells()
	})
	return r.err
}

// Cut makes an End that waits for the reader of the output return. Before End Cut does
// nothing.
func (r *Relay) Cut() {
	if r != nil && r.ending.Load() && len(r.drains) > 0 {
		r.abort.ring()
	}
}

// Close frees the files of a Relay without a command. Nothing has left the caller's pipe.
func (r *Relay) Close() {
	if r == nil {
		return
	}
	r.closeMade()
	if r.feed != nil {
		r.feed.close()
	}
	for _, d := range r.drains {
		d.close()
	}
	r.closeBells()
}

func (r *Relay) closeBells() {
	for _, b := range []*bell{r.stop, r.ended, r.abort} {
		b.close()
	}
}
