//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestInstall runs the lines of the pages that install lockstile, in an empty home.
func TestInstall(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil || !exists("../../go.mod") {
		t.Skip("no Go and checkout here")
	}
	caches, err := exec.Command("go", "env", "GOMODCACHE", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	kept := strings.Fields(string(caches))
	for _, page := range []string{"README.md", "docs/mcp.md"} {
		text, err := os.ReadFile(filepath.Join("../..", page))
		if err != nil {
			t.Fatal(err)
		}
		_, rest, found := strings.Cut(string(text), "    CGO_ENABLED=0 go build ")
		lines := strings.SplitN("CGO_ENABLED=0 go build "+rest, "\n", 3)
		if !found || !strings.HasPrefix(lines[1], "    export PATH=") {
			t.Fatalf("%s has no two lines that install", page)
		}
		cmd := exec.Command("bash", "-euc", lines[0]+"\n"+lines[1]+"\ncommand -v lockstile lockstile-mcp; lockstile version")
		cmd.Dir = "../.."
		home := t.TempDir()
		cmd.Env = append(os.Environ(), "HOME="+home, "GOMODCACHE="+kept[0], "GOCACHE="+kept[1])
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.HasPrefix(string(out), home+"/.local/bin/lockstile\n"+home+"/.local/bin/lockstile-mcp\n") {
			t.Errorf("%s: %v: %s", page, err, out)
		}
	}
}
