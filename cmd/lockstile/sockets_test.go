//go:build linux

package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
)

// unixServer answers each client of a Unix socket with a text.
func unixServer(t *testing.T, path, text string) {
	t.Helper()
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			io.WriteString(c, text)
			c.Close()
		}
	}()
}

// TestUnixSockets checks that a command reaches the Unix sockets of its policy, wherever they
// lie, and no other: not through a link, and not under another name.
func TestUnixSockets(t *testing.T) {
	for _, way := range ioFlags {
		for _, mode := range []string{"workspace-write", "read-only"} {
			t.Run(way+" "+mode, func(t *testing.T) {
				p := newPlace(t)
				p.way = way
				short, err := os.MkdirTemp("/tmp", "l") // the address of a socket has 108 bytes at most (unix(7))
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { os.RemoveAll(short) })
				user := short + "/home"
				mkdir(t, user+"/.ssh")
				other, err := os.MkdirTemp("/var/tmp", "l")
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { os.RemoveAll(other) })
				named := []string{short + "/s", user + "/.ssh/agent.sock", other + "/s"}
				for i, path := range append(named, short+"/t", user+"/.ssh/t", other+"/t") {
					unixServer(t, path, fmt.Sprintf("server %d", i))
				}
				if err := os.Symlink(other+"/t", other+"/link"); err != nil {
					t.Fatal(err)
				}
				p.env = append(p.env, "HOME="+user)
				write(t, p.home+"/config.toml", fmt.Sprintf("[network]\nunix_sockets = [%q, %q, %q, %q]\n", named[0], "~/.ssh/agent.sock", named[2], other+"/none"))
				ask := func(path string) string {
					return fmt.Sprintf("python3 -c 'import socket; s=socket.socket(socket.AF_UNIX); s.connect(%q); print(s.recv(9).decode())' 2>&1 | tail -1;", path)
				}
				r := p.sh(mode, ask(named[0])+ask(named[1])+ask(named[2])+ask(short+"/t")+ask(user+"/.ssh/t")+ask(other+"/t")+ask(other+"/link")+"ls -a "+user+"/.ssh | tail -n +3", 0)
				lines := strings.Split(strings.TrimSpace(r.stdout), "\n")
				for i, want := range []string{"server 0", "server 1", "server 2", "Error", "Error", "refused", "refused", "agent.sock"} {
					if i >= len(lines) || !strings.Contains(lines[i], want) {
						t.Fatalf("%d: want %q in %q", i, want, lines)
					}
				}
				if len(lines) != 8 {
					t.Errorf("the hidden folder shows more: %q", lines)
				}
				if got := p.logLines()[0].Network.UnixSockets; len(got) != 3 {
					t.Errorf("the record has %q", got)
				}
			})
		}
	}
}

// TestUnixSocketReplaced checks that no command chooses the socket that a later one reaches: a
// name in a folder that commands may write is refused, and so is a link there to another
// socket of the host.
func TestUnixSocketReplaced(t *testing.T) {
	p := newPlace(t)
	dir, err := os.MkdirTemp("/var/tmp", "l")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, sub := range []string{"/ws", "/other", "/mine"} {
		mkdir(t, dir+sub)
	}
	p.ws = dir + "/ws"
	unixServer(t, dir+"/mine/s", "mine")
	unixServer(t, dir+"/host.sock", "the host's")
	ask := func(path string) string {
		return `python3 -c 'import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); print(s.recv(10).decode())' ` + path + ` 2>&1 | tail -1; touch ran`
	}
	name := func(path string) {
		write(t, p.home+"/config.toml", fmt.Sprintf("[network]\nunix_sockets = [%q]\n", path))
	}
	refused := func(what, why string) {
		t.Helper()
		for _, mode := range []string{"workspace-write", "read-only"} {
			r := p.lockstile("run", "--sandbox", mode, "--", "sh", "-c", ask(dir+"/host.sock"))
			if r.code != 126 || !strings.Contains(r.stderr, why) || exists(p.ws+"/ran") || strings.Contains(r.stdout, "the host's") {
				t.Errorf("%s, %s: %+v", what, mode, r)
			}
		}
	}
	name(dir + "/mine/s")
	if r := p.sh("workspace-write", "ln -s ../host.sock s; "+ask(dir+"/mine/s")+"; rm ran", 0); r.stdout != "mine\n" {
		t.Errorf("the named socket: %+v", r)
	}
	name(dir + "/ws/s") // the command's link
	refused("a link of a command", "where commands may write")
	if err := os.Remove(dir + "/ws/s"); err != nil {
		t.Fatal(err)
	}
	unixServer(t, dir+"/ws/s", "moved here")
	refused("a socket in the workspace", "where commands may write")
	p.ws = dir + "/other"
	refused("a socket in an earlier workspace", "where commands may write")
	p.ws = dir + "/mine"
	name(dir + "/mine/s") // never a root before
	if r := p.lockstile("run", "--", "touch", "ran"); r.code != 126 || !strings.Contains(r.stderr, "where a command can put another socket there") {
		t.Errorf("a socket in a new workspace: %+v", r)
	}
}
