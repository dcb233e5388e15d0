package lockstile

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/lockstile/lockstile/internal/audit"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// The test binary is the command too: the system's own programs differ.
func TestMain(m *testing.M) {
	if what := os.Getenv("LOCKSTILE_TEST_AS"); what != "" {
		command(what)
	}
	os.Exit(m.Run())
}

func command(what string) {
	switch what {
	case "code":
		os.Exit(7)
	case "echo": // its input, on both streams
		text, _ := io.ReadAll(os.Stdin)
		dir, _ := os.Getwd()
		os.Stdout.WriteString("out " + dir + " " + strings.Join(os.Args[1:], "|") + " " + string(text))
		os.Stderr.WriteString("err")
		os.Exit(0)
	case "tree": // leaves a process behind to make a file later
		attr := &os.ProcAttr{Env: append(os.Environ(), "LOCKSTILE_TEST_AS=late"), Files: []*os.File{nil, nil, nil}}
		if _, err := os.StartProcess(os.Args[0], os.Args, attr); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	case "nested": // the same, with the process in a job of its own
		job, err := windows.CreateJobObject(nil, nil)
		if err != nil {
			os.Exit(1)
		}
		attr := &os.ProcAttr{Env: append(os.Environ(), "LOCKSTILE_TEST_AS=late"), Files: []*os.File{nil, nil, nil}}
		late, err := os.StartProcess(os.Args[0], os.Args, attr)
		if err != nil {
			os.Exit(2)
		}
		h, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(late.Pid))
		if err != nil || windows.AssignProcessToJobObject(job, h) != nil {
			os.Exit(3)
		}
		os.Exit(0)
	case "late":
		time.Sleep(2 * time.Second)
		os.WriteFile(os.Args[1], nil, 0o600)
		os.Exit(0)
	case "interrupted":
		heard := make(chan os.Signal, 1)
		signal.Notify(heard, os.Interrupt)
		if in, err := os.OpenFile("CONIN$", os.O_RDWR, 0); err == nil {
			go in.Read(make([]byte, 1)) // Wine handles typed text only while a program reads
		}
		os.Stdout.WriteString("listening")
		<-heard
		os.Exit(42)
	case "breakaway": // 0 where a process leaves the job
		attr := &os.ProcAttr{Env: append(os.Environ(), "LOCKSTILE_TEST_AS=code"), Files: []*os.File{nil, nil, nil}, Sys: &syscall.SysProcAttr{CreationFlags: windows.CREATE_BREAKAWAY_FROM_JOB}}
		if _, err := os.StartProcess(os.Args[0], os.Args, attr); errors.Is(err, windows.ERROR_ACCESS_DENIED) {
			os.Exit(8)
		}
		os.Exit(0)
	case "hang":
		os.Stdout.WriteString("begun")
		time.Sleep(time.Minute)
		os.Exit(0)
	case "console": // typed text comes back, at the console itself
		out, err := os.OpenFile("CONOUT$", os.O_RDWR, 0)
		if err != nil {
			os.Exit(2)
		}
		in, err := os.OpenFile("CONIN$", os.O_RDWR, 0)
		if err != nil {
			os.Exit(3)
		}
		out.WriteString("hello from the console\r\n")
		buf := make([]byte, 100)
		n, _ := in.Read(buf)
		out.WriteString("typed: " + strings.TrimSpace(string(buf[:n])) + "\r\n")
		os.Exit(0)
	}
	os.Exit(99)
}

// as is a request for the test binary as a command, in full access, with a reader of the
// output.
func as(t *testing.T, what string, args ...string) (g *Gate, r Request, out func() string) {
	t.Helper()
	g, r, _ = opened(t)
	r.Policy.Mode, r.Policy.Env.Inherit = policy.ModeDangerFullAccess, policy.InheritAll
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r.Argv = append([]string{self}, args...)
	r.Env = append(os.Environ(), "LOCKSTILE_TEST_AS="+what)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { read.Close() })
	r.Stdout, r.Stderr = write, write
	return g, r, func() string {
		write.Close()
		text, err := io.ReadAll(read)
		if err != nil {
			t.Error(err)
		}
		return string(text)
	}
}

func started(t *testing.T, g *Gate, r Request) *Child {
	t.Helper()
	child, err := g.Start(r)
	if err != nil {
		t.Fatal(err)
	}
	return child
}

