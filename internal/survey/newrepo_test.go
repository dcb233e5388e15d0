//go:build unix

package survey

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNewRepositoryIsReadWhole checks that no file of a new repository passes by its
// beginning.
func TestNewRepositoryIsReadWhole(t *testing.T) {
	ws := t.TempDir()
	git := filepath.Join(ws, ".git")
	for _, dir := range []string{"objects", "refs"} {
		if err := os.MkdirAll(filepath.Join(git, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(ws, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(".git/HEAD", "ref: refs/heads/main\n")
	trusted := &Trusted{}
	trusted.LetInit(ws)
	for _, tt := range []struct {
		config string
		good   bool
	}{
		{"[core]\n\tbare = false\n", true},
		{"[core]\n\tfsmonitor = touch ran\n", false},
		{"[core]\n" + strings.Repeat(" ", mostChecked) + "\n[core]\n\tfsmonitor = touch ran\n", false},
	} {
		write(".git/config", tt.config)
		if err := trusted.badRepository(git, git); (err == nil) != tt.good {
			t.Errorf("a configuration of %d bytes: %v", len(tt.config), err)
		}
	}
	trusted = &Trusted{}
	trusted.Serve(git)
	file := filepath.Join(ws, "sub", ".git")
	for content, good := range map[string]bool{
		"gitdir: ../.git/modules/sub\n": true,
		"gitdir: ../.git/modules/sub" + strings.Repeat("/.", mostPointer) + "/../../x\n": false,
	} {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		write("sub/.git", content)
		if err := trusted.badRepository(file, file); (err == nil) != good {
			t.Errorf("a pointer of %d bytes: %v", len(content), err)
		}
	}
}
