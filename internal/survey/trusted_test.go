package survey

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/lockstile/lockstile/internal/glob"
	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/trustname"
	"github.com/lockstile/lockstile/policy"
)

func TestProtectedPaths(t *testing.T) {
	ws := t.TempDir()
	if err := os.Chmod(ws, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{".git/hooks", "sub/.git", "sub/.vscode", "sub/.zed", "sub/deep/.git", "plain"} {
		if err := os.MkdirAll(filepath.Join(ws, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{".envrc", "a.code-workspace", "file", "sub/.envrc", "sub/file"} {
		if err := os.WriteFile(filepath.Join(ws, file), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("plain", filepath.Join(ws, ".claude")); err != nil {
		t.Fatal(err)
	}
	_, err := os.Lstat(filepath.Join(ws, ".claude"))
	linked := err == nil // Wine reports success without making a link
	p := policy.Policy{Mode: policy.ModeWorkspaceWrite, Workspace: ws, WritableRoots: []policy.Root{{Path: filepath.Join(ws, "sub")}}}
	seen, err := FindTrusted(p, "", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	got, absent := seen.There, map[string]host.Absent{}
	for _, a := range seen.Absent {
		absent[a.Dir] = a
	}
	atRoot, below, deep := absent[ws], absent[filepath.Join(ws, "sub")], absent[filepath.Join(ws, "sub", "deep")]
	var want []string
	// .zed is trusted at a root alone; sub is a root here, and the folders of sub are
	// read.
	names := []string{".envrc", ".git", "a.code-workspace", "sub/.envrc", "sub/.git", "sub/.vscode", "sub/.zed", "sub/deep/.git"}
	if linked {
		names = append(names, ".claude", "plain") // the link, and the link's target
	}
	slices.Sort(names)
	for _, name := range names {
		want = append(want, filepath.Join(ws, name))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	for _, n := range trustname.Protected() {
		if glob.IsPattern(n.Pattern) && !n.RootOnly {
			t.Errorf("%s is a pattern: a folder can't be asked for it", n.Pattern)
		}
	}
	info, err := os.Stat(ws)
	if err != nil {
		t.Fatal(err)
	}
	if len(absent) != 3 || len(seen.Absent) != 3 || atRoot.Mode != uint32(info.Mode().Perm()) || slices.Contains(atRoot.Names, ".git") ||
		slices.Contains(atRoot.Names, ".claude") == linked || !slices.Contains(atRoot.Names, ".bashrc") || !slices.Contains(below.Names, ".husky") ||
		slices.Contains(deep.Names, ".bashrc") || !slices.Contains(deep.Names, ".husky") {
		t.Errorf("absent: %+v", absent)
	}
	p.Mode = policy.ModeReadOnly
	if got, err := FindTrusted(p, "", "", nil); err != nil || len(got.There)+len(got.Absent) != 0 {
		t.Errorf("read-only: %+v, %v", got, err)
	}
}

// TestProtectedWhatCantBeLookedInto checks that a folder without read permission is
// protected: the owner could open the folder again.
func TestProtectedWhatCantBeLookedInto(t *testing.T) {
	if os.Geteuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("root looks into everything, and Windows knows no such modes")
	}
	ws := t.TempDir()
	shut := filepath.Join(ws, "shut")
	if err := os.MkdirAll(filepath.Join(shut, ".git"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(shut, 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := FindTrusted(policy.Policy{Mode: policy.ModeWorkspaceWrite, Workspace: ws}, "", "", nil)
	os.Chmod(shut, 0o700)
	if err != nil || !slices.Equal(got.There, []string{shut}) {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestOwnPrograms checks that ownPrograms has each program of cmd.
func TestOwnPrograms(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if own := ownPrograms(); !slices.Contains(own, self) || len(own) != 1+len(ProgramNames) {
		t.Errorf("%q", own)
	}
	built, err := os.ReadDir("../../cmd")
	if err != nil {
		t.Skip("no checkout here")
	}
	for _, b := range built {
		if !slices.Contains(ProgramNames, b.Name()) {
			t.Errorf("cmd/%s can be planted beside lockstile: add it to ProgramNames", b.Name())
		}
	}
}
