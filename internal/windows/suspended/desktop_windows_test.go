package suspended

import (
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/windows"
)

// The test binary is the command too.
func TestMain(m *testing.M) {
	if os.Getenv("LOCKSTILE_TEST_AS") == "desktop" {
		tellDesktop()
	}
	os.Exit(m.Run())
}

var (
	getThreadDesktop   = user32.NewProc("GetThreadDesktop")
	getCurrentThreadID = windows.NewLazySystemDLL("kernel32.dll").NewProc("GetCurrentThreadId")
)

// tellDesktop prints the station and the desktop of this process, from the system.
func tellDesktop() {
	runtime.LockOSThread() // under Wine a thread from before user32 was loaded has no desktop
	station, _, _ := getProcessWindowStation.Call()
	thread, _, _ := getCurrentThreadID.Call()
	desktop, _, _ := getThreadDesktop.Call(thread)
	s, err := platform{}.objectName(Handle(station))
	if err != nil {
		os.Exit(1)
	}
	d, err := platform{}.objectName(Handle(desktop))
	if err != nil {
		os.Exit(2)
	}
	os.Stdout.WriteString(s + `\` + d)
	os.Exit(0)
}

const onlyUs = "D:(A;;GA;;;SY)(A;;GA;;;WD)"

// told runs this program on a desktop, and returns the station and the desktop that the
// program prints.
func told(t *testing.T, desktop string) string {
	t.Helper()
	c, err := Prepare(nil)
	if err != nil {
		t.Fatal(err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := Spec{File: self, Line: `"` + self + `"`, Env: append(os.Environ(), "LOCKSTILE_TEST_AS=desktop"), Dir: t.TempDir(), Desktop: desktop}
	n := Handle(null.Fd())
	if err := c.Make(s, &[3]Handle{n, Handle(write.Fd()), n}); err != nil {
		t.Fatal(err)
	}
	write.Close()
	if err := c.Resume(); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 1000)
	size, _ := read.Read(buf)
	if code, err := c.Wait(); err != nil || code != 0 {
		t.Fatalf("%d, %v", code, err)
	}
	return string(buf[:size])
}

// TestDesktop checks that a command begins on its own desktop, on a window station other
// than the user's, and that our station stays the same while other goroutines make
// desktops.
func TestDesktop(t *testing.T) {
	before := told(t, "")
	var beside sync.WaitGroup
	for range 8 {
		beside.Go(func() {
			for range 20 {
				d, err := NewDesktop(onlyUs)
				if err != nil {
					t.Error(err)
					return
				}
				d.Close()
			}
		})
	}
	for range 3 {
		if now := told(t, ""); now != before {
			t.Errorf("without a desktop of its own it is on %s, not on %s", now, before)
		}
	}
	beside.Wait()
	d, err := NewDesktop(onlyUs)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	station, desktop, _ := strings.Cut(d.Name(), `\`)
	if strings.EqualFold(station, "WinSta0") || !strings.HasPrefix(desktop, "lockstile-") {
		t.Errorf("it is %s", d.Name())
	}
	if got := told(t, d.Name()); got != d.Name() {
		t.Errorf("the command is on %s, not on %s", got, d.Name())
	}
	if _, err := NewDesktop("no list"); err == nil {
		t.Error("a desktop that nobody knows who may use")
	}
}
