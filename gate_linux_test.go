package lockstile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/audit"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == probeWord {
		probe()
		return
	}
	goleak.VerifyTestMain(m)
}

func start(t *testing.T, g *Gate, r Request) *Child {
	t.Helper()
	child, err := g.Start(r)
	if err != nil {
		t.Fatal(err)
	}
	return child
}

func TestStartAndWait(t *testing.T) {
	g, r, mark := opened(t)
	r.Argv[2] += "; exit 5"
	child := start(t, g, r)
	for range 2 { // a second Wait returns the same
		exit, err := child.Wait()
		if err != nil || exit.Code != 5 || exit.Signal != 0 || exit.Status() != 5 {
			t.Errorf("%+v, %v", exit, err)
		}
	}
	if _, err := os.Lstat(mark); err != nil {
		t.Error("the command did not run")
	}
	if err := child.Signal(syscall.SIGTERM); err != os.ErrProcessDone {
		t.Errorf("a signal after the end: %v", err)
	}
}

func TestSignal(t *testing.T) {
	g, r, _ := opened(t)
	r.Argv = []string{"sleep", "1007"}
	child := start(t, g, r)
	if err := child.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if exit, err := child.Wait(); err != nil || exit.Signal != syscall.SIGTERM || exit.Status() != 143 {
		t.Errorf("%+v, %v", exit, err)
	}
}

// TestManyAtOnce checks that many goroutines can use a gate, and that no start has
// descriptors of another: each pipe must come to its end.
func TestManyAtOnce(t *testing.T) {
	g, r, _ := opened(t)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 20 {
				out, in, err := os.Pipe()
				if err != nil {
					t.Error(err)
					return
				}
				mine := r
				mine.Argv = []string{"/bin/sh", "-c", "echo hello"}
				mine.Stdout = in
				child, err := g.Start(mine)
				in.Close()
				if err != nil {
					t.Error(err)
					return
				}
				text := make([]byte, 64)
				n, _ := out.Read(text)
				if end, err := out.Read(text[n:]); string(text[:n]) != "hello\n" || end != 0 || err == nil {
					t.Errorf("read %q, then %d bytes", text[:n], end)
				}
				out.Close()
				if exit, err := child.Wait(); err != nil || exit.Code != 0 {
					t.Errorf("%+v %v", exit, err)
				}
			}
		})
	}
	group.Wait()
	report, err := audit.VerifyFile(g.log.Path())
	if err != nil || !report.OK() || report.Lines != 320 {
		t.Errorf("%+v %v", report, err)
	}
}

// TestNothingStaysOpen checks that starts and refusals leave no descriptor behind.
func TestNothingStaysOpen(t *testing.T) {
	g, r, _ := opened(t)
	once := func() {
		if _, err := start(t, g, r).Wait(); err != nil {
			t.Fatal(err)
		}
		bad := r
		bad.Argv = []string{"/no/such/command"}
		if _, err := g.Start(bad); err == nil {
			t.Fatal("a command that isn't there was started")
		}
	}
	once()
	before := leastOpen(t)
	for range 10 {
		once()
	}
	if after := leastOpen(t); after != before {
		t.Errorf("%d descriptors, then %d: %s", before, after, openNames(t))
	}
}

