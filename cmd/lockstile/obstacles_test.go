//go:build linux

package main

import (
	"encoding/json"
	"net"
	"os"
	"strings"
	"testing"
)

// outside makes a folder that no command may write.
func (p *place) outside() string {
	p.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "lockstile-outside-")
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// TestObstacles checks that a failed run explains the denial, and that the proposed
// setting makes the command succeed.
func TestObstacles(t *testing.T) {
	for _, way := range ioFlags {
		t.Run(strings.TrimPrefix(way, "--"), func(t *testing.T) {
			p := newPlace(t)
			p.way = way
			out := p.outside()
			setting := `sandbox_workspace_write.writable_roots=["` + out + `"]`
			r := p.sh("workspace-write", "touch "+out+"/x", 1)
			want := "lockstile: " + out + "/x may not be written (outside the workspace and every writable root): -c '" + setting + "' would allow it\n"
			if !strings.HasSuffix(r.stderr, want) || strings.Count(r.stderr, "lockstile: ") != 1 {
				t.Errorf("%q, want %q", r.stderr, want)
			}
			if r := p.lockstile("run", "-c", setting, "--", "touch", out+"/x"); r.code != 0 || r.stderr != "" {
				t.Errorf("with the setting: exit %d, %q", r.code, r.stderr)
			}
			if r := p.sh("read-only", "touch x", 1); !strings.HasSuffix(r.stderr, ": --sandbox workspace-write would allow it\n") {
				t.Errorf("%q", r.stderr)
			}
			if r := p.sh("workspace-write", "touch "+out+"/x; true", 0); strings.Contains(r.stderr, "lockstile: ") {
				t.Errorf("a command that did not fail: %q", r.stderr)
			}
			if r := p.sh("workspace-write", "echo failed >&2; exit 3", 3); strings.Contains(r.stderr, "lockstile: ") {
				t.Errorf("nothing was denied: %q", r.stderr)
			}
			if r := p.sh("workspace-write", "for i in 1 2 3 4 5; do touch "+out+"/$i; done; false", 1); strings.Count(r.stderr, "lockstile: ") != 3 {
				t.Errorf("%q", r.stderr)
			}
			if r := p.sh("danger-full-access", "echo 'mkdir /opt/x: read-only file system' >&2; false", 1); strings.Contains(r.stderr, "lockstile: ") {
				t.Errorf("without a sandbox: %q", r.stderr)
			}
		})
	}
}

// TestObstaclesAsData checks the obstacles in the output of --json.
func TestObstaclesAsData(t *testing.T) {
	p := newPlace(t)
	out := p.outside()
	r := p.lockstile("run", "--json", "-c", "limits.wall_seconds=2", "--", "sh", "-c", "mkdir .vscode; echo 'mkdir "+out+"/a: Read-Only file system' >&2; sleep 1007")
	lines := strings.Split(strings.TrimSpace(r.stderr), "\n")
	var result struct {
		Obstacles []struct{ Kind, What, Cause, Quote, Setting, Instead string }
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &result); err != nil || len(result.Obstacles) != 3 {
		t.Fatalf("%v: %s", err, r.stderr)
	}
	taken, limit, denied := result.Obstacles[0], result.Obstacles[1], result.Obstacles[2]
	if taken.Kind != "observed" || taken.What != p.ws+"/.vscode" || taken.Instead == "" {
		t.Errorf("%+v", taken)
	}
	if limit.Kind != "observed" || limit.Setting != "limits.wall_seconds=4" {
		t.Errorf("%+v", limit)
	}
	if denied.Kind != "inferred" || denied.What != out+"/a" || denied.Setting == "" || !strings.HasPrefix(denied.Quote, "mkdir ") {
		t.Errorf("%+v", denied)
	}
}

