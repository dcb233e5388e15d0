//go:build linux

package main

import (
	"os"
	"strings"
	"testing"
	"time"
)

// TestJoin checks that commands of one name share a loopback, and that others don't, also
// after the program that made the loopback was killed.
func TestJoin(t *testing.T) {
	const serve = `import socket,os
s=socket.socket(); s.bind(("127.0.0.1",0)); s.listen()
open("new","w").write(str(s.getsockname()[1])); os.rename("new","port")
while True: c,_=s.accept(); c.send(b"hello"); c.close()`
	const ask = `python3 -c 'import socket; print(socket.create_connection(("127.0.0.1",int(open("port").read())),5).recv(9))'`
	p := newPlace(t)
	maker := p.command(program, "run", "--join", "dev", "--", "sleep", "1007")
	if err := maker.Start(); err != nil {
		t.Fatal(err)
	}
	p.awaitFile(p.home + "/loopbacks/dev")
	server := p.command(program, "run", "--join", "dev", "--", "python3", "-c", serve)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	}()
	p.awaitFile(p.ws + "/port")
	for round := range 2 {
		if r := p.lockstile("run", "--join", "dev", "--", "sh", "-c", ask); r.code != 0 || !strings.Contains(r.stdout, "hello") {
			t.Errorf("round %d: exit %d: %s%s", round, r.code, r.stdout, r.stderr)
		}
		for _, args := range [][]string{{"run", "--"}, {"run", "--join", "other", "--"}} {
			if r := p.lockstile(append(args, "sh", "-c", ask)...); r.code == 0 || !strings.Contains(r.stderr, "ConnectionRefusedError") {
				t.Errorf("%q: exit %d: %s%s", args, r.code, r.stdout, r.stderr)
			}
		}
		_ = maker.Process.Kill()
		_ = maker.Wait()
	}
	for _, name := range []string{"../x", "a b", "-x", ".x", strings.Repeat("x", 65)} {
		if r := p.lockstile("run", "--join="+name, "--", "touch", "ran"); r.code != 126 || exists(p.ws+"/ran") {
			t.Errorf("%q: exit %d: %s", name, r.code, r.stderr)
		}
	}
}

// awaitFile waits until a file is there.
func (p *place) awaitFile(name string) {
	p.Helper()
	for begun := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(name); err == nil {
			return
		}
		if time.Since(begun) > patience {
			p.Fatalf("%s doesn't come", name)
		}
	}
}
