//go:build linux

package measure

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/attest"
)

func TestParseMount(t *testing.T) {
	for line, want := range map[string]mount{
		"36 35 98:0 / / rw,noatime master:1 - ext3 /dev/root rw,errors=continue": {
			id: "36", parent: "35", point: "/", fsType: "ext3", source: "/dev/root", root: "/", propagation: "master"},
		`40 36 0:5 /a\040b /mnt/with\040space ro,relatime - tmpfs none rw`: {
			id: "40", parent: "36", point: "/mnt/with space", fsType: "tmpfs", source: "none", root: "/a b", readOnly: true, propagation: "private"},
		"41 36 0:6 / /x rw shared:5 master:7 unbindable - proc lockstile rw": {
			id: "41", parent: "36", point: "/x", fsType: "proc", source: "lockstile", root: "/", propagation: "shared+master+unbindable"},
	} {
		got, err := parseMount(line)
		if err != nil || got != want {
			t.Errorf("%s\ngot  %+v %v\nwant %+v", line, got, err, want)
		}
	}
	for _, line := range []string{"", "36 35 98:0 / / rw", "36 35 98:0 / / rw,noatime master:1 -", "36 35 98:0 / / noatime,rw - ext3 x rw",
		"36 35 98:0 / /  - ext3 x rw"} {
		if m, err := parseMount(line); err == nil {
			t.Errorf("%q is read as %+v", line, m)
		}
	}
}

// TestOn: what covers what is told by who stands on whom, whatever the order.
func TestOn(t *testing.T) {
	mounts := []mount{
		{id: "9", parent: "2", point: "/a"}, // a later one, made before the rest
		{id: "8", parent: "9", point: "/a/b/c"},
		{id: "1", parent: "0", point: "/"}, {id: "2", parent: "1", point: "/a"}, {id: "3", parent: "1", point: "/ab"},
		{id: "4", parent: "2", point: "/a/b"}, // beneath /a
		{id: "5", parent: "3", point: "/ab/c"}, {id: "6", parent: "5", point: "/ab/c"},
	}
	tree, err := newMountTree(mounts)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"/": "1", "/x": "1", "/a": "9", "/a/b": "9", "/ab": "3", "/a/b/c/d": "8", "/a/b/cd": "9", "/ab/c": "6", "/ab/c/d": "6"} {
		if got := tree.on(path).id; got != want {
			t.Errorf("%s lies on %s, want %s", path, got, want)
		}
	}
	for _, bad := range [][]mount{nil, mounts[:2], append(mounts, mount{id: "7", parent: "77", point: "/"})} {
		if _, err := newMountTree(bad); err == nil {
			t.Errorf("%+v has a root", bad)
		}
	}
}

// TestMountSays: only a file system made for the sandbox counts as one.
func TestMountSays(t *testing.T) {
	for want, m := range map[string]mount{
		"tmpfs lockstile rw": {fsType: "tmpfs", source: "lockstile", root: "/"},
		"proc lockstile ro":  {fsType: "proc", source: "lockstile", root: "/", readOnly: true},
		"bind rw":            {fsType: "tmpfs", source: "tmpfs", root: "/"},
		"bind ro":            {fsType: "tmpfs", source: "lockstile", root: "/below", readOnly: true},
	} {
		if got := m.String(); got != want {
			t.Errorf("%+v: %q, want %q", m, got, want)
		}
	}
}

func FuzzParseMounts(f *testing.F) {
	f.Add("36 35 98:0 / / rw,noatime master:1 - ext3 /dev/root rw\n")
	f.Add("1 1 0:1 / / rw - t s rw\n2 2 0:1 / /a rw - t s rw\n")
	f.Add(`40 36 0:5 /a\040b /mnt/\134\777 ro - tmpfs none rw`)
	f.Fuzz(func(t *testing.T, text string) {
		mounts, err := parseMounts(text)
		if err == nil && len(mounts) != strings.Count(text, "\n")+min(1, len(text)-1-strings.LastIndex(text, "\n")) {
			t.Errorf("%d mounts of %q", len(mounts), text)
		}
		if tree, err := newMountTree(mounts); err == nil {
			for _, m := range mounts {
				tree.on(m.point) // it comes to an end
			}
		}
	})
}

// hold starts a process that says a word and then waits for the test's end.
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
	p.View(e, []string{"/", "/no/such/file"})
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

// TestProcessThatIsGone: nothing can be read of it, and nothing is made up.
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
	p.View(e, []string{"/"})
	p.Descriptors(e)
	if len(e.Facts) != 0 {
		t.Errorf("facts of a process that is gone: %v", e.Facts)
	}
	if len(e.Unread) < 15 {
		t.Errorf("only %d facts are named as unread", len(e.Unread))
	}
}

// TestMain lets the test program be a process that holds a descriptor which
// closes at exec.
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
