//go:build linux

package measure

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/attest"
)

// hold starts a process that prints a word and then waits for the test's end.
func hold(t *testing.T, cmd *exec.Cmd) (pid int, said string) {
	t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); cmd.Wait() })
	word := make([]byte, 32)
	n, err := out.Read(word)
	if err != nil {
		t.Fatal(err)
	}
	return cmd.Process.Pid, strings.TrimSpace(string(word[:n]))
}

func TestProcess(t *testing.T) {
	e := attest.NewEvidence()
	pid, _ := hold(t, exec.Command("sh", "-c", "exec 7</dev/null; echo ready; read x"))
	p := Process{Who: "command", PID: pid}
	p.Status(e)
	p.Namespaces(e, attest.NamespaceNames()...)
	p.IDMaps(e)
	p.View(e)
	p.Places(e, []string{"/", "/no/such/file"})
	p.Descriptors(e)
	own, err := Self()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range attest.NamespaceNames() {
		if got := e.Facts[attest.Fact("command.ns."+n)]; got != own.Namespaces[n] || got == "" {
			t.Errorf("namespace %s is %q, ours is %q", n, got, own.Namespaces[n])
		}
	}
	for fact, want := range map[attest.Fact]string{
		"command.status.NoNewPrivs": "0", "command.session": "another's",
	} {
		if e.Facts[fact] != want {
			t.Errorf("%s is %q, want %q", fact, e.Facts[fact], want)
		}
	}
	if got := e.Facts["command.fds"]; !strings.HasPrefix(got, "0 1 2 7") { // the tester may have more open
		t.Errorf("descriptors are %q", got)
	}
	var st unix.Stat_t
	if err := unix.Stat("/", &st); err != nil {
		t.Fatal(err)
	}
	if got, want := e.Facts["command.file./"], fmt.Sprintf("%d:%d", st.Dev, st.Ino); got != want {
		t.Errorf("the root is %q, want %q", got, want)
	}
	if e.Unread["command.file./no/such/file"] == nil {
		t.Error("a file that isn't there was read")
	}
	for f, err := range e.Unread {
		if f != "command.file./no/such/file" {
			t.Errorf("%s: %v", f, err)
		}
	}
}

// TestProcessThatIsGone checks that nothing can be read of an ended process, and that
// nothing is made up.
func TestProcessThatIsGone(t *testing.T) {
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	e := attest.NewEvidence()
	p := Process{Who: "command", PID: cmd.Process.Pid}
	p.Status(e)
	p.Namespaces(e, "net")
	p.IDMaps(e)
	p.View(e)
	p.Places(e, []string{"/"})
	p.Descriptors(e)
	if len(e.Facts) != 0 {
		t.Errorf("facts of a process that is gone: %v", e.Facts)
	}
	if len(e.Unread) < 15 {
		t.Errorf("only %d facts are named as unread", len(e.Unread))
	}
}

// TestMain lets the test program be a process with an open descriptor that closes at
// exec.
func TestMain(m *testing.M) {
	if os.Getenv("MEASURE_TEST_HOLD") == "" {
		m.Run()
		return
	}
	f, err := os.Open("/dev/null")
	if err != nil {
		os.Exit(1)
	}
	fmt.Println(f.Fd())
	os.Stdin.Read(make([]byte, 1))
	f.Close()
}

func TestDescriptorsShowCloexec(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "MEASURE_TEST_HOLD=1")
	pid, said := hold(t, cmd)
	e := attest.NewEvidence()
	Process{Who: "command", PID: pid}.Descriptors(e)
	if want := " " + said + "+cloexec "; !strings.Contains(e.Facts["command.fds"]+" ", want) {
		t.Errorf("%q does not show%s(%v)", e.Facts["command.fds"], want, e.Unread)
	}
}

func TestErrnoName(t *testing.T) {
	if got := ErrnoName(-int64(unix.EROFS)); got != "EROFS" {
		t.Error(got)
	}
}

// TestRestOf checks that a waiting process makes no progress, and that a working or a new
// process makes progress.
func TestRestOf(t *testing.T) {
	_, said := hold(t, exec.Command("sh", "-c", "(sleep 1009 & echo $$; read x; kill $!)"))
	shell, err := strconv.Atoi(said)
	if err != nil {
		t.Fatal(err)
	}
	quiet := func() (r Rest, ok bool) {
		for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
			before := RestOf(shell)
			time.Sleep(20 * time.Millisecond)
			if r = RestOf(shell); !r.Progressed(before) {
				return r, true
			}
		}
		return r, false
	}
	still, ok := quiet()
	if !ok || !slices.Equal(still.Names, []string{"sh", "sleep"}) && !slices.Equal(still.Names, []string{"sleep"}) {
		t.Errorf("%q, still: %t", still.Names, ok)
	}
	busy := exec.Command("sh", "-c", "while :; do :; done")
	if err := busy.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { busy.Process.Kill(); busy.Wait() }()
	before := RestOf(os.Getpid())
	time.Sleep(50 * time.Millisecond)
	if now := RestOf(os.Getpid()); !now.Progressed(before) || !slices.Contains(now.Names, "sh") {
		t.Errorf("a loop makes no progress: %q", now.Names)
	}
}

// TestStateOf checks that a process with a hostile name can't choose the state in
// stateOf's answer.
func TestStateOf(t *testing.T) {
	for line, want := range map[string]struct {
		name  string
		state byte
	}{
		"7 (sleep) S 1 7":  {"sleep", 'S'},
		"7 (x) Z 1) S 1 7": {"x) Z 1", 'S'},
		"7 () R) D 1 7":    {") R", 'D'},
		"7 (a (b) (c) R 1": {"a (b) (c", 'R'},
		"7 (sleep)":        {"", 0},
		"7 sleep S":        {"", 0},
		") (":              {"", 0},
		"":                 {"", 0},
	} {
		if name, state := stateOf(line); name != want.name || state != want.state {
			t.Errorf("%q: %q, %q", line, name, state)
		}
	}
}

// TestIdle checks that the account of a tree stays the same as long as no process runs, and
// differs after one has run, however shortly.
func TestIdle(t *testing.T) {
	cmd := exec.Command("sh", "-c", "read a; read b; sleep 1000")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	idle := func() (account string) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
			before, ok := Idle(cmd.Process.Pid)
			time.Sleep(50 * time.Millisecond)
			if after, same := Idle(cmd.Process.Pid); ok && same && before == after {
				return after
			}
		}
		t.Fatal("the tree never rests")
		return ""
	}
	before := idle()
	if _, err := in.Write([]byte("x\n")); err != nil {
		t.Fatal(err)
	}
	if after := idle(); after == before {
		t.Errorf("a process has run, and the account is the same: %q", after)
	}
	if _, ok := Idle(1 << 30); ok {
		t.Error("no process is idle")
	}
}
