package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// trap is the target of a hostile program, with a look from outside: whether the program
// got through.
type trap struct {
	args []string
	seen func() bool
	undo func() // nil for nothing to undo
}

// winCase is a Windows case.
type winCase struct {
	name, act string
	set       func(*testing.T, place) trap
	// allows names the sandbox that doesn't prevent the act, as docs/residuals.md says.
	allows string
	// able reports whether the system can perform the act at all; nil for always.
	able func(*testing.T) bool
}

// file is a trap that sees a new file.
func file(name string, args ...string) trap {
	return trap{args: append(args, name), seen: func() bool { _, err := os.Lstat(name); return err == nil }, undo: func() { os.RemoveAll(name) }}
}

func there(program string) func(*testing.T) bool {
	return func(*testing.T) bool { _, err := exec.LookPath(program); return err == nil }
}

// exits runs a program, and reports whether the program ends with a code.
func exits(code int, program string, args ...string) bool {
	cmd := exec.Command(program, args...)
	_ = cmd.Run() // only the code counts
	return cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == code
}

// soon waits up to two seconds for an effect that comes after the program.
func (it trap) soon() trap {
	seen := it.seen
	it.seen = func() bool {
		for end := time.Now().Add(2 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			if seen() {
				return true
			}
		}
		return false
	}
	return it
}

func beside(p place, name string) string { return filepath.Join(filepath.Dir(p.ws), name) }

