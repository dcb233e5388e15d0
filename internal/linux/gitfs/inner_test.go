//go:build linux

package gitfs

import (
	"os"
	"path/filepath"
	"testing"
)

// TestInnerIsRead checks that no git directory inside is taken for a new one because a
// folder can't be read.
func TestInnerIsRead(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root reads every folder")
	}
	g := newGround(t)
	for _, name := range []string{"worktrees", "modules", "modules/a"} {
		dir := filepath.Join(g.ws, ".git", name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, 0); err != nil {
			t.Fatal(err)
		}
		if f, err := Look(g.ws, filepath.Join(g.ws, ".git"), "", nil); err == nil {
			f.Close()
			t.Errorf("%s can't be read, and is passed over", name)
		}
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		g.folder().Close()
	}
}
