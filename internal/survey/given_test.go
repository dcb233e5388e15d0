//go:build unix

package survey

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/lockstile/lockstile/policy"
)

// TestGivenUp checks that a name that the user gives up is neither pinned nor taken back, and
// that all other names in and beside it are.
func TestGivenUp(t *testing.T) {
	ws, store := t.TempDir(), t.TempDir()
	for _, dir := range []string{".vscode/a/.git", ".idea", "sub/.git", "sub/.vscode"} {
		if err := os.MkdirAll(filepath.Join(ws, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	p := policy.Policy{Mode: policy.ModeWorkspaceWrite, Workspace: ws}
	look := func(given ...string) *Trusted {
		t.Helper()
		p.TrustWritable = given
		seen, err := FindTrusted(p, store, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		seen.Since(time.Now(), time.Second, nil) // keeps the walk
		return seen
	}
	pinned := func(seen *Trusted, name string) bool { return slices.Contains(seen.There, filepath.Join(ws, name)) }
	if seen := look(); !pinned(seen, ".vscode") || !pinned(seen, "sub/.vscode") {
		t.Errorf("%q", seen.There)
	}
	seen := look(".vscode", ".git", ".husky") // .git can't be given up
	if pinned(seen, ".vscode") || pinned(seen, "sub/.vscode") || !pinned(seen, ".vscode/a/.git") || !pinned(seen, ".idea") || !pinned(seen, "sub/.git") {
		t.Errorf("%q", seen.There)
	}
	for _, a := range seen.Absent {
		if slices.Contains(a.Names, ".husky") || a.Dir == ws && !slices.Contains(a.Names, ".git") {
			t.Errorf("%s: %q", a.Dir, a.Names)
		}
	}
	for _, f := range seen.Folders() {
		if f.Dir == ws && !slices.Contains(f.Had, ".husky") {
			t.Errorf("a start after a kill takes .husky back: %q", f.Had)
		}
	}
	begun := time.Now()
	for _, file := range []string{".husky", ".envrc", ".vscode/settings.json", ".vscode/a/deep"} {
		if err := os.WriteFile(filepath.Join(ws, file), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := seen.Unwanted(ws, ""); !slices.Equal(got, []string{filepath.Join(ws, ".envrc")}) {
		t.Errorf("unwanted: %q", got)
	}
	came, news := seen.Since(begun, time.Second, nil)
	if len(came) != 1 || came[0].Path != filepath.Join(ws, ".envrc") {
		t.Errorf("came: %+v", came)
	}
	for _, name := range []string{".husky", ".vscode/settings.json", ".vscode/a/deep"} {
		if !slices.Contains(news.Known, filepath.Join(ws, name)) {
			t.Errorf("%s isn't told: %+v", name, news)
		}
	}
	if seen := look(); !pinned(seen, ".vscode") || !pinned(seen, ".husky") {
		t.Errorf("the walk for other names counts: %q", seen.There)
	}
}