var winCases = []winCase{
	{name: "W-01 write with privileges", act: "write with privileges", set: func(_ *testing.T, p place) trap {
		return file(filepath.Join(os.Getenv("SystemRoot"), "lockstile-case"))
	}},
	{name: "W-02 write a process's memory", act: "write memory", set: func(*testing.T, place) trap {
		victim.Store(0)
		return trap{args: []string{pid(), fmt.Sprint(uintptr(unsafe.Pointer(&victim)))}, seen: func() bool { return victim.Load() != 0 }}
	}},
	{name: "W-02 end a process", act: "terminate", set: setVictim},
	{name: "W-03 message to a window", act: "post to a window", set: setWindow},
	{name: "W-04 clipboard", act: "set the clipboard", set: func(*testing.T, place) trap {
		sequence := func() uintptr { n, _, _ := user32.NewProc("GetClipboardSequenceNumber").Call(); return n }
		before := sequence()
		return trap{seen: func() bool { return sequence() != before }}
	}},
	{name: "W-05 child of another process", act: "start as a child of", set: func(_ *testing.T, p place) trap { return file(beside(p, "child"), pid()).soon() }},
	{name: "W-06 service", act: "make a service", set: func(*testing.T, place) trap {
		name := "lockstile-case"
		return trap{[]string{name}, func() bool {
			k, err := registry.OpenKey(registry.LOCAL_MACHINE, `SYSTEM\CurrentControlSet\Services\`+name, registry.QUERY_VALUE)
			if err == nil {
				k.Close()
			}
			return err == nil
		}, func() { exec.Command("sc", "delete", name).Run() }}
	}},
	{name: "W-06 task", act: "make a task", able: func(*testing.T) bool { return exits(1, "schtasks", "/query", "/tn", "lockstile-none") }, set: func(*testing.T, place) trap {
		name := "lockstile-case"
		return trap{[]string{name}, func() bool { return exec.Command("schtasks", "/query", "/tn", name).Run() == nil }, func() { exec.Command("schtasks", "/delete", "/f", "/tn", name).Run() }}
	}},
	{name: "W-07 run key", act: "set a run key", set: func(*testing.T, place) trap {
		const name = "lockstile-case"
		open := func(rights uint32) (registry.Key, error) {
			k, _, err := registry.CreateKey(registry.CURRENT_USER, runKey, rights)
			return k, err
		}
		return trap{[]string{name}, func() bool {
			k, err := open(registry.QUERY_VALUE)
			if err != nil {
				return false
			}
			defer k.Close()
			_, _, err = k.GetStringValue(name)
			return err == nil
		}, func() {
			if k, err := open(registry.SET_VALUE); err == nil {
				_ = k.DeleteValue(name) // the value may be absent
				k.Close()
			}
		}}
	}},
	{name: "W-07 start-up folder", act: "write", set: func(t *testing.T, p place) trap {
		dir := filepath.Join(os.Getenv("APPDATA"), `Microsoft\Windows\Start Menu\Programs\Startup`)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		return file(filepath.Join(dir, "lockstile-case.cmd"))
	}},
	{name: "W-08 start by WMI", act: "start by WMI", able: func(*testing.T) bool { return exits(3, "powershell", "-NoProfile", "-Command", "exit 3") }, set: func(_ *testing.T, p place) trap { return file(beside(p, "wmi")).soon() }},
	{name: "W-09 fetch by BITS", act: "fetch by BITS", able: there("bitsadmin"), allows: "unelevated", set: func(t *testing.T, p place) trap {
		url, seen := listening(t, "127.0.0.1:0")
		return trap{args: []string{"http://" + url, filepath.Join(p.ws, "bits")}, seen: seen}
	}},
	{name: "W-10 child that fetches", act: "fetch by curl", able: there("curl.exe"), allows: "unelevated", set: func(t *testing.T, _ place) trap {
		url, seen := listening(t, "127.0.0.1:0")
		return trap{args: []string{"http://" + url}, seen: seen}
	}},
	{name: "W-11 loopback TCP", act: "dial", allows: "unelevated", set: func(t *testing.T, _ place) trap {
		at, seen := listening(t, "127.0.0.1:0")
		return trap{args: []string{at}, seen: seen}
	}},
	{name: "W-11 loopback UDP", act: "send", allows: "unelevated", set: setDatagram},
	{name: "W-14 a user's pipe", act: "open a pipe", set: setPipe},
	{name: "W-15 .GIT", act: "write", set: spelling(`.GIT\x`)},
	{name: `W-15 \\?\`, act: "write", set: func(t *testing.T, p place) trap {
		it := spelling(`.git\x`)(t, p)
		it.args[0] = `\\?\` + it.args[0]
		return it
	}},
	{name: "W-15 rename of .git", act: "rename", set: func(t *testing.T, p place) trap {
		spelling("x")(t, p)
		to := filepath.Join(p.ws, "moved")
		return file(to, filepath.Join(p.ws, ".git"))
	}},
	{name: "W-16 junction", act: "write by junction", able: func(t *testing.T) bool {
		return exits(0, "cmd", "/c", "mklink", "/J", filepath.Join(t.TempDir(), "j"), t.TempDir())
	}, set: func(t *testing.T, p place) trap {
		dir := beside(p, "outside")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		it := file(filepath.Join(dir, "x"))
		it.args = []string{filepath.Join(p.ws, "j"), dir}
		return it
	}},
	{name: "W-16 hard link", act: "append by link", set: func(t *testing.T, p place) trap {
		target := beside(p, "target")
		if err := os.WriteFile(target, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		return trap{[]string{target, filepath.Join(p.ws, "linked")}, func() bool { i, err := os.Stat(target); return err == nil && i.Size() > 0 }, func() { os.Remove(filepath.Join(p.ws, "linked")) }}
	}},
	{name: "W-17 a .git that isn't there", act: "mkdir", set: func(_ *testing.T, p place) trap {
		os.RemoveAll(filepath.Join(p.ws, ".git"))
		return file(filepath.Join(p.ws, ".git"))
	}},
	{name: "W-19 beside the runner", act: "write", set: func(t *testing.T, _ place) trap {
		dir := filepath.Join(os.Getenv("ProgramFiles"), "lockstile")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		it := file(filepath.Join(dir, "version.dll"))
		remove := it.undo
		it.undo = func() { remove(); os.Remove(dir) } // fails if the runner is installed there
		return it
	}},
	{name: "W-23 sealed for the user", act: "unseal", allows: "unelevated", set: setSealed},
	{name: "W-24 beside the workspace", act: "write", set: func(_ *testing.T, p place) trap { return file(beside(p, "x")) }},
	{name: "W-24 ProgramData", act: "write", set: func(*testing.T, place) trap { return file(filepath.Join(os.Getenv("ProgramData"), "lockstile-case")) }},
	{name: `W-24 C:\`, act: "write", set: func(*testing.T, place) trap { return file(os.Getenv("SystemDrive") + `\lockstile-case`) }},
}

var victim atomic.Int32

func pid() string { return strconv.Itoa(os.Getpid()) }

func setVictim(t *testing.T, _ place) trap {
	cmd := exec.Command(os.Args[0], filepath.Join(t.TempDir(), "beats"))
	cmd.Env = append(os.Environ(), "LOCKSTILE_TEST_BEAT=1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		cmd.Wait()
		close(ended)
	}()
	return trap{[]string{strconv.Itoa(cmd.Process.Pid)}, func() bool {
		select {
		case <-ended:
			return true
		case <-time.After(time.Second):
			return false
		}
	}, func() { cmd.Process.Kill(); <-ended }}
}

// setWindow shows a window that closes on request.
func setWindow(t *testing.T, _ place) trap {
	title := "lockstile-case-" + pid()
	words, err := windows.UTF16PtrFromString(title)
	if err != nil {
		t.Fatal(err)
	}
	class, err := windows.UTF16PtrFromString("STATIC")
	if err != nil {
		t.Fatal(err)
	}
	var closed atomic.Bool
	shown, stop, over := make(chan bool), make(chan struct{}), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer close(over)
		w, _, _ := user32.NewProc("CreateWindowExW").Call(0, uintptr(unsafe.Pointer(class)), uintptr(unsafe.Pointer(words)), 0, 0, 0, 9, 9, 0, 0, 0, 0)
		shown <- w != 0
		var message [64]byte
		for {
			const remove = 1
			if got, _, _ := user32.NewProc("PeekMessageW").Call(uintptr(unsafe.Pointer(&message[0])), 0, 0, 0, remove); got != 0 {
				closed.Store(true) // only the test and the program know the title
			}
			select {
			case <-stop:
				user32.NewProc("DestroyWindow").Call(w)
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}()
	if !<-shown {
		t.Fatal("no window can be made")
	}
	return trap{[]string{title}, func() bool { time.Sleep(200 * time.Millisecond); return closed.Load() }, func() { close(stop); <-over }}
}

// listening takes a connection, and reports whether a connection came.
func listening(t *testing.T, address string) (at string, seen func() bool) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	came := make(chan struct{}, 1)
	go func() {
		if c, err := l.Accept(); err == nil {
			came <- struct{}{}
			c.Close()
		}
	}()
	return l.Addr().String(), within(came)
}

func within(came <-chan struct{}) func() bool {
	return func() bool {
		select {
		case <-came:
			return true
		case <-time.After(time.Second):
			return false
		}
	}
}

// setDatagram takes a datagram. (Package net can't make a datagram socket under Wine.)
func setDatagram(t *testing.T, _ place) trap {
	var data windows.WSAData
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	must(windows.WSAStartup(0x202, &data))
	s, err := windows.Socket(windows.AF_INET, windows.SOCK_DGRAM, 0)
	must(err)
	must(windows.Bind(s, &windows.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	at, err := windows.Getsockname(s)
	must(err)
	came := make(chan struct{}, 1)
	go func() {
		if _, _, err := windows.Recvfrom(s, make([]byte, 1), 0); err == nil {
			came <- struct{}{}
		}
	}()
	return trap{[]string{strconv.Itoa(at.(*windows.SockaddrInet4).Port)}, within(came), func() { windows.Closesocket(s) }}
}

// setPipe makes a pipe as a user's programs do.
func setPipe(t *testing.T, _ place) trap {
	name := `\\.\pipe\lockstile-case-` + pid()
	text, err := windows.UTF16PtrFromString(name)
	if err != nil {
		t.Fatal(err)
	}
	h, err := windows.CreateNamedPipe(text, windows.PIPE_ACCESS_DUPLEX, windows.PIPE_TYPE_BYTE|windows.PIPE_NOWAIT, 1, 512, 512, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	return trap{[]string{name}, func() bool {
		var n uint32
		_ = windows.ConnectNamedPipe(h, nil) // connected by now, or not
		err := windows.ReadFile(h, make([]byte, 1), &n, nil)
		return err == nil && n == 1
	}, func() { windows.CloseHandle(h) }}
}

// spelling returns the trap for another spelling of a protected name.
func spelling(name string) func(*testing.T, place) trap {
	return func(t *testing.T, p place) trap {
		os.RemoveAll(filepath.Join(p.ws, ".git"))
		os.RemoveAll(filepath.Join(p.ws, "moved"))
		if err := os.MkdirAll(filepath.Join(p.ws, ".git"), 0o700); err != nil {
			t.Fatal(err)
		}
		return file(filepath.Join(p.ws, name))
	}
}

func setSealed(t *testing.T, p place) trap {
	plain := []byte("what only the user can read")
	in := windows.DataBlob{Size: uint32(len(plain)), Data: &plain[0]}
	var out windows.DataBlob
	if err := windows.CryptProtectData(&in, nil, nil, 0, nil, windows.CRYPTPROTECT_UI_FORBIDDEN, &out); err != nil {
		t.Fatal(err)
	}
	sealed, opened := filepath.Join(p.ws, "sealed"), filepath.Join(p.ws, "opened")
	if err := os.WriteFile(sealed, unsafe.Slice(out.Data, out.Size), 0o600); err != nil {
		t.Fatal(err)
	}
	return trap{[]string{sealed, opened}, func() bool { got, err := os.ReadFile(opened); return err == nil && string(got) == string(plain) }, func() { os.Remove(opened) }}
}

// confinedBy are the two kinds of confinement: by account with the network off, and by
// token with the network on.
var confinedBy = []struct{ name, config string }{
	{"elevated", "[windows]\nsandbox = \"elevated\""},
	{"unelevated", "[windows]\nsandbox = \"unelevated\"\n[sandbox_workspace_write]\nnetwork_access = true"},
}

// TestWindowsCases checks that each hostile program gets through in full access, and not
// under confinement: there the start is refused, or the program runs and doesn't get
// through. On a machine that must confine (LOCKSTILE_TEST_CONFINES) no start may be
// refused.
func TestWindowsCases(t *testing.T) {
	must := strings.Fields(os.Getenv("LOCKSTILE_TEST_CONFINES"))
	for _, c := range winCases {
		t.Run(c.name, func(t *testing.T) {
			if c.able != nil && !c.able(t) {
				t.Skip("this system can't do such a thing")
			}
			p := newPlace(t, "")
			if len(must) > 0 {
				p.asSetUp()
			}
			// The accounts may run programs in the workspace.
			program := filepath.Join(p.ws, "act.exe")
			self, err := os.ReadFile(os.Args[0])
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(program, self, 0o700); err != nil {
				t.Fatal(err)
			}
			got := p.perform(program, c, "sandbox_mode = \"danger-full-access\"")
			if !got.through {
				t.Errorf("in full access it doesn't get through: %d, %s", got.code, got.text)
			}
			for _, by := range confinedBy {
				got := p.perform(program, c, by.config)
				refused := got.code == 126
				switch {
				case got.through && (refused || c.allows != by.name):
					t.Errorf("%s: it gets through (exit %d)", by.name, got.code)
				case !refused && got.code != 0:
					t.Errorf("%s: %d, %s", by.name, got.code, got.text)
				case refused && contains(must, by.name):
					t.Errorf("%s is refused: %s", by.name, got.text)
				}
			}
		})
	}
}

// asSetUp copies the results of lockstile setup to the place: the user's secrets, and,
// beside the test program, the installed runner.
func (p place) asSetUp() {
	p.Helper()
	user, err := os.UserHomeDir()
	if err != nil {
		p.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(p.home, "secrets"), os.DirFS(filepath.Join(user, ".lockstile", "secrets"))); err != nil {
		p.Fatal(err)
	}
	const runner = "lockstile-runner.exe"
	installed, err := os.ReadFile(filepath.Join(os.Getenv("ProgramFiles"), "lockstile", runner))
	if err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(os.Args[0]), runner), installed, 0o700); err != nil {
		p.Fatal(err)
	}
}

func contains(all []string, one string) bool {
	for _, s := range all {
		if s == one {
			return true
		}
	}
	return false
}

type performance struct {
	through bool
	code    int
	text    string
}

// perform runs a hostile program under a configuration.
func (p place) perform(program string, c winCase, config string) performance {
	p.Helper()
	config += "\n[shell_environment_policy]\ninherit = \"all\"\n[shell_environment_policy.set]\nLOCKSTILE_TEST_ACT = \"" + c.act + "\"\n"
	if err := os.WriteFile(filepath.Join(p.home, "config.toml"), []byte(config), 0o600); err != nil {
		p.Fatal(err)
	}
	it := c.set(p.T, p)
	if it.undo != nil {
		defer it.undo()
	}
	_, errOut, code := p.run("", append([]string{"run", "--", program}, it.args...)...)
	return performance{it.seen(), code, errOut}
}
