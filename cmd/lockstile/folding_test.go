//go:build linux

package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestFoldingFileSystem checks that on a file system without case a trusted name is
// guarded in each spelling (F-28).
func TestFoldingFileSystem(t *testing.T) {
	needCgroups(t)
	if !root() {
		t.Skip("mounts")
	}
	p := newPlace(t)
	if err := unix.Mount("folding", p.ws, "tmpfs", 0, "casefold=utf8-12.1.0"); err != nil {
		t.Fatal(err)
	}
	defer unix.Unmount(p.ws, unix.MNT_DETACH)
	p.ws = filepath.Join(p.ws, "folding")
	mkdir(t, p.ws)
	if said, err := exec.Command("chattr", "+F", p.ws).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	mkdir(t, p.ws+"/.git/hooks")
	if !exists(p.ws + "/.GIT") {
		t.Fatal("the names are not folded here")
	}
	r := p.lockstile("run", "--tty=false", "--", "sh", "-c", "echo x > .GIT/hooks/x && echo planted; mv .Git gone && echo moved; echo x > .ENVRC; mkdir .Claude; true")
	if r.stdout != "" || exists(p.ws+"/.git/hooks/x") || exists(p.ws+"/gone") || exists(p.ws+"/.envrc") || exists(p.ws+"/.claude") {
		t.Errorf("%+v", r)
	}
	if strings.Count(r.stderr, "taken back") != 2 {
		t.Errorf("%s", r.stderr)
	}
}
