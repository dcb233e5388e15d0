//go:build linux

package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// rules writes the rules of [network].
func (p *place) rules(text string) {
	p.Helper()
	write(p.T, p.home+"/config.toml", "[network]\n"+text+"\n")
	if world := os.Getenv("WORLD"); world != "" { // a folder below /tmp, which is another inside
		authority, err := os.ReadFile(world + "/ca.pem")
		if err != nil {
			p.Fatal(err)
		}
		write(p.T, p.ws+"/ca.pem", string(authority))
		p.env = append(p.env, "SSL_CERT_FILE="+p.ws+"/ca.pem", "CURL_CA_BUNDLE="+p.ws+"/ca.pem", "GIT_SSL_CAINFO="+p.ws+"/ca.pem", "NODE_EXTRA_CA_CERTS="+p.ws+"/ca.pem", "REQUESTS_CA_BUNDLE="+p.ws+"/ca.pem")
	}
}

// TestServersByName checks what commands reach by rules, in both modes, on pipes and on a
// terminal, from outside by the servers' own answers.
func TestServersByName(t *testing.T) {
	if !inWorld(t) {
		return
	}
	for _, mode := range []string{"workspace-write", "read-only"} {
		bothWays(t, func(t *testing.T, p *place) {
			p.rules(`allow = ["ok.example.org", "ok.example.org:80", "*.wild.example.org:*", "rebind.example.org:80", "mixed.example.org:80",
				"loopback.example.org:*", "private.example.org:*", "own.example.org:*", "metadata.example.org:*"]
				private = ["inside.example.org:80"]
				deny = ["b.wild.example.org:*"]`)
			for _, c := range []struct{ url, want string }{
				{"https://ok.example.org/a?b", "world GET ok.example.org /a?b 0"},
				{"http://ok.example.org/", "world GET ok.example.org / 0"},
				{"http://a.wild.example.org:8080/", "world GET a.wild.example.org:8080 / 0"},
				{"http://mixed.example.org/", "world GET mixed.example.org / 0"},
				{"http://inside.example.org/", "world GET inside.example.org / 0"},
				{"http://other.example.org/", "no rule allows it"},
				{"http://wild.example.org/", "no rule allows it"},
				{"http://b.wild.example.org/", "a rule denies it"},
				{"http://ok.example.org:8080/", "no rule allows it"},
				{"http://93.184.216.34/", "no rule allows it"},
				{"http://loopback.example.org/", "no name may lead to: 127.0.0.1"},
				{"http://private.example.org/", "no name may lead to: 10.77.0.2"},
				{"http://own.example.org/", "no name may lead to: 10.77.0.1"},
				{"http://metadata.example.org/", "no name may lead to: 169.254.169.254"},
			} {
				r := p.sh(mode, "curl -sS --max-time 20 '"+c.url+"'", 0)
				if !strings.Contains(r.stdout, c.want) {
					t.Errorf("%s: %q %q, want %q", c.url, r.stdout, r.stderr, c.want)
				}
			}
			// What knows no proxy reaches the same servers, and nothing is looked up for it.
			r := p.sh(mode, `unset HTTP_PROXY HTTPS_PROXY ALL_PROXY http_proxy https_proxy all_proxy
				curl -sS --max-time 20 http://ok.example.org/direct && curl -sS --max-time 20 https://ok.example.org/tls && python3 -c "
import socket
s=socket.create_connection(('a.wild.example.org', 22)); print(s.recv(20)); s.sendall(b'hello\n'); print(s.recv(9))" &&
				! curl -sS --max-time 5 http://93.184.216.34/ && ! curl -sS --max-time 5 http://ok.example.org:8080/ && ! curl -sS --max-time 5 http://loopback.example.org/ && ! getent hosts unasked.example.org`, 0)
			if !strings.Contains(r.stdout, "world GET ok.example.org /direct") || !strings.Contains(r.stdout, "world GET ok.example.org /tls") || !strings.Contains(r.stdout, "SSH-2.0-world") || !strings.Contains(r.stdout, "hello") {
				t.Errorf("without a proxy: %q %q", r.stdout, r.stderr)
			}
			asked, err := os.ReadFile(os.Getenv("WORLD") + "/asked")
			if err != nil || strings.Contains(string(asked), "unasked") || strings.Contains(string(asked), "other.example.org") || !strings.Contains(string(asked), "ok.example.org") {
				t.Errorf("the resolver was asked: %q, %v", asked, err)
			}
			p.verify()
		})
	}
}

