//go:build unix

package trail

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
		for _, link := range got.Links {
			if at, err := filepath.EvalSymlinks(filepath.Dir(link)); err != nil || at != filepath.Dir(link) {
				r.Fatalf("%s: %s is not told by its own path: %s, %v", path, link, at, err)
			}
		}
		for _, link := range slices.Compact(slices.Sorted(slices.Values(got.Links))) {
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

func mkdirTemp(t *testing.T) string {
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
	if _, err := Walk(dir + "/loop/x"); err == nil {
		t.Error("a loop has an end")
	}
	if _, err := Walk("x"); err == nil {
		t.Error("a relative path is followed")
	}
	got, err := Walk(dir + "/x/more")
	if err != nil || !slices.Equal(got.Links, []string{dir + "/x"}) || got.Missing != dir+"/y" || got.End != dir+"/y/z/more" {
		t.Errorf("%+v %v", got, err)
	}
	got, err = Walk(dir + "/up")
	if err != nil || got.Missing != dir+"/y" || len(got.Links) != 1 {
		t.Errorf("%+v %v", got, err)
	}
}
