package session

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/policy"
)

// screen is a session as a user would see it, drawn by an independent terminal emulator.
type screen struct {
	*testing.T
	*Session
	ws string
	vt *vt.SafeEmulator
}

func onScreen(t *testing.T, argv ...string) *screen {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := &screen{T: t, ws: filepath.Join(dir, "ws"), vt: vt.NewSafeEmulator(80, 24)}
	if err := os.Mkdir(c.ws, 0o755); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for i := range 200 {
		fmt.Fprintf(&text, "line %d\n", i+1)
	}
	if err := os.WriteFile(c.ws+"/text", []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	g, err := lockstile.Open(filepath.Join(dir, "home"))
	if err != nil {
		t.Fatal(err)
	}
	c.Session, err = Start(g, lockstile.Request{
		Policy: policy.Policy{Mode: policy.ModeWorkspaceWrite, Workspace: c.ws, Env: policy.Env{Inherit: policy.InheritAll}},
		Argv:   argv, Env: []string{"PATH=/usr/local/bin:/usr/bin:/bin", "TERM=xterm-256color", "LANG=C.UTF-8", "HOME=" + c.ws},
		Terminal: &lockstile.Size{Rows: 24, Cols: 80},
	})
	if err != nil {
		t.Fatal(err)
	}
	answers := make(chan struct{})
	go func() { // the terminal's answers to questions in the output
		defer close(answers)
		buf := make([]byte, 256)
		for {
			n, err := c.vt.Read(buf)
			if err != nil {
				return
			}
			_ = c.Type(string(buf[:n]))
		}
	}()
	t.Cleanup(func() {
		c.vt.InputPipe().(io.Closer).Close() // not the emulator's Close, which doesn't wait for a Read
		<-answers
		if err := c.End(); err != nil {
			t.Error(err)
		}
		g.Close()
	})
	return c
}

// shows waits until the text is on the screen.
func (c *screen) shows(text string) {
	c.Helper()
	if !c.showsWithin(text, patience) {
		c.Fatalf("%q is not shown:\n%s", text, c.vt.String())
	}
}

func (c *screen) showsWithin(text string, limit time.Duration) bool {
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); {
		out := c.Poll(context.Background(), 10*time.Millisecond)
		c.vt.Write(out.Head)
		if strings.Contains(c.vt.String(), text) {
			return true
		}
	}
	return false
}

// keysUntil types keys until the text is on the screen: while a program takes up
// a new size, a key may be lost.
func (c *screen) keysUntil(keys, text string) {
	c.Helper()
	for range 40 {
		c.keys(keys)
		if c.showsWithin(text, 500*time.Millisecond) {
			return
		}
	}
	c.Fatalf("%q is not shown:\n%s", text, c.vt.String())
}

func (c *screen) keys(text string) {
	c.Helper()
	if err := c.Type(text); err != nil {
		c.Fatal(err)
	}
}

func (c *screen) ends(code int) {
	c.Helper()
	c.Poll(context.Background(), patience)
	if exit, over, err := c.Exit(); !over || err != nil || exit.Code != code {
		c.Errorf("%+v %v %v\n%s", exit, over, err, c.vt.String())
	}
}

func TestPagerOnScreen(t *testing.T) {
	c := onScreen(t, "less", "text")
	c.shows("line 1\n")
	c.shows("line 23")
	c.keys(" ")
	c.shows("line 46")
	c.keys("/line 150\n")
	c.shows("line 150")
	if strings.Contains(c.vt.String(), "line 149\n") {
		t.Errorf("the match is not at the top:\n%s", c.vt.String())
	}
	if err := c.Resize(lockstile.Size{Rows: 10, Cols: 40}); err != nil {
		t.Fatal(err)
	}
	c.vt.Resize(40, 10)
	c.keysUntil("g", "line 9")
	if strings.Contains(c.vt.String(), "line 10\n") {
		t.Errorf("it didn't take the size:\n%s", c.vt.String())
	}
	c.keys("q")
	c.ends(0)
}

func TestEditorOnScreen(t *testing.T) {
	c := onScreen(t, "vim", "-N", "-u", "NONE", "-i", "NONE", "text")
	c.shows("line 22")
	c.keys("Onew first line\x1b")
	c.shows("new first line")
	c.keys(":wq\r")
	c.ends(0)
	if b, err := os.ReadFile(c.ws + "/text"); err != nil || !strings.HasPrefix(string(b), "new first line\nline 1\n") {
		t.Errorf("%.40q %v", b, err)
	}
}

func TestPythonOnScreen(t *testing.T) {
	c := onScreen(t, "python3", "-q")
	c.shows(">>>")
	c.keys("print('a' + 'b' * 3)\r")
	c.shows("abbb")
	c.keys("import time; time.sleep(1007)\r")
	c.shows("1007")
	c.keys("\x03")
	c.shows("KeyboardInterrupt")
	c.keys("exit(5)\r")
	c.ends(5)
}

func TestTopOnScreen(t *testing.T) {
	c := onScreen(t, "top")
	c.shows("PID USER")
	c.shows("top")
	c.keys("q")
	c.ends(0)
}

func TestNodeOnScreen(t *testing.T) {
	c := onScreen(t, "node")
	c.shows("Welcome to Node.js")
	c.keys("'a' + 'b'.repeat(3)\r")
	c.shows("'abbb'")
	c.keys("'c' + 'b'.repe\t")  // Tab completes, and the program previews the answer
	c.shows("'c' + 'b'.repeat") // the screen shows no other line like this
	c.keys("\x15console.log('on' + 1); while (true) {}\r")
	c.shows("on1\n") // until then the terminal is raw, and ^C a key like others
	c.keys("\x03")
	c.shows("Script execution was interrupted")
	c.keys("process.exit(5)\r")
	c.ends(5)
}

func TestDebuggerOnScreen(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "sum.c")
	if err := os.WriteFile(source, []byte("int sum(int a, int b) {\n\treturn a + b;\n}\nint main(void) {\n\treturn sum(40, 2);\n}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	c := onScreen(t, "bash", "--norc", "--noprofile")
	if out, err := exec.Command("gcc", "-g", "-O0", "-o", c.ws+"/sum", source).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	c.keys("exec gdb -q -nx ./sum\r")
	c.shows("(gdb)")
	c.keys("break sum\r")
	c.shows("Breakpoint 1 at")
	c.keys("run\r")
	c.shows("Breakpoint 1, sum (a=40, b=2)")
	c.keys("print a * b\r")
	c.shows("$1 = 80")
	c.keys("kill\r")
	c.shows("(y or n)")
	c.keys("y\r")
	c.shows("killed]")
	c.keys("quit\r")
	c.ends(0)
}

func TestCommitOnScreen(t *testing.T) {
	c := onScreen(t, "bash", "--norc", "--noprofile")
	git := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", c.ws, "-c", "safe.directory=*"}, args...)...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%q: %v %s", args, err, out)
		}
		return string(out)
	}
	c.keys("export GIT_EDITOR='vim -N -u NONE -i NONE' GIT_DIR=$PWD/repo GIT_WORK_TREE=$PWD; git init -q && git add text && git -c user.name=a -c user.email=a@b commit\r")
	c.shows("Please enter the commit message")
	c.keys("Osay why\x1b")
	c.shows("say why")
	c.keys(":wq\r")
	c.shows("1 file changed")
	if log := git("--git-dir", c.ws+"/repo", "log", "--format=%an: %s"); log != "a: say why\n" {
		t.Errorf("%q", log)
	}
	c.keys("exit\r")
	c.ends(0)
}