// TestServersOff checks that without rules no listener leads out, and that rules beside an
// open network are refused.
func TestServersOff(t *testing.T) {
	p := newPlace(t)
	p.sh("workspace-write", `test -z "$HTTP_PROXY$https_proxy$ALL_PROXY" && test "$(cat /proc/net/tcp /proc/net/tcp6 | grep -c " 0A ")" = 0`, 0)
	p.rules(`allow = ["ok.example.org"]`)
	r := p.lockstile("run", "-c", withNetwork, "--", "true")
	if r.code != 126 || !strings.Contains(r.stderr, "network is open") || !strings.Contains(r.stderr, "network_access = false") {
		t.Errorf("%+v", r)
	}
	p.rules(`deny = ["ok.example.org"]`)
	p.sh("workspace-write", `test -z "$HTTP_PROXY"`, 0)
}

// TestServersAreMissed leaves out, or makes otherwise, what keeps the way to servers as it is
// to be: each start must be refused, and name the restriction.
func TestServersAreMissed(t *testing.T) {
	for _, io := range []string{"pipes", "terminal"} {
		for _, left := range []string{"servers by name", "servers: one listener", "servers: on loopback", "servers: names on loopback", "servers: in the command's network namespace"} {
			if left == "servers: one listener" && io == "terminal" {
				continue // we would not hold it
			}
			t.Run(left+" "+io, func(t *testing.T) {
				t.Parallel()
				p := newPlace(t)
				p.rules(`allow = ["127.0.0.1:9"]`)
				got := p.refusedAs(p.leaveOut("workspace-write", io, "LOCKSTILE_LEAVE_OUT="+left))
				if got.Restriction != "servers by name" {
					t.Errorf("named %q (%s)", got.Restriction, got.Reason)
				}
			})
		}
	}
	p := newPlace(t)
	p.rules(`allow = ["127.0.0.1:9"]`)
	if r := p.do(p.leaveOut("workspace-write", "pipes", "LOCKSTILE_LEAVE_OUT=nothing")); r.code != 0 {
		t.Errorf("with nothing left out: %+v", r)
	}
}

// TestServersWithoutTheirProgram checks that nothing starts where lockstile-net is missing,
// and that the refusal names the line that mends it.
func TestServersWithoutTheirProgram(t *testing.T) {
	p := newPlace(t)
	p.rules(`allow = ["127.0.0.1:9"]`)
	b, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	alone := p.dir + "/alone/lockstile"
	mkdir(t, p.dir+"/alone")
	if err := os.WriteFile(alone, b, 0o755); err != nil {
		t.Fatal(err)
	}
	r := p.do(p.command(alone, "run", "--", "touch", "ran"))
	if r.code != 126 || !strings.Contains(r.stderr, p.dir+"/alone/lockstile-net") || !strings.Contains(r.stderr, "./cmd/lockstile-net") || exists(p.ws+"/ran") {
		t.Errorf("%+v", r)
	}
}

// TestServersExplained checks that a refusal is told with the line that allows it, before a
// start and after, and that the line works.
func TestServersExplained(t *testing.T) {
	p := newPlace(t)
	p.rules(`allow = ["127.0.0.1:9"]`)
	r := p.lockstile("run", "--", "sh", "-c", `curl -sSf --max-time 5 http://ask.example.org:8080/`)
	want := `-c 'network.allow=["127.0.0.1:9", "ask.example.org:8080"]'`
	if r.code != 22 || !strings.Contains(r.stderr, "ask.example.org:8080 may not be reached: no rule allows it: "+want) {
		t.Errorf("after a run: %+v", r)
	}
	if r := p.lockstile("explain", "connect", "ask.example.org:8080"); r.code != 1 || !strings.Contains(r.stdout, want) || !strings.Contains(r.stdout, "no rule of [network]") {
		t.Errorf("explain: %+v", r)
	}
	if r := p.lockstile("explain", "connect", "-c", `network.allow=["127.0.0.1:9", "ask.example.org:8080"]`, "ask.example.org:8080"); r.code != 0 {
		t.Errorf("with the line: %+v", r)
	}
	if r := p.lockstile("log", "--network"); !strings.Contains(r.stdout, "REFUSED ask.example.org:8080 by http: no rule allows it") || strings.Count(r.stdout, "\n") != 1 {
		t.Errorf("log --network: %+v", r)
	}
}

