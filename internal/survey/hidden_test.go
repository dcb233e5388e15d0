//go:build linux

package survey

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/trail"
	"github.com/lockstile/lockstile/policy"
)

// nearest returns the length of the longest path in the list that is path or holds path.
func nearest(path string, some []host.Covered) (longest int) {
	for _, c := range some {
		if trail.Within(path, c.Path) {
			longest = max(longest, len(c.Path))
		}
	}
	return longest
}

// TestHiddenIsThePolicy checks, for random files and rules, that the covered paths not
// shown again are exactly the denied paths, and that allowed paths are granted.
func TestHiddenIsThePolicy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base, err := os.MkdirTemp("", "lockstile-hidden-")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(base)
		name := rapid.SampledFrom([]string{"a", "b", ".c", "d.key"})
		for _, parts := range rapid.SliceOfN(rapid.SliceOfN(name, 1, 4), 1, 12).Draw(t, "files") {
			file := filepath.Join(append([]string{base}, parts...)...)
			_ = os.MkdirAll(filepath.Dir(file), 0o700)
			_ = os.WriteFile(file, nil, 0o600)
		}
		ws := filepath.Join(base, "workspace")
		if err := os.Mkdir(ws, 0o700); err != nil {
			t.Fatal(err)
		}
		p := policy.Policy{Mode: policy.ModeReadOnly, Workspace: ws, Home: "/nowhere"}
		part := rapid.SampledFrom([]string{"a", "b", ".c", "d.key", "*", "*.key", "?", "**", "[ab]"})
		for _, parts := range rapid.SliceOfN(rapid.SliceOfN(part, 1, 3), 1, 5).Draw(t, "rules") {
			p.Read = append(p.Read, policy.ReadRule{Pattern: base + "/" + strings.Join(parts, "/"), Allow: rapid.Bool().Draw(t, "allow")})
		}
		var closed []string
		if rapid.Bool().Draw(t, "closed") {
			closed = []string{base + "/a", base + "/d.key", base + "/workspace"}
		}
		h, err := FindHidden(p, "", closed)
		if err != nil {
			if p.DecideRead(ws).Allowed {
				t.Fatal(err)
			}
			return // the workspace may not be read
		}
		err = filepath.WalkDir(base, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			isClosed := slices.ContainsFunc(closed[:min(len(closed), 2)], func(c string) bool { return trail.Within(path, c) })
			allowed, hidden := p.DecideRead(path).Allowed && !isClosed, nearest(path, h.Covered) > nearest(path, h.Shown)
			granted := slices.ContainsFunc(h.Readable, func(r string) bool { return trail.Within(path, r) })
			if allowed == hidden || allowed && !granted || closed != nil && granted && !allowed {
				t.Errorf("%s: allowed %v, hidden %v, granted %v\nrules %+v\n%+v", path, allowed, hidden, granted, p.Read, h.Covered)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// TestWalkIsBounded checks that a pattern that leads everywhere is refused, not carried
// out.
func TestWalkIsBounded(t *testing.T) {
	p := policy.Policy{Mode: policy.ModeReadOnly, Workspace: "/", Read: []policy.ReadRule{{Pattern: "/**/nothing-has-this-name"}}}
	if _, err := FindHidden(p, "", nil); err == nil {
		t.Skip("this machine has few folders")
	}
}

// TestHiddenIsKept checks that the kept result equals a fresh result after any change.
func TestHiddenIsKept(t *testing.T) {
	// Other processes change the folders above meanwhile: kept results are young in this
	// test, and the folders lie outside /tmp.
	defer func(was time.Duration) { settled = was }(settled)
	settled = 50 * time.Millisecond
	base, err := os.MkdirTemp("/dev/shm", "lockstile-kept-")
	if err != nil {
		t.Skip("needs a quiet folder")
	}
	t.Cleanup(func() { os.RemoveAll(base) })
	store, home, elsewhere := base+"/store", base+"/home", base+"/elsewhere"
	for _, dir := range []string{store, home + "/ws", home + "/.ssh", home + "/sub", elsewhere + "/keys"} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(elsewhere, home+"/linked"); err != nil {
		t.Fatal(err)
	}
	p := policy.Policy{Mode: policy.ModeWorkspaceWrite, Workspace: home + "/ws", Home: store}
	for _, pattern := range []string{"/.ssh", "/.aws", "/sub/*.key", "/linked/keys"} {
		p.Read = append(p.Read, policy.ReadRule{Pattern: home + pattern})
	}
	mounts, err := mountTable() // the present mounts: other processes mount beside us
	if err != nil {
		t.Fatal(err)
	}
	isKept := func() bool {
		_, ok := kept(store+"/hidden.workspace-write", basisOf(p, mounts, nil).key)
		return ok
	}
	for _, c := range []struct {
		what   string
		change func() error
	}{
		{"another store", func() error { return os.Mkdir(home+"/.aws", 0o700) }},
		{"a file to match", func() error { return os.WriteFile(home+"/sub/x.key", nil, 0o600) }},
		{"what a link leads to", func() error { return os.Rename(elsewhere+"/keys", elsewhere+"/gone") }},
		{"a link elsewhere", func() error { return errors.Join(os.Remove(home+"/linked"), os.Symlink(home+"/sub", home+"/linked")) }},
		{"a rule", func() error { p.Read = append(p.Read, policy.ReadRule{Pattern: home + "/more"}); return nil }},
	} {
		// Other processes change the folders above, and a change must be some time ago.
		for deadline := time.Now().Add(20 * time.Second); !isKept(); time.Sleep(60 * time.Millisecond) {
			if _, err := hiddenAmong(mounts, p, store, nil); err != nil || time.Now().After(deadline) {
				t.Fatalf("before %s: nothing is kept, %v", c.what, err)
			}
		}
		if _, ok := kept(store+"/hidden.workspace-write", basisOf(p, mounts+"another", nil).key); ok {
			t.Error("it is kept for other mounts")
		}
		before, err := hiddenAmong(mounts, p, store, nil)
		if err != nil {
			t.Fatal(err)
		}
		if fresh, err := hiddenAmong(mounts, p, "", nil); err != nil || !reflect.DeepEqual(before, fresh) {
			t.Errorf("before %s: %v is kept, and it is %v (%v)", c.what, before, fresh, err)
		}
		if err := c.change(); err != nil {
			t.Fatal(err)
		}
		if isKept() {
			t.Errorf("%s: what is kept holds on", c.what)
		}
		got, err := hiddenAmong(mounts, p, store, nil)
		if fresh, _ := hiddenAmong(mounts, p, "", nil); err != nil || !reflect.DeepEqual(got, fresh) {
			t.Errorf("%s: %v, and it is %v (%v)", c.what, got, fresh, err)
		}
	}
}

// FuzzDecodeKept checks that only the text of encodeKept is read back.
func FuzzDecodeKept(f *testing.F) {
	b := &basis{at: 7, key: "k", folders: map[string]stamp{"/a b": {device: 3, changed: 5}}, links: map[string]string{"/l": "/t"}}
	f.Add(string(encodeKept(b, host.Hidden{Covered: []host.Covered{{Path: "/c", Dir: true}}, Shown: []host.Covered{{Path: "/s"}}, Readable: []string{"/r"}})))
	f.Add("=k\x00a1\x00.\x00")
	f.Fuzz(func(t *testing.T, text string) {
		b, found, ok := decodeKept(text)
		if !ok {
			return
		}
		again, same, ok := decodeKept(string(encodeKept(b, found)))
		if !ok || !reflect.DeepEqual(b, again) || !reflect.DeepEqual(found, same) {
			t.Errorf("%q: %v %v, and again %v %v", text, b, found, again, same)
		}
	})
}

// TestHiddenIsNotKeptByChance checks that a walk with a passing error is not kept.
func TestHiddenIsNotKeptByChance(t *testing.T) {
	for _, c := range []struct {
		err  error
		kept bool
	}{{os.ErrNotExist, true}, {syscall.EACCES, true}, {syscall.ENOTDIR, true}, {syscall.EIO, false}, {syscall.EMFILE, false}} {
		b := &basis{at: time.Now().UnixNano()}
		b.missed(c.err)
		file := t.TempDir() + "/hidden"
		if err := keep(file, b, host.Hidden{}); err != nil {
			t.Fatal(err)
		}
		if exists(file) != c.kept {
			t.Errorf("%v: kept %t", c.err, exists(file))
		}
	}
}
