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

// TestUnixSocketReplaced checks that a command which replaces a socket of its workspace by a
// link gets no other socket.
func TestUnixSocketReplaced(t *testing.T) {
	p := newPlace(t)
	dir, err := os.MkdirTemp("/var/tmp", "l")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	mkdir(t, dir+"/ws")
	p.ws = dir + "/ws"
	unixServer(t, dir+"/ws/s", "mine")
	unixServer(t, dir+"/host.sock", "the host's")
	write(t, p.home+"/config.toml", fmt.Sprintf("[network]\nunix_sockets = [%q]\n", dir+"/ws/s"))
	r := p.sh("workspace-write", `ask() { python3 -c 'import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); print(s.recv(9).decode())' "$1" 2>&1 | tail -1; }
		ask `+dir+`/ws/s; rm s; ln -s ../host.sock s; ask `+dir+`/ws/s; rm s; ln ../host.sock s; ask `+dir+`/ws/s; true`, 0)
	if lines := strings.Split(r.stdout, "\n"); lines[0] != "mine" || strings.Contains(r.stdout, "the host") {
		t.Errorf("%+v", r)
	}
}
