//go:build linux

package main

import (
	"strings"
	"testing"
)

const withNetwork = "sandbox_workspace_write.network_access=true"

// TestNetworkAllowed checks that the command has the host's network, and no other new
// access (P-14).
func TestNetworkAllowed(t *testing.T) {
	for _, way := range ioFlags {
		w := newWorld(t)
		w.way = way
		r := w.lockstile("run", "-c", withNetwork, "--", "bash", "-c", python(`
socket.create_connection(("127.0.0.1",int(os.environ["PORT"]))); socket.getaddrinfo("localhost",80)
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.sendto(b"x",("127.0.0.1",int(os.environ["PORT"])))
open("/etc/resolv.conf").read()`))
		if !strings.Contains(r.stdout, "done-well") || !reached(w, "") {
			t.Errorf("%+v", r)
		}
	}
	for _, c := range hostile {
		// With the network, of the N rows only interfaces without ordinary use stay
		// denied.
		if strings.HasPrefix(c.id, "N-") && !strings.HasPrefix(c.id, "N-10") && !strings.HasPrefix(c.id, "N-14") && !strings.HasPrefix(c.id, "N-15") && !strings.HasPrefix(c.id, "N-17") && !strings.HasPrefix(c.id, "N-20") {
			continue
		}
		t.Run(c.id, func(t *testing.T) {
			t.Parallel()
			if c.needs != nil && !c.needs() {
				t.Skip("it isn't possible here at all")
			}
			if newWorld(t).run(c, "-c", withNetwork, "--tty=false") {
				t.Error("the effect is there")
			}
		})
	}
}