func TestFullAccess(t *testing.T) {
	g, r, out := as(t, "echo", "a b", `c"d`, `e\`, "")
	in, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Stdin = in
	child := started(t, g, r)
	in.Close()
	write.WriteString("fed")
	write.Close()
	exit, err := child.Wait()
	if err != nil || exit.Code != 0 {
		t.Errorf("%+v %v", exit, err)
	}
	if got, want := out(), "out "+r.Policy.Workspace+` a b|c"d|e\| fed`; !strings.Contains(got, want) || !strings.Contains(got, "err") {
		t.Errorf("%q, want %q", got, want)
	}
	lines, err := audit.Tail(g.log.Path(), 2)
	if err != nil || len(lines) != 2 {
		t.Fatal(lines, err)
	}
	for _, want := range []string{`"event":"start"`, `"danger-full-access"`, `"unconfined"`, `"io":"pipes"`, `"account":"S-1-`, string(refusal.Tree), string(refusal.HostUser)} {
		if !bytes.Contains(lines[0], []byte(want)) {
			t.Errorf("no %s in %s", want, lines[0])
		}
	}
	if !bytes.Contains(lines[1], []byte(`"event":"end"`)) || !bytes.Contains(lines[1], []byte(`"exit":0`)) {
		t.Errorf("%s", lines[1])
	}
}

func TestExitCode(t *testing.T) {
	g, r, _ := as(t, "code")
	if exit, err := started(t, g, r).Wait(); err != nil || exit.Code != 7 {
		t.Errorf("%+v %v", exit, err)
	}
}

// TestNothingIsLeft checks that processes left behind end with the command, also in a job
// of their own, and also after a kill.
func TestNothingIsLeft(t *testing.T) {
	marks := t.TempDir()
	for _, what := range []string{"tree", "nested"} {
		g, r, _ := as(t, what, filepath.Join(marks, what))
		if exit, err := started(t, g, r).Wait(); err != nil || exit.Code != 0 {
			t.Errorf("%s: %+v %v", what, exit, err)
		}
	}
	time.Sleep(3 * time.Second)
	if left, err := os.ReadDir(marks); err != nil || len(left) > 0 {
		t.Errorf("processes were left: %v, %v", left, err)
	}
	g, r, _ := as(t, "hang")
	child := started(t, g, r)
	if err := child.Signal(syscall.SIGKILL); err != nil {
		t.Error(err)
	}
	if exit, err := child.Wait(); err != nil || exit.Code == 0 {
		t.Errorf("%+v %v", exit, err)
	}
}

// TestBreakaway checks that no process leaves the job.
func TestBreakaway(t *testing.T) {
	g, r, _ := as(t, "breakaway")
	if exit, err := started(t, g, r).Wait(); err != nil || exit.Code != 8 {
		t.Errorf("%+v %v", exit, err)
	}
}

// TestHandles checks that a start leaves no handle behind, whatever the end.
func TestHandles(t *testing.T) {
	count := windows.NewLazySystemDLL("kernel32.dll").NewProc("GetProcessHandleCount")
	handles := func() int {
		var n uint32
		if ok, _, err := count.Call(uintptr(windows.CurrentProcess()), uintptr(unsafe.Pointer(&n))); ok == 0 {
			t.Fatal(err)
		}
		return int(n)
	}
	g, r, out := as(t, "code")
	defer out()
	absent, refused, console := r, r, r
	absent.Argv = []string{"there-is-none"}
	refused.Policy.Mode, refused.Policy.WindowsSandbox, refused.Policy.NetworkAccess = policy.ModeWorkspaceWrite, "unelevated", true
	console.Stdin, console.Stdout, console.Stderr, console.Terminal = nil, nil, nil, &Size{Rows: 24, Cols: 80}
	all := func() {
		started(t, g, r).Wait()
		child := started(t, g, console)
		go io.Copy(io.Discard, child.Terminal)
		child.Wait()
		child.Terminal.Close()
		child.TerminalInput.Close()
		for _, bad := range []Request{absent, refused} {
			if _, err := g.Start(bad); err == nil {
				t.Error("it started")
			}
		}
	}
	for range 3 { // threads and the like come with the first starts
		all()
	}
	before := handles()
	for range 20 {
		all()
	}
	var after int
	for range 100 { // consoles close by the way
		if after = handles(); after < before+20 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("%d handles after 80 starts, %d before", after, before)
}

// TestInterrupt checks that an interrupt reaches the command, also on pipes with an
// invisible console.
func TestInterrupt(t *testing.T) {
	g, r, _ := as(t, "interrupted")
	listening, write, err := os.Pipe()
	must(t, err)
	defer listening.Close()
	r.Stdout = write
	child := started(t, g, r)
	write.Close()
	if _, err := listening.Read(make([]byte, 1)); err != nil {
		t.Error(err)
	}
	var typing sync.WaitGroup
	ended := make(chan struct{})
	typing.Go(func() { // more than once: under Wine text typed before a read is lost
		for {
			if err := child.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
				t.Error(err)
			}
			select {
			case <-ended:
				return
			case <-time.After(time.Second):
			}
		}
	})
	// Only the interrupt ends the command. (Wine doesn't ask the handler.)
	if _, err := child.Wait(); err != nil {
		t.Error(err)
	}
	close(ended)
	typing.Wait()
	if err := child.Signal(syscall.SIGINT); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("after its end: %v", err)
	}
}

