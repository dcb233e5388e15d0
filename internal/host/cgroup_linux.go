package host

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/mountinfo"
)

// cgroupFolder finds a folder for a new cgroup of version 2 with bounds on memory and
// processes: our own folder, as at the root of the tree, or the folder beside
// (cgroups(7), "no internal processes" and "delegation"). cgroupFolder turns no
// controller on. "" means that no folder will do.
var cgroupFolder = sync.OnceValue(func() string {
	if !slices.ContainsFunc([]string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}, bounding) {
		return "" // the common case: no further reads
	}
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return ""
	}
	table, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return ""
	}
	mounts, err := mountinfo.Parse(string(table))
	if err != nil {
		return ""
	}
	folder, top := mountinfo.Cgroup(mounts, string(own))
	switch {
	case folder == "":
	case delegated(folder):
		return folder
	case folder != top && delegated(filepath.Dir(folder)):
		return filepath.Dir(folder)
	}
	return ""
})

// bounding reports whether the uppermost folder has the memory controller.
func bounding(top string) bool {
	text, err := os.ReadFile(top + "/cgroup.controllers")
	return err == nil && strings.Contains(string(text), "memory")
}

func delegated(folder string) bool {
	text, err := os.ReadFile(folder + "/cgroup.subtree_control")
	controllers := strings.Fields(string(text))
	return err == nil && slices.Contains(controllers, "memory") && slices.Contains(controllers, "pids") &&
		unix.Access(folder, unix.W_OK|unix.X_OK) == nil && unix.Access(folder+"/cgroup.procs", unix.W_OK) == nil
}
