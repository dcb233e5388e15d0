package lockstile_test

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lockstile/lockstile"
)

// TestPortsAreShared checks that the commands of a gate, which share a loopback, share a
// published port: a second command starts, and the port goes with the last one.
func TestPortsAreShared(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().String()
	l.Close()
	ws := t.TempDir()
	if err := os.Chmod(ws, 0o755); err != nil {
		t.Fatal(err)
	}
	client := newClient(t, ws)
	_, port, _ := net.SplitHostPort(at)
	published := func(r *lockstile.Request) { r.Policy.Network.Publish = []string{port + ":3456"} }
	server, _ := client.start(`
import os, socket
s = socket.create_server(("127.0.0.1", 3456)); open("ready", "w"); s.settimeout(0.02)
while not os.path.exists("end"):
  try: c, _ = s.accept(); c.sendall(b"inside"); c.close()
  except TimeoutError: pass`, published)
	for until := time.Now().Add(20 * time.Second); time.Now().Before(until); time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(ws, "ready")); err == nil {
			break
		}
	}
	second, _ := client.start("pass", published)
	if _, err := second.Wait(); err != nil { // the port stays: the server has it
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 6)
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := c.Read(b); err != nil || string(b) != "inside" {
		t.Errorf("%q, %v", b, err)
	}
	c.Close()
	if err := os.WriteFile(filepath.Join(ws, "end"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := server.Wait(); err != nil {
		t.Error(err)
	}
	if c, err := net.Dial("tcp", at); err == nil {
		c.Close()
		t.Error("the port is there after the last command")
	}
}