func open(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// TestSecretsStayOutOfTheLog checks that text like a secret in a command line does not
// reach the log.
func TestSecretsStayOutOfTheLog(t *testing.T) {
	g, r, _ := opened(t)
	secrets := []string{"ghp_0123456789abcdefghijABCDEFGHIJ012345", "hunter2secret", "sk-ant-" + strings.Repeat("a1", 20), "AKIAIOSFODNN7EXAMPLE", "topsecretvalue", "dXNlcjpodW50ZXIy", "curlpassword"}
	r.Argv = []string{"true", "--header", "Authorization: Bearer " + secrets[0], "https://user:" + secrets[1] + "@host/", secrets[2],
		"-c", "export AWS=" + secrets[3], "--password", secrets[4], "-H", "Authorization: Basic " + secrets[5], "-u", "user:" + secrets[6]}
	for _, mode := range []policy.Mode{policy.ModeWorkspaceWrite, policy.ModeDangerFullAccess, policy.ModeUnset} {
		r.Policy.Mode = mode
		if child, err := g.Start(r); err == nil {
			child.Wait()
		}
	}
	b, err := os.ReadFile(g.log.Path())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range secrets {
		if strings.Contains(string(b), s) {
			t.Errorf("%s is in the log", s)
		}
	}
	if n := strings.Count(string(b), "Authorization"); n < 6 {
		t.Errorf("the rest of the command line is not in the log: %s", b)
	}
}

// TestTerminal checks that the command's streams are a terminal, the controlling terminal
// of the session, and that text typed at the other end reaches the command.
func TestTerminal(t *testing.T) {
	for _, mode := range []policy.Mode{policy.ModeWorkspaceWrite, policy.ModeReadOnly, policy.ModeDangerFullAccess} {
		g, r, _ := opened(t)
		r.Policy.Mode = mode
		r.Stdin, r.Stdout, r.Stderr = nil, nil, nil
		r.Terminal = &Size{Rows: 33, Cols: 77}
		r.Argv = []string{"sh", "-c", "tty; test -t 0 && test -t 1 && test -t 2 && echo yes > /dev/tty; ps -o tpgid= -p $$ 2>/dev/null; read x; echo got $x; stty size; exit 6"}
		child := start(t, g, r)
		if _, err := child.Terminal.WriteString("typed\n"); err != nil {
			t.Fatal(err)
		}
		var said strings.Builder
		buf := make([]byte, 256)
		for failed := 0; failed < 2; { // EIO at the end, and the output after
			n, err := child.Terminal.Read(buf)
			said.Write(buf[:n])
			if err != nil {
				failed++
			}
		}
		exit, err := child.Wait()
		child.Terminal.Close()
		if err != nil || exit.Code != 6 {
			t.Errorf("%s: %+v %v", mode, exit, err)
		}
		for _, want := range []string{"/dev/pts/", "yes\r\n", "got typed", "33 77"} {
			if !strings.Contains(said.String(), want) {
				t.Errorf("%s: no %q in %q", mode, want, said.String())
			}
		}
	}
}

// TestBothWaysAreOne checks that a start on pipes and a start in a terminal differ only
// in the terminal's evidence, and that the verdicts differ only there.
func TestBothWaysAreOne(t *testing.T) {
	for _, mode := range []policy.Mode{policy.ModeWorkspaceWrite, policy.ModeReadOnly, policy.ModeDangerFullAccess} {
		g, r, mark := opened(t)
		r.Policy.Mode = mode
		pipes := evidenceOf(t, g, r)
		r.Stdin, r.Stdout, r.Stderr, r.Terminal = nil, nil, nil, &Size{Rows: 24, Cols: 80}
		terminal := evidenceOf(t, g, r)
		for fact, value := range terminal.evidence.Facts {
			other, ok := pipes.evidence.Facts[fact]
			switch {
			case fact == "command.terminal":
				if ok {
					t.Errorf("%s: a terminal on pipes: %q", mode, other)
				}
			case !ok:
				t.Errorf("%s: %s is measured in a terminal alone", mode, fact)
			case value != other && !strings.Contains(string(fact), ".ns.") && fact != "trial.session keyring": // each start has its own
				t.Errorf("%s: %s is %q on pipes, %q in a terminal", mode, fact, other, value)
			}
		}
		if n, m := len(pipes.evidence.Facts)+1, len(terminal.evidence.Facts); n != m {
			t.Errorf("%s: %d facts on pipes, %d in a terminal", mode, n-1, m)
		}
		proven := slices.DeleteFunc(terminal.verdict.Proven, func(r refusal.Restriction) bool { return r == refusal.Terminal })
		if !slices.Equal(pipes.verdict.Proven, proven) {
			t.Errorf("%s: proven on pipes %q, in a terminal %q", mode, pipes.verdict.Proven, proven)
		}
		if _, err := os.Lstat(mark); err == nil {
			t.Errorf("%s: the command ran before its release", mode)
		}
	}
}

func evidenceOf(t *testing.T, g *Gate, r Request) *confined {
	t.Helper()
	c, err := g.confine(r)
	if err != nil {
		t.Fatal(err)
	}
	c.Kill()
	return c
}

// TestDir checks that a command begins in the requested folder, or not at all.
func TestDir(t *testing.T) {
	g, r, _ := opened(t)
	sub := filepath.Join(r.Policy.Workspace, "sub")
	if err := os.Mkdir(sub, 0o755); err != nil {
		t.Fatal(err)
	}
	r.Dir = sub
	if _, err := start(t, g, r).Wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(filepath.Join(sub, "ran")); err != nil {
		t.Error("it did not run in its folder")
	}
	r.Dir, r.Argv = "/etc", []string{"sh", "-c", `test "$(pwd)" = /etc && ! touch here 2>/dev/null`}
	if exit, err := start(t, g, r).Wait(); err != nil || exit.Code != 0 {
		t.Errorf("%+v %v", exit, err)
	}
	link := filepath.Join(r.Policy.Workspace, "link")
	if err := os.Symlink("/etc", link); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"sub", sub + "/..", sub + "/none", "/etc/passwd", link, "/proc/1/root", "/a\x00b"} {
		r.Dir = dir
		var why *refusal.Error
		if child, err := g.Start(r); !errors.As(err, &why) || why.Hint == "" {
			t.Errorf("%q: %v", dir, err)
			if child != nil {
				child.Wait()
			}
		}
	}
}

