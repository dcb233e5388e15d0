//go:build linux

package cli

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// adoptOrphans makes us the parent of what the command's tree loses, should the
// sandbox's own first process be killed. Where there is a pid namespace, the
// kernel ends the tree; this is for danger-full-access. It is the program's
// business and not the gate's: a program that embeds the library has children of
// its own.
func adoptOrphans() { _ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) } // as old as Linux 3.4

// endOrphans kills our children until there are none, which is how it begins in
// all but that case.
func endOrphans() {
	options := unix.WNOHANG | unix.WALL
	for {
		if _, err := unix.Wait4(-1, nil, options, nil); err == unix.ECHILD {
			return
		}
		options = unix.WALL
		lists, _ := filepath.Glob("/proc/self/task/*/children")
		for _, list := range lists {
			text, _ := os.ReadFile(list) // a thread that ended has no children
			for pid := range strings.FieldsSeq(string(text)) {
				if n, err := strconv.Atoi(pid); err == nil {
					_ = unix.Kill(n, unix.SIGKILL)
				}
			}
		}
	}
}
