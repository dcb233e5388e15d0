package lockstile

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/lockstile/lockstile/internal/audit"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// opened is a gate, a workspace, and a request for a command that leaves a mark.
func opened(t *testing.T) (g *Gate, r Request, mark string) {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ws := filepath.Join(dir, "ws")
	if err := os.Mkdir(ws, 0o755); err != nil {
		t.Fatal(err)
	}
	g, err = Open(filepath.Join(dir, "home"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { null.Close() })
	mark = filepath.Join(ws, "ran")
	return g, Request{
		Policy: policy.Policy{Mode: policy.ModeWorkspaceWrite, Workspace: ws},
		Argv:   []string{"/bin/sh", "-c", "echo x > ran"},
		Stdin:  null, Stdout: null, Stderr: null,
	}, mark
}

// TestRefusedRequests checks on each system that a bad request runs nothing, and that the
// refusal is typed and recorded.
func TestRefusedRequests(t *testing.T) {
	for name, c := range map[string]struct {
		change func(r *Request)
		code   refusal.Code
	}{
		"unset mode":         {func(r *Request) { r.Policy.Mode = policy.ModeUnset }, refusal.CodeUnset},
		"zero policy":        {func(r *Request) { r.Policy = policy.Policy{} }, refusal.CodeUnset},
		"unknown mode":       {func(r *Request) { r.Policy.Mode = 77 }, refusal.CodeUnset},
		"relative workspace": {func(r *Request) { r.Policy.Workspace = "." }, refusal.CodeInput},
		"no command":         {func(r *Request) { r.Argv = nil }, refusal.CodeInput},
		"empty command":      {func(r *Request) { r.Argv = []string{""} }, refusal.CodeInput},
		"NUL in an argument": {func(r *Request) { r.Argv[2] = "a\x00b" }, refusal.CodeInput},
		"a folder as stdin":  {func(r *Request) { r.Stdin = folder(t) }, refusal.CodeInput},
		"no stdin":           {func(r *Request) { r.Stdin = nil }, refusal.CodeInput},
	} {
		t.Run(name, func(t *testing.T) {
			g, r, mark := opened(t)
			c.change(&r)
			wantRefused(t, g, r, mark, c.code)
		})
	}
}

func folder(t *testing.T) *os.File {
	f, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// TestOtherSystemsRefuse checks the refusal on systems without a launcher.
func TestOtherSystemsRefuse(t *testing.T) {
	if runtime.GOOS == "linux" {
		t.Skip("commands start here; package plan tests the refusal for other systems on this one")
	}
	modes := []policy.Mode{policy.ModeReadOnly, policy.ModeWorkspaceWrite}
	if runtime.GOOS != "windows" {
		modes = append(modes, policy.ModeDangerFullAccess)
	}
	for _, mode := range modes {
		g, r, mark := opened(t)
		r.Policy.Mode = mode
		wantRefused(t, g, r, mark, refusal.CodeUnsupported)
	}
}

func wantRefused(t *testing.T, g *Gate, r Request, mark string, code refusal.Code) {
	t.Helper()
	child, err := g.Start(r)
	var refused *refusal.Error
	if child != nil || !errors.As(err, &refused) || refused.Code != code {
		t.Fatalf("child %v, error %v, want code %s", child != nil, err, code)
	}
	if _, err := os.Lstat(mark); err == nil {
		t.Error("the command ran")
	}
	last, err := audit.Tail(g.log.Path(), 1)
	if err != nil || len(last) != 1 || !strings.Contains(string(last[0]), `"event":"refusal"`) || !strings.Contains(string(last[0]), string(code)) {
		t.Errorf("the log ends with %s (%v)", last, err)
	}
}