// TestApproval checks that an approval counts only if the policy lets a person be asked,
// and that the record has the whole approval.
func TestApproval(t *testing.T) {
	g, r, _ := opened(t)
	outside := filepath.Join(filepath.Dir(r.Policy.Workspace), "outside")
	r.Argv = []string{"sh", "-c", "echo x > " + outside}
	yes := &Approval{By: "a test", Reason: "password=hunter2secret wanted", Escalate: true}
	for _, c := range []struct {
		mode     policy.Mode
		asks     policy.ApprovalPolicy
		approval *Approval
		code     refusal.Code
	}{
		{policy.ModeWorkspaceWrite, policy.ApprovalNever, yes, refusal.CodeNotApproved},
		{policy.ModeWorkspaceWrite, policy.ApprovalUnset, yes, refusal.CodeNotApproved},
		{policy.ModeWorkspaceWrite, policy.ApprovalOnRequest, &Approval{Escalate: true}, refusal.CodeNotApproved},
		{policy.ModeUnset, policy.ApprovalOnRequest, yes, refusal.CodeUnset},
		{policy.Mode(99), policy.ApprovalOnRequest, yes, refusal.CodeUnset},
	} {
		r.Policy.Mode, r.Policy.Approval, r.Approval = c.mode, c.asks, c.approval
		var why *refusal.Error
		if _, err := g.Start(r); !errors.As(err, &why) || why.Code != c.code {
			t.Errorf("%+v: %v", c, err)
		}
	}
	for _, approval := range []*Approval{nil, {By: "a test"}, yes} {
		r.Policy.Mode, r.Policy.Approval, r.Approval = policy.ModeWorkspaceWrite, policy.ApprovalOnRequest, approval
		if _, err := start(t, g, r).Wait(); err != nil {
			t.Fatal(err)
		}
		_, err := os.Lstat(outside)
		if escalated := approval == yes; escalated != (err == nil) {
			t.Errorf("%+v: %v", approval, err)
		}
	}
	b, err := os.ReadFile(g.log.Path())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"mode":"danger-full-access","rung":"unconfined"`, `"approval":{"by":"a test","reason":"`, `"escalated_from":"workspace-write"`, `"approval":{"by":"a test"}`, `"code":"not-approved"`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %s in the log", want)
		}
	}
	if strings.Contains(string(b), "hunter2secret") {
		t.Error("a secret is in the log")
	}
}

