//go:build linux

package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// askedBench asks a server again and again on one connection, by way of the proxy in
// HTTP_PROXY or by itself, and prints the time in nanoseconds.
const askedBench = `
import http.client, os, sys, time
host, port, count, way = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
proxy = os.environ.get("HTTP_PROXY", "")[len("http://"):]
c = http.client.HTTPConnection(proxy if way == "proxy" else "%s:%d" % (host, port))
path = "http://%s:%d/" % (host, port) if way == "proxy" else "/"
c.request("GET", path); c.getresponse().read()
begun = time.monotonic_ns()
for _ in range(count):
  c.request("GET", path); c.getresponse().read()
print(time.monotonic_ns() - begun)`

// takenBench takes many bytes from a server on one connection, and prints the time.
const takenBench = `
import socket, sys, time
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
s.sendall(b"GET /bytes HTTP/1.0\r\n\r\n"); b = bytearray(1 << 20); s.recv_into(b)
begun = time.monotonic_ns()
while s.recv_into(b): pass
print(time.monotonic_ns() - begun)`

const benchBytes = 1 << 30

// benchServer is a server of the host, and the starts of a program with the network and with
// a rule for the server.
func benchServer(b *testing.B) (at, ws string, env []string, open, ruled []string) {
	b.Helper()
	zeros := make([]byte, 1<<20)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/bytes" {
			for range benchBytes >> 20 {
				_, _ = w.Write(zeros) // a client that is gone is no concern of the benchmark
			}
		}
	}))
	b.Cleanup(server.Close)
	at = strings.TrimPrefix(server.URL, "http://")
	ws, env = benchPlace(b)
	for name, text := range map[string]string{"asked.py": askedBench, "taken.py": takenBench} {
		if err := os.WriteFile(filepath.Join(ws, name), []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	run := []string{program, "run", "-c", "caches.mode=\"off\"", "-c"}
	return at, ws, env, append(run[:5:5], withNetwork, "--"), append(run[:5:5], fmt.Sprintf(`network.allow=[%q]`, at), "--")
}

// BenchmarkServersStart compares starts without rules and with rules that no program uses.
func BenchmarkServersStart(b *testing.B) {
	_, ws, env, _, ruled := benchServer(b)
	race(b, ws, env, contender{"off", []string{program, "run", "-c", "caches.mode=\"off\"", "--", "true"}}, contender{"rules", append(ruled, "true")})
}

// BenchmarkServersRequests compares 10,000 requests of a program with the network, through the
// proxy, and led.
func BenchmarkServersRequests(b *testing.B) {
	at, ws, env, open, ruled := benchServer(b)
	host, port, _ := net.SplitHostPort(at)
	ask := func(start []string, way string) []string {
		return append(start[:len(start):len(start)], "python3", "asked.py", host, port, "10000", way)
	}
	race(b, ws, env, contender{"open", ask(open, "direct")}, contender{"proxy", ask(ruled, "proxy")}, contender{"led", ask(ruled, "direct")})
}

// BenchmarkServersBytes compares a GiB of a program with the network, and led.
func BenchmarkServersBytes(b *testing.B) {
	at, ws, env, open, ruled := benchServer(b)
	host, port, _ := net.SplitHostPort(at)
	take := func(start []string) []string {
		return append(start[:len(start):len(start)], "python3", "taken.py", host, port)
	}
	race(b, ws, env, contender{"open", take(open)}, contender{"led", take(ruled)})
}
