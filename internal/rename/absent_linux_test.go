package rename

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestToAbsent checks both ways: each moves what may be moved, and neither replaces
// anything that has content.
func TestToAbsent(t *testing.T) {
	for way, move := range map[string]func(int, string, int, string) error{"one step": ToAbsent, "two steps": inTwoSteps} {
		t.Run(way, func(t *testing.T) {
			t.Chdir(t.TempDir())
			for _, dir := range []string{"folder/in", "full/in"} {
				if err := os.MkdirAll(dir, 0o700); err != nil {
					t.Fatal(err)
				}
			}
			for _, name := range []string{"file", "there"} {
				if err := os.WriteFile(name, []byte(name), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Symlink("nowhere", "link"); err != nil {
				t.Fatal(err)
			}
			for _, from := range []string{"file", "link", "folder"} {
				for _, to := range []string{"there", "full"} {
					if err := move(unix.AT_FDCWD, from, unix.AT_FDCWD, to); err == nil {
						t.Errorf("%s replaces %s", from, to)
					}
				}
				if err := move(unix.AT_FDCWD, from, unix.AT_FDCWD, "new-"+from); err != nil {
					t.Errorf("%s: %v", from, err)
				}
				if _, err := os.Lstat(from); err == nil {
					t.Errorf("%s is there still", from)
				}
			}
			if text, err := os.ReadFile("there"); string(text) != "there" || err != nil {
				t.Errorf("there is %q, %v", text, err)
			}
			if to, err := os.Readlink("new-link"); to != "nowhere" || err != nil {
				t.Errorf("the link leads to %q, %v", to, err)
			}
		})
	}
}
