package tool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/patch"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
	"github.com/lockstile/lockstile/session"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == patchInside {
		os.Exit(patch.Inside(".", os.Stdin, os.Stdout))
	}
	goleak.VerifyTestMain(m)
}

// opened makes a set of tools for a new workspace, without a person to ask.
func opened(t *testing.T) (*Set, string) {
	t.Helper()
	return openedAsking(t, policy.ApprovalNever)
}

func openedAsking(t *testing.T, approval policy.ApprovalPolicy) (*Set, string) {
	t.Helper()
	return openedIn(t, approval, "SHELL=/bin/bash")
}

// openedIn is openedAsking with variables of the caller's.
func openedIn(t *testing.T, approval policy.ApprovalPolicy, environ ...string) (*Set, string) {
	t.Helper()
	return openedBelow(t, t.TempDir(), approval, environ...)
}

// openedBelow is openedIn with the workspace and the product's folder below dir.
func openedBelow(t *testing.T, dir string, approval policy.ApprovalPolicy, environ ...string) (*Set, string) {
	t.Helper()
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	ws := filepath.Join(dir, "ws")
	if err := os.MkdirAll(filepath.Join(ws, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	g, err := lockstile.Open(filepath.Join(dir, "home"))
	if err != nil {
		t.Fatal(err)
	}
	s := New(g, policy.Policy{Mode: policy.ModeWorkspaceWrite, Workspace: ws, Approval: approval, Env: policy.Env{Inherit: policy.InheritAll}}, append([]string{"PATH=/usr/bin:/bin", "HOME=" + ws}, environ...), "test")
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		g.Close()
	})
	return s, ws
}

