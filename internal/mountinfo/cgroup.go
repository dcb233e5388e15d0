package mountinfo

import (
	"path"
	"strings"
)

// Cgroup finds the folder of a process's cgroup of version 2 by the process's
// /proc/PID/cgroup (cgroups(7)), and the mount point above. Both are "" without a cgroup,
// or if the cgroup is outside of our own cgroup namespace.
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