// TestIdentity checks that the command has the program's groups at the time of the start,
// whatever the groups were at the opening of the gate or at Prepare.
func TestIdentity(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can change its groups")
	}
	before, err := syscall.Getgroups()
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Setgroups(before)
	g, r, _ := opened(t)
	for group, mode := range map[int]policy.Mode{47113: policy.ModeWorkspaceWrite, 47114: policy.ModeDangerFullAccess} {
		r.Policy.Mode = mode
		g.Prepare(r.Policy, r.Env)
		if err := syscall.Setgroups([]int{group}); err != nil {
			t.Fatal(err)
		}
		c, err := g.confine(r)
		if err != nil {
			t.Fatal(err)
		}
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.Command()))
		if want := fmt.Sprintf("\nGroups:\t%d \n", group); err != nil || !strings.Contains(string(status), want) {
			t.Errorf("%s: not %q in %s (%v)", mode, want, status, err)
		}
		c.Kill()
		if err := c.note.Done(); err != nil {
			t.Error(err)
		}
	}
}

// TestDatagramStream checks, with the network off, that a stream that can reach any
// socket of the host by name is refused, and that a connected stream is not.
func TestDatagramStream(t *testing.T) {
	for kind, refused := range map[int]bool{unix.SOCK_DGRAM: true, unix.SOCK_STREAM: false} {
		g, r, mark := opened(t)
		pair, err := unix.Socketpair(unix.AF_UNIX, kind|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		ours, theirs := os.NewFile(uintptr(pair[0]), "ours"), os.NewFile(uintptr(pair[1]), "theirs")
		defer ours.Close()
		defer theirs.Close()
		r.Stdout = theirs
		child, err := g.Start(r)
		var why *refusal.Error
		switch {
		case err == nil:
			if _, err := child.Wait(); err != nil {
				t.Error(err)
			}
		case !errors.As(err, &why) || why.Restriction != refusal.HostSockets || why.Hint == "":
			t.Errorf("%v", err)
		}
		if _, statErr := os.Stat(mark); refused != (err != nil) || refused == (statErr == nil) {
			t.Errorf("kind %d: %v, ran: %v", kind, err, statErr == nil)
		}
	}
}

// TestDatagramStreamOfAnyKind checks the refusal for each family, also on the rung
// landlocked.
func TestDatagramStreamOfAnyKind(t *testing.T) {
	for _, family := range []int{unix.AF_UNIX, unix.AF_INET, unix.AF_INET6} {
		for _, lacking := range []bool{false, true} {
			g, r, _ := opened(t)
			r.Policy.Mode = policy.ModeReadOnly
			g.missing.known.UserNamespaces = lacking
			fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				continue // this machine lacks the family
			}
			stream := os.NewFile(uintptr(fd), "stream")
			defer stream.Close()
			r.Stdin = stream
			child, err := g.Start(r)
			if err == nil {
				_, _ = child.Wait()
			}
			var why *refusal.Error
			if !errors.As(err, &why) || why.Restriction != refusal.HostSockets {
				t.Errorf("family %d, lacking %v: %v", family, lacking, err)
			}
		}
	}
}

// TestReady checks that a proven command waits for its caller, without a record.
func TestReady(t *testing.T) {
	g, r, mark := opened(t)
	ready := make(chan struct{})
	r.Ready = ready
	began := make(chan *Child, 1)
	go func() {
		c, err := g.Start(r)
		if err != nil {
			t.Error(err)
		}
		began <- c
	}()
	select {
	case <-began:
		t.Fatal("it has started")
	case <-time.After(300 * time.Millisecond):
	}
	if _, err := os.Lstat(mark); err == nil {
		t.Error("the command ran")
	}
	if b, err := os.ReadFile(filepath.Join(g.home.real, audit.LogName)); err != nil || strings.Contains(string(b), `"start"`) {
		t.Errorf("%s %v", b, err)
	}
	close(ready)
	if exit, err := (<-began).Wait(); err != nil || exit.Status() != 0 {
		t.Errorf("%+v %v", exit, err)
	}
	if _, err := os.Lstat(mark); err != nil {
		t.Error(err)
	}
}

// leastOpen is the number of descriptors after a while: the end of a command may be
// reported while the init is still exiting.
func leastOpen(t *testing.T) int {
	t.Helper()
	least := open(t)
	for range 50 {
		time.Sleep(10 * time.Millisecond)
		least = min(least, open(t))
	}
	return least
}

// openNames says what the descriptors are.
func openNames(t *testing.T) (names []string) {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		to, _ := os.Readlink("/proc/self/fd/" + e.Name())
		names = append(names, e.Name()+" "+to)
	}
	return names
}
