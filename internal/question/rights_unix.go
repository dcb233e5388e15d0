//go:build unix

package question

import (
	"os"
	"path"
	"slices"
	"syscall"
)

// mayRead reads the mode of a file. Rights of root beyond the mode don't count: a command
// lacks them.
func mayRead(name string) bool { return permits(name, 4) }

// mayWrite reads the mode of a file, or of the folder in which the file would be made.
func mayWrite(s spot) bool {
	at := s.on
	for at != "/" && at != "" && !onHost(at) {
		at = path.Dir(at)
	}
	return permits(at, 2)
}

func permits(name string, bit uint32) bool {
	info, err := os.Stat(name)
	if err != nil {
		return err != os.ErrPermission && !os.IsPermission(err)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return true
	}
	mode := uint32(info.Mode().Perm())
	groups, _ := os.Getgroups()
	switch {
	case int(st.Uid) == os.Geteuid():
		return mode>>6&bit != 0
	case int(st.Gid) == os.Getegid() || slices.Contains(groups, int(st.Gid)):
		return mode>>3&bit != 0
	}
	return mode&bit != 0
}
