//go:build linux

package measure

import (
	"fmt"
	"strings"
)

// mount is one line of /proc/PID/mountinfo (proc_pid_mountinfo(5)).
type mount struct {
	id          string // unique among the mounts of the machine
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
	f := strings.Split(line, " ")
	dash := 6
	for dash < len(f) && f[dash] != "-" {
		dash++
	}
	if len(f) < dash+4 {
		return mount{}, fmt.Errorf("mountinfo line %q has too few fields", line)
	}
	m := mount{id: f[0], root: unescape(f[3]), point: unescape(f[4]), fsType: f[dash+1], source: unescape(f[dash+2])}
	for i, opt := range strings.Split(f[5], ",") {
		if i == 0 && opt != "ro" && opt != "rw" {
			return mount{}, fmt.Errorf("mountinfo line %q begins its options with %q", line, opt)
		}
		m.readOnly = m.readOnly || opt == "ro"
	}
	for _, tag := range f[6:dash] {
		word, _, _ := strings.Cut(tag, ":")
		m.propagation = strings.TrimPrefix(m.propagation+"+"+word, "+")
	}
	if m.propagation == "" {
		m.propagation = "private"
	}
	return m, nil
}

// on gives the mount that a path lies on: of the deepest, the last one.
func on(mounts []mount, path string) (out mount) {
	for _, m := range mounts {
		covers := m.point == "/" || path == m.point || strings.HasPrefix(path, m.point+"/")
		if covers && len(m.point) >= len(out.point) {
			out = m
		}
	}
	return out
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
