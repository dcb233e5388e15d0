package lockstile_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/policy"
)

const (
	serve = `import socket,sys
s=socket.socket(); s.bind(("127.0.0.1",0)); s.listen()
u=socket.socket(socket.AF_UNIX); u.bind("u.sock"); u.listen()
open("port.new","w").write(str(s.getsockname()[1])); __import__("os").rename("port.new","port")
while True:
    for x in (s,u):
        x.settimeout(0.05)
        try: c,_=x.accept(); c.send(b"hello"); c.close()
        except OSError: pass`
	ask = `import socket
s=socket.create_connection(("127.0.0.1",int(open("port").read())),2); print("tcp",s.recv(9))
u=socket.socket(socket.AF_UNIX); u.settimeout(2); u.connect("u.sock"); print("unix",u.recv(9))`
)

// client is a gate with a workspace.
type client struct {
	*testing.T
	gate *lockstile.Gate
	ws   string
}

func newClient(t *testing.T, ws string) client {
	t.Helper()
	gate, err := lockstile.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { gate.Close() })
	return client{t, gate, ws}
}

// start starts a Python program, whose output goes to a file.
func (c client) start(program string, change func(*lockstile.Request)) (*lockstile.Child, *os.File) {
	c.Helper()
	p, err := lockstile.NewPolicy(policy.ModeWorkspaceWrite, c.ws)
	if err != nil {
		c.Fatal(err)
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		c.Fatal(err)
	}
	defer null.Close()
	out, err := os.Create(filepath.Join(c.TempDir(), "out"))
	if err != nil {
		c.Fatal(err)
	}
	r := lockstile.Request{Policy: p, Argv: []string{"python3", "-c", program}, Env: os.Environ(), Stdin: null, Stdout: out, Stderr: out}
	if change != nil {
		change(&r)
	}
	child, err := c.gate.Start(r)
	if err != nil {
		c.Fatal(err)
	}
	return child, out
}

func (c client) answer(change func(*lockstile.Request)) string {
	c.Helper()
	child, out := c.start(ask, change)
	if _, err := child.Wait(); err != nil {
		c.Error(err)
	}
	text, err := os.ReadFile(out.Name())
	if err != nil {
		c.Fatal(err)
	}
	return string(bytes.TrimSpace(text))
}

// TestLoopback checks that the commands of a gate reach each other's servers, by TCP and by
// a Unix socket of the workspace, and that no other command does.
func TestLoopback(t *testing.T) {
	ws := t.TempDir()
	if err := os.Chmod(ws, 0o755); err != nil {
		t.Fatal(err)
	}
	one, other := newClient(t, ws), newClient(t, ws)
	server, _ := one.start(serve, nil)
	defer func() {
		_ = server.Signal(9)
		_, _ = server.Wait()
	}()
	for begun := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(ws, "port")); err == nil {
			break
		}
		if time.Since(begun) > 20*time.Second {
			t.Fatal("no server")
		}
	}
	if got := one.answer(nil); got != "tcp b'hello'\nunix b'hello'" {
		t.Errorf("the same gate: %q", got)
	}
	readOnly := func(r *lockstile.Request) { r.Policy.Mode = policy.ModeReadOnly }
	if got := one.answer(readOnly); !strings.HasPrefix(got, "tcp b'hello'") {
		t.Errorf("read-only: %q", got)
	}
	own := func(r *lockstile.Request) { r.OwnLoopback = true }
	for name, got := range map[string]string{"another gate": other.answer(nil), "a loopback of its own": one.answer(own), "another gate, own": other.answer(own)} {
		if !strings.Contains(got, "ConnectionRefusedError") || strings.Contains(got, "hello") {
			t.Errorf("%s: %q", name, got)
		}
	}
	online := func(r *lockstile.Request) { r.Policy.NetworkAccess = true }
	if got := one.answer(online); strings.Contains(got, "tcp b'hello'") {
		t.Errorf("with the host's network: %q", got)
	}
	host := func(r *lockstile.Request) { r.Policy.Mode = policy.ModeDangerFullAccess }
	if got := one.answer(host); strings.Contains(got, "tcp b'hello'") {
		t.Errorf("without a sandbox: %q", got)
	}
}
