package mountinfo

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for line, want := range map[string]Mount{
		"36 35 98:0 / / rw,noatime master:1 - ext3 /dev/root rw,errors=continue": {
			ID: "36", Device: "98:0", Parent: "35", Point: "/", FSType: "ext3", Source: "/dev/root", Root: "/", Propagation: "master"},
		`40 36 0:5 /a\040b /mnt/with\040space ro,relatime - tmpfs none rw`: {
			ID: "40", Device: "0:5", Parent: "36", Point: "/mnt/with space", FSType: "tmpfs", Source: "none", Root: "/a b", ReadOnly: true, Propagation: "private"},
		"41 36 0:6 / /x rw shared:5 master:7 unbindable - proc lockstile rw": {
			ID: "41", Device: "0:6", Parent: "36", Point: "/x", FSType: "proc", Source: "lockstile", Root: "/", Propagation: "shared+master+unbindable"},
		"42 36 0:7 / /dev/pts rw,nosuid - devpts lockstile rw,mode=620,ptmxmode=666,max=256": {
			ID: "42", Device: "0:7", Parent: "36", Point: "/dev/pts", FSType: "devpts", Source: "lockstile", Root: "/", NoSUID: true, Propagation: "private", Terminals: "256"},
		`43 36 0:8 / /o rw - overlay lockstile rw,max=3,lowerdir=/a,upperdir=/b\040c`: {
			ID: "43", Device: "0:8", Parent: "36", Point: "/o", FSType: "overlay", Source: "lockstile", Root: "/", Propagation: "private", Upper: "/b c"},
	} {
		got, err := parseLine(line)
		if err != nil || got != want {
			t.Errorf("%s\ngot  %+v %v\nwant %+v", line, got, err, want)
		}
	}
	for _, line := range []string{"", "36 35 98:0 / / rw", "36 35 98:0 / / rw,noatime master:1 -", "36 35 98:0 / / noatime,rw - ext3 x rw",
		"36 35 98:0 / /  - ext3 x rw"} {
		if m, err := parseLine(line); err == nil {
			t.Errorf("%q is read as %+v", line, m)
		}
	}
}

// TestOn checks that a mount covers its parent's point, in any order of lines.
func TestOn(t *testing.T) {
	mounts := []Mount{
		{ID: "9", Parent: "2", Point: "/a"}, // a later mount, listed before the rest
		{ID: "8", Parent: "9", Point: "/a/b/c"},
		{ID: "1", Parent: "0", Point: "/"}, {ID: "2", Parent: "1", Point: "/a"}, {ID: "3", Parent: "1", Point: "/ab"},
		{ID: "4", Parent: "2", Point: "/a/b"}, // beneath /a
		{ID: "5", Parent: "3", Point: "/ab/c"}, {ID: "6", Parent: "5", Point: "/ab/c"},
	}
	tree, err := NewTree(mounts)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"/": "1", "/x": "1", "/a": "9", "/a/b": "9", "/ab": "3", "/a/b/c/d": "8", "/a/b/cd": "9", "/ab/c": "6", "/ab/c/d": "6"} {
		if got := tree.On(path).ID; got != want {
			t.Errorf("%s lies on %s, want %s", path, got, want)
		}
	}
	for _, bad := range [][]Mount{nil, mounts[:2], append(mounts, Mount{ID: "7", Parent: "77", Point: "/"})} {
		if _, err := NewTree(bad); err == nil {
			t.Errorf("%+v has a root", bad)
		}
	}
}

// TestMountSays checks that only the sandbox's file systems are described as its own.
func TestMountSays(t *testing.T) {
	for want, m := range map[string]Mount{
		"tmpfs lockstile rw":       {FSType: "tmpfs", Source: "lockstile", Root: "/"},
		"proc lockstile ro":        {FSType: "proc", Source: "lockstile", Root: "/", ReadOnly: true},
		"bind rw":                  {FSType: "tmpfs", Source: "tmpfs", Root: "/"},
		"tmpfs lockstile/below ro": {FSType: "tmpfs", Source: "lockstile", Root: "/below", ReadOnly: true},
	} {
		if got := m.String(); got != want {
			t.Errorf("%+v: %q, want %q", m, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("36 35 98:0 / / rw,noatime master:1 - ext3 /dev/root rw\n")
	f.Add("1 1 0:1 / / rw - t s rw\n2 2 0:1 / /a rw - t s rw\n")
	f.Add(`40 36 0:5 /a\040b /mnt/\134\777 ro - tmpfs none rw`)
	f.Fuzz(func(t *testing.T, text string) {
		mounts, err := Parse(text)
		if err == nil && len(mounts) != strings.Count(text, "\n")+min(1, len(text)-1-strings.LastIndex(text, "\n")) {
			t.Errorf("%d mounts of %q", len(mounts), text)
		}
		if tree, err := NewTree(mounts); err == nil {
			for _, m := range mounts {
				tree.On(m.Point) // On terminates
			}
		}
	})
}
