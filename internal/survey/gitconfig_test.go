//go:build unix

package survey

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestConfigured(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "git", "config")
	if err := os.Mkdir(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	text := "[core]\n\thooksPath = .githooks ; mine\n\tfsmonitor = true\n[Core] attributesFile=\"a b\"\n[include]\npath = ../inc\n[includeIf \"gitdir:~/\"]\n\tpath=/abs\n[alias]\n\tpath = no\n[remote \"x\"]\n\turl = no\n[core]\nfsmonitor = ./mon\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, to := range configured(file, filepath.Join(dir, "tree")) {
		got = append(got, filepath.Clean(to))
	}
	want := []string{filepath.Join(dir, "tree", ".githooks"), filepath.Join(dir, "tree", "a b"), filepath.Join(dir, "inc"), resolve(dir, "/abs"), filepath.Join(dir, "tree", "mon")}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func FuzzConfigured(f *testing.F) {
	f.Add("[core]\nhooksPath = x\n")
	f.Add("[include]\npath=\"\n[")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		file := filepath.Join(dir, "config")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, to := range configured(file, dir) {
			if !filepath.IsAbs(to) {
				t.Errorf("%q leads to %q", text, to)
			}
		}
	})
}
