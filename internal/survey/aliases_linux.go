package survey

import (
	"os"
	"path"
	"strings"

	"github.com/lockstile/lockstile/internal/glob"
	"github.com/lockstile/lockstile/internal/mountinfo"
	"github.com/lockstile/lockstile/internal/trail"
	"github.com/lockstile/lockstile/refusal"
)

// aliases adds each pattern again for each other place where the machine shows the same
// folder: a bind mount, or a second mount of the disk.
func (s *search) aliases(states []state) error {
	mounts, err := mountinfo.Parse(s.mounts)
	if err != nil {
		return unknownMounts(err)
	}
	tree, err := mountinfo.NewTree(mounts)
	if err != nil {
		return unknownMounts(err)
	}
	shown := repeated(mounts)
	if len(shown) == 0 {
		return nil
	}
	for _, st := range states {
		if st.rule == s.exempt {
			continue
		}
		literal := 0
		for literal < len(st.rest) && !glob.IsPattern(st.rest[literal]) {
			literal++
		}
		fixed, rest := "/"+path.Join(st.rest[:literal]...), st.rest[literal:]
		on := tree.On(fixed)
		where := path.Join(on.Root, strings.TrimPrefix(fixed, on.Point))
		for _, m := range shown[on.Device] {
			if m.ID == on.ID {
				continue
			}
			again := *st.rule
			switch {
			case trail.Within(where, m.Root):
				again.Pattern = path.Join(glob.Escape(path.Join(m.Point, strings.TrimPrefix(where, m.Root))), path.Join(rest...))
			case trail.Within(m.Root, where) && len(rest) == 0: // a part of a hidden folder
				again.Pattern = glob.Escape(m.Point)
			default:
				continue
			}
			s.add(again, st.guard)
		}
	}
	return nil
}

// rootAliases lists the mounts that show a root, or a folder of a root, at another place.
func rootAliases(roots []string) (out []alias, err error) {
	text, err := mountTable()
	if err != nil {
		return nil, err
	}
	mounts, err := mountinfo.Parse(text)
	if err != nil {
		return nil, unknownMounts(err)
	}
	shown := repeated(mounts)
	if len(shown) == 0 {
		return nil, nil
	}
	tree, err := mountinfo.NewTree(mounts)
	if err != nil {
		return nil, unknownMounts(err)
	}
	for _, root := range roots {
		on := tree.On(root)
		where := path.Join(on.Root, strings.TrimPrefix(root, on.Point))
		for _, m := range shown[on.Device] {
			if m.ID != on.ID && trail.Within(m.Root, where) {
				out = append(out, alias{m.Point, path.Join(root, strings.TrimPrefix(m.Root, where))})
			}
		}
	}
	return out, nil
}

// mountTable is proc_pid_mountinfo(5).
func mountTable() (string, error) {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return "", unknownMounts(err)
	}
	return string(text), nil
}

// repeated lists the mounts of each file system with more than one mount.
func repeated(mounts []mountinfo.Mount) map[string][]mountinfo.Mount {
	out := map[string][]mountinfo.Mount{}
	for _, m := range mounts {
		out[m.Device] = append(out[m.Device], m)
	}
	for device, of := range out {
		if len(of) < 2 {
			delete(out, device)
		}
	}
	return out
}

func unknownMounts(err error) error {
	return &refusal.Error{Code: refusal.CodeUnsupported, Stage: refusal.StagePlan, Reason: "the machine's mounts can't be told, of which one may show what is to be hidden",
		Hint: "mount /proc, or leave filesystem.deny_read out", Err: err}
}
