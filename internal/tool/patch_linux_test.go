package tool

import (
	"context"
	"errors"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// patchInside has this test's program carry a patch out, as the half inside the sandbox.
const patchInside = "patch-inside"

// patcher returns the command line of a copy of this program that a command can see.
func patcher(t *testing.T, ws string) []string {
	t.Helper()
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(ws, "sub", "patcher")
	if err := os.WriteFile(copied, self, 0o755); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond) // what is older than a tick of the kernel's clock is no news
	return []string{copied, patchInside}
}

func patched(t *testing.T, s *Set, program []string, body string) Patched {
	t.Helper()
	p, err := s.ApplyPatch(context.Background(), program, "*** Begin Patch\n"+body+"\n*** End Patch\n", Caller{Ask: nobody, Call: "thread/call_1"})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestPatch checks that a patch changes files of the workspace through a start of its own
// with a record.
func TestPatch(t *testing.T) {
	s, ws := opened(t)
	program := patcher(t, ws)
	p := patched(t, s, program, "*** Add File: d/new\n+one\n+two")
	if p.Failure != "" || p.Record.Seq == 0 || p.String() != "Success. Updated the following files:\nA d/new\n" {
		t.Errorf("%+v", p)
	}
	p = patched(t, s, program, "*** Update File: d/new\n*** Move to: d/moved\n@@\n-one\n+1")
	if got, _ := os.ReadFile(ws + "/d/moved"); string(got) != "1\ntwo\n" || p.String() != "Success. Updated the following files:\nM d/new -> d/moved\n" {
		t.Errorf("%q: %v", got, p)
	}
	lines := logOf(t, ws)
	if l := lines[len(lines)-2]; l.Event != "start" || l.Seq != p.Record.Seq || l.Call != "thread/call_1" || len(l.Proven) != p.Record.Proven {
		t.Errorf("the log has %+v, the answer %+v", l, p.Record)
	}
}

// TestPatchOutside checks that the sandbox, and no rule of our own, keeps a patch from
// files that a command may not write, that nothing of such a patch stays, and that the
// model learns why.
func TestPatchOutside(t *testing.T) {
	dir, err := os.MkdirTemp("/var/tmp", "lockstile-patch-") // commands have a /tmp of their own
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s, ws := openedBelow(t, dir, policy.ApprovalNever, "SHELL=/bin/bash")
	program := patcher(t, ws)
	run := osexec.Command("git", "init", "-q", ws)
	run.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + ws, "GIT_CONFIG_NOSYSTEM=1"}
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.WriteFile(ws+"/../beside", []byte("x\n"), 0o666))
	must(os.WriteFile(ws+"/inside", []byte("x\n"), 0o666))
	must(os.Symlink("../beside", ws+"/link"))
	for _, name := range []string{".git/hooks/post-commit", ".git/hooks/pre-push", ".git/config", "../beside", "../new", ws + "/../new", "link", "/etc/lockstile-patch", ".git/info/../hooks/x"} {
		for _, body := range []string{"*** Add File: " + name + "\n+evil", "*** Update File: inside\n*** Move to: " + name, "*** Update File: " + name + "\n@@\n-x\n+y"} {
			p := patched(t, s, program, "*** Add File: first\n+x\n"+body)
			if p.Failure == "" || !strings.HasPrefix(p.String(), "apply_patch failed: ") {
				t.Errorf("%q: %v", body, p)
			}
			if _, err := os.Stat(ws + "/first"); err == nil {
				t.Errorf("%q: half of the patch is there", body)
			}
		}
	}
	for _, name := range []string{ws + "/.git/hooks/post-commit", ws + "/../new", "/etc/lockstile-patch"} {
		if _, err := os.Lstat(name); err == nil {
			t.Errorf("%s is there", name)
		}
	}
	for _, name := range []string{ws + "/../beside", ws + "/inside"} {
		if got, _ := os.ReadFile(name); string(got) != "x\n" {
			t.Errorf("%s has %q", name, got)
		}
	}
}

// TestPatchOfTrustedName checks that a patch that makes a protected name is refused as a
// whole, before a start: the name could be made, and would be taken back.
func TestPatchOfTrustedName(t *testing.T) {
	s, ws := opened(t)
	program := patcher(t, ws)
	for _, name := range []string{".envrc", "sub/.envrc", ".codex/config.toml", ".vscode/tasks.json"} {
		before := len(logOf(t, ws))
		p := patched(t, s, program, "*** Add File: first\n+x\n*** Add File: "+name+"\n+evil")
		if p.Failure == "" || !strings.Contains(p.Failure, "nothing has changed") {
			t.Errorf("%s: %v", name, p)
		}
		if len(logOf(t, ws)) != before {
			t.Errorf("%s: a start", name)
		}
		if _, err := os.Stat(ws + "/first"); err == nil {
			t.Errorf("%s: half of the patch is there", name)
		}
	}
}

// TestPatchRefused checks that a patch is refused like a command: in a policy that isn't
// decided, in a read-only workspace, and without a needed approval.
func TestPatchRefused(t *testing.T) {
	s, ws := openedAsking(t, policy.ApprovalUntrusted)
	program := patcher(t, ws)
	var asked Question
	no := func(_ context.Context, q Question) (string, error) { asked = q; return "", nil }
	var why *refusal.Error
	text := "*** Begin Patch\n*** Add File: new file\n+x\n*** End Patch"
	if _, err := s.ApplyPatch(context.Background(), program, text, Caller{Ask: no}); !errors.As(err, &why) || why.Stage != refusal.StageApprove || asked.Command != `apply_patch "new file"` || asked.Input != text {
		t.Errorf("%v, asked %+v", err, asked)
	}
	s.preparing.Wait()
	s.policy.Approval, s.policy.Mode = policy.ApprovalNever, policy.ModeReadOnly
	if p := patched(t, s, program, "*** Add File: new\n+x"); p.Failure == "" {
		t.Errorf("read-only: %v", p)
	}
	s.policy.Mode = policy.ModeUnset
	if _, err := s.ApplyPatch(context.Background(), program, text, Caller{Ask: no}); !errors.As(err, &why) {
		t.Errorf("unset: %v", err)
	}
	if _, err := os.Stat(ws + "/new"); err == nil {
		t.Error("the file is there")
	}
}

// TestPatchProgram checks the answers about a program that says nothing, and about text
// that is no patch.
func TestPatchProgram(t *testing.T) {
	s, _ := opened(t)
	if p := patched(t, s, []string{"sh", "-c", "echo nonsense; exit 3"}, "*** Add File: new\n+x"); !strings.Contains(p.Failure, "exit code 3") || !strings.Contains(p.Failure, "nonsense") {
		t.Errorf("%v", p)
	}
	p, err := s.ApplyPatch(context.Background(), []string{"true"}, "no patch", Caller{Ask: nobody})
	if err != nil || !strings.Contains(p.Failure, "Begin Patch") || p.Record.Seq != 0 {
		t.Errorf("%v, %v", p, err)
	}
}
