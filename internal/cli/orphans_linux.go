//go:build linux

package cli

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// adoptOrphans makes us the parent of the command's orphans, in case the sandbox's init
// is killed. With a pid namespace the kernel ends the tree; adoptOrphans is for
// danger-full-access. The program calls adoptOrphans, not the gate: a program that embeds
// the library has children of its own.
func adoptOrphans() { _ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) } // as old as Linux 3.4

// endOrphans kills our children until none is left. Except after the init's death, none
// is left from the beginning.
func endOrphans() {
	options := unix.WNOHANG | unix.WALL
	for {
		if _, err := unix.Wait4(-1, nil, options, nil); err == unix.ECHILD {
			return
		}
		options = unix.WALL
		lists, _ := filepath.Glob("/proc/self/task/*/children")
		for _, list := range lists {
			text, _ := os.ReadFile(list) // an ended thread has no children
			for pid := range strings.FieldsSeq(string(text)) {
				if n, err := strconv.Atoi(pid); err == nil {
					_ = unix.Kill(n, unix.SIGKILL)
				}
			}
		}
	}
}
