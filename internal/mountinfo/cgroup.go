package mountinfo

import (
	"path"
	"strings"
)

// Cgroup finds the folder of a process's cgroup of version 2 by its /proc/PID/cgroup
// (cgroups(7)), and the uppermost such folder that is shown. Both are "" where there is
// none, or where it is above what our own cgroup namespace shows.
func Cgroup(mounts []Mount, text string) (folder, top string) {
	for l := range strings.Lines(text) {
		of, ok := strings.CutPrefix(strings.TrimSuffix(l, "\n"), "0::")
		if !ok || strings.HasPrefix(of, "/..") {
			continue
		}
		for _, m := range mounts {
			root := strings.TrimSuffix(m.Root, "/")
			if rest, ok := strings.CutPrefix(of, root); m.FSType == "cgroup2" && ok && (rest == "" || rest[0] == '/') {
				return path.Join(m.Point, rest), m.Point
			}
		}
	}
	return "", ""
}
