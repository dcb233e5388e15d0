//go:build unix

package trail

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"pgregory.net/rapid"
)

// TestAgainstTheKernel checks that Walk and the kernel find the same file, among random
// links, and that removing any link of the trail breaks the path.
func TestAgainstTheKernel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		dir, err := filepath.EvalSymlinks(mkdirTemp(t))
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		names := []string{"a", "b", "c", "a/b", "b/a", "c/c", "a/c", "b/b/b"}
		for i := range rapid.IntRange(2, 8).Draw(r, "made") {
			name := filepath.Join(dir, rapid.SampledFrom(names).Draw(r, fmt.Sprint("name", i)))
			_ = os.MkdirAll(filepath.Dir(name), 0o755)
			if rapid.Bool().Draw(r, fmt.Sprint("link", i)) {
				to := rapid.SampledFrom([]string{"a", "../a", "b/..", "./c/", "..", "../..//c", "nothing", dir + "/b", dir + "/a/../c", "a/b"}).Draw(r, fmt.Sprint("to", i))
				_ = os.Symlink(to, name)
			} else {
				_ = os.Mkdir(name, 0o755)
			}
		}
		path := dir + "/" + rapid.SampledFrom([]string{"a", "b", "a/b", "b/a/c", "c/../a", "a/../b/.", "a/b/../../c", "c/c/c"}).Draw(r, "path")
		info, statErr := os.Stat(path)
		got, err := Walk(path)
		if statErr != nil {
			if err == nil && got.Missing == "" {
				r.Fatalf("%s: %v for the kernel, %+v for us", path, statErr, got)
			}
			return
		}
		end, endErr := os.Lstat(got.End)
		if err != nil || endErr != nil || got.Missing != "" || !os.SameFile(info, end) {
			r.Fatalf("%s: %+v, %v, %v", path, got, err, endErr)
		}
		if st := info.Sys().(*syscall.Stat_t); runtime.GOOS == "linux" && got.ID != (ID{uint64(st.Dev), st.Ino}) {
			r.Fatalf("%s: %v is another file", path, got.ID)
		}
		var links []string
		for _, l := range got.Links {
			link := l.Path
			links = append(links, link)
			if at, err := filepath.EvalSymlinks(filepath.Dir(link)); err != nil || at != filepath.Dir(link) {
				r.Fatalf("%s: %s is not told by its own path: %s, %v", path, link, at, err)
			}
		}
		for _, link := range slices.Compact(slices.Sorted(slices.Values(links))) {
			if os.Rename(link, link+".away") != nil {
				continue
			}
			if _, err := os.Stat(path); err == nil {
				r.Fatalf("%s: the way does not go by %s", path, link)
			}
			_ = os.Rename(link+".away", link)
		}
	})
}

func mkdirTemp(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "trail-")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestWalk(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"loop": "loop", "x": "y/z", "up": "../" + filepath.Base(dir) + "/y"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := Walk(dir + "/loop/x"); err != ErrLinks || got.Links[0].Path != dir+"/loop" || got.End != "" {
		t.Errorf("a loop: %+v, %v", got, err)
	}
	if err := os.WriteFile(dir+"/file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := Walk(dir + "/file/x/.."); err != ErrFolder || got.End != dir+"/file" {
		t.Errorf("a file on the way: %+v, %v", got, err)
	}
	if got, err := Walk(dir + "/" + strings.Repeat("n", 300)); err != ErrLong || got.End != "" {
		t.Errorf("a long name: %+v, %v", got, err)
	}
	if got, err := Walk(dir + "/gone/../file"); err != nil || got.End != dir+"/gone" || got.Missing != got.End {
		t.Errorf("an absent folder and back: %+v, %v", got, err)
	}
	if _, err := Walk("x"); err == nil {
		t.Error("a relative path is followed")
	}
	got, err := Walk(dir + "/x/more")
	if err != nil || len(got.Links) != 1 || got.Links[0].Path != dir+"/x" || got.Missing != dir+"/y" || got.End != dir+"/y/z/more" {
		t.Errorf("%+v %v", got, err)
	}
	got, err = Walk(dir + "/up")
	if err != nil || got.Missing != dir+"/y" || len(got.Links) != 1 {
		t.Errorf("%+v %v", got, err)
	}
}

// TestMagic checks that a walk ends at a link of /proc that is no name.
func TestMagic(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("/proc is Linux's")
	}
	if got, err := Walk("/proc/self/root/etc"); err != ErrMagic || len(got.Links) != 2 || got.End != "" {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := Walk("/proc/self/status"); err != nil || got.End != fmt.Sprintf("/proc/%d/status", os.Getpid()) {
		t.Errorf("%+v, %v", got, err)
	}
}

// FuzzWalk checks that no path and no link makes a walk end otherwise than the kernel.
func FuzzWalk(f *testing.F) {
	dir, err := filepath.EvalSymlinks(mkdirTemp(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.MkdirAll(dir+"/a/b", 0o755); err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{"a/b/..", "link/../link", "../a", "a//b/./c", "\xff/a", "/", "link/link"} {
		f.Add(s, "a/b")
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, path, to string) {
		_ = os.Remove(dir + "/link")
		_ = os.Symlink(to, dir+"/link") // a text that is no path makes no link
		info, statErr := os.Stat(dir + "/" + path)
		got, err := Walk(dir + "/" + path)
		if statErr != nil || strings.HasPrefix(to, "/proc") || strings.Contains(path+to, "\x00") {
			return
		}
		if end, endErr := os.Lstat(got.End); err != nil || endErr != nil || !os.SameFile(info, end) {
			t.Errorf("%q with a link to %q: %+v, %v, %v", path, to, got, err, endErr)
		}
	})
}

func BenchmarkWalk(b *testing.B) {
	dir, err := filepath.EvalSymlinks(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Walk(dir); err != nil {
			b.Fatal(err)
		}
	}
}
