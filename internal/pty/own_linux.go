//go:build linux

package pty

import (
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// own has the input pipes that this process made for commands: nobody but the command
// reads such a pipe.
var own sync.Map // of pipeID

// pipeID names a pipe of the machine.
type pipeID struct{ dev, inode uint64 }

func idOf(f *os.File) (id pipeID, err error) {
	err = withFD(f, func(fd int) error {
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil {
			return err
		}
		id = pipeID{uint64(st.Dev), st.Ino}
		return nil
	})
	return id, err
}

// markOwn remembers the reading end of such a pipe. takeOwn must follow before f is closed.
func markOwn(f *os.File) {
	if id, err := idOf(f); err == nil {
		own.Store(id, nil)
	}
}

// takeOwn reports whether f is an input pipe of this process, and forgets the pipe.
func takeOwn(f *os.File) bool {
	id, err := idOf(f)
	if err != nil {
		return false
	}
	_, ok := own.LoadAndDelete(id)
	return ok
}