// TestHostileObstacles checks that output can't print escapes by an obstacle, nor have an
// odd setting proposed.
func TestHostileObstacles(t *testing.T) {
	p := newPlace(t)
	const script = `printf "touch: cannot touch '/opt/\033]52;c;aGk=\007x': Read-only file system\ntouch: cannot touch '/opt/a\", \"/': Read-only file system\n" >&2; exit 1`
	r := p.sh("workspace-write", script, 1)
	for line := range strings.Lines(r.stderr) {
		if strings.HasPrefix(line, "lockstile: ") && (strings.Contains(line, "\x1b") || strings.Contains(line, `"/"`)) {
			t.Errorf("%q", line)
		}
	}
}

// TestObstaclesInTheRecord checks that the record of the end has the same obstacles as
// --json, and no secret of the output.
func TestObstaclesInTheRecord(t *testing.T) {
	for _, way := range ioFlags {
		t.Run(strings.TrimPrefix(way, "--"), func(t *testing.T) {
			p := newPlace(t)
			out := p.outside()
			r := p.lockstile("run", way, "--json", "--", "sh", "-c", "echo 'mkdir "+out+"/a: Read-only file system password=verysecret' >&2; exit 4")
			lines := strings.Split(strings.TrimSpace(r.stderr+r.stdout), "\n")
			var said, logged struct {
				Obstacles []struct{ Kind, What, Cause, Quote, Setting, Instead string }
			}
			for _, line := range lines {
				_ = json.Unmarshal([]byte(line), &said)
			}
			log, _ := os.ReadFile(p.home + "/sandbox.log")
			all := strings.Split(strings.TrimSpace(string(log)), "\n")
			end := all[len(all)-1]
			if err := json.Unmarshal([]byte(end), &logged); err != nil || len(said.Obstacles) != 1 || len(logged.Obstacles) != 1 {
				t.Fatalf("%v: %s\n%s", err, lines, end)
			}
			if strings.Contains(end, "verysecret") || !strings.Contains(said.Obstacles[0].Quote, "verysecret") {
				t.Errorf("%s\n%s", lines, end)
			}
			said.Obstacles[0].Quote, logged.Obstacles[0].Quote = "", ""
			if said.Obstacles[0] != logged.Obstacles[0] {
				t.Errorf("said %+v, logged %+v", said, logged)
			}
		})
	}
}

// TestObservedConnects checks that connects which found nobody are explained without a
// word of output, and that a connect within the sandbox is not.
func TestObservedConnects(t *testing.T) {
	p := newPlace(t)
	sock := p.outside() + "/s"
	l, err := net.Listen("unix", sock)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := os.Chmod(sock, 0o777); err != nil {
		t.Fatal(err)
	}
	const connect = `python3 -c 'import socket,sys
s=socket.socket(socket.AF_UNIX if len(sys.argv)==2 else socket.AF_INET)
try: s.connect(sys.argv[1] if len(sys.argv)==2 else (sys.argv[1],int(sys.argv[2])))
except OSError: sys.exit(3)' `
	for _, way := range ioFlags {
		p.way = way
		if r := p.sh("workspace-write", connect+"192.0.2.7 443", 3); !strings.Contains(r.stderr+r.stdout, "lockstile: the network is off: 192.0.2.7:443 ") || !strings.Contains(r.stderr+r.stdout, "-c 'sandbox_workspace_write.network_access=true' would allow it") {
			t.Errorf("%s: %q %q", way, r.stderr, r.stdout)
		}
		if r := p.sh("workspace-write", connect+sock, 3); !strings.Contains(r.stderr+r.stdout, "lockstile: the socket "+sock+" is the host's") {
			t.Errorf("%s: %q %q", way, r.stderr, r.stdout)
		}
		if r := p.sh("workspace-write", connect+"127.0.0.1 9", 3); strings.Contains(r.stderr+r.stdout, "lockstile: ") {
			t.Errorf("%s: %q %q", way, r.stderr, r.stdout)
		}
		if r := p.sh("workspace-write", connect+"192.0.2.7 443 || true", 0); strings.Contains(r.stderr+r.stdout, "lockstile: ") {
			t.Errorf("%s: %q %q", way, r.stderr, r.stdout)
		}
	}
}
