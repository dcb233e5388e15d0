//go:build linux

package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// freePort returns a port of the host's loopback that nobody has.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// fetch asks a server of the host's loopback, until it answers.
func fetch(t *testing.T, port int) string {
	t.Helper()
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}}
	var last error
	for until := time.Now().Add(patience / 2); time.Now().Before(until); time.Sleep(10 * time.Millisecond) {
		r, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/marker", port))
		if last = err; err != nil {
			continue
		}
		b, err := io.ReadAll(r.Body)
		r.Body.Close()
		if last = err; err == nil {
			return string(b)
		}
	}
	t.Errorf("port %d: %v", port, last)
	return ""
}

// TestPublish checks that the host reaches a server inside on a published port, whichever
// loopback address the server has, and that the port goes with the command.
func TestPublish(t *testing.T) {
	for _, way := range ioFlags {
		for _, address := range []string{"127.0.0.1", "::1"} {
			t.Run(way+" "+address, func(t *testing.T) {
				p := newPlace(t)
				p.way = way
				port := freePort(t)
				write(t, p.ws+"/marker", "from inside")
				cmd := p.command(program, "run", "-c", fmt.Sprintf(`network.publish=["%d:3456"]`, port), "--", "sh", "-c",
					"python3 -m http.server 3456 --bind "+address+" >/dev/null 2>&1 & while ! test -e end; do sleep 0.02; done; kill $!")
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				if got := fetch(t, port); got != "from inside" {
					t.Errorf("%q", got)
				}
				r := p.lockstile("run", "-c", fmt.Sprintf(`network.publish=["%d:80"]`, port), "--", "touch", "ran")
				if r.code != 126 || !strings.Contains(r.stderr, fmt.Sprintf("port %d of 127.0.0.1, which network.publish names, is taken", port)) || exists(p.ws+"/ran") {
					t.Errorf("a port that is taken: %+v", r)
				}
				write(t, p.ws+"/end", "")
				cmd.Wait()
				if c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
					c.Close()
					t.Error("the port is there after the command")
				}
				found := false
				for _, l := range p.logLines() {
					found = found || l.Event == "start" && l.Network.Publish != nil && l.Network.Publish[0] == fmt.Sprintf("%d:3456", port)
				}
				if !found {
					t.Error("the record has no port")
				}
				p.verify()
			})
		}
	}
}
