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
	kept := goEnv(t, "GOMODCACHE", "GOCACHE")
	for _, c := range []struct{ page, built, programs string }{
		{"README.md", "./cmd/lockstile ./cmd/lockstile-agent", "lockstile lockstile-agent"},
		{"README.md", "./cmd/...", "lockstile lockstile-agent lockstile-mcp lockstile-net"}, {"docs/mcp.md", "./cmd/...", "lockstile lockstile-mcp"},
	} {
		text, err := os.ReadFile(filepath.Join("../..", c.page))
		if err != nil {
			t.Fatal(err)
		}
		build := "    CGO_ENABLED=0 go build -o ~/.local/bin/ " + c.built + "\n"
		_, rest, found := strings.Cut(string(text), build)
		export, _, _ := strings.Cut(rest, "\n")
		if !found || !strings.HasPrefix(export, "    export PATH=") {
			t.Fatalf("%s has no two lines that install %s", c.page, c.programs)
		}
		cmd := exec.Command("bash", "-euc", build+export+"\ncommand -v "+c.programs+"; lockstile version")
		cmd.Dir = "../.."
		home := t.TempDir()
		cmd.Env = append(os.Environ(), "HOME="+home, "GOMODCACHE="+kept[0], "GOCACHE="+kept[1])
		out, err := cmd.CombinedOutput()
		want := ""
		for name := range strings.FieldsSeq(c.programs) {
			want += home + "/.local/bin/" + name + "\n"
		}
		if err != nil || !strings.HasPrefix(string(out), want) {
			t.Errorf("%s: %v: %s", c.page, err, out)
		}
	}
}

// TestFirstCommand runs README's line for a first command, in an empty home.
func TestFirstCommand(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil || !exists("../../go.mod") {
		t.Skip("no Go and checkout here")
	}
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, line, found := strings.Cut(string(text), "\n    go run ./cmd/lockstile run ")
	line, _, _ = strings.Cut(line, "\n")
	if !found {
		t.Fatal("README.md has no line for a first command")
	}
	kept := goEnv(t, "GOMODCACHE", "GOCACHE")
	cmd := exec.Command("bash", "-euc", "go run ./cmd/lockstile run "+line)
	cmd.Dir, cmd.Env = "../..", append(os.Environ(), "HOME="+t.TempDir(), "LOCKSTILE_HOME=", "GOMODCACHE="+kept[0], "GOCACHE="+kept[1])
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "uid=") || !strings.Contains(string(out), "/etc/outside") || exists("/etc/outside") {
		t.Errorf("%v: %s", err, out)
	}
}

// goEnv returns settings of Go for who runs the tests: a test with an empty home keeps the
// caches.
func goEnv(t *testing.T, names ...string) []string {
	t.Helper()
	out, err := exec.Command("go", append([]string{"env"}, names...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}
