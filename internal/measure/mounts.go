//go:build linux

package measure

import (
	"fmt"
	"slices"
	"strings"
)

// mount is one line of /proc/PID/mountinfo (proc_pid_mountinfo(5)).
type mount struct {
	id          string // unique among the mounts of the machine
	parent      string // the id of the mount that it stands on
	point       string
	fsType      string
	source      string
	root        string
	readOnly    bool
	propagation string // "private", or the kernel's words without their numbers
}

// sourceName is the source that the sandbox gives to its own file systems: the
// host's own at the same place would not have it.
const sourceName = "lockstile"

// String says what the view has there: a file system made for it, or a bind of
// something else.
func (m mount) String() string {
	flag := " rw"
	if m.readOnly {
		flag = " ro"
	}
	if m.source == sourceName && m.root == "/" {
		return m.fsType + " " + sourceName + flag
	}
	return "bind" + flag
}

// parseMounts reads mountinfo; a line that it can't read is an error, since what
// it hides could be writable.
func parseMounts(text string) ([]mount, error) {
	out := make([]mount, 0, 64)
	for one := range strings.Lines(text) {
		m, err := parseMount(strings.TrimSuffix(one, "\n"))
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

func parseMount(line string) (mount, error) {
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
		return mount{}, fmt.Errorf("mountinfo line %q has too few fields", line)
	}
	m := mount{id: f[0], parent: f[1], root: unescape(f[3]), point: unescape(f[4]), fsType: fsType, source: unescape(source)}
	first, options, _ := strings.Cut(f[5], ",")
	if first != "ro" && first != "rw" {
		return mount{}, fmt.Errorf("mountinfo line %q begins its options with %q", line, first)
	}
	m.readOnly = first == "ro" || strings.Contains(","+options+",", ",ro,")
	for tag := range strings.SplitSeq(rest, " ") {
		word, _, _ := strings.Cut(tag, ":")
		m.propagation = strings.Trim(m.propagation+"+"+word, "+")
	}
	if m.propagation == "" {
		m.propagation = "private"
	}
	return m, nil
}

// mountTree finds the mount that a path leads to, as the kernel does: the order of
// the lines doesn't tell which of two at one place covers the other.
type mountTree struct {
	root mount
	at   map[edge]mount
}

// edge is where a mount stands on another one.
type edge struct{ parent, point string }

func newMountTree(mounts []mount) (mountTree, error) {
	t := mountTree{at: make(map[edge]mount, len(mounts))}
	for _, m := range mounts {
		t.at[edge{m.parent, m.point}] = m
	}
	roots := 0
	for _, m := range mounts {
		isParent := func(other mount) bool { return other.id == m.parent && other.id != m.id }
		if m.point == "/" && !slices.ContainsFunc(mounts, isParent) {
			delete(t.at, edge{m.parent, m.point})
			t.root = m
			roots++
		}
	}
	if roots != 1 {
		return mountTree{}, fmt.Errorf("mountinfo has %d roots", roots)
	}
	return t, nil
}

// on gives the mount that a full path leads to.
func (t mountTree) on(path string) mount {
	m := t.over(t.root, "/")
	for i := 1; i < len(path); i++ {
		if i+1 == len(path) || path[i+1] == '/' {
			m = t.over(m, path[:i+1])
		}
	}
	return m
}

// over gives the topmost mount that stands on m at a point.
func (t mountTree) over(m mount, point string) mount {
	for range t.at { // the kernel's own table has no circle, a text may
		next, ok := t.at[edge{m.id, point}]
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
