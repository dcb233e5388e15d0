package survey

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestPinsBehindMounts checks that a lead to a mount that shows a root, or a folder of a root,
// counts as a lead to the root.
func TestPinsBehindMounts(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("mounts")
	}
	g := newGround(t)
	g.files(repository, "ws/tools/hooks/pre-push x", "alias/", "whole/", "home/.gitconfig [core]\nhooksPath="+g.dir+"/alias/hooks\n[init]\ntemplateDir="+g.dir+"/alias/new/one\n")
	g.files("ws/.git/config [core]\nhooksPath=" + g.dir + "/whole\n")
	for at, from := range map[string]string{"/alias": "/tools", "/whole": ""} {
		if err := unix.Mount(g.ws+from, g.dir+at, "", unix.MS_BIND, ""); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := unix.Unmount(g.dir+at, 0); err != nil {
				t.Error(err)
			}
		})
	}
	got := g.find()
	g.there(got, ".git", "tools/hooks")
	for _, name := range []string{"tools/new", "post-checkout"} {
		if !g.absent(got, name) {
			t.Errorf("%s may appear", name)
		}
	}
}
