//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestServerUnderNohup: the server goes on ignoring what it was started to ignore, and
// ends by SIGTERM.
func TestServerUnderNohup(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(dir+"/ws", 0o755); err != nil {
		t.Fatal(err)
	}
	server := exec.Command("sh", "-c", `trap '' HUP INT QUIT; exec "$0" "$@"`, core, "mcp", "-C", dir+"/ws")
	server.Env = append(os.Environ(), "LOCKSTILE_HOME="+dir+"/home", "HOME="+dir)
	server.Stderr = os.Stderr
	in, err := server.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	// Before the server catches SIGTERM, a signal ends the process.
	for range 400 {
		name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", server.Process.Pid))
		if _, err := os.Stat(dir + "/home"); err == nil && string(name) == "lockstile-mcp\n" {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", server.Process.Pid))
	if err != nil || !strings.Contains(string(status), "SigIgn:\t0000000000000007") {
		t.Errorf("%v, the server has %s", err, status)
	}
	for _, s := range []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT} {
		server.Process.Signal(s)
	}
	time.Sleep(50 * time.Millisecond)
	server.Process.Signal(syscall.SIGTERM)
	if err := server.Wait(); err != nil {
		t.Errorf("%v, want exit 0, by the SIGTERM", err)
	}
}
