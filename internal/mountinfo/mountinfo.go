// Package mountinfo reads the kernel's table of mounts (proc_pid_mountinfo(5)) and
// finds in it, as the kernel would, the mount that a path leads to. It must never
// leave out a line that it can't read: what that hides could be writable.
package mountinfo

import (
	"fmt"
	"slices"
	"strings"
)

// Mount is one line of /proc/PID/mountinfo.
type Mount struct {
	ID          string // unique among the mounts of the machine
	Parent      string // the id of the mount that it stands on
	Device      string // of the file system: "major:minor"
	Root        string // what of the file system is shown
	Point       string // where
	FSType      string
	Source      string
	ReadOnly    bool
	Propagation string // "private", or the kernel's words without their numbers
}

// sourceName is the source that the sandbox gives to its own file systems: the
// host's own at the same place would not have it.
const sourceName = "lockstile"

// String says what the view has there: a file system made for it, or a
// part of one, or a bind of something else.
func (m Mount) String() string {
	flag := " rw"
	if m.ReadOnly {
		flag = " ro"
	}
	if m.Source == sourceName {
		return m.FSType + " " + sourceName + strings.TrimSuffix(m.Root, "/") + flag
	}
	return "bind" + flag
}

// Parse reads mountinfo; a line that it can't read is an error, since what
// it hides could be writable.
func Parse(text string) ([]Mount, error) {
	out := make([]Mount, 0, 64)
	for one := range strings.Lines(text) {
		m, err := parseLine(strings.TrimSuffix(one, "\n"))
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

func parseLine(line string) (Mount, error) {
	before, after, dashed := strings.Cut(line, " - ")
	var f [6]string // id, parent, device, root, point, options; then tags, to the dash
	rest := before
	for i := range f {
		var more bool
		f[i], rest, more = strings.Cut(rest, " ")
		if !more && i+1 < len(f) {
			dashed = false
		}
	}
	fsType, after, _ := strings.Cut(after, " ")
	source, _, whole := strings.Cut(after, " ")
	if !dashed || !whole {
		return Mount{}, fmt.Errorf("mountinfo line %q has too few fields", line)
	}
	m := Mount{ID: f[0], Parent: f[1], Device: f[2], Root: unescape(f[3]), Point: unescape(f[4]), FSType: fsType, Source: unescape(source)}
	first, options, _ := strings.Cut(f[5], ",")
	if first != "ro" && first != "rw" {
		return Mount{}, fmt.Errorf("mountinfo line %q begins its options with %q", line, first)
	}
	m.ReadOnly = first == "ro" || strings.Contains(","+options+",", ",ro,")
	for tag := range strings.SplitSeq(rest, " ") {
		word, _, _ := strings.Cut(tag, ":")
		m.Propagation = strings.Trim(m.Propagation+"+"+word, "+")
	}
	if m.Propagation == "" {
		m.Propagation = "private"
	}
	return m, nil
}

// Tree finds the mount that a path leads to, as the kernel does: the order of
// the lines doesn't tell which of two at one place covers the other.
type Tree struct {
	root Mount
	at   map[edge]Mount
}

// edge is where a mount stands on another one.
type edge struct{ parent, point string }

// NewTree wants the whole table of one namespace.
func NewTree(mounts []Mount) (Tree, error) {
	t := Tree{at: make(map[edge]Mount, len(mounts))}
	for _, m := range mounts {
		t.at[edge{m.Parent, m.Point}] = m
	}
	roots := 0
	for _, m := range mounts {
		isParent := func(other Mount) bool { return other.ID == m.Parent && other.ID != m.ID }
		if m.Point == "/" && !slices.ContainsFunc(mounts, isParent) {
			delete(t.at, edge{m.Parent, m.Point})
			t.root = m
			roots++
		}
	}
	if roots != 1 {
		return Tree{}, fmt.Errorf("mountinfo has %d roots", roots)
	}
	return t, nil
}

// On gives the mount that a full path leads to.
func (t Tree) On(path string) Mount {
	m := t.over(t.root, "/")
	for i := 1; i < len(path); i++ {
		if i+1 == len(path) || path[i+1] == '/' {
			m = t.over(m, path[:i+1])
		}
	}
	return m
}

// over gives the topmost mount that stands on m at a point.
func (t Tree) over(m Mount, point string) Mount {
	for range t.at { // the kernel's own table has no circle, a text may
		next, ok := t.at[edge{m.ID, point}]
		if !ok {
			break
		}
		m = next
	}
	return m
}

// unescape turns \040 and its like, which the kernel writes for space, tab,
// newline and backslash, back.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) && octal(s[i+1]) && octal(s[i+2]) && octal(s[i+3]) {
			b.WriteByte((s[i+1]-'0')<<6 | (s[i+2]-'0')<<3 | (s[i+3] - '0'))
			i += 3
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func octal(c byte) bool { return c >= '0' && c <= '7' }
