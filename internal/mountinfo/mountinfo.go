// Package mountinfo reads the kernel's table of mounts (proc_pid_mountinfo(5)) and finds
// the mount of a path, as the kernel would. Package mountinfo must never skip an
// unreadable line: the hidden mount could be writable.
package mountinfo

import (
	"fmt"
	"slices"
	"strings"
)

// Mount is a line of /proc/PID/mountinfo.
type Mount struct {
	ID          string // unique among the mounts of the machine
	Parent      string // the id of the mount beneath
	Device      string // of the file system: "major:minor"
	Root        string // the shown part of the file system
	Point       string // where
	FSType      string
	Source      string
	ReadOnly    bool
	NoSUID      bool   // set-user-ID bits and file capabilities have no effect (mount(2), MS_NOSUID)
	Propagation string // "private", or the kernel's words without numbers
	Upper       string // of an overlay: the folder for what is written
	Terminals   string // of a devpts: the most terminals, "" for the machine's limit
}

// sourceName is the source of the sandbox's own file systems: a file system of the host
// at the same place has another source.
const sourceName = "lockstile"

// String describes the mount: a file system of the sandbox, or a part of one, or a bind
// of another file system.
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

// Parse reads mountinfo. An unreadable line is an error, since the hidden mount could be
// writable.
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
	source, super, whole := strings.Cut(after, " ")
	if !dashed || !whole {
		return Mount{}, fmt.Errorf("mountinfo line %q has too few fields", line)
	}
	m := Mount{ID: f[0], Parent: f[1], Device: f[2], Root: unescape(f[3]), Point: unescape(f[4]), FSType: fsType, Source: unescape(source)}
	switch fsType {
	case "overlay":
		m.Upper = option(super, "upperdir")
	case "devpts":
		m.Terminals = option(super, "max")
	}
	first, options, _ := strings.Cut(f[5], ",")
	if first != "ro" && first != "rw" {
		return Mount{}, fmt.Errorf("mountinfo line %q begins its options with %q", line, first)
	}
	options = "," + options + ","
	m.ReadOnly = first == "ro" || strings.Contains(options, ",ro,")
	m.NoSUID = strings.Contains(options, ",nosuid,")
	for tag := range strings.SplitSeq(rest, " ") {
		word, _, _ := strings.Cut(tag, ":")
		m.Propagation = strings.Trim(m.Propagation+"+"+word, "+")
	}
	if m.Propagation == "" {
		m.Propagation = "private"
	}
	return m, nil
}

// option returns the value of an option of a file system, or "".
func option(options, name string) string {
	for one := range strings.SplitSeq(options, ",") {
		if key, value, _ := strings.Cut(one, "="); key == name {
			return unescape(value)
		}
	}
	return ""
}

// Tree finds the mount of a path, as the kernel does. The order of the lines is not
// enough: it doesn't say which of two mounts at a place covers the other.
type Tree struct {
	root Mount
	at   map[edge]Mount
}

// edge is the place of a mount on another mount.
type edge struct{ parent, point string }

// NewTree needs the whole table of a namespace.
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

// On returns the mount of a full path.
func (t Tree) On(path string) Mount {
	m := t.over(t.root, "/")
	for i := 1; i < len(path); i++ {
		if i+1 == len(path) || path[i+1] == '/' {
			m = t.over(m, path[:i+1])
		}
	}
	return m
}

// over returns the topmost mount at a point of m.
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

// unescape replaces octal escapes such as \040. The kernel writes octal escapes for
// space, tab, newline and backslash.
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