func TestConsole(t *testing.T) {
	g, r, _ := as(t, "console")
	r.Stdin, r.Stdout, r.Stderr, r.Terminal = nil, nil, nil, &Size{Rows: 24, Cols: 80}
	child := started(t, g, r)
	defer child.Terminal.Close()
	defer child.TerminalInput.Close()
	seen := make(chan string)
	go func() {
		text, _ := io.ReadAll(child.Terminal)
		seen <- string(text)
	}()
	if _, err := child.TerminalInput.WriteString("abc\r"); err != nil {
		t.Error(err)
	}
	if exit, err := child.Wait(); err != nil || exit.Code != 0 {
		t.Errorf("%+v %v", exit, err)
	}
	if text := <-seen; !strings.Contains(text, "hello from the console") || !strings.Contains(text, "typed: abc") {
		t.Errorf("%q", text)
	}
}

// TestRestrictedToken checks that nothing starts on a system whose tokens restrict
// nothing, and report as much.
func TestRestrictedToken(t *testing.T) {
	for _, terminal := range []*Size{nil, {Rows: 24, Cols: 80}} {
		g, r, mark := opened(t)
		r.Policy.WindowsSandbox, r.Policy.NetworkAccess, r.Policy.Env.Inherit = "unelevated", true, policy.InheritAll
		r.Argv, r.Env = []string{"cmd.exe", "/c", "echo x > ran"}, os.Environ()
		if r.Terminal = terminal; terminal != nil {
			r.Stdin, r.Stdout, r.Stderr = nil, nil, nil
		}
		child, err := g.Start(r)
		if err == nil {
			child.Wait()
			t.Fatal("it ran under a token that restricts nothing")
		}
		var refused *refusal.Error
		if !errors.As(err, &refused) || refused.Restriction != refusal.RestrictedToken || refused.Stage != refusal.StageConfine {
			t.Errorf("%v", err)
		}
		if _, err := os.Lstat(mark); err == nil {
			t.Error("the command ran")
		}
	}
}

func TestNoCommand(t *testing.T) {
	g, r, mark := opened(t)
	r.Policy.Mode = policy.ModeDangerFullAccess
	for name, file := range map[string]string{"there-is-none": "", `.\none`: "", "text.exe": "no program"} {
		if file != "" {
			must(t, os.WriteFile(filepath.Join(r.Policy.Workspace, name), []byte(file), 0o755))
			name = `.\` + name
		}
		r.Argv = []string{name}
		wantRefused(t, g, r, mark, refusal.CodeNoCommand)
	}
	must(t, os.WriteFile(filepath.Join(r.Policy.Workspace, "x.bat"), nil, 0o755))
	r.Argv = []string{`.\x.bat`, "%PATH%"}
	wantRefused(t, g, r, mark, refusal.CodeInput)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestCandidates(t *testing.T) {
	env := []string{`Path=C:\a;b`, "PATHEXT=.EXE;.Cmd;.VBS;"}
	for name, want := range map[string][]string{
		"x":        {`C:\a\x.exe`, `C:\a\x.cmd`, `C:\ws\b\x.exe`, `C:\ws\b\x.cmd`},
		"x.exe":    {`C:\a\x.exe`, `C:\a\x.exe.exe`, `C:\a\x.exe.cmd`, `C:\ws\b\x.exe`, `C:\ws\b\x.exe.exe`, `C:\ws\b\x.exe.cmd`},
		`.\x.exe`:  {`C:\ws\x.exe`, `C:\ws\x.exe.exe`, `C:\ws\x.exe.cmd`},
		`C:\x.exe`: {`C:\x.exe`, `C:\x.exe.exe`, `C:\x.exe.cmd`},
	} {
		if got := commandPaths(name, `C:\ws`, env); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