// TestServersConnect checks lockstile connect, inside: it joins with an allowed server alone.
func TestServersConnect(t *testing.T) {
	if !inWorld(t) {
		return
	}
	p := newPlace(t)
	p.rules(`allow = ["a.wild.example.org:22"]`)
	b, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p.ws+"/l", b, 0o755); err != nil { // the program's own folder may be below /tmp
		t.Fatal(err)
	}
	r := p.sh("workspace-write", `echo hello | ./l connect a.wild.example.org 22; ./l connect ok.example.org 22 && exit 1
		id -un >/dev/null 2>&1 || { echo 1; exit; } # ssh wants a user with a name
		ssh -o BatchMode=yes -o StrictHostKeyChecking=no -o ConnectTimeout=5 -o ProxyCommand="./l connect %h %p" -v nobody@a.wild.example.org true 2>&1 | grep -c "remote software version world"
		git ls-remote -q ssh://nobody@a.wild.example.org/x 2>&1 | head -1; true`, 0)
	if !strings.Contains(r.stdout, "SSH-2.0-world") || !strings.Contains(r.stdout, "hello") || !strings.Contains(r.stderr, "ok.example.org:22 may not be reached: no rule allows it") || !strings.Contains(r.stdout+"\n", "\n1\n") || strings.Contains(r.stdout, "resolve") {
		t.Errorf("%+v", r)
	}
}

// TestServersFromHome checks lockstile-net in a folder of the user's home, where go install
// puts programs: of the home it reads that folder alone.
func TestServersFromHome(t *testing.T) {
	for _, sub := range []string{"/go/bin", "/.local/bin", ""} {
		p := newPlace(t)
		user := p.dir + "/user"
		mkdir(t, user+sub)
		for _, name := range []string{"lockstile", "lockstile-net"} {
			b, err := os.ReadFile(filepath.Join(filepath.Dir(program), name))
			if err == nil {
				err = os.WriteFile(user+sub+"/"+name, b, 0o755)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go banner(l, "here\n")
		defer l.Close()
		p.env = append(p.env, "HOME="+user, "TMPDIR="+p.dir+"/tmpdir") // a TMPDIR may not be around the home
		mkdir(t, p.dir+"/tmpdir")
		p.rules(`allow = ["` + l.Addr().String() + `"]`)
		host, port, _ := net.SplitHostPort(l.Addr().String())
		r := p.do(p.command(user+sub+"/lockstile", "run", "--", "python3", "-c", `import socket; print(socket.create_connection(("`+host+`", `+port+`)).recv(9))`))
		if !strings.Contains(r.stdout, "here") {
			t.Errorf("%s: %+v", sub, r)
		}
	}
}

// TestServersProgramEnds checks that nothing is reached any more when lockstile-net can't be
// started, and that this is told.
func TestServersProgramEnds(t *testing.T) {
	p := newPlace(t)
	bin := p.dir + "/bin"
	mkdir(t, bin)
	b, err := os.ReadFile(program)
	if err == nil {
		err = os.WriteFile(bin+"/lockstile", b, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	write(t, bin+"/lockstile-net", "no program\n")
	p.rules(`allow = ["127.0.0.1:9"]`)
	r := p.do(p.command(bin+"/lockstile", "run", "--", "curl", "-sSf", "--max-time", "20", "http://127.0.0.1:9/"))
	if r.code == 0 || !strings.Contains(r.stderr, "no server can be reached any more") || !strings.Contains(r.stderr, "lockstile-net") {
		t.Errorf("%+v", r)
	}
	p.verify()
}
