//go:build linux

package measure

import (
	"errors"
	"os"
	"strings"
	"sync"

	"github.com/lockstile/lockstile/internal/attest"
	"github.com/lockstile/lockstile/internal/mountinfo"
)

// Cgroup reads whether a process is in another cgroup than we are, and the limits of its
// cgroup.
func (p Process) Cgroup(e *attest.Evidence) {
	folder, err := cgroupOf(p.path("cgroup"))
	ours, bad := cgroupOf("/proc/self/cgroup")
	word := "own"
	if folder == ours {
		word = "ours"
	}
	e.Set(p.fact("cgroup"), word, errors.Join(err, bad))
	for _, name := range []string{"pids.max", "memory.max", "memory.oom.group"} {
		text, bad := "", err
		if bad == nil {
			text, bad = read(folder + "/" + name)
		}
		e.Set(p.fact("cgroup."+name), strings.TrimSpace(text), bad)
	}
}

// mounts are our mounts at the first look: the mounts of the cgroup file system are among
// them.
var mounts = sync.OnceValues(func() ([]mountinfo.Mount, error) {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	return mountinfo.Parse(string(text))
})

func cgroupOf(file string) (string, error) {
	text, err := read(file)
	if err != nil {
		return "", err
	}
	table, err := mounts()
	if err != nil {
		return "", err
	}
	folder, _ := mountinfo.Cgroup(table, text)
	if folder == "" {
		return "", errors.New("its cgroup can't be seen")
	}
	return folder, nil
}
