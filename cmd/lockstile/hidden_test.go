//go:build linux

package main

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestPlantedLinkShowsNothing checks that a command can't choose what the next command
// reads, by a link in the place of a folder that may be read.
func TestPlantedLinkShowsNothing(t *testing.T) {
	p := newPlace(t)
	home := newHome(p)
	write(t, p.ws+"/certs/a.pem", "mine")
	p.config("[filesystem]\ndeny_read = [\"**/*.pem\"]\nallow_read = [\"" + p.ws + "/certs/**\"]\n")
	p.sh("workspace-write", "grep -q mine certs/a.pem && rm -r certs && ln -s "+home+"/.ssh certs", 0)
	for _, mode := range []string{"workspace-write", "read-only"} {
		if r := p.lockstile("run", "--sandbox", mode, "--", "cat", "certs/id", home+"/.ssh/id"); strings.Contains(r.stdout, "canary") {
			t.Errorf("%s: the command reads the store: %q", mode, r.stdout)
		}
	}
}

// TestHiddenRootIsRefused checks that no writable root shows what a rule hides in the
// root.
func TestHiddenRootIsRefused(t *testing.T) {
	p := newPlace(t)
	newHome(p)
	write(t, p.dir+"/closed/root/.env", "canary")
	p.config("[sandbox_workspace_write]\nwritable_roots = [\"" + p.dir + "/closed/root\"]\n[filesystem]\ndeny_read = [\"**/.env\", \"" + p.dir + "/closed\"]\n")
	if r := p.lockstile("run", "--", "cat", p.dir+"/closed/root/.env"); r.code != 126 || strings.Contains(r.stdout, "canary") || !strings.Contains(r.stderr, "may not be read") {
		t.Errorf("exit %d: %q %q", r.code, r.stdout, r.stderr)
	}
	if r := p.lockstile("run", "-c", "filesystem.allow_read=[\""+p.dir+"/closed/root\"]", "--", "sh", "-c", "echo x > "+p.dir+"/closed/root/f"); r.code != 0 {
		t.Errorf("exit %d: %q %q", r.code, r.stdout, r.stderr)
	}
}

// TestReadOnlyWorkspaceInTmp checks that a workspace on a folder of the command's own hides
// what a rule hides.
func TestReadOnlyWorkspaceInTmp(t *testing.T) {
	p := newPlace(t) // below /tmp
	write(t, p.ws+"/.env", "canary")
	write(t, p.ws+"/closed/f", "canary")
	write(t, p.ws+"/f", "shown")
	p.config("[filesystem]\ndeny_read = [\"**/.env\", \"" + p.ws + "/closed\"]\n")
	for _, mode := range []string{"read-only", "workspace-write"} {
		for _, tmpdir := range []string{"", filepath.Dir(p.dir)} {
			p.env = []string{"TMPDIR=" + tmpdir}
			if r := p.lockstile("run", "--sandbox", mode, "--", "sh", "-c", "cat f .env closed/f; ls closed"); r.stdout != "shown" {
				t.Errorf("%s, TMPDIR %q: %q %q", mode, tmpdir, r.stdout, r.stderr)
			}
		}
	}
}

// TestFIFOInHiddenFolder checks that a FIFO in a hidden folder refuses no start.
func TestFIFOInHiddenFolder(t *testing.T) {
	p := newPlace(t)
	mkdir(t, p.ws+"/closed")
	if err := syscall.Mkfifo(p.ws+"/closed/fifo", 0o600); err != nil {
		t.Fatal(err)
	}
	p.config("[filesystem]\ndeny_read = [\"" + p.ws + "/closed\"]\n")
	p.sh("workspace-write", "test -z \"$(ls closed)\"", 0)
}
