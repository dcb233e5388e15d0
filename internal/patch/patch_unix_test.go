//go:build unix

package patch

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestKeeps checks what a change of a file's content leaves alone: permissions, other
// names of the file, and the link that leads to the file.
func TestKeeps(t *testing.T) {
	dir := folder(t, map[string]string{"a": numbers, "tool": numbers})
	must(t, os.Link(dir+"/a", dir+"/other"))
	must(t, os.Symlink("tool", dir+"/link"))
	must(t, os.Chmod(dir+"/tool", 0o750))
	must(t, apply(dir, "*** Begin Patch\n*** Update File: a\n@@\n-one\n+1\n*** Update File: link\n@@\n-one\n+1\n*** End Patch"))
	const want = "1\ntwo\nthree\nfour\n"
	for _, name := range []string{"a", "other", "tool", "link"} {
		if got, _ := os.ReadFile(filepath.Join(dir, name)); string(got) != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if info, _ := os.Lstat(dir + "/link"); info.Mode()&fs.ModeSymlink == 0 {
		t.Error("the link is gone")
	}
	if info, _ := os.Stat(dir + "/tool"); info.Mode().Perm() != 0o750 {
		t.Errorf("the permissions are %v", info.Mode())
	}
}

// TestUndo checks that nothing changes when the last of many files can't be written: the
// folder of the last file lets nobody write.
func TestUndo(t *testing.T) {
	files := map[string]string{"a": numbers, "b": numbers, "gone": numbers, "moved": numbers, "file": "x\n"}
	dir := folder(t, files)
	must(t, os.Link(dir+"/b", filepath.Join(t.TempDir(), "other"))) // written in place
	err := apply(dir, "*** Begin Patch\n*** Update File: a\n@@\n-one\n+1\n*** Update File: b\n@@\n-one\n+1\n*** Delete File: gone\n*** Add File: n/e/w\n+x\n"+
		"*** Update File: moved\n*** Move to: to\n*** Add File: "+strings.Repeat("x", 300)+"\n+x\n*** End Patch")
	var path *fs.PathError
	if !errors.As(err, &path) {
		t.Errorf("the error is %v", err)
	}
	if got := contents(t, dir); !maps.Equal(got, files) {
		t.Errorf("%q is left", got)
	}
	if _, err := os.Stat(dir + "/n"); err == nil {
		t.Error("a folder is left")
	}
}

// TestEdits makes up files and edits, writes each edit as a patch, and has git(1) carry
// our diff out as well: both must come to the wanted file.
func TestEdits(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		word := rapid.SampledFrom([]string{"a", "b", "c", "", " x", "\ty", "}", "-", "+", "@@", "…"})
		have := rapid.SliceOfN(word, 1, 30).Draw(r, "file")
		var want []string
		patch := beginMark + "\n*** Update File: a\n"
		// One chunk with the whole file has only one place.
		patch += "@@\n"
		for _, line := range have {
			switch rapid.IntRange(0, 5).Draw(r, "what") {
			case 0:
				patch += "-" + line + "\n"
			case 1:
				fresh := word.Draw(r, "fresh")
				patch += "-" + line + "\n+" + fresh + "\n"
				want = append(want, fresh)
			default:
				patch += " " + line + "\n"
				want = append(want, line)
			}
		}
		last := word.Draw(r, "last") + "." // the end is no empty line that could be dropped
		patch += "+" + last + "\n" + endMark + "\n"
		want = append(want, last)
		both(t, r, strings.Join(have, "\n")+"\n", patch, strings.Join(want, "\n")+"\n")
	})
}

// both carries a patch out, and then the patch's diff by git.
func both(t *testing.T, r *rapid.T, have, patch, want string) {
	dir := folder(t, map[string]string{"a": have, "git/a": have})
	files, err := Parse(patch)
	if err != nil {
		r.Fatal(err)
	}
	changes, err := Apply(dir, files)
	if err != nil {
		r.Fatalf("%v\n%s", err, patch)
	}
	if got, _ := os.ReadFile(dir + "/a"); string(got) != want {
		r.Fatalf("%q, want %q", got, want)
	}
	diff := fmt.Sprintf("--- a/a\n+++ b/a\n%s", changes[0].Diff)
	git := exec.Command("git", "apply", "--unidiff-zero", "-")
	git.Dir, git.Stdin = dir+"/git", strings.NewReader(diff)
	git.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+dir, "GIT_CONFIG_NOSYSTEM=1", "HOME="+dir)
	if out, err := git.CombinedOutput(); err != nil {
		r.Fatalf("git: %v\n%s\n%s", err, out, diff)
	}
	if got, _ := os.ReadFile(dir + "/git/a"); string(got) != want {
		r.Fatalf("git made %q of our diff, want %q", got, want)
	}
}