func exec(t *testing.T, s *Set, c ExecCommand) Answer {
	t.Helper()
	a, err := s.Exec(context.Background(), c, Caller{Ask: nobody})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestExec(t *testing.T) {
	s, ws := opened(t)
	for _, tty := range []bool{false, true} {
		a := exec(t, s, ExecCommand{Cmd: "pwd; echo $0; test -t 1; echo tty $?; exit 5", Workdir: "sub", TTY: tty})
		want := ws + "/sub\n/bin/bash\ntty 1\n"
		if tty {
			want = strings.ReplaceAll(ws+"/sub\n/bin/bash\ntty 0\n", "\n", "\r\n")
		}
		if a.Output != want || a.Exit == nil || *a.Exit != 5 || a.Session != 0 || a.Tokens == 0 {
			t.Errorf("tty %v: %+v", tty, a)
		}
	}
	a := exec(t, s, ExecCommand{Cmd: "shopt -q login_shell; echo $?", Login: new(bool)})
	if a.Output != "1\n" {
		t.Errorf("login shell: %q", a.Output)
	}
	if a := exec(t, s, ExecCommand{Cmd: "head -c 100000 /dev/zero | tr '\\0' x", MaxOutputTokens: 100}); len(a.Output) > 600 || a.Tokens != 25000 {
		t.Errorf("%d bytes, %d tokens", len(a.Output), a.Tokens)
	}
}

// TestNoShell checks that another shell replaces a SHELL without a shell's program, and
// that the first answer names both.
func TestNoShell(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("no program"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, shell := range []string{"/usr/sbin/nologin", "/bin/false", "/bin/true", "/nonexistent/zsh", "/etc/passwd", "/", text} {
		s, _ := openedIn(t, policy.ApprovalNever, "SHELL="+shell)
		for i, a := range []Answer{exec(t, s, ExecCommand{Cmd: "echo $0"}), exec(t, s, ExecCommand{Cmd: "echo $0"})} {
			if a.Output != "/bin/bash\n" || (i == 0) != strings.Contains(a.String(), "SHELL is "+shell+", which ") {
				t.Errorf("%s: %q", shell, a.String())
			}
		}
	}
	for _, shell := range []string{"/bin/bash", "/bin/sh", "/usr/bin/zsh"} {
		s, _ := openedIn(t, policy.ApprovalNever, "SHELL="+shell)
		if a := exec(t, s, ExecCommand{Cmd: "echo $0"}); a.Output != shell+"\n" || strings.Contains(a.String(), "SHELL is") {
			t.Errorf("%s: %q", shell, a.String())
		}
	}
}

// TestForcedColours checks that nothing forces colours on commands but the user's own
// setting.
func TestForcedColours(t *testing.T) {
	s, _ := openedIn(t, policy.ApprovalNever, "SHELL=/bin/sh", "FORCE_COLOR=1", "CLICOLOR_FORCE=1", "CARGO_TERM_COLOR=always", "PY_COLORS=1", "npm_config_color=always", "ANSIBLE_FORCE_COLOR=1", "COLORTERM=truecolor", "FAVOURITE_COLOR_IS=blue")
	if a := exec(t, s, ExecCommand{Cmd: "env | grep -i '^[a-z_]*colo' | sort", Login: new(bool)}); a.Output != "COLORTERM=\nFAVOURITE_COLOR_IS=blue\nNO_COLOR=1\n" {
		t.Errorf("%q", a.Output)
	}
	own := New(s.gate, policy.Policy{Mode: policy.ModeWorkspaceWrite, Workspace: s.policy.Workspace, Env: policy.Env{Set: map[string]string{"FORCE_COLOR": "3", "TERM": "vt100"}}}, s.environ, "test")
	defer own.Close()
	if a := exec(t, own, ExecCommand{Cmd: "echo $FORCE_COLOR $TERM", TTY: true}); a.Output != "3 vt100\r\n" {
		t.Errorf("%q", a.Output)
	}
}

// TestLongScripts checks scripts that are longer than an argument may be, in each shell.
func TestLongScripts(t *testing.T) {
	s, _ := opened(t)
	for _, shell := range []string{"bash", "dash", "zsh", "mksh", "sh"} {
		for _, filler := range []string{": a line that does nothing\n", ": é" /* one line */} {
			script := "n=$#\n" + strings.Repeat(filler, 1<<20/len(filler)) + "\necho \"$n $0 $#\"\ncat <<'E'\n$n \"\\\nE\nexit 7"
			a := exec(t, s, ExecCommand{Cmd: script, Shell: "/bin/" + shell, YieldTimeMS: 30_000})
			if want := "0 /bin/" + shell + " 0\n$n \"\\\n"; a.Output != want || a.Exit == nil || *a.Exit != 7 {
				t.Errorf("%s, lines of %d: %q", shell, len(filler), a.String()[:min(len(a.String()), 300)])
			}
		}
	}
}

// TestOtherSessions checks that a failed attempt to end a server of another session names
// the session and the mend, and that the mend works.
func TestOtherSessions(t *testing.T) {
	s, _ := opened(t)
	if a := exec(t, s, ExecCommand{Cmd: "kill 12345"}); a.Others != "" {
		t.Errorf("no session runs: %q", a.Others)
	}
	server := exec(t, s, ExecCommand{Cmd: "exec sleep 1009", YieldTimeMS: 250})
	for cmd, said := range map[string]bool{"kill 12345": true, "pkill sleep": true, "killall -9 sleep; false": true, "sh -c '(/bin/kill 12345)'": true,
		"kill 12345 2>/dev/null; true": false, "echo skill; false": false} {
		a := exec(t, s, ExecCommand{Cmd: cmd})
		if got := strings.Contains(a.String(), fmt.Sprintf("Running sessions: %d (exec sleep 1009)", server.Session)); got != said {
			t.Errorf("%s: %q", cmd, a.String())
		}
	}
	a, err := s.Write(context.Background(), WriteStdin{SessionID: server.Session, Chars: "\x03", YieldTimeMS: 10_000})
	if err != nil || a.Exit == nil || *a.Exit != 130 {
		t.Errorf("%+v, %v", a, err)
	}
}

// TestServer checks that a server in a session is reached by the next command.
func TestServer(t *testing.T) {
	s, _ := opened(t)
	a := exec(t, s, ExecCommand{Cmd: "echo hello > page; exec python3 -u -m http.server --bind 127.0.0.1 0", YieldTimeMS: 250})
	for begun := time.Now(); !strings.Contains(a.Output, "port "); {
		var err error
		if a, err = s.Write(context.Background(), WriteStdin{SessionID: a.Session, YieldTimeMS: 5000}); err != nil || time.Since(begun) > 30*time.Second {
			t.Fatalf("%v: %+v", err, a)
		}
	}
	_, port, _ := strings.Cut(a.Output, "port ")
	port, _, _ = strings.Cut(port, " ")
	if got := exec(t, s, ExecCommand{Cmd: "python3 -c 'import urllib.request as u; print(u.urlopen(\"http://127.0.0.1:" + port + "/page\").read())'"}); !strings.Contains(got.Output, "hello") {
		t.Errorf("%+v", got)
	}
}

func TestSessions(t *testing.T) {
	s, _ := opened(t)
	a := exec(t, s, ExecCommand{Cmd: "echo one; read x; echo got $x; exit 4", TTY: true, YieldTimeMS: 250})
	if a.Exit != nil || a.Session == 0 || !strings.Contains(a.Output, "one") {
		t.Fatalf("%+v", a)
	}
	b := exec(t, s, ExecCommand{Cmd: "sleep 1007", YieldTimeMS: 250})
	if b.Session == a.Session {
		t.Error("two sessions have one number")
	}
	c, err := s.Write(context.Background(), WriteStdin{SessionID: a.Session, Chars: "hello\n", YieldTimeMS: 30_000})
	if err != nil || c.Exit == nil || *c.Exit != 4 || !strings.Contains(c.Output, "got hello") {
		t.Errorf("%+v %v", c, err)
	}
	if _, err := s.Write(context.Background(), WriteStdin{SessionID: a.Session}); err == nil || !strings.Contains(err.Error(), "unknown session") {
		t.Errorf("%v", err)
	}
	if _, err := s.Write(context.Background(), WriteStdin{SessionID: b.Session, Chars: "text"}); err == nil || !strings.Contains(err.Error(), "no terminal") {
		t.Errorf("%v", err)
	}
	d, err := s.Write(context.Background(), WriteStdin{SessionID: b.Session, Chars: "\x03", YieldTimeMS: 30_000})
	if err != nil || d.Exit == nil || *d.Exit != 130 {
		t.Errorf("%+v %v", d, err)
	}
}

// TestTakenBack checks that a model hears about a name that was taken back.
func TestTakenBack(t *testing.T) {
	s, ws := opened(t)
	a := exec(t, s, ExecCommand{Cmd: "mkdir .vscode"})
	d, err := s.Shell(context.Background(), Shell{Command: []string{"mkdir", ".git"}}, Caller{Ask: nobody})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{".vscode": a.String(), ".git": d.String()} {
		if !strings.Contains(text, "Taken back: "+ws+"/"+name+" is now ") {
			t.Errorf("%q", text)
		}
		if _, err := os.Lstat(ws + "/" + name); err == nil {
			t.Errorf("%s is there", name)
		}
	}
	again := exec(t, s, ExecCommand{Cmd: "while :; do mkdir .git; done 2>/dev/null", YieldTimeMS: 30_000})
	if text := again.String(); !strings.Contains(text, "The command was ended: it made names that programs of the host trust ") {
		t.Errorf("%q", text)
	}
}

// TestObstacles checks what a model hears when real programs fail in the sandbox.
func TestObstacles(t *testing.T) {
	s, ws := opened(t)
	try := func(mode policy.Mode, overrides ...string) (policy.Policy, error) {
		return lockstile.LoadPolicy(lockstile.Settings{Home: filepath.Dir(ws) + "/home", Dir: ws, Mode: mode, Overrides: overrides})
	}
	s.Tries(try)
	if err := os.Mkdir(ws+"/.git", 0o755); err != nil {
		t.Fatal(err)
	}
	outside, err := os.MkdirTemp("/var/tmp", "lockstile-outside-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(outside)
	for cmd, want := range map[string]string{
		"touch /etc/new":                  `"/etc/new may not be written (outside the workspace and every writable root)`,
		"cd /etc && echo x > new":         `inferred: `,
		"mkdir .git/hooks":                `/.git/hooks may not be written (protected name`,
		`python3 -c 'open("/usr/x","w")'`: `/usr/x may not be written`,
		"mount -t tmpfs none /mnt 2>&1 || python3 -c 'import os; os.setuid(1)'":                  "",
		"python3 -c 'import socket; socket.create_connection((\"192.0.2.1\",80),2)'":             "config.toml: sandbox_workspace_write.network_access=true\n",
		"getent hosts example.com; echo 'curl: (6) could not resolve host: Example.com'; exit 6": "network_access=true",
		"echo \"mkdir " + outside + "/new: read-only file system\"; exit 1":                      "config.toml: sandbox_workspace_write.writable_roots=[\"" + outside + "\"]\n",
		"echo 'mkdir /etc/x: read-only file system' | sed s/etc/opt/ | sed s/x/y/; exit 0":       `/opt/y may not be written`,
		"echo fine":                 "",
		"rm -f /tmp/none; ls /none": "",
	} {
		a := exec(t, s, ExecCommand{Cmd: cmd, Login: new(bool)})
		text := a.String()
		if want == "" && strings.Contains(text, "Sandbox: ") && !strings.Contains(cmd, "mount") || !strings.Contains(text, strings.TrimPrefix(want, `"`)) {
			t.Errorf("%s\n%s\nwant %s", cmd, text, want)
		}
		if strings.Contains(want, "protected") && strings.Contains(text, "config.toml") {
			t.Errorf("a setting for what no setting allows: %s", text)
		}
	}
}

// TestPagers checks that pagers don't wait for a key, unless the user wants pagers.
func TestPagers(t *testing.T) {
	s, _ := opened(t)
	if a := exec(t, s, ExecCommand{Cmd: "echo $PAGER,$GIT_PAGER,$TERM,$SHELL", TTY: true}); a.Output != "cat,cat,xterm-256color,/bin/bash\r\n" {
		t.Errorf("%q", a.Output)
	}
	p := s.policy
	p.Env.Set = map[string]string{"PAGER": "less"}
	own := New(s.gate, p, nil, "")
	defer own.Close()
	if a := exec(t, own, ExecCommand{Cmd: "echo $PAGER,$TERM"}); a.Output != "less,dumb\n" {
		t.Errorf("%q", a.Output)
	}
}

// TestSandboxIsTheSame checks that neither a session nor a terminal widens the sandbox.
func TestSandboxIsTheSame(t *testing.T) {
	s, ws := opened(t)
	for _, tty := range []bool{false, true} {
		for _, workdir := range []string{"", "sub", "/etc", "/tmp"} {
			a := exec(t, s, ExecCommand{Cmd: "echo x > " + ws + "/../out; touch /etc/out; test -e " + ws + "/../out", TTY: tty, Workdir: workdir})
			if _, err := os.Lstat(ws + "/../out"); err == nil || a.Exit == nil {
				t.Errorf("tty %v in %q: %+v", tty, workdir, a)
			}
		}
	}
	s.preparing.Wait() // Prepare reads the policy
	s.policy.Mode = policy.ModeUnset
	var why *refusal.Error
	if _, err := s.Exec(context.Background(), ExecCommand{Cmd: "true"}, Caller{Ask: nobody}); !errors.As(err, &why) {
		t.Errorf("%v", err)
	}
}

// TestEviction checks the order of eviction: first ended sessions, then the session with
// the oldest look. The evicted session's tree ends, and the answer says so.
func TestEviction(t *testing.T) {
	s, ws := opened(t)
	const kept = 12
	s.running = session.NewTable(kept)
	ticking := ExecCommand{Cmd: "(setsid sh -c 'while :; do echo x >> ticks; sleep 0.01; done' &); exec sleep 1007", YieldTimeMS: 250}
	asked, idle, over := exec(t, s, ExecCommand{Cmd: "exec sleep 1007", YieldTimeMS: 250}), exec(t, s, ticking), exec(t, s, ExecCommand{Cmd: "exec sleep 1007", YieldTimeMS: 250})
	var group sync.WaitGroup
	for range kept - 3 {
		group.Go(func() {
			a, err := s.Exec(context.Background(), ExecCommand{Cmd: "exec sleep 1007", YieldTimeMS: 250}, Caller{Ask: nobody})
			if err != nil || a.Session < 1000 || a.Session > 99999 || a.Evicted != "" {
				t.Errorf("%+v %v", a, err)
			}
		})
	}
	group.Wait()
	ended, _ := s.running.Get(over.Session)
	s.running.Left(over.Session)
	if err := ended.End(); err != nil {
		t.Fatal(err)
	}
	if _, why := s.running.Get(asked.Session); why != nil {
		t.Fatalf("the first is gone too early: %v", why)
	}
	s.running.Left(asked.Session)
	for _, gone := range []Answer{over, idle} {
		a := exec(t, s, ExecCommand{Cmd: "exec sleep 1007", YieldTimeMS: 250})
		if want := fmt.Sprintf("Session %d (", gone.Session); !strings.Contains(a.String(), want) {
			t.Errorf("%q does not say %q", a, want)
		}
		if _, err := s.Write(context.Background(), WriteStdin{SessionID: gone.Session}); err == nil || !strings.Contains(err.Error(), "ended to make room") {
			t.Errorf("%v", err)
		}
	}
	if _, why := s.running.Get(asked.Session); why != nil {
		t.Errorf("what was asked for is gone: %v", why)
	}
	before, _ := os.ReadFile(filepath.Join(ws, "ticks"))
	time.Sleep(50 * time.Millisecond)
	if after, _ := os.ReadFile(filepath.Join(ws, "ticks")); len(before) == 0 || len(after) != len(before) {
		t.Errorf("its tree goes on: %d, %d", len(before), len(after))
	}
}

// TestEvictionSparesCalls checks that a session with a waiting call stays, while another
// session can go.
func TestEvictionSparesCalls(t *testing.T) {
	s, _ := opened(t)
	const kept = 12
	s.running = session.NewTable(kept)
	waited := make(chan Answer)
	first := exec(t, s, ExecCommand{Cmd: "read x; exit 8", TTY: true, YieldTimeMS: 250})
	go func() {
		a, err := s.Write(context.Background(), WriteStdin{SessionID: first.Session, YieldTimeMS: 60_000})
		if err != nil {
			t.Error(err)
		}
		waited <- a
	}()
	for range kept + 4 {
		exec(t, s, ExecCommand{Cmd: "exec sleep 1007", YieldTimeMS: 250})
	}
	if _, err := s.Write(context.Background(), WriteStdin{SessionID: first.Session, Chars: "\n"}); err != nil {
		t.Error(err)
	}
	if a := <-waited; a.Exit == nil || *a.Exit != 8 {
		t.Errorf("%+v", a)
	}
}

// TestGivenUp checks that a command ends when its caller goes.
func TestGivenUp(t *testing.T) {
	s, ws := opened(t)
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(300*time.Millisecond, cancel)
	if _, err := s.Exec(ctx, ExecCommand{Cmd: "while :; do echo x >> ticks; sleep 0.01; done"}, Caller{Ask: nobody}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	before, _ := os.ReadFile(filepath.Join(ws, "ticks"))
	time.Sleep(100 * time.Millisecond)
	after, _ := os.ReadFile(filepath.Join(ws, "ticks"))
	if len(before) == 0 || len(before) != len(after) {
		t.Errorf("%d bytes, then %d", len(before), len(after))
	}
}

func TestShell(t *testing.T) {
	s, ws := opened(t)
	d, err := s.Shell(context.Background(), Shell{Command: []string{"sh", "-c", "pwd; exit 6"}, Workdir: "sub"}, Caller{Ask: nobody})
	if err != nil || d.Exit != 6 || d.Output != ws+"/sub\n" || !strings.HasPrefix(d.String(), "Exit code: 6\nWall time: 0.") {
		t.Errorf("%+v %v", d, err)
	}
	d, err = s.Shell(context.Background(), Shell{Command: []string{"sh", "-c", "echo begun; setsid sleep 1007 & sleep 1007"}, TimeoutMS: 200}, Caller{Ask: nobody})
	if err != nil || d.Exit != timedOut || d.Output != "begun\n" || !strings.Contains(d.String(), "timed out after 200 milliseconds") {
		t.Errorf("%+v %v", d, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(200*time.Millisecond, cancel)
	if _, err := s.Shell(ctx, Shell{Command: []string{"sleep", "1007"}}, Caller{Ask: nobody}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if len(s.running.List()) != 0 {
		t.Errorf("%d sessions are left", len(s.running.List()))
	}
	var why *refusal.Error
	if _, err := s.Shell(context.Background(), Shell{Command: []string{"no-such-command"}}, Caller{Ask: nobody}); !errors.As(err, &why) {
		t.Errorf("%v", err)
	}
}

// nobody is a tool.Ask without a person.
func nobody(context.Context, Question) (string, error) { return "", errors.New("a test has no user") }

func TestAsking(t *testing.T) {
	for _, c := range []struct {
		approval    policy.ApprovalPolicy
		permissions string
		cmd         string
		answer      string
		asked       bool
		code        refusal.Code // "" for a start
	}{
		{policy.ApprovalOnRequest, "", "touch x", "", false, ""},
		{policy.ApprovalOnRequest, "use_default", "touch x", "", false, ""},
		{policy.ApprovalOnRequest, "require_escalated", "touch ../out", "yes", true, ""},
		{policy.ApprovalOnRequest, "require_escalated", "ls", "", true, refusal.CodeNotApproved},
		{policy.ApprovalOnRequest, "require_escalated", "ls", "error", true, refusal.CodeNotApproved},
		{policy.ApprovalNever, "require_escalated", "ls", "yes", false, refusal.CodeNotApproved},
		{policy.ApprovalNever, "", "touch x", "", false, ""},
		{policy.ApprovalUntrusted, "", "ls | cat", "", false, ""},
		{policy.ApprovalUntrusted, "", "touch x", "yes", true, ""},
		{policy.ApprovalUntrusted, "", "touch x", "", true, refusal.CodeNotApproved},
		{policy.ApprovalUnset, "require_escalated", "ls", "yes", true, refusal.CodeNotApproved},
	} {
		s, ws := openedAsking(t, c.approval)
		asked := false
		ask := func(_ context.Context, q Question) (string, error) {
			asked = true
			if q.Command != c.cmd || q.Escalate != (c.permissions == "require_escalated") || q.Justification != "because" {
				t.Errorf("%+v: asked %+v", c, q)
			}
			if c.answer == "error" {
				return "", errors.New("no")
			}
			return c.answer, nil
		}
		call := ExecCommand{Cmd: c.cmd, Escalation: Escalation{SandboxPermissions: c.permissions, Justification: "because"}}
		_, err := s.Exec(context.Background(), call, Caller{Ask: ask})
		var why *refusal.Error
		if errors.As(err, &why); asked != c.asked || (err == nil) != (c.code == "") || why != nil && why.Code != c.code {
			t.Errorf("%+v: asked %v, %v", c, asked, err)
		}
		_, statErr := os.Lstat(ws + "/../out")
		if out := statErr == nil; out != (c.cmd == "touch ../out") {
			t.Errorf("%+v: outside is written: %v", c, out)
		}
	}
	// The question also shows the model's other choices.
	s, ws := openedAsking(t, policy.ApprovalUntrusted)
	var asked Question
	ask := func(_ context.Context, q Question) (string, error) { asked = q; return "", nil }
	if _, err := s.Exec(context.Background(), ExecCommand{Cmd: "ls", Shell: "./evil", Workdir: "sub"}, Caller{Ask: ask}); err == nil || asked.Command != "./evil -lc ls" || asked.Dir != ws+"/sub" {
		t.Errorf("asked %+v", asked)
	}
	for want, argv := range map[string][]string{`rm -rf a b`: {"rm", "-rf", "a", "b"}, `rm "-rf a" "" "b;c"`: {"rm", "-rf a", "", "b;c"}} {
		if Words(argv) != want {
			t.Errorf("%q is written %s", argv, Words(argv))
		}
	}
	if _, err := s.Exec(context.Background(), ExecCommand{Cmd: "true", Escalation: Escalation{SandboxPermissions: "all"}}, Caller{Ask: nobody}); err == nil {
		t.Error("unknown sandbox_permissions are taken")
	}
}

// TestLeftOutRoots checks that a model is told once which configured roots are left out.
func TestLeftOutRoots(t *testing.T) {
	s, _ := opened(t)
	p := s.policy
	p.LeftOut = []policy.LeftOut{{Path: "/x/link", Why: "leads over a link", Mend: "name where it leads"}}
	const want = "Not writable: /x/link leads over a link; name where it leads. Tell the user\n"
	for name, call := range map[string]func(s *Set) string{
		"exec_command": func(s *Set) string { return exec(t, s, ExecCommand{Cmd: "true"}).String() },
		"shell": func(s *Set) string {
			d, err := s.Shell(context.Background(), Shell{Command: []string{"true"}}, Caller{})
			if err != nil {
				t.Fatal(err)
			}
			return d.String()
		},
	} {
		own := New(s.gate, p, s.environ, "test")
		if text := call(own); !strings.Contains(text, want) {
			t.Errorf("%s: %q", name, text)
		}
		if text := call(own); strings.Contains(text, want) {
			t.Errorf("%s tells it again: %q", name, text)
		}
		own.Close()
	}
}
