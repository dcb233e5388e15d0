package launcher

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"github.com/lockstile/lockstile/internal/launch"
	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/internal/windows/pipe"
	"github.com/lockstile/lockstile/internal/windows/runner"
	"github.com/lockstile/lockstile/internal/windows/suspended"
	"github.com/lockstile/lockstile/refusal"
)

// The test binary is the runner too.
func TestMain(m *testing.M) {
	switch os.Getenv("LOCKSTILE_TEST_AS") {
	case "runner":
		os.Exit(runner.Main(os.Args[1:]))
	case "nobody":
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func ownSID(t *testing.T) string {
	t.Helper()
	u, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		t.Fatal(err)
	}
	return u.User.Sid.String()
}

// started starts a runner under our own account, and returns the name and our end of the
// pipe.
func started(t *testing.T, as string) (name string, at, process windows.Handle, cmd *exec.Cmd) {
	t.Helper()
	name, at, err := pipe.Listen(ownSID(t), ownSID(t))
	if err != nil {
		t.Fatal(err)
	}
	cmd = exec.Command(os.Args[0], name)
	cmd.Env = append(os.Environ(), "LOCKSTILE_TEST_AS="+as)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	process, err = windows.OpenProcess(windows.PROCESS_ALL_ACCESS|windows.SYNCHRONIZE, false, uint32(cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	return name, at, process, cmd
}

// borrowing is a runner that is ready for an order.
func borrowing(t *testing.T) (*borrowed, *exec.Cmd) {
	t.Helper()
	_, at, process, cmd := started(t, "runner")
	if err := pipe.Await(at, process, uint32(cmd.Process.Pid), patience); err != nil {
		t.Fatal(err)
	}
	return borrow(process, os.NewFile(uintptr(at), "runner"), ownSID(t), nil), cmd
}

func cmdSpec(t *testing.T, script string) suspended.Spec {
	t.Helper()
	system, err := windows.GetSystemDirectory()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(system, "cmd.exe")
	return suspended.Spec{File: file, Line: `"` + file + `" /d /s /c "` + script + `"`, Env: os.Environ(), Dir: t.TempDir()}
}

func TestBorrowedOnPipes(t *testing.T) {
	b, cmd := borrowing(t)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	mark := filepath.Join(t.TempDir(), "ran")
	h := suspended.Handle(write.Fd())
	if err := b.Make(cmdSpec(t, "echo hello & echo x > "+mark+" & exit 5"), &[3]suspended.Handle{suspended.Handle(null.Fd()), h, h}); err != nil {
		t.Fatal(err)
	}
	write.Close()
	if pid, err := windows.GetProcessId(windows.Handle(b.Process())); err != nil || int(pid) != b.PID() || int(pid) == cmd.Process.Pid {
		t.Errorf("%d, %v", pid, err)
	}
	time.Sleep(200 * time.Millisecond)
	if _, err := os.Stat(mark); err == nil {
		t.Error("it ran before it was told")
	}
	if err := b.Resume(); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(read) // the end of the stream shows that the runner holds no copy
	if err != nil || !strings.Contains(string(text), "hello") {
		t.Errorf("%q, %v", text, err)
	}
	if code, err := b.Wait(); err != nil || code != 5 {
		t.Errorf("%d, %v", code, err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the runner ends with %v", err)
	}
}

func TestBorrowedOnConsole(t *testing.T) {
	b, _ := borrowing(t)
	spec := cmdSpec(t, "echo hello >CONOUT$ & pause <CONIN$ >NUL")
	spec.Terminal = &suspended.Size{Rows: 24, Cols: 80}
	if err := b.Make(spec, nil); err != nil {
		t.Fatal(err)
	}
	out, in := b.Terminal()
	seen := make(chan string)
	go func() {
		text, _ := io.ReadAll(out)
		seen <- string(text)
	}()
	if err := b.Resume(); err != nil {
		t.Fatal(err)
	}
	if _, err := in.WriteString("x\r"); err != nil {
		t.Error(err)
	}
	if code, err := b.Wait(); err != nil || code != 0 {
		t.Errorf("%d, %v", code, err)
	}
	in.Close()
	if text := <-seen; !strings.Contains(text, "hello") {
		t.Errorf("%q", text)
	}
	out.Close()
}

// TestBorrowedEnds checks that the tree ends after any end of runner, pipe or command.
func TestBorrowedEnds(t *testing.T) {
	for name, end := range map[string]func(*borrowed, *exec.Cmd){
		"end":             func(b *borrowed, _ *exec.Cmd) { b.End() },
		"the word":        func(b *borrowed, _ *exec.Cmd) { b.say(runner.Word{Do: runner.End}) },
		"an unknown word": func(b *borrowed, _ *exec.Cmd) { b.say(runner.Word{Do: "x"}) },
		"the runner":      func(_ *borrowed, cmd *exec.Cmd) { cmd.Process.Kill() },
		"the pipe":        func(b *borrowed, _ *exec.Cmd) { b.pipe.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			b, cmd := borrowing(t)
			spec := cmdSpec(t, "pause <CONIN$")
			spec.Terminal = &suspended.Size{Rows: 24, Cols: 80}
			if err := b.Make(spec, nil); err != nil {
				t.Fatal(err)
			}
			out, in := b.Terminal()
			defer in.Close()
			go func() {
				io.Copy(io.Discard, out)
				out.Close()
			}()
			if err := b.Resume(); err != nil {
				t.Fatal(err)
			}
			var process windows.Handle
			self := windows.CurrentProcess()
			if err := windows.DuplicateHandle(self, windows.Handle(b.process), self, &process, 0, false, windows.DUPLICATE_SAME_ACCESS); err != nil {
				t.Fatal(err)
			}
			defer windows.CloseHandle(process)
			end(b, cmd)
			b.Wait()
			if event, err := windows.WaitForSingleObject(process, 10_000); err != nil || event != windows.WAIT_OBJECT_0 {
				t.Error("the command lives on", err)
			}
			cmd.Wait()
		})
	}
}

// TestTries checks that attempts are made with the command's token, and leave nothing
// behind.
func TestTries(t *testing.T) {
	b, _ := borrowing(t)
	own, err := suspended.Prepare(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]child{"a runner's": b, "our own": own} {
		dir := t.TempDir()
		file := filepath.Join(dir, "file")
		if err := os.WriteFile(file, []byte("kept"), 0o600); err != nil {
			t.Fatal(err)
		}
		spec := cmdSpec(t, "")
		spec.Terminal = &suspended.Size{Rows: 24, Cols: 80}
		if err := c.Make(spec, nil); err != nil {
			t.Fatal(err)
		}
		out, err := c.Try([]suspended.Attempt{{What: suspended.Write, Path: dir}, {What: suspended.Change, Path: file}, {What: suspended.Rename, Path: file}, {What: suspended.Screen}, {What: suspended.Write, Path: filepath.Join(dir, "none")}, {What: "x", Path: dir}})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []string{"ok", "ok", "ok", "ok", "", ""} {
			if out[i].How != want || (out[i].Error == "") != (want != "") {
				t.Errorf("%s, %d: %+v, want %q", name, i, out[i], want)
			}
		}
		if text, err := os.ReadFile(file); err != nil || string(text) != "kept" {
			t.Errorf("%q, %v", text, err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
			t.Errorf("%v, %v", left, err)
		}
		c.Kill()
	}
}

func TestBorrowedFails(t *testing.T) {
	b, _ := borrowing(t)
	spec := cmdSpec(t, "")
	spec.File = `C:\there\is\none.exe`
	spec.Terminal = &suspended.Size{Rows: 24, Cols: 80}
	err := execError(spec.File, b.Make(spec, nil))
	var absent *launch.ExecError
	if !errors.As(err, &absent) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	b.Kill()
}

// TestHire checks that the error names each missing thing without a setup, and that a
// failed logon without a reason counts as a failure.
func TestHire(t *testing.T) {
	w := &plan.Windows{Home: t.TempDir(), Account: "LockstileNobody", AccountSID: ownSID(t), Owner: ownSID(t)}
	var step *suspended.StepError
	if b, err := hire(w, &suspended.Confinement{}, ""); b != nil || !errors.As(err, &step) || step.Restriction != refusal.Sandbox {
		t.Errorf("%v", err)
	}
	var refused *refusal.Error
	if _, err := logOnAndStart(w.Account, "no password", os.Args[0], pipe.Prefix+"x", ""); !errors.As(err, &refused) || refused.Restriction != refusal.Sandbox || refused.Hint == "" {
		t.Errorf("%v", err)
	}
	for err, word := range map[error]string{windows.ERROR_LOGON_FAILURE: "lockstile setup again", windows.ERROR_ACCOUNT_LOCKED_OUT: "locked", windows.ERROR_SERVICE_DISABLED: "seclogon", windows.ERROR_SUCCESS: "--check"} {
		if !strings.Contains(logonHint(err), word) {
			t.Errorf("%v: %s", err, logonHint(err))
		}
	}
}

// TestPipeIsTheRunners checks that any other process at the pipe is refused, and likewise
// a runner that doesn't come.
func TestPipeIsTheRunners(t *testing.T) {
	_, at, process, cmd := started(t, "nobody")
	if err := pipe.Await(at, process, uint32(cmd.Process.Pid), patience); err == nil {
		t.Error("a runner that ended has come")
	}
	windows.CloseHandle(process)
	windows.CloseHandle(at)

	_, at, process, cmd = started(t, "runner")
	defer windows.CloseHandle(process)
	if err := pipe.Await(at, process, uint32(cmd.Process.Pid)+4, patience); err == nil {
		t.Error("another process is taken for the runner")
	}
	windows.CloseHandle(at)
}
